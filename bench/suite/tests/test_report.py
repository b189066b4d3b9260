"""The report and its plots, of a made-up record."""

from __future__ import annotations

import dataclasses
import pathlib
import tempfile
import unittest

from bench.peers.comparison_result import ComparisonResult, Contest, KindredFigures, Point
from bench.peers.indexes.peer import Facts
from bench.peers.interleaved import Figure, Pair
from bench.suite import report
from bench.suite.engine_stage import ThreadResult, ThreadRow
from bench.suite.latency_stage import SwapResult, SwapRound, SweepResult
from bench.suite.load_figures import LoadFigures, Percentile
from bench.suite.machine import Machine
from bench.suite.overload_stage import PHASES, Goal, OverloadResult
from bench.suite.plots import style
from bench.suite.plots.latency_plot import spaced
from bench.suite.plots.recall_plot import frontier
from bench.suite.record import Record
from bench.suite.wire_stage import AloneRow, RedisResult, RedisRow, ServedResult

FACTS = Facts(0.5, 2, 1 << 20)
FIGURE = Figure(1.0, 0.01)
MACHINE = Machine(
    "2026-01-02",
    "A CPU (R)",
    4,
    8 << 30,
    "Linux",
    "3.11",
    "abc",
    0.1,
    {
        "machine": {"caches": [{"level": 1, "byteCount": 32768}], "instructionSets": ["avx2"], "blas": "OpenBLAS"},
        "scanKernel": "avx2",
        "reads": [{"level": "DRAM", "threads": "one", "bytesPerSecond": {"best": 12e9}}],
        "products": [],
        "scans": [],
        "pauses": [{"threads": "one", "longestSeconds": 0.0031, "longPausesPerSecond": 0.5, "shareOfTime": 0.002}],
    },
)


def pair(first: float, second: float) -> Pair:
    """Figures of a pair without noise."""
    return Pair(Figure(first, 0), Figure(second, 0), Figure(first / second, 0), 3)


def comparison(rows: int) -> ComparisonResult:
    """Kindred beside an exact peer and an approximate one."""
    points = (
        Point("faiss flat", "faiss", {}, {}, 128, 1.0, 900.0, FACTS),
        Point("hnswlib", "hnswlib", {"M": "16"}, {"ef": "10"}, 128, 0.8, 5000.0, FACTS),
        Point("hnswlib", "hnswlib", {"M": "16"}, {"ef": "99"}, 128, 0.99, 800.0, FACTS),
    )
    return ComparisonResult(
        "flat",
        rows,
        64,
        128,
        64,
        10,
        2,
        "narrow",
        0.1,
        3,
        (0.9, 0.98),
        KindredFigures("kindred", 128, 1.0, FACTS, Figure(4000.0, 0)),
        points,
        (
            Contest(points[0], (0.9, 0.98), pair(4000, 950), pair(50, 10)),
            Contest(points[2], (0.98,), pair(4000, 810), pair(50, 20)),
        ),
        (),
        (0.1, 0.2),
    )


def load(rate: float, slow: float) -> LoadFigures:
    """The figures of an open loop."""
    return LoadFigures(
        rate,
        rate,
        slow,
        slow,
        slow,
        slow,
        slow,
        slow,
        100,
        0,
        None,
        0,
        0,
        0.1,
        0.5,
        (Percentile(0, slow), Percentile(0.5, slow), Percentile(1, slow)),
    )


def record() -> Record:
    """A record with every part."""
    return Record(
        "smoke",
        MACHINE,
        [comparison(2_000)],
        [comparison(1_000), comparison(2_000)],
        ThreadResult(1_000, 64, 10, 128, 1_024, (ThreadRow(1, pair(10, 5)), ThreadRow(2, pair(19, 9)))),
        RedisResult(
            "7",
            1_000,
            64,
            10,
            512,
            (RedisRow("flat", "kept", 50, 1, (2, 1), pair(10, 9), FIGURE),),
            (AloneRow("flat", "kept", pair(2, 1)),),
        ),
        ServedResult(
            1_000, 64, 10, 128, "2 threads", {"1 threads": 5.0}, pair(100, 5), FIGURE, FIGURE, FIGURE, FIGURE, 1.0
        ),
        SweepResult(
            1_000,
            64,
            10,
            50,
            load(100, 1),
            (load(50, 1), load(90, 2), load(200, 50)),
            capacity=100.0,
            capacity_runs=3,
            capacity_is_least=False,
            goodput_max=120.0,
            knee=90.0,
            target_p99=5.0,
            rate_within_target=90.0,
        ),
        SwapResult(
            1_000, 64, 0.7, 5.0, tuple(SwapRound(load(70, 1), load(70, slow), 3, 2.0, 1.5) for slow in (9, 2, 1))
        ),
        OverloadResult(
            1_000,
            64,
            10,
            50,
            "closed loop, 400 in flight",
            {name: load(100, 1) for name in PHASES}
            | {"overload": dataclasses.replace(load(200, 9), refused_p99=2.75)},
            0.97,
            (Goal("p99 of refusals", "2.75 ms of 9", "<= 5 ms", True), Goal("answers", "0.97", ">= 0.98", False)),
        ),
        {"10,000 rows": "no memory"},
        1.0,
    )


class ReportTests(unittest.TestCase):
    """Complete and partial records."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def test_everything(self) -> None:
        whole = record()
        whole.write(self.folder)
        report.write(whole, self.folder)
        text = (self.folder / "report.md").read_text()
        alone = "| wire, flat, answers kept, one at a time"
        swaps = (
            "| 70% of capacity: p99 with a swap every 5 s / without | 2 |",
            "p99 with swaps / without: 2.00",
        )
        overload = (
            "| twice the capacity, 1,000 rows: p99 of refusals | 2.75 ms |",
            "| twice the capacity, 1,000 rows: goals met | 1 of 2 |",
            "closed loop, 400 in flight ",
            "met     p99 of refusals: 2.75 ms of 9, goal <= 5 ms",
            "not met answers: 0.97, goal >= 0.98",
        )
        for words in ("4.21", "faiss flat", "hnswlib", "no memory", "capacity", alone, "3.10", *swaps, *overload):
            self.assertIn(words, text)
        for name in ("recall-flat", "rows", "threads", "wire", "latency", "swaps"):
            self.assertIn(f"({name}.svg)", text)
            for suffix, start in ((".svg", b"<?xml"), (".png", b"\x89PNG")):
                self.assertTrue((self.folder / (name + suffix)).read_bytes().startswith(start))
        parts = ("machine", "recall", "rows", "threads", "redis", "served", "sweep", "swaps", "overload", "left-out")
        for name in parts:
            self.assertTrue((self.folder / f"{name}.json").exists(), name)
        Record.clear(self.folder)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_parts_that_were_left_out(self) -> None:
        partial = Record("quick", MACHINE, left_out={"redis": "no redis-server"})
        partial.write(self.folder)
        report.write(partial, self.folder)
        self.assertIn("- redis: no redis-server", (self.folder / "report.md").read_text())

    def test_a_machine_has_a_name_for_a_folder(self) -> None:
        self.assertEqual(MACHINE.name, "2026-01-02-a-cpu-r-avx2-4")

    def test_labels_keep_apart_and_near(self) -> None:
        for heights in ([0.0, 1.0, 2.0], [0.0, 0.1, 0.2, 5.0], [1.0] * 4, [0.0, 0.9, 1.0, 1.9]):
            placed = style.spread(heights, 1.0)
            gaps = [high - low for low, high in zip(placed, placed[1:])]
            self.assertTrue(all(gap >= 1.0 - 1e-9 for gap in gaps), placed)
        self.assertEqual(style.spread([0.0, 2.0], 1.0), [0.0, 2.0])

    def test_rates_in_a_cluster_are_drawn_once(self) -> None:
        rows = [dataclasses.replace(load(1, 1), offered_rate=rate) for rate in (10, 50, 51, 52.5, 53, 100)]
        self.assertEqual([row.offered_rate for row in spaced(rows, 2.5, None)], [10, 50, 52.5, 100])
        self.assertEqual([row.offered_rate for row in spaced(rows, 2.5, 51)], [10, 51, 100])
        self.assertEqual(spaced([], 2.5, None), [])

    def test_what_nothing_beats(self) -> None:
        points = [
            Point("p", "p", {}, {}, 1, recall, speed, FACTS)
            for recall, speed in ((0.9, 10), (0.8, 9), (0.95, 12), (0.99, 5), (0.99, 4))
        ]
        self.assertEqual(
            [(one.recall, one.queries_per_second) for one in frontier(points)], [(0.95, 12), (0.99, 5)]
        )


if __name__ == "__main__":
    unittest.main()
