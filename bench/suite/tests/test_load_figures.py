"""The JSON of `kindred-bench load`: expected results are read, others are refused."""

from __future__ import annotations

import copy
import unittest

from bench.suite.load_figures import LoadFigures, Percentile
from bench.support.failure import BenchFailure

LATENCY = {"count": 10, "mean": 1.5, "p50": 1.0, "p90": 2.0, "p99": 3.0, "p999": 4.0, "max": 5.0}
RESULT = {
    "goodput": 100.0,
    "latency": LATENCY,
    "generatorCPU": 0.1,
    "serverCPU": 0.9,
    "failures": [
        {"isOverload": True, "count": 3, "time": {"p99": 0.5}},
        {"isOverload": False, "count": 1, "time": {"p99": 9.0}},
    ],
    "percentiles": [
        {"share": 0.0, "milliseconds": 1.0, "count": 1},
        {"share": 1.0, "milliseconds": 5.0, "count": 10},
    ],
    "openLoop": {"offeredRate": 120.0, "late": 2, "unsent": 1},
}


class LoadFiguresTests(unittest.TestCase):
    """Expected and malformed results."""

    def test_an_open_loop(self) -> None:
        figures = LoadFigures.of({"result": RESULT})
        self.assertEqual(
            (figures.offered_rate, figures.goodput, figures.p999, figures.max), (120.0, 100.0, 4.0, 5.0)
        )
        self.assertEqual((figures.refused, figures.refused_p99, figures.late, figures.unsent), (3, 0.5, 2, 1))
        self.assertEqual(figures.percentiles, (Percentile(0.0, 1.0), Percentile(1.0, 5.0)))

    def test_a_closed_loop(self) -> None:
        closed = {key: value for key, value in RESULT.items() if key not in ("openLoop", "serverCPU")}
        figures = LoadFigures.of_result({**closed, "failures": []})
        self.assertEqual(
            (figures.offered_rate, figures.late, figures.refused_p99, figures.server_cpu), (None, 0, None, None)
        )

    def test_strange_ones(self) -> None:
        for path, value in (
            (("goodput",), "fast"),
            (("latency",), None),
            (("latency", "p99"), True),
            (("percentiles",), {}),
            (("openLoop", "late"), None),
        ):
            with self.subTest(path=path):
                result = copy.deepcopy(RESULT)
                inner = result
                for name in path[:-1]:
                    inner = inner[name]
                inner[path[-1]] = value
                with self.assertRaisesRegex(BenchFailure, f"{path[-1]} is {value!r}"):
                    LoadFigures.of_result(result)


if __name__ == "__main__":
    unittest.main()
