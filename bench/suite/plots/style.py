"""The common style of the plots."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

KINDRED = "#c2410c"
INK = "#1f2937"
MUTED = "#6b7280"
FAINT = "#e5e7eb"
# Different in hue and in lightness, for colour-blind readers (after Okabe and Ito).
PEERS = {
    "faiss flat": "#0072b2",
    "faiss SQ8": "#56b4e9",
    "faiss IVF": "#009e73",
    "faiss fast scan": "#7a9a01",
    "hnswlib": "#8a4f9e",
    "usearch": "#cc79a7",
    "numpy": "#6b7280",
}
VECTORS = {
    "flat": "vectors of length 1",
    "skewed": "vectors of skewed norms",
    "shipped": "vectors like the shipped model's",
}
LABEL_SIZE = 9.5
LABEL_GAP_POINTS = 12.5
# Labels of points this near to the rightmost one, as a share of the width, stand outside the axes.
OUTSIDE_SHARE = 0.3

plt.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 12.5,
        "axes.titleweight": "bold",
        "axes.titlepad": 26,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "text.color": INK,
        "axes.grid": True,
        "grid.color": FAINT,
        "grid.linewidth": 0.8,
        "axes.axisbelow": True,
        "lines.linewidth": 2,
        "lines.solid_capstyle": "round",
        "svg.hashsalt": "kindred",
        "svg.fonttype": "path",
    }
)


@dataclasses.dataclass(frozen=True)
class EndLabel:
    """A label beside a point at the right end of the data."""

    x: float
    y: float
    text: str
    color: str
    is_bold: bool = False


def canvas(title: str, subtitle: str, x_label: str, y_label: str, right: float = 0.755) -> tuple[Figure, Axes]:
    """An empty plot with room for labels on its right."""
    figure, axes = plt.subplots(figsize=(8.6, 5.0))
    figure.subplots_adjust(left=0.105, right=right, top=0.83, bottom=0.125)
    axes.set_title(title)
    axes.annotate(
        subtitle,
        (0, 1),
        (0, 9),
        xycoords="axes fraction",
        textcoords="offset points",
        color=MUTED,
        fontsize=LABEL_SIZE,
    )
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    return figure, axes


def label_ends(axes: Axes, labels: list[EndLabel]) -> None:
    """Writes each label right of the axes at its point's height, apart from the others, with a line to its point.

    Where data follows right of a point, its label stands beside the point.
    """
    axes.figure.canvas.draw()
    spots = sorted(
        (
            (axes.transAxes.inverted().transform(axes.transData.transform((label.x, label.y))), label)
            for label in labels
        ),
        key=lambda spot: spot[0][1],
    )
    last = max(spot[0] for spot, _ in spots)
    gap = LABEL_GAP_POINTS / 72 / axes_inches(axes)
    outside = [(float(spot[1]), label) for spot, label in spots if spot[0] > last - OUTSIDE_SHARE]
    inside = [(spot, label) for spot, label in spots if spot[0] <= last - OUTSIDE_SHARE]
    for (_, label), height in zip(outside, spread([height for height, _ in outside], gap)):
        axes.annotate(
            label.text,
            xy=(label.x, label.y),
            xytext=(1.035, height),
            textcoords="axes fraction",
            va="center",
            color=label.color,
            fontsize=LABEL_SIZE,
            fontweight=weight(label),
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": label.color,
                "linewidth": 0.7,
                "shrinkA": 1,
                "shrinkB": 4,
                "alpha": 0.6,
                "relpos": (0, 0.5),
            },
        )
    for (spot, label), height in zip(inside, spread([float(spot[1]) for spot, _ in inside], gap)):
        axes.text(
            spot[0] + 0.015,
            height,
            label.text,
            transform=axes.transAxes,
            va="center",
            color=label.color,
            fontsize=LABEL_SIZE,
            fontweight=weight(label),
        )


def weight(label: EndLabel) -> str:
    """The weight of the font."""
    return "bold" if label.is_bold else "normal"


def axes_inches(axes: Axes) -> float:
    """The height of the axes in inches."""
    return axes.get_position().height * axes.figure.get_figheight()


def spread(heights: list[float], gap: float) -> list[float]:
    """Moves ascending heights as little as possible so that they are `gap` apart; groups that touch move as one."""
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and top(groups[-2], gap) + gap > bottom(groups[-1], gap):
            last = groups.pop()
            groups[-1] += last
    return [bottom(group, gap) + index * gap for group in groups for index in range(len(group))]


def bottom(group: list[float], gap: float) -> float:
    """The bottom of a group centred on the mean of its heights."""
    return sum(group) / len(group) - (len(group) - 1) * gap / 2


def top(group: list[float], gap: float) -> float:
    """The top of that group."""
    return sum(group) / len(group) + (len(group) - 1) * gap / 2


def count_text(value: float, _: object = None) -> str:
    """250, 1.5 k, 30 k, 2 M."""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def milliseconds_text(value: float, _: object = None) -> str:
    """0.05, 2, 1,300."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def plain_ticks(axis: Axis, text: Callable[..., str] = count_text) -> None:
    """Plain numbers in place of powers; on a scale of few decades, also between the decades."""
    if axis.get_scale() == "log":
        low, high = axis.get_view_interval()
        steps = (1, 2, 5) if high / low < 300 else (1,)
        axis.set_major_locator(LogLocator(subs=steps, numticks=20))
    axis.set_major_formatter(FuncFormatter(text))
    axis.set_minor_formatter(NullFormatter())
    axis.set_tick_params(which="minor", length=0)


def save(figure: Figure, folder: pathlib.Path, name: str) -> str:
    """Writes NAME.svg and NAME.png. Returns the name."""
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    figure.savefig(folder / f"{name}.png", dpi=150, metadata={"Software": None})
    plt.close(figure)
    return name
