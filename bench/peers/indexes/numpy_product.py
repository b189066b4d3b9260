"""numpy alone: one matrix product and a partition of each query's scores."""

from __future__ import annotations

import concurrent.futures

import numpy
import threadpoolctl

from bench.peers.indexes.peer import Peer, nothing_left

# Scores at a time: 512 MiB, and twice as much for their columns.
SCORES_MAX = 1 << 27


class NumpyProduct(Peer):
    """Exact, by sgemm and argpartition, both on the requested number of threads."""

    def build(self, rows: numpy.ndarray, options: dict[str, str], threads: int) -> None:
        nothing_left(options)
        self.name = f"numpy {numpy.__version__} sgemm + argpartition"
        self.rows = rows
        self.threads = 0
        self.use(threads)

    def use(self, threads: int) -> None:
        if threads == self.threads:
            return
        self.threads = threads
        self.limits = threadpoolctl.threadpool_limits(threads, user_api="blas")
        self.pool = concurrent.futures.ThreadPoolExecutor(threads)

    def search(self, queries: numpy.ndarray, k: int) -> numpy.ndarray:
        step = max(1, SCORES_MAX // len(self.rows))
        parts = [self._product(queries[start : start + step], k) for start in range(0, len(queries), step)]
        return parts[0] if len(parts) == 1 else numpy.concatenate(parts)

    def _product(self, queries: numpy.ndarray, k: int) -> numpy.ndarray:
        scores = queries @ self.rows.T
        if self.threads == 1 or len(scores) == 1:
            return best(scores, k)
        parts = numpy.array_split(scores, min(self.threads, len(scores)))
        return numpy.concatenate(list(self.pool.map(lambda part: best(part, k), parts)))


def best(scores: numpy.ndarray, k: int) -> numpy.ndarray:
    """The columns of the k greatest of each row, greatest first."""
    k = min(k, scores.shape[1])
    columns = numpy.argpartition(scores, scores.shape[1] - k, axis=1)[:, -k:]
    order = numpy.argsort(-numpy.take_along_axis(scores, columns, axis=1), axis=1, kind="stable")
    return numpy.take_along_axis(columns, order, axis=1)
