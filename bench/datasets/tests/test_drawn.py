"""Drawn vectors repeat with their seed and follow their law."""

from __future__ import annotations

import pathlib
import tempfile
import unittest

import numpy

from bench.datasets import drawn, safetensors_file
from bench.datasets.failure import DatasetFailure
from bench.datasets.shipped_law import DirectionLaw
from bench.datasets.vector_law import ROWS_PER_CHUNK, VectorLaw, rotation


class DrawnTests(unittest.TestCase):
    """Seeds, sizes, norms and directions."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def draw(self, kind: str, rows: int, dimension: int = 64) -> tuple[numpy.ndarray, numpy.ndarray]:
        drawn.write(self.folder, kind, rows, dimension, queries=32)
        return numpy.load(self.folder / "rows.npy"), numpy.load(self.folder / "queries.npy")

    def test_the_same_again_and_the_first_rows_however_many(self) -> None:
        for kind in drawn.KINDS:
            few, queries = self.draw(kind, 500)
            self.assertEqual((few.dtype.str, few.shape, queries.shape), ("<f4", (500, 64), (32, 64)))
            many, again = self.draw(kind, 700)
            numpy.testing.assert_array_equal(many[:500], few)
            numpy.testing.assert_array_equal(again, queries)

    def test_chunks_join(self) -> None:
        chunks = list(VectorLaw.flat(2).chunks(ROWS_PER_CHUNK + 3, seed=1))
        self.assertEqual([len(chunk) for chunk in chunks], [ROWS_PER_CHUNK, 3])
        self.assertFalse(numpy.array_equal(chunks[0][:3], chunks[1]))

    def test_norms(self) -> None:
        flat, _ = self.draw("flat", 2_000)
        numpy.testing.assert_allclose(numpy.linalg.norm(flat, axis=1), 1, rtol=1e-6)
        skewed, _ = self.draw("skewed", 20_000)
        logarithms = numpy.log(numpy.linalg.norm(skewed, axis=1))
        self.assertAlmostEqual(logarithms.mean(), 0, delta=0.02)
        self.assertAlmostEqual(logarithms.std(), 0.5, delta=0.02)
        variances = numpy.sort(
            numpy.linalg.eigvalsh(numpy.cov(skewed / numpy.exp(logarithms)[:, None], rowvar=False))
        )
        self.assertGreater(variances[-1], 5 * variances[0])

    def test_shipped_is_like_the_model(self) -> None:
        items = safetensors_file.load(drawn.SHIPPED / "items.safetensors").astype("<f8")
        rows, _ = self.draw("shipped", 20_000)
        wanted = numpy.linalg.norm(items, axis=1)
        found = numpy.linalg.norm(rows, axis=1)
        for share in (0.1, 0.5, 0.9, 0.99):
            self.assertAlmostEqual(numpy.quantile(found, share) / numpy.quantile(wanted, share), 1, delta=0.1)
        law = DirectionLaw.of(drawn.SHIPPED / "items.safetensors")
        # Directions are scaled to length 1, so their mean is only near the law's.
        mean = (rows / found[:, None]).mean(axis=0)
        cosine = mean @ law.mean / numpy.linalg.norm(mean) / numpy.linalg.norm(law.mean)
        self.assertGreater(cosine, 0.97)

    def test_another_dimension(self) -> None:
        for dimension in (16, 128):
            rows, queries = self.draw("shipped", 200, dimension)
            self.assertEqual((rows.shape, queries.shape), ((200, dimension), (32, dimension)))
            self.assertTrue(numpy.isfinite(rows).all())

    def test_rotations(self) -> None:
        turned = rotation(24, seed=3)
        numpy.testing.assert_allclose(turned.T @ turned, numpy.eye(24), atol=1e-12)
        numpy.testing.assert_array_equal(turned, rotation(24, seed=3))

    def test_wrong_requests(self) -> None:
        for kind, rows, dimension, words in (
            ("round", 1, 1, "--kind: round"),
            ("flat", 0, 1, "--rows: 0"),
            ("flat", 1, 5_000, "--dimension: 5000"),
        ):
            with self.assertRaisesRegex(DatasetFailure, words):
                drawn.write(self.folder, kind, rows, dimension, queries=1)

    def test_a_model_without_users(self) -> None:
        with self.assertRaises(OSError):
            drawn.write(self.folder / "out", "shipped", 1, 64, 1, shipped=self.folder)


if __name__ == "__main__":
    unittest.main()
