"""Requests a second over the wire, beside Redis and beside faiss behind gRPC."""

from __future__ import annotations

import pathlib

from bench.suite.plots import style
from bench.suite.wire_stage import RedisResult, ServedResult

PEER = "#9ca3af"


def draw(redis: RedisResult | None, served: ServedResult | None, folder: pathlib.Path) -> str:
    """A pair of bars for each comparison, with their ratio between them. Each pair has its own scale."""
    pairs = []
    if redis:
        pairs += [
            (
                f"Kindred, answers {row.answers}",
                f"Redis GET of {redis.value_byte_count} bytes",
                f"{row.dataset} {redis.rows:,} x {redis.dimension}, top {redis.k}, "
                f"{row.connections} connections x {row.in_flight} in flight",
                row.speeds,
            )
            for row in redis.table
        ]
    if served:
        pairs.append(
            (
                "Kindred",
                "faiss flat behind gRPC",
                f"{served.rows:,} x {served.dimension}, top {served.k}, {served.concurrency} in flight",
                served.speeds,
            )
        )
    height_inches = 0.6 + 1.1 * len(pairs)
    figure, axes = style.plt.subplots(figsize=(8.6, height_inches))
    figure.subplots_adjust(left=0.03, right=0.97, top=1 - 0.5 / height_inches, bottom=0.01)
    axes.set_title("Requests per second over the wire", pad=8)
    axes.axis("off")
    axes.set_xlim(0, 1.6)
    axes.set_ylim(-3.1 * len(pairs) + 0.9, 0.9)
    for index, (kindred, peer, load, speeds) in enumerate(pairs):
        first, second = speeds.first.median, speeds.second.median
        height = -3.1 * index
        axes.text(
            0,
            height + 0.35,
            f"{load}: {speeds.ratio.median:.3g} times as many",
            fontsize=style.LABEL_SIZE,
            color=style.MUTED,
        )
        for offset, value, name, color in ((-0.35, first, kindred, style.KINDRED), (-1.25, second, peer, PEER)):
            width = value / max(first, second)
            axes.barh(height + offset, width, height=0.75, color=color)
            axes.text(
                width + 0.01,
                height + offset,
                f"{value:,.0f}  {name}",
                va="center",
                fontsize=style.LABEL_SIZE,
                fontweight="bold" if color == style.KINDRED else "normal",
            )
    return style.save(figure, folder, "wire")
