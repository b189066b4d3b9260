"""Latency over the wire: by offered rate, and during swaps."""

from __future__ import annotations

import dataclasses
import math
import pathlib
import shutil
from typing import Any

from bench.datasets import drawn
from bench.peers.interleaved import Figure
from bench.suite.load_figures import LoadFigures, member, number
from bench.suite.stage import Stage

CONNECTIONS = 50
TARGET_P99_MS = 5.0
SHARE_OF_CAPACITY = 0.7


@dataclasses.dataclass(frozen=True)
class SweepResult:
    """Open loops at ascending rates. Rates in requests per second."""

    rows: int
    dimension: int
    k: int
    connections: int
    closed: LoadFigures
    table: tuple[LoadFigures, ...]
    # Answers a second at the greatest rate with which most runs keep up; without such runs, the most of any rate.
    capacity: float
    capacity_runs: int
    capacity_is_least: bool
    goodput_max: float
    knee: float | None
    target_p99: float
    rate_within_target: float | None


@dataclasses.dataclass(frozen=True)
class SwapRound:
    """An open loop without swaps and then one with swaps. Latencies in milliseconds."""

    without: LoadFigures
    with_swaps: LoadFigures
    swaps: int
    p99_during_swaps: float
    p99_outside_swaps: float

    @property
    def p99_ratio(self) -> float:
        """The ratio of p99 with swaps to p99 without."""
        return self.with_swaps.p99 / self.without.p99 if self.without.p99 else math.inf


@dataclasses.dataclass(frozen=True)
class SwapResult:
    """Open loops at a share of the capacity, in turn without swaps and with one every `swap_every_seconds`."""

    rows: int
    dimension: int
    share_of_capacity: float
    swap_every_seconds: float
    rounds: tuple[SwapRound, ...]

    @property
    def middle(self) -> SwapRound:
        """The median round by the ratio of its p99."""
        return sorted(self.rounds, key=lambda one: one.p99_ratio)[len(self.rounds) // 2]

    @property
    def p99_ratio(self) -> Figure:
        """The figure of the rounds' ratios of p99 with swaps to p99 without."""
        return Figure.of([one.p99_ratio for one in self.rounds])


class LatencyStage(Stage):
    """One model in a scratch folder, in four versions, so that each swap loads one."""

    @property
    def folder(self) -> pathlib.Path:
        """The model's folder, which the stage removes."""
        return self.scratch / "latency"

    def run(self) -> tuple[SweepResult, SwapResult]:
        """The sweep, then the swaps at a share of its capacity."""
        plan = self.plan
        self.progress(f"drawing {plan.latency_rows:,} vectors")
        drawn.write(self.folder, "shipped", plan.latency_rows, plan.dimension, plan.queries)
        try:
            self.kindred.pack(self.folder, self.folder / "models", versions=4)
            sweep = self._sweep()
            return sweep, self._swaps(sweep.capacity)
        finally:
            shutil.rmtree(self.folder)

    def _sweep(self) -> SweepResult:
        plan = self.plan
        self.progress("latency against offered load")
        report = self._load(
            "--sweep",
            "--target-p99",
            str(TARGET_P99_MS),
            "--arrivals",
            "poisson",
            "--seconds",
            str(plan.sweep_seconds),
        )
        return SweepResult(
            plan.latency_rows,
            plan.dimension,
            plan.k,
            CONNECTIONS,
            LoadFigures.of_result(member(report, "closed", dict)),
            tuple(LoadFigures.of_result(row) for row in member(report, "rows", list)),
            number(report, "capacity"),
            len(member(report, "capacityRuns", list)),
            member(report, "capacityIsLeast", bool),
            number(report, "goodputMax"),
            report.get("knee"),
            TARGET_P99_MS,
            report.get("rateWithinTarget"),
        )

    def _swaps(self, capacity: float) -> SwapResult:
        plan = self.plan
        options = (
            "--rate",
            str(SHARE_OF_CAPACITY * capacity),
            "--arrivals",
            "poisson",
            "--seconds",
            str(plan.swap_seconds),
        )
        rounds = tuple(
            self._swap_round(f"{turn + 1} of {plan.swap_rounds}", options) for turn in range(plan.swap_rounds)
        )
        return SwapResult(plan.latency_rows, plan.dimension, SHARE_OF_CAPACITY, plan.swap_every, rounds)

    def _swap_round(self, turn: str, options: tuple[str, ...]) -> SwapRound:
        self.progress(f"latency without swaps, {turn}")
        without = LoadFigures.of(self._load(*options))
        self.progress(f"latency with swaps, {turn}")
        report = self._load(*options, "--swap-every", str(self.plan.swap_every))
        swaps = member(member(report, "result", dict), "swaps", dict)
        return SwapRound(
            without,
            LoadFigures.of(report),
            len(member(swaps, "windows", list)),
            number(member(swaps, "during", dict), "p99"),
            number(member(swaps, "outside", dict), "p99"),
        )

    def _load(self, *options: str) -> dict[str, Any]:
        return self.kindred.load(
            "--kindred",
            str(self.kindred.binary),
            "--models",
            str(self.folder / "models"),
            "--threads",
            str(self.threads),
            "--connections",
            str(CONNECTIONS),
            "--k",
            str(self.plan.k),
            "--warm-up",
            "0.5",
            *options,
        )
