"""The distribution of latencies, with versions swapped and without."""

from __future__ import annotations

import pathlib

from bench.suite.latency_stage import SwapResult
from bench.suite.load_figures import LoadFigures
from bench.suite.plots import style

TICKS = (0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999)


def draw(swaps: SwapResult, folder: pathlib.Path) -> str:
    """Both distributions by percentile; each step to the right is a tenth of the requests before."""
    middle = swaps.middle
    figure, axes = style.canvas(
        "Latency with and without version swaps",
        f"{swaps.rows:,} x {swaps.dimension}, {swaps.share_of_capacity:.0%} of capacity, Poisson arrivals; "
        f"{middle.swaps} swap{'' if middle.swaps == 1 else 's'}, one every {swaps.swap_every_seconds:g} s",
        "share of requests that were at most as slow",
        "latency, ms",
        right=0.8,
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    labels = []
    for text, figures, color in (
        ("without swaps", middle.without, style.PEERS["faiss flat"]),
        ("with swaps", middle.with_swaps, style.KINDRED),
    ):
        places, values = curve(figures)
        axes.plot(places, values, color=color)
        labels.append(style.EndLabel(places[-1], values[-1], text, color, is_bold=color == style.KINDRED))
    last = max(label.x for label in labels)
    ticks = [tick for tick in TICKS if 1 / (1 - tick) <= last * 1.01]
    axes.set_xticks([1 / (1 - tick) for tick in ticks], [f"{tick * 100:g} %" for tick in ticks])
    axes.minorticks_off()
    style.plain_ticks(axes.yaxis, style.milliseconds_text)
    style.label_ends(axes, labels)
    return style.save(figure, folder, "swaps")


def curve(figures: LoadFigures) -> tuple[list[float], list[float]]:
    """1 / (1 - share) and milliseconds. The slowest request stands at the number of all requests."""
    rows = [(1 / (1 - row.share), row.milliseconds) for row in figures.percentiles if row.share < 1]
    rows.append((max(figures.requests, rows[-1][0] if rows else 1), figures.max))
    places, values = zip(*rows)
    return list(places), list(values)
