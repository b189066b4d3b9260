"""Throughput against recall."""

from __future__ import annotations

import dataclasses
import math
import pathlib

from bench.peers.comparison_result import ComparisonResult, Point
from bench.suite.plots import style

LEAST_RECALL = 0.5
# The x axis shows the missed share in decades, and ends at this share.
LEAST_MISSED = 0.002
TICKS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 1.0)


def place(recall: float) -> float:
    """The x position of a recall: decades of the missed share, down to a five-hundredth."""
    return -math.log10(1 - recall + LEAST_MISSED)


def frontier(points: list[Point]) -> list[Point]:
    """The points that no other beats in both recall and speed, by ascending recall."""
    best: list[Point] = []
    for point in sorted(points, key=lambda one: (-one.recall, -one.queries_per_second)):
        if not best or point.queries_per_second > best[-1].queries_per_second:
            best.append(point)
    return best[::-1]


def measured(result: ComparisonResult) -> list[Point]:
    """The explored points, with the speed in turn with Kindred where it was measured."""
    contests = [(contest.point, contest.batched.second.median) for contest in result.contests]
    return [
        next(
            (dataclasses.replace(point, queries_per_second=speed) for other, speed in contests if other == point),
            point,
        )
        for point in result.points
    ]


def draw(result: ComparisonResult, folder: pathlib.Path) -> str:
    """One line for each peer; an exact peer is a point. Kindred is exact, and its line spans the plot."""
    figure, axes = style.canvas(
        "Throughput against recall",
        f"{result.rows:,} x {result.dimension}, {style.VECTORS[result.dataset]}, top {result.k}, "
        f"{result.threads} threads, each at its best batch size",
        f"recall@{result.k}",
        "queries per second",
    )
    axes.set_yscale("log")
    labels = []
    points_measured = measured(result)
    speed = result.kindred.queries_per_second.median
    axes.axhline(speed, color=style.KINDRED, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.plot([place(result.kindred.recall)], [speed], "o", color=style.KINDRED, markersize=9)
    labels.append(
        style.EndLabel(
            place(result.kindred.recall),
            speed,
            f"Kindred (exact) {style.count_text(speed)}",
            style.KINDRED,
            is_bold=True,
        )
    )
    for label in sorted({point.label for point in result.points}):
        points = frontier([one for one in points_measured if one.label == label and one.recall >= LEAST_RECALL])
        if not points:
            continue
        color = style.PEERS[label]
        axes.plot(
            [place(one.recall) for one in points],
            [one.queries_per_second for one in points],
            marker="o",
            markersize=4,
            color=color,
        )
        labels.append(style.EndLabel(place(points[-1].recall), points[-1].queries_per_second, label, color))
    axes.set_xticks([place(tick) for tick in TICKS], [f"{tick:g}" for tick in TICKS])
    axes.set_xlim(place(LEAST_RECALL) - 0.03, place(1.0) + 0.06)
    style.plain_ticks(axes.yaxis)
    style.label_ends(axes, labels)
    return style.save(figure, folder, f"recall-{result.dataset}")
