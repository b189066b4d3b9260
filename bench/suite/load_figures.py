"""The figures in the JSON of `kindred-bench load`."""

from __future__ import annotations

import dataclasses
from typing import Any

from bench.support.failure import BenchFailure


@dataclasses.dataclass(frozen=True)
class Percentile:
    """A row of the percentile table: at least `share` of the requests took at most `milliseconds`."""

    share: float
    milliseconds: float


@dataclasses.dataclass(frozen=True)
class LoadFigures:
    """Rates in answers per second, latencies in milliseconds, processor time in seconds per second.

    In a closed loop the offered rate is absent, and no request is late.
    """

    offered_rate: float | None
    goodput: float
    mean: float
    p50: float
    p90: float
    p99: float
    p999: float
    max: float
    requests: int
    refused: int
    refused_p99: float | None
    late: int
    unsent: int
    generator_cpu: float
    server_cpu: float | None
    percentiles: tuple[Percentile, ...]

    @staticmethod
    def of(report: dict[str, Any]) -> LoadFigures:
        """The figures of a report with one result."""
        return LoadFigures.of_result(member(report, "result", dict))

    @staticmethod
    def of_result(result: dict[str, Any]) -> LoadFigures:
        """The figures of one result of a report or of a sweep."""
        latency = member(result, "latency", dict)
        open_loop = result.get("openLoop") or {"late": 0, "unsent": 0}
        overload = [tally for tally in member(result, "failures", list) if tally.get("isOverload")]
        return LoadFigures(
            offered_rate=open_loop.get("offeredRate"),
            goodput=number(result, "goodput"),
            **{name: number(latency, name) for name in ("mean", "p50", "p90", "p99", "p999", "max")},
            requests=int(number(latency, "count")),
            refused=sum(tally["count"] for tally in overload),
            refused_p99=max((tally["time"]["p99"] for tally in overload), default=None),
            late=int(number(open_loop, "late")),
            unsent=int(number(open_loop, "unsent")),
            generator_cpu=number(result, "generatorCPU"),
            server_cpu=result.get("serverCPU"),
            percentiles=tuple(
                Percentile(number(row, "share"), number(row, "milliseconds"))
                for row in member(result, "percentiles", list)
            ),
        )


def member(value: dict[str, Any], name: str, kind: type) -> Any:
    """A member of the given type. Raises BenchFailure with its name otherwise."""
    found = value.get(name)
    if not isinstance(found, kind):
        raise BenchFailure(f"{name} is {found!r:.100} in the JSON of kindred-bench load, wanted {kind.__name__}")
    return found


def number(value: dict[str, Any], name: str) -> float:
    """A number. Raises BenchFailure with its name otherwise."""
    found = value.get(name)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise BenchFailure(f"{name} is {found!r:.100} in the JSON of kindred-bench load, wanted a number")
    return found
