"""Every peer over a small table: its conversation, its answers, its refusals."""

from __future__ import annotations

import pathlib
import tempfile
import unittest

from bench.datasets import drawn
from bench.peers.exact_answers import ExactAnswers
from bench.peers.peer_process import PeerProcess
from bench.support.failure import BenchFailure

QUERIES = 40
K = 10


class PeerTests(unittest.TestCase):
    """Real processes with the real libraries."""

    @classmethod
    def setUpClass(cls) -> None:
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        drawn.write(cls.folder, "shipped", rows=2_000, dimension=64, queries=QUERIES)
        cls.exact = ExactAnswers(cls.folder, QUERIES, K)

    def start(self, family: str, options: dict[str, str]) -> PeerProcess:
        process = PeerProcess.python(family, self.folder, options, threads=1)
        self.addCleanup(process.close)
        return process

    def test_answers(self) -> None:
        for family, options, parameters, least in (
            ("faiss", {"factory": "Flat"}, {}, 1.0),
            ("faiss", {"factory": "SQ8,RFlat"}, {"k_factor_rf": "4"}, 1.0),
            ("faiss", {"factory": "IVF16,Flat"}, {"nprobe": "16"}, 1.0),
            ("faiss", {"factory": "IVF16,PQ32x4fs,RFlat"}, {"nprobe": "16", "k_factor_rf": "32"}, 0.95),
            ("hnswlib", {"M": "16", "ef_construction": "100"}, {"ef": "400"}, 0.95),
            ("hnswlib", {"space": "l2", "M": "48", "ef_construction": "500"}, {"ef": "1600"}, 0.9),
            ("usearch", {"connectivity": "16", "dtype": "f16"}, {"expansion": "400"}, 0.95),
            ("numpy", {}, {}, 1.0),
        ):
            with self.subTest(family=family, options=options):
                process = self.start(family, options)
                process.set(parameters)
                ids = process.ids(QUERIES, K, self.folder)
                self.assertEqual(ids.shape, (QUERIES, K))
                self.assertGreaterEqual(self.exact.recall(ids), least)
                # More than all queries: they repeat.
                for batch in (1, 7, 64):
                    self.assertGreater(process.measure(batch, 1, K, 0.001), 0)
                self.assertGreater(process.facts.build_seconds, 0)

    def test_wrong_builds(self) -> None:
        for family, options, words in (
            ("faiss", {"factory": "Round"}, "Round"),
            ("hnswlib", {"M": "0"}, "M=0, wanted a whole number above 0"),
            ("hnswlib", {"space": "cosine"}, "space=cosine, wanted ip or l2"),
            ("usearch", {"dtype": "f8"}, "dtype=f8, wanted f32 or f16"),
            ("numpy", {"ef": "1"}, "unknown options"),
        ):
            with self.subTest(family=family), self.assertRaisesRegex(BenchFailure, words):
                self.start(family, options)

    def test_wrong_requests(self) -> None:
        process = self.start("numpy", {})
        with self.assertRaisesRegex(BenchFailure, "41 queries, wanted 1 to 40"):
            process.ids(41, K, self.folder)
        with self.assertRaisesRegex(BenchFailure, "-1"):
            process.measure(-1, 1, K, 0.01)
        with self.assertRaisesRegex(BenchFailure, "no parameter 'ef'"):
            process.set({"ef": "1"})
        # The peer still answers.
        self.assertGreater(process.measure(1, 1, K, 0.001), 0)

    def test_a_peer_that_ends(self) -> None:
        with self.assertRaisesRegex(BenchFailure, "wanted an answer to 'ready'"):
            PeerProcess(["true"])


if __name__ == "__main__":
    unittest.main()
