"""A comparison as lines of text."""

from __future__ import annotations

from bench.peers.comparison_result import ComparisonResult, Contest
from bench.peers.interleaved import Figure

HEADER = (
    "peer",
    "recall",
    "queries/s",
    "Kindred / peer",
    "noise",
    "alone, us",
    "Kindred, us",
    "build s",
    "MiB",
    "setting",
)


def lines(result: ComparisonResult) -> list[str]:
    """A heading and a row for each contest; Kindred first."""
    kindred = result.kindred
    table = [
        HEADER,
        (
            "Kindred",
            f"{kindred.recall:.4f}",
            f"{kindred.queries_per_second.median:,.0f}",
            "1",
            "",
            "",
            "",
            f"{kindred.facts.build_seconds:.2f}",
            mebibytes(kindred.facts.resident_byte_count),
            f"batch {kindred.batch}",
        ),
    ]
    table += [row(contest) for contest in result.contests]
    return [
        f"{result.dataset}: {result.rows:,} x {result.dimension}, top {result.k}, {result.threads} threads, "
        f"medians of {result.rounds} rounds in turn, recall over {result.recall_queries} queries; load average "
        f"{result.load_average[0]:.1f} before, {result.load_average[1]:.1f} after",
        "",
        *aligned(table),
        *(f"refused: {text}" for text in result.refused),
    ]


def row(contest: Contest) -> tuple[str, ...]:
    """The cells of a contest."""
    point = contest.point
    setting = {**point.options, **point.parameters, "batch": str(point.batch)}
    return (
        point.label,
        f"{point.recall:.4f}",
        f"{contest.batched.second.median:,.0f}",
        ratio(contest.batched.ratio),
        f"{contest.batched.ratio.spread:.0%}",
        f"{1e6 / contest.alone.second.median:,.0f}",
        f"{1e6 / contest.alone.first.median:,.0f}",
        f"{point.facts.build_seconds:.2f}",
        mebibytes(point.facts.resident_byte_count),
        " ".join(f"{name}={value}" for name, value in setting.items()),
    )


def ratio(figure: Figure) -> str:
    """A ratio with three digits."""
    return f"{figure.median:.3g}"


def mebibytes(count: int) -> str:
    """Bytes as whole MiB."""
    return f"{count / 2**20:,.0f}"


def aligned(table: list[tuple[str, ...]]) -> list[str]:
    """Aligns the first and the last column to the left, the others to the right."""
    widths = [max(len(cells[column]) for cells in table) for column in range(len(table[0]))]
    last = len(widths) - 1
    return [
        "  ".join(
            cell.ljust(width) if column in (0, last) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths))
        ).rstrip()
        for cells in table
    ]
