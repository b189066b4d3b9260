"""hnswlib's graph."""

from __future__ import annotations

import importlib.metadata

import hnswlib
import numpy

from bench.peers.indexes.peer import Peer, nothing_left, whole_number
from bench.support.failure import BenchFailure


class HnswlibIndex(Peer):
    """Options M, ef_construction, and space: `ip`, or `l2` over vectors with one more element.

    With sqrt(max |x|^2 - |x|^2) appended to the rows and 0 to the queries, all rows have one length, and the nearest
    row has the greatest inner product (Bachrach et al., RecSys 2014). Parameter: ef.
    """

    def build(self, rows: numpy.ndarray, options: dict[str, str], threads: int) -> None:
        edges = whole_number(options, "M", 16)
        effort = whole_number(options, "ef_construction", 200)
        self.space = options.pop("space", "ip")
        nothing_left(options)
        if self.space not in ("ip", "l2"):
            raise BenchFailure(f"space={self.space}, wanted ip or l2")
        self.name = (
            f"hnswlib {importlib.metadata.version('hnswlib')} M={edges} ef_construction={effort} "
            f"space={self.space}"
        )
        self.threads = threads
        if self.space == "l2":
            squares = numpy.einsum("ij,ij->i", rows, rows, dtype="f8")
            rows = numpy.column_stack([rows, numpy.sqrt(squares.max() - squares)]).astype("f4")
            self.queries = numpy.column_stack([self.queries, numpy.zeros(len(self.queries), "f4")])
        self.index = hnswlib.Index(space=self.space, dim=rows.shape[1])
        self.index.init_index(max_elements=len(rows), M=edges, ef_construction=effort, random_seed=100)
        self.index.add_items(rows, numpy.arange(len(rows)), num_threads=threads)

    def set(self, name: str, value: str) -> None:
        if name != "ef":
            raise BenchFailure(f"{self.name}: parameter {name!r}, wanted ef")
        self.index.set_ef(whole_number({name: value}, name, 1))

    def use(self, threads: int) -> None:
        self.threads = threads

    def search(self, queries: numpy.ndarray, k: int) -> numpy.ndarray:
        return self.index.knn_query(queries, k=k, num_threads=self.threads)[0].astype("<i8")
