"""The sizes and times of a run."""

from __future__ import annotations

import dataclasses

from bench.peers.parameter_grid import Width


@dataclasses.dataclass(frozen=True)
class Plan:
    """Sizes and times; seconds are those of one sample unless their name says more."""

    name: str
    # Engine: throughput against recall, one comparison a dataset.
    recall_rows: int
    recall_datasets: tuple[tuple[str, Width], ...]
    # Engine: throughput against rows, of vectors of length 1; graphs only up to a number of rows.
    row_counts: tuple[int, ...]
    graph_rows_max: int
    comparison_rounds: int
    comparison_seconds: float
    # Engine: scaling with threads.
    thread_rows: int
    # Wire.
    wire_rows: int
    wire_rounds: int
    wire_seconds: float
    served_rows: int
    served_rounds: int
    served_seconds: float
    # Latency against offered load, and with and without swaps.
    latency_rows: int
    sweep_seconds: float
    swap_every: float
    swap_seconds: float
    swap_rounds: int
    # Twice the capacity.
    overload_rows: int
    overload_seconds: float
    dimension: int = 64
    k: int = 10
    queries: int = 4_096
    served_concurrency: int = 128


QUICK = Plan(
    name="quick",
    recall_rows=100_000,
    recall_datasets=(("shipped", Width.NARROW),),
    row_counts=(10_000, 100_000, 1_000_000),
    graph_rows_max=0,
    comparison_rounds=5,
    comparison_seconds=0.2,
    thread_rows=1_000_000,
    wire_rows=10_000,
    wire_rounds=3,
    wire_seconds=1.0,
    served_rows=1_000_000,
    served_rounds=2,
    served_seconds=4.0,
    latency_rows=100_000,
    sweep_seconds=2.0,
    swap_every=5.0,
    swap_seconds=5.0,
    swap_rounds=5,
    overload_rows=1_000_000,
    overload_seconds=2.5,
)

FULL = Plan(
    name="full",
    recall_rows=100_000,
    recall_datasets=(("shipped", Width.WIDE), ("skewed", Width.WIDE), ("flat", Width.WIDE)),
    row_counts=(10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000, 10_000_000),
    graph_rows_max=1_000_000,
    comparison_rounds=9,
    comparison_seconds=0.5,
    thread_rows=1_000_000,
    wire_rows=10_000,
    wire_rounds=9,
    wire_seconds=5.0,
    served_rows=1_000_000,
    served_rounds=5,
    served_seconds=10.0,
    latency_rows=100_000,
    sweep_seconds=10.0,
    swap_every=5.0,
    swap_seconds=60.0,
    swap_rounds=5,
    overload_rows=1_000_000,
    overload_seconds=10.0,
)

SMOKE = Plan(
    name="smoke",
    recall_rows=2_000,
    recall_datasets=(("shipped", Width.NARROW),),
    row_counts=(1_000, 2_000),
    graph_rows_max=1_000,
    comparison_rounds=2,
    comparison_seconds=0.01,
    thread_rows=2_000,
    wire_rows=1_000,
    wire_rounds=2,
    wire_seconds=0.3,
    served_rows=2_000,
    served_rounds=2,
    served_seconds=0.5,
    latency_rows=2_000,
    sweep_seconds=0.3,
    swap_every=0.5,
    swap_seconds=2.0,
    swap_rounds=2,
    overload_rows=2_000,
    overload_seconds=0.3,
    queries=256,
)

PLANS = {plan.name: plan for plan in (QUICK, FULL, SMOKE)}
DURATIONS = {
    "quick": "narrower grids and shorter turns (default)",
    "full": "every grid and size",
    "smoke": "two minutes of tiny sizes, whose figures say nothing",
}

# Bytes per element: vectors, codes, a peer's copy of the vectors, and working memory.
BYTES_PER_ELEMENT = 16


def fits(rows: int, dimension: int, available_bytes: int) -> bool:
    """Whether a table and its peers take at most half of the free memory."""
    return rows * dimension * BYTES_PER_ELEMENT <= available_bytes // 2
