"""The engine beside its peers, each in its own process over the same vectors."""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from bench.datasets import drawn
from bench.peers import interleaved
from bench.peers.comparison import Comparison, Setting
from bench.peers.comparison_result import ComparisonResult
from bench.peers.interleaved import Pair
from bench.peers.parameter_grid import MATRIX_PRODUCTS, Width
from bench.peers.peer_process import PeerProcess
from bench.suite.stage import Stage

EXACT_PEERS = ("faiss flat", "numpy")
PEERS_OF_ROWS = (*EXACT_PEERS, "faiss IVF", "hnswlib")
# Batch sizes for the scaling with threads, near each engine's best.
KINDRED_BATCH = 128
FAISS_BATCH = 1_024


@dataclasses.dataclass(frozen=True)
class ThreadRow:
    """Queries a second by the number of threads: Kindred's, faiss flat's, and their ratio."""

    threads: int
    speeds: Pair


@dataclasses.dataclass(frozen=True)
class ThreadResult:
    """Scaling over one table, each engine with its own batch size."""

    rows: int
    dimension: int
    k: int
    kindred_batch: int
    faiss_batch: int
    table: tuple[ThreadRow, ...]


class EngineStage(Stage):
    """Draws each table into a scratch folder when it is needed."""

    def recall(self) -> list[ComparisonResult]:
        """Throughput against recall."""
        return [self._compare(kind, self.plan.recall_rows, width) for kind, width in self.plan.recall_datasets]

    def rows(self, counts: list[int]) -> list[ComparisonResult]:
        """Throughput against rows."""
        results = []
        for count in counts:
            has_graphs = count <= self.plan.graph_rows_max
            results.append(
                self._compare(
                    "flat",
                    count,
                    Width.NARROW if has_graphs else Width.EXACT,
                    PEERS_OF_ROWS if has_graphs else EXACT_PEERS,
                )
            )
        return results

    def threads_scaling(self) -> ThreadResult:
        """Throughput against threads, beside faiss's exact index."""
        counts = sorted({1 << power for power in range(self.threads.bit_length())} | {self.threads})
        with self._drawn("flat", self.plan.thread_rows) as folder:
            kindred = PeerProcess.kindred(self.kindred.bench, folder)
            try:
                faiss = PeerProcess.python("faiss", folder, {"factory": "Flat", **MATRIX_PRODUCTS}, self.threads)
                try:
                    return ThreadResult(
                        self.plan.thread_rows,
                        self.plan.dimension,
                        self.plan.k,
                        KINDRED_BATCH,
                        FAISS_BATCH,
                        tuple(ThreadRow(count, self._pair(kindred, faiss, count)) for count in counts),
                    )
                finally:
                    faiss.close()
            finally:
                kindred.close()

    def _pair(self, kindred: PeerProcess, faiss: PeerProcess, threads: int) -> Pair:
        self.progress(f"{threads} threads")
        plan = self.plan

        def speed(process: PeerProcess, batch: int) -> float:
            return batch / process.measure(batch, threads, plan.k, plan.comparison_seconds)

        return interleaved.run(
            lambda: speed(kindred, KINDRED_BATCH),
            lambda: speed(faiss, FAISS_BATCH),
            max(3, plan.comparison_rounds // 2),
        )

    def _compare(self, kind: str, rows: int, width: Width, labels: tuple[str, ...] = ()) -> ComparisonResult:
        plan = self.plan
        with self._drawn(kind, rows) as folder:
            return Comparison(
                Setting(
                    folder=folder,
                    dataset=kind,
                    kindred_bench=self.kindred.bench,
                    k=plan.k,
                    threads=self.threads,
                    width=width,
                    labels=labels,
                    rounds=plan.comparison_rounds,
                    seconds_per_sample=plan.comparison_seconds,
                ),
                lambda step: self.progress(f"{kind} {rows:,}: {step}"),
            ).run()

    @contextmanager
    def _drawn(self, kind: str, rows: int) -> Iterator[pathlib.Path]:
        self.progress(f"drawing {rows:,} {kind} vectors")
        folder = self.scratch / f"{kind}-{rows}"
        drawn.write(folder, kind, rows, self.plan.dimension, self.plan.queries)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)
