"""The choice of compared points: grids, the best at each recall, figures of rounds."""

from __future__ import annotations

import dataclasses
import unittest

from bench.peers import interleaved, json_text
from bench.peers.comparison_result import Point
from bench.peers.exploration import Candidate, at_least, best_at
from bench.peers.indexes.peer import Facts
from bench.peers.interleaved import Figure
from bench.peers.parameter_grid import Width, grid, inverted_list_counts


def candidate(recall: float, speed: float) -> Candidate:
    """A point with this recall and speed, without a process."""
    point = Point("peer", "peer 1", {}, {}, 1, recall, speed, Facts(0, 1, 0))
    return Candidate(point, None)


class ChoiceTests(unittest.TestCase):
    """Choices without any process."""

    def test_the_fastest_at_each_recall(self) -> None:
        candidates = [
            candidate(0.85, 900),
            candidate(0.92, 500),
            candidate(0.91, 300),
            candidate(0.99, 500),
            candidate(1.0, 50),
        ]
        chosen = [(one.point.recall, levels) for one, levels in best_at(candidates, (0.8, 0.9, 0.98, 0.999))]
        self.assertEqual(chosen, [(0.85, (0.8,)), (0.92, (0.9,)), (0.99, (0.98,)), (1.0, (0.999,))])
        self.assertEqual(best_at([candidate(0.5, 1)], (0.9,)), [])

    def test_searches_that_can_only_be_slower(self) -> None:
        self.assertTrue(at_least({"nprobe": "8", "k": "4"}, {"nprobe": "8", "k": "2"}))
        self.assertFalse(at_least({"nprobe": "4", "k": "8"}, {"nprobe": "8", "k": "2"}))
        self.assertFalse(at_least({}, {}))

    def test_grids(self) -> None:
        for rows in (1_000, 10_000, 100_000, 1_000_000):
            for width in Width:
                builds = grid(width, rows, dimension=64, norms_differ=True)
                for build in builds:
                    self.assertTrue(build.searches and build.batches, build)
                labels = {build.label for build in builds}
                self.assertEqual("hnswlib" in labels, width != Width.EXACT)
            for count in inverted_list_counts(rows, wide=True):
                self.assertLessEqual(40 * count, rows)
        # Product codes need an even dimension.
        self.assertNotIn("faiss fast scan", {build.label for build in grid(Width.WIDE, 10_000, 63, True)})

    def test_figures(self) -> None:
        self.assertEqual(Figure.of([4.0]), Figure(4.0, 0.0))
        self.assertEqual(Figure.of([1.0, 2.0, 3.0, 4.0, 5.0]), Figure(3.0, 2 / 3))
        order: list[str] = []
        speeds = {"a": iter([2.0, 4.0, 6.0]), "b": iter([1.0, 1.0, 2.0])}

        def contender(name: str):
            def speed() -> float:
                order.append(name)
                return next(speeds[name])

            return speed

        pair = interleaved.run(contender("a"), contender("b"), rounds=3)
        self.assertEqual("".join(order), "ababab")
        self.assertEqual((pair.first.median, pair.second.median, pair.ratio.median), (4.0, 1.0, 3.0))

    def test_json_names(self) -> None:
        @dataclasses.dataclass
        class Inner:
            p99_ms: float

        @dataclasses.dataclass
        class Outer:
            build_seconds: float
            by_name: dict[str, Inner]

        self.assertEqual(
            json_text.plain(Outer(1.5, {"a_b": Inner(2)})), {"buildSeconds": 1.5, "byName": {"a_b": {"p99Ms": 2}}}
        )
        self.assertEqual(json_text.snake_case("residentByteCount"), "resident_byte_count")


if __name__ == "__main__":
    unittest.main()
