"""faiss, by the strings of its index factory."""

from __future__ import annotations

import numpy

from bench.peers.indexes.faiss_library import faiss
from bench.peers.indexes.peer import Peer, nothing_left, whole_number
from bench.support.failure import BenchFailure

# Batches are matrix products, single queries are not.
BLAS_THRESHOLD = 20


class FaissIndex(Peer):
    """Option `factory`: such as Flat, "SQ8,RFlat" or "IVF1024,Flat". Parameters: those of its ParameterSpace.

    Option `blas_threshold`: the batch size from which exact distances are matrix products. Without it the library's own
    value applies, which may exceed every batch here.
    """

    def build(self, rows: numpy.ndarray, options: dict[str, str], threads: int) -> None:
        factory = options.pop("factory", "Flat")
        if "blas_threshold" in options:
            faiss.cvar.distance_compute_blas_threshold = whole_number(options, "blas_threshold", BLAS_THRESHOLD)
        nothing_left(options)
        self.name = f"faiss {faiss.__version__} {factory}"
        faiss.omp_set_num_threads(threads)
        self.index = faiss.index_factory(rows.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
        if not self.index.is_trained:
            self.index.train(rows)
        self.index.add(rows)

    def set(self, name: str, value: str) -> None:
        try:
            faiss.ParameterSpace().set_index_parameter(self.index, name, float(value))
        except (RuntimeError, ValueError) as error:
            raise BenchFailure(f"{self.name}: {name}={value}: {error}") from error

    def use(self, threads: int) -> None:
        faiss.omp_set_num_threads(threads)

    def search(self, queries: numpy.ndarray, k: int) -> numpy.ndarray:
        return self.index.search(queries, k)[1]


class FlatIndex(FaissIndex):
    """faiss's exact index."""

    def build(self, rows: numpy.ndarray, options: dict[str, str], threads: int) -> None:
        super().build(rows, {"blas_threshold": str(BLAS_THRESHOLD), **options}, threads)
        self.name = f"faiss {faiss.__version__} IndexFlatIP"
