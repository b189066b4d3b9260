"""The report's sections on open loops."""

from __future__ import annotations

import pathlib

from bench.peers import comparison_table
from bench.suite.latency_stage import SwapResult, SweepResult
from bench.suite.load_figures import LoadFigures
from bench.suite.markdown import code, image
from bench.suite.overload_stage import OverloadResult
from bench.suite.plots import latency_plot, swaps_plot

PHASE_NAMES = {
    "capacity": "capacity",
    "steady": "0.7 of it",
    "overload": "twice the capacity",
    "recovery": "0.7, the first second",
    "after": "0.7, later",
}

LOAD_HEADER = (
    "",
    "offered/s",
    "answered/s",
    "p50 ms",
    "p90",
    "p99",
    "p99.9",
    "max",
    "refused",
    "late",
    "generator",
)


def latency_section(sweep: SweepResult, swaps: SwapResult, folder: pathlib.Path) -> list[str]:
    """The sweep and the swaps."""
    rows = [LOAD_HEADER, *(load_cells("", row) for row in sweep.table)]
    both = [LOAD_HEADER]
    for one in swaps.rounds:
        both += [load_cells("without swaps", one.without), load_cells("with swaps", one.with_swaps)]
    middle = swaps.middle
    return [
        "",
        "## Latency against offered load",
        "",
        image(latency_plot.draw(sweep, folder)),
        *code(
            [
                f"{sweep.rows:,} x {sweep.dimension}, top {sweep.k}, {sweep.connections} connections; capacity "
                f"{'at least ' if sweep.capacity_is_least else ''}{sweep.capacity:,.0f}/s, "
                + (
                    f"answered at the greatest rate that most of {sweep.capacity_runs} runs keep up with"
                    if sweep.capacity_runs
                    else "the most answers of all: no rate was kept up with"
                ),
                f"most answers of all {sweep.goodput_max:,.0f}/s"
                + (f"; knee at {sweep.knee:,.0f}/s" if sweep.knee else ""),
                "",
                *comparison_table.aligned(rows),
            ]
        ),
        "",
        "## Latency while versions are swapped",
        "",
        image(swaps_plot.draw(swaps, folder)),
        *code(
            [
                *comparison_table.aligned(both),
                "",
                f"p99 with swaps / without: {swaps.p99_ratio.median:.2f} (noise {swaps.p99_ratio.spread:.0%})",
                f"of the round in the middle, p99 of requests that a swap touched {middle.p99_during_swaps:.3f} ms, "
                f"of the others {middle.p99_outside_swaps:.3f} ms",
            ]
        ),
    ]


def overload_section(overload: OverloadResult) -> list[str]:
    """Every phase, and the goals of the server."""
    names = {"closed": overload.closed_loop, **PHASE_NAMES}
    rows = [LOAD_HEADER, *(load_cells(names[name], row) for name, row in overload.phases.items())]
    return [
        "",
        "## Twice the capacity",
        *code(
            [
                f"{overload.rows:,} x {overload.dimension}, vectors of length 1, top {overload.k}, "
                f"{overload.connections} connections",
                "",
                *comparison_table.aligned(rows),
                "",
                *(
                    f"{'met    ' if goal.is_met else 'not met'} {goal.name}: {goal.found}, goal {goal.wanted}"
                    for goal in overload.goals
                ),
            ]
        ),
    ]


def load_cells(name: str, row: LoadFigures) -> tuple[str, ...]:
    """The cells of one load."""
    return (
        name,
        "-" if row.offered_rate is None else f"{row.offered_rate:,.0f}",
        f"{row.goodput:,.0f}",
        f"{row.p50:.3f}",
        f"{row.p90:.3f}",
        f"{row.p99:.3f}",
        f"{row.p999:.3f}",
        f"{row.max:.3f}",
        f"{row.refused:,}",
        f"{row.late + row.unsent:,}",
        f"{row.generator_cpu:.0%}",
    )
