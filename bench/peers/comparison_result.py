"""The result of a comparison, in the form of its JSON."""

from __future__ import annotations

import dataclasses

from bench.peers.indexes.peer import Facts
from bench.peers.interleaved import Figure, Pair


@dataclasses.dataclass(frozen=True)
class Point:
    """One index with one search, and the queries a second of one short measurement."""

    label: str
    name: str
    options: dict[str, str]
    parameters: dict[str, str]
    batch: int
    recall: float
    queries_per_second: float
    facts: Facts


@dataclasses.dataclass(frozen=True)
class Contest:
    """A point in turn with Kindred: queries a second of Kindred and of the point, and their ratio.

    `alone` is the same for one query at a time on one thread.
    """

    point: Point
    is_best_at: tuple[float, ...]
    batched: Pair
    alone: Pair


@dataclasses.dataclass(frozen=True)
class KindredFigures:
    """Kindred's figures."""

    name: str
    batch: int
    recall: float
    facts: Facts
    queries_per_second: Figure


@dataclasses.dataclass(frozen=True)
class ComparisonResult:
    """All results of one comparison. A contest names the recalls of `levels` at which its label has no faster point."""

    dataset: str
    rows: int
    dimension: int
    queries: int
    recall_queries: int
    k: int
    threads: int
    width: str
    seconds_per_sample: float
    rounds: int
    levels: tuple[float, ...]
    kindred: KindredFigures
    points: tuple[Point, ...]
    contests: tuple[Contest, ...]
    refused: tuple[str, ...]
    load_average: tuple[float, float]
