"""Recall against exact answers: ties, short answers, unknown and repeated rows."""

from __future__ import annotations

import pathlib
import tempfile
import unittest

import numpy

from bench.peers.exact_answers import ExactAnswers


class ExactAnswersTests(unittest.TestCase):
    """A small table whose answers are known."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def exact(self, rows: list[list[float]], queries: list[list[float]], k: int) -> ExactAnswers:
        numpy.save(self.folder / "rows.npy", numpy.array(rows, "<f4"))
        numpy.save(self.folder / "queries.npy", numpy.array(queries, "<f4"))
        return ExactAnswers(self.folder, len(queries), k)

    def test_shares(self) -> None:
        exact = self.exact([[4, 0], [3, 0], [2, 0], [1, 0]], [[1, 0]], k=2)
        for answer, share in (
            ([0, 1], 1),
            ([1, 0], 1),
            ([0, 2], 0.5),
            ([2, 3], 0),
            ([0, 0], 0.5),
            ([0, -1], 0.5),
            ([0, 99], 0.5),
            ([2, 0, 1], 0.5),
            ([], 0),
        ):
            self.assertEqual(exact.recall(numpy.array([answer], dtype="<i8")), share, answer)

    def test_ties_at_the_end_are_as_good(self) -> None:
        exact = self.exact([[2, 0], [1, 0], [1, 5], [0, 0]], [[1, 0]], k=2)
        for answer in ([0, 1], [0, 2]):
            self.assertEqual(exact.recall(numpy.array([answer])), 1)

    def test_what_float32_cannot_tell(self) -> None:
        exact = self.exact([[1, 1e-8], [1, 0], [0.999, 0]], [[1, 1]], k=1)
        self.assertEqual(exact.recall(numpy.array([[1]])), 1)
        self.assertEqual(exact.recall(numpy.array([[2]])), 0)

    def test_more_wanted_than_there_are(self) -> None:
        exact = self.exact([[1, 0], [2, 0]], [[1, 0]], k=10)
        self.assertEqual(exact.recall(numpy.array([[1, 0, -1, -1]])), 1)

    def test_thresholds_across_chunks(self) -> None:
        source = numpy.random.Generator(numpy.random.PCG64(1))
        rows, queries = source.standard_normal((300, 8)), source.standard_normal((5, 8))
        exact = self.exact(rows.tolist(), queries.tolist(), k=7)
        scores = exact.queries @ numpy.load(self.folder / "rows.npy").astype("<f8").T
        numpy.testing.assert_array_equal(exact.thresholds, numpy.sort(scores, axis=1)[:, -7])
        self.assertEqual(exact.recall(numpy.argsort(-scores, axis=1)[:, :7]), 1)


if __name__ == "__main__":
    unittest.main()
