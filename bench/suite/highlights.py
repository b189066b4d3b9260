"""The most important figures of a record."""

from __future__ import annotations

from collections.abc import Iterator

from bench.peers.comparison_result import ComparisonResult, Contest
from bench.peers.interleaved import Figure, Pair
from bench.suite.record import Record

RECALL = 0.98

Highlight = tuple[str, str, str]


def highlights(record: Record) -> list[Highlight]:
    """Name, value and noise of each figure."""
    rows: list[Highlight] = []
    for result in record.recall:
        rows += engine(result)
    if record.rows:
        largest = record.rows[-1]
        for contest in best(largest, ("faiss flat",), 0.0):
            rows.append(of_pair(f"{table(largest)}: queries/s, Kindred / faiss flat at its best", contest.batched))
    if record.redis:
        for row in record.redis.table:
            rows.append(
                of_pair(
                    f"wire, {row.dataset} {record.redis.rows:,} x {record.redis.dimension}, answers {row.answers}, "
                    f"{row.connections} x {row.in_flight} in flight: requests/s, Kindred / Redis GET",
                    row.speeds,
                )
            )
        for alone in record.redis.alone:
            rows.append(
                of_pair(
                    f"wire, {alone.dataset}, answers {alone.answers}, one at a time: p50, recommendation / PING",
                    alone.latencies,
                )
            )
    if record.served:
        served = record.served
        rows.append(
            of_pair(
                f"wire, {served.rows:,} rows, {served.concurrency} in flight: requests/s, "
                "Kindred / faiss behind gRPC",
                served.speeds,
            )
        )
    if record.sweep and record.swaps:
        tails = [one.without.p999 / one.without.p50 for one in record.swaps.rounds if one.without.p50]
        share = f"{record.swaps.share_of_capacity:.0%} of capacity"
        rows.append(
            (f"capacity, {record.sweep.rows:,} rows over the wire", f"{record.sweep.capacity:,.0f} requests/s", "")
        )
        if tails:
            rows.append(of_figure(f"{share}: p99.9 / p50", Figure.of(tails)))
        every = f"{record.swaps.swap_every_seconds:g} s"
        rows.append(of_figure(f"{share}: p99 with a swap every {every} / without", record.swaps.p99_ratio))
    if record.overload:
        overload = record.overload
        name = f"twice the capacity, {overload.rows:,} rows"
        rows.append((f"{name}: answers / capacity", f"{overload.goodput_share:.2f}", ""))
        met = sum(goal.is_met for goal in overload.goals)
        rows.append((f"{name}: goals met", f"{met} of {len(overload.goals)}", ""))
        refused_p99 = overload.phases["overload"].refused_p99
        if refused_p99 is not None:
            rows.append((f"{name}: p99 of refusals", f"{refused_p99:.2f} ms", ""))
    return rows


def engine(result: ComparisonResult) -> Iterator[Highlight]:
    """Kindred, which is exact, over each peer's fastest point with enough recall."""
    labels = tuple(dict.fromkeys(contest.point.label for contest in result.contests))
    for contest in best(result, labels, RECALL):
        yield of_pair(
            f"{table(result)}: queries/s, Kindred / {contest.point.label} at recall {contest.point.recall:.3f}",
            contest.batched,
        )


def best(result: ComparisonResult, labels: tuple[str, ...], recall: float) -> Iterator[Contest]:
    """For each label, the fastest contest with at least this recall."""
    for label in labels:
        contests = [one for one in result.contests if one.point.label == label and one.point.recall >= recall]
        if contests:
            yield max(contests, key=lambda one: one.batched.second.median)


def table(result: ComparisonResult) -> str:
    """The name of a table."""
    return f"{result.dataset} {result.rows:,} x {result.dimension}"


def of_pair(name: str, pair: Pair) -> Highlight:
    """The row of a ratio and its noise."""
    return of_figure(name, pair.ratio)


def of_figure(name: str, figure: Figure) -> Highlight:
    """The row of a median and its noise."""
    return name, f"{figure.median:.3g}", f"{figure.spread:.0%}"
