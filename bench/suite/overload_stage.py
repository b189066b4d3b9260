"""Answers and refusals at twice the capacity."""

from __future__ import annotations

import dataclasses

from bench.suite.load_figures import LoadFigures, member, number
from bench.suite.stage import Stage

CONNECTIONS = 50
PHASES = ("closed", "capacity", "steady", "overload", "recovery", "after")


@dataclasses.dataclass(frozen=True)
class Goal:
    """A goal of an overloaded server, in the words of `kindred-bench load --overload`."""

    name: str
    found: str
    wanted: str
    is_met: bool


@dataclasses.dataclass(frozen=True)
class OverloadResult:
    """Twice the capacity between two phases at 0.7 of it."""

    rows: int
    dimension: int
    k: int
    connections: int
    # A description of the closed loop from which the capacity is searched.
    closed_loop: str
    phases: dict[str, LoadFigures]
    # Answers a second at twice the capacity, as a share of the capacity.
    goodput_share: float
    goals: tuple[Goal, ...]


class OverloadStage(Stage):
    """One drawn model of vectors of length 1, which `kindred-bench` serves."""

    def run(self) -> OverloadResult:
        """Runs all phases with the program that also judges them."""
        plan = self.plan
        self.progress("twice the capacity")
        report = self.kindred.load(
            "--kindred",
            str(self.kindred.binary),
            "--rows",
            str(plan.overload_rows),
            "--dimension",
            str(plan.dimension),
            "--data",
            "flat",
            "--threads",
            str(self.threads),
            "--connections",
            str(CONNECTIONS),
            "--k",
            str(plan.k),
            "--seconds",
            str(plan.overload_seconds),
            "--overload",
        )
        return OverloadResult(
            plan.overload_rows,
            plan.dimension,
            plan.k,
            CONNECTIONS,
            member(member(report, "closed", dict), "loop", str),
            {name: LoadFigures.of_result(member(report, name, dict)) for name in PHASES},
            number(report, "goodputShare"),
            tuple(
                Goal(
                    member(goal, "name", str),
                    member(goal, "found", str),
                    member(goal, "wanted", str),
                    member(goal, "isMet", bool),
                )
                for goal in member(report, "goals", list)
            ),
        )
