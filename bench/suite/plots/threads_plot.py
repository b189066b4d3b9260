"""Scaling with threads."""

from __future__ import annotations

import pathlib

from bench.suite.engine_stage import ThreadResult
from bench.suite.plots import style


def draw(result: ThreadResult, folder: pathlib.Path) -> str:
    """Queries a second by threads. Thin lines are multiples of one thread's speed."""
    rows = result.table
    figure, axes = style.canvas(
        "Scaling with threads",
        f"{result.rows:,} x {result.dimension}, vectors of length 1, top {result.k}; "
        "dashed: one thread's speed times the threads",
        "threads",
        "queries per second",
        right=0.74,
    )
    labels = []
    for name, color, speeds in (
        ("Kindred", style.KINDRED, [row.speeds.first.median for row in rows]),
        ("faiss flat", style.PEERS["faiss flat"], [row.speeds.second.median for row in rows]),
    ):
        counts = [row.threads for row in rows]
        axes.plot(
            counts,
            [speeds[0] / counts[0] * count for count in counts],
            color=color,
            linewidth=0.9,
            linestyle=(0, (4, 3)),
        )
        axes.plot(counts, speeds, marker="o", color=color)
        times = speeds[-1] / speeds[0]
        labels.append(
            style.EndLabel(
                counts[-1],
                speeds[-1],
                f"{name} {style.count_text(speeds[-1])} ({times:.2f}x)",
                color,
                name == "Kindred",
            )
        )
    axes.set_xticks([row.threads for row in rows])
    axes.set_ylim(bottom=0)
    style.plain_ticks(axes.yaxis)
    style.label_ends(axes, labels)
    return style.save(figure, folder, "threads")
