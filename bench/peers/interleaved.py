"""Measures two contenders in turn, A B A B, so that a disturbance of the machine affects both."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable

Contender = Callable[[], float]


@dataclasses.dataclass(frozen=True)
class Figure:
    """The median of the rounds, and the distance of their quartiles as a share of it."""

    median: float
    spread: float

    @staticmethod
    def of(values: list[float]) -> Figure:
        """The figure of at least one value."""
        median = statistics.median(values)
        if len(values) < 2 or median == 0:
            return Figure(median, 0.0)
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        return Figure(median, (high - low) / abs(median))


@dataclasses.dataclass(frozen=True)
class Pair:
    """Speeds of A and of B, and the ratios of A to B, over the rounds."""

    first: Figure
    second: Figure
    ratio: Figure
    rounds: int


def run(first: Contender, second: Contender, rounds: int) -> Pair:
    """Measures both in every round."""
    pairs = [(first(), second()) for _ in range(rounds)]
    return pair(pairs)


def pair(pairs: list[tuple[float, float]]) -> Pair:
    """The pair of given speeds, one of each for every round."""
    return Pair(
        Figure.of([first for first, _ in pairs]),
        Figure.of([second for _, second in pairs]),
        Figure.of([first / second for first, second in pairs]),
        len(pairs),
    )
