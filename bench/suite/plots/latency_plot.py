"""Latency against offered load."""

from __future__ import annotations

import pathlib

from bench.suite.latency_stage import SweepResult
from bench.suite.load_figures import LoadFigures
from bench.suite.plots import style

LINES = (("p99.9", "p999", "#9a3412"), ("p99", "p99", "#ea580c"), ("p50", "p50", "#0072b2"))

# Draws rates up to this multiple of the capacity; the table of the report has all rates.
BEYOND = 1.15
# Least distance of drawn rates, as a share of the capacity: the search for a target's rate ends in a cluster.
APART = 0.02


def draw(sweep: SweepResult, folder: pathlib.Path) -> str:
    """Percentiles of the latency from a request's send time; a few rates beyond the capacity show the trend."""
    figure, axes = style.canvas(
        "Latency against offered load",
        f"{sweep.rows:,} x {sweep.dimension}, top {sweep.k}, {sweep.connections} connections, open loop, Poisson "
        "arrivals, from the intended time of sending",
        "offered, requests per second",
        "latency, ms",
        right=0.88,
    )
    axes.set_yscale("log")
    below = [row for row in sweep.table if row.offered_rate <= BEYOND * sweep.capacity]
    shown = spaced(below, APART * sweep.capacity, sweep.rate_within_target)
    offered = [row.offered_rate for row in shown]
    labels = []
    for name, member, color in LINES:
        values = [getattr(row, member) for row in shown]
        axes.plot(offered, values, marker="o", markersize=4, color=color)
        labels.append(style.EndLabel(offered[-1], values[-1], name, color))
    axes.set_xlim(0, BEYOND * sweep.capacity)
    axes.axvspan(sweep.capacity, BEYOND * sweep.capacity, color=style.FAINT, alpha=0.6, zorder=0, linewidth=0)
    axes.annotate(
        f"capacity {style.count_text(sweep.capacity)}/s",
        (sweep.capacity, 1),
        (-4, -3),
        va="top",
        ha="right",
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        fontsize=style.LABEL_SIZE,
        color=style.MUTED,
    )
    if sweep.rate_within_target:
        # The lines rise to the right of that rate, so the label stands below them.
        dashed = {"color": style.MUTED, "linewidth": 0.8, "linestyle": (0, (4, 3))}
        axes.axhline(sweep.target_p99, **dashed)
        bottom = axes.get_ylim()[0]
        axes.vlines(sweep.rate_within_target, bottom, sweep.target_p99, **dashed)
        axes.set_ylim(bottom=bottom)
        axes.annotate(
            f"p99 within {sweep.target_p99:g} ms\nup to {style.count_text(sweep.rate_within_target)}/s",
            (sweep.rate_within_target, 0),
            (6, 6),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            fontsize=style.LABEL_SIZE,
            color=style.MUTED,
        )
    style.plain_ticks(axes.xaxis)
    style.plain_ticks(axes.yaxis, style.milliseconds_text)
    style.label_ends(axes, labels)
    return style.save(figure, folder, "latency")


def spaced(rows: list[LoadFigures], apart: float, always: float | None) -> list[LoadFigures]:
    """Ascending rates that are far enough apart, and in any case the one at the rate `always`."""
    kept: list[LoadFigures] = []
    for row in rows:
        is_apart = not kept or row.offered_rate - kept[-1].offered_rate >= apart
        if row.offered_rate == always:
            if not is_apart:
                kept.pop()
            kept.append(row)
        elif is_apart:
            kept.append(row)
    return kept
