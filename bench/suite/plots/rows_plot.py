"""Throughput against rows."""

from __future__ import annotations

import pathlib

from bench.peers.comparison_result import ComparisonResult
from bench.suite.plots import style

RECALL = 0.98
EXACT = ("faiss flat", "numpy")


def draw(results: list[ComparisonResult], folder: pathlib.Path) -> str:
    """Kindred and each peer at its best point with enough recall."""
    first = results[0]
    figure, axes = style.canvas(
        "Throughput against rows",
        f"{first.dimension} dimensions, {style.VECTORS[first.dataset]}, top {first.k}, {first.threads} threads",
        "rows",
        "queries per second",
        right=0.76,
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    lines = {"Kindred (exact)": [(one.rows, one.kindred.queries_per_second.median) for one in results]}
    for result in results:
        for contest in result.contests:
            if any(level >= RECALL for level in contest.is_best_at):
                label = contest.point.label
                found = lines.setdefault(label, [])
                if found and found[-1][0] == result.rows:
                    # The fastest point that reaches the recall.
                    found[-1] = (result.rows, max(found[-1][1], contest.batched.second.median))
                else:
                    found.append((result.rows, contest.batched.second.median))
    labels = []
    for label, points in lines.items():
        is_kindred = label.startswith("Kindred")
        color = style.KINDRED if is_kindred else style.PEERS[label]
        axes.plot(
            *zip(*points),
            marker="o",
            markersize=5,
            color=color,
            linewidth=2.6 if is_kindred else 1.8,
            zorder=3 if is_kindred else 2,
        )
        text = label if is_kindred or label in EXACT else f"{label}, recall ≥ {RECALL}"
        labels.append(style.EndLabel(*points[-1], text, color, is_kindred))
    axes.set_xticks([one.rows for one in results], [style.count_text(one.rows) for one in results])
    style.plain_ticks(axes.yaxis)
    axes.minorticks_off()
    style.label_ends(axes, labels)
    return style.save(figure, folder, "rows")
