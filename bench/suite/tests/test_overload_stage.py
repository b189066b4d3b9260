"""The JSON of `kindred-bench load --overload`: expected results are read, others are refused."""

from __future__ import annotations

import copy
import pathlib
import unittest
from typing import Any, cast

from bench.suite.kindred import Kindred
from bench.suite.overload_stage import PHASES, Goal, OverloadStage
from bench.suite.plan import SMOKE
from bench.suite.tests.test_load_figures import RESULT
from bench.support.failure import BenchFailure

REPORT: dict[str, Any] = {
    **{name: RESULT | {"loop": f"{name} loop"} for name in PHASES},
    "goodputShare": 0.93,
    "goals": [{"name": "answers", "found": "0.93", "wanted": ">= 0.90", "isMet": True}],
}


class Loads:
    """Returns a given report in place of a load."""

    binary = pathlib.Path("kindred")

    def __init__(self, report: dict[str, Any]) -> None:
        self.report = report
        self.options: tuple[str, ...] = ()

    def load(self, *options: str) -> dict[str, Any]:
        """The report, for any options."""
        self.options = options
        return self.report


def stage(report: dict[str, Any]) -> tuple[OverloadStage, Loads]:
    """A stage whose load returns the report."""
    loads = Loads(report)
    return OverloadStage(SMOKE, cast(Kindred, loads), pathlib.Path("scratch"), 2, lambda _: None), loads


class OverloadStageTests(unittest.TestCase):
    """Expected and malformed reports."""

    def test_a_whole_report(self) -> None:
        overload, loads = stage(REPORT)
        result = overload.run()
        self.assertEqual((result.rows, result.goodput_share), (SMOKE.overload_rows, 0.93))
        self.assertEqual(tuple(result.phases), PHASES)
        self.assertEqual(result.phases["overload"].refused_p99, 0.5)
        self.assertEqual(result.goals, (Goal("answers", "0.93", ">= 0.90", True),))
        self.assertEqual(result.closed_loop, "closed loop")
        asked = dict(zip(loads.options[0:-1:2], loads.options[1:-1:2], strict=True))
        self.assertEqual(loads.options[-1], "--overload")
        self.assertEqual(
            {name: asked[name] for name in ("--kindred", "--rows", "--data", "--dimension", "--threads", "--k")},
            {"--kindred": "kindred", "--rows": "2000", "--data": "flat", "--dimension": "64"}
            | {"--threads": "2", "--k": "10"},
        )

    def test_strange_ones(self) -> None:
        for name, value in (
            ("overload", None),
            ("closed", RESULT),
            ("goodputShare", "much"),
            ("goals", {}),
            ("goals", [{"name": "answers", "found": "0.93", "wanted": ">= 0.90", "isMet": "yes"}]),
        ):
            with self.subTest(name=name, value=value), self.assertRaises(BenchFailure):
                stage(copy.deepcopy(REPORT) | {name: value})[0].run()


if __name__ == "__main__":
    unittest.main()
