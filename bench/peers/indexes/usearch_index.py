"""usearch's graph."""

from __future__ import annotations

import importlib.metadata

import numpy
from usearch.index import Index, MetricKind

from bench.peers.indexes.peer import Peer, nothing_left, whole_number
from bench.support.failure import BenchFailure


class UsearchIndex(Peer):
    """Options connectivity, expansion_add and dtype (f32 or f16). Parameter: expansion."""

    def build(self, rows: numpy.ndarray, options: dict[str, str], threads: int) -> None:
        connectivity = whole_number(options, "connectivity", 16)
        expansion = whole_number(options, "expansion_add", 128)
        dtype = options.pop("dtype", "f32")
        nothing_left(options)
        if dtype not in ("f32", "f16"):
            raise BenchFailure(f"dtype={dtype}, wanted f32 or f16")
        self.name = (
            f"usearch {importlib.metadata.version('usearch')} {dtype} connectivity={connectivity} "
            f"expansion_add={expansion}"
        )
        self.threads = threads
        self.index = Index(
            ndim=rows.shape[1],
            metric=MetricKind.IP,
            dtype=dtype,
            connectivity=connectivity,
            expansion_add=expansion,
        )
        self.index.add(numpy.arange(len(rows), dtype="u8"), rows, threads=threads)

    def set(self, name: str, value: str) -> None:
        if name != "expansion":
            raise BenchFailure(f"{self.name}: parameter {name!r}, wanted expansion")
        self.index.expansion_search = whole_number({name: value}, name, 1)

    def use(self, threads: int) -> None:
        self.threads = threads

    def search(self, queries: numpy.ndarray, k: int) -> numpy.ndarray:
        keys = self.index.search(queries, k, threads=self.threads).keys
        return keys.reshape(len(queries), -1).astype("<i8")
