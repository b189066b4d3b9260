"""The exact answers in float64, to measure recall."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

import numpy

# Rows within this share of |q| |x| of the exact K-th best score count as right: float32 cannot distinguish them.
TOLERANCE = 1e-6
CHUNK_SCORES = 1 << 23


class ExactAnswers:
    """The exact answers to the first queries of a folder, for one K."""

    def __init__(self, folder: pathlib.Path, count: int, k: int) -> None:
        self.rows = numpy.load(folder / "rows.npy", mmap_mode="r")
        self.queries = numpy.load(folder / "queries.npy", mmap_mode="r")[:count].astype("<f8")
        self.k = min(k, len(self.rows))
        self.thresholds = self._thresholds()

    def _thresholds(self) -> numpy.ndarray:
        """The K-th best score of each query."""
        best = numpy.full((len(self.queries), self.k), -numpy.inf)
        step = max(self.k, CHUNK_SCORES // len(self.queries))
        for start in range(0, len(self.rows), step):
            scores = self.queries @ self.rows[start : start + step].astype("<f8").T
            candidates = numpy.concatenate([best, scores], axis=1)
            best = numpy.partition(candidates, candidates.shape[1] - self.k, axis=1)[:, -self.k :]
        return best.min(axis=1)

    def recall(self, ids: Sequence[numpy.ndarray]) -> float:
        """Recall of the answers: the share of distinct rows that reach the K-th exact score, over K."""
        return float(self.found(ids).mean() / self.k)

    def found(self, ids: Sequence[numpy.ndarray]) -> numpy.ndarray:
        """For each query, the number of its K best rows in the answer."""
        counts = numpy.zeros(len(self.queries), dtype="<i8")
        for index, answer in enumerate(ids):
            answer = numpy.unique(answer[: self.k])
            answer = answer[(answer >= 0) & (answer < len(self.rows))]
            vectors = self.rows[answer].astype("<f8")
            slack = TOLERANCE * numpy.linalg.norm(self.queries[index]) * numpy.linalg.norm(vectors, axis=1)
            counts[index] = numpy.count_nonzero(vectors @ self.queries[index] >= self.thresholds[index] - slack)
        return counts
