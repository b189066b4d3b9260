"""Compares Kindred with its peers over one table: explores a grid, then measures the best points in turn with
Kindred."""

from __future__ import annotations

import dataclasses
import itertools
import os
import pathlib
from collections.abc import Callable

import numpy

from bench.peers import interleaved
from bench.peers.comparison_result import ComparisonResult, Contest, KindredFigures
from bench.peers.exact_answers import ExactAnswers
from bench.peers.exploration import Candidate, Exploration, best_at
from bench.peers.parameter_grid import Build, Width, grid
from bench.peers.peer_process import PeerProcess
from bench.support.failure import BenchFailure

LEVELS = {Width.EXACT: (0.999,), Width.NARROW: (0.9, 0.98, 0.999), Width.WIDE: (0.8, 0.9, 0.95, 0.98, 0.99, 0.999)}
KINDRED_BATCHES = (32, 128, 512)


@dataclasses.dataclass(frozen=True)
class Setting:
    """The compared table and peers, and the time of each measurement."""

    folder: pathlib.Path
    dataset: str
    kindred_bench: pathlib.Path
    k: int = 10
    threads: int = 1
    width: Width = Width.NARROW
    labels: tuple[str, ...] = ()
    recall_queries: int = 256
    rounds: int = 5
    seconds_per_sample: float = 0.3


class Comparison:
    """One comparison. All processes that it started have ended when `run` returns."""

    def __init__(self, setting: Setting, progress: Callable[[str], None]) -> None:
        self.setting = setting
        self.progress = progress
        rows = numpy.load(setting.folder / "rows.npy", mmap_mode="r")
        queries = numpy.load(setting.folder / "queries.npy", mmap_mode="r")
        self.rows, self.dimension = rows.shape
        self.query_count = len(queries)
        norms = numpy.linalg.norm(rows[:10_000], axis=1)
        self.builds = self._builds(bool(norms.max() > 1.001 * norms.min()))
        self.processes: list[PeerProcess] = []
        self.refused: list[str] = []
        progress("exact answers")
        self.exact = ExactAnswers(setting.folder, min(setting.recall_queries, self.query_count), setting.k)
        self.exploration = Exploration(setting.folder, self.exact, setting.k, setting.threads, progress)

    def run(self) -> ComparisonResult:
        """Explores, then measures in turn."""
        before = os.getloadavg()[0]
        try:
            return self._run(before)
        finally:
            for process in self.processes:
                process.close()

    def _builds(self, norms_differ: bool) -> list[Build]:
        every = grid(self.setting.width, self.rows, self.dimension, norms_differ)
        labels = {build.label for build in every}
        unknown = [label for label in self.setting.labels if label not in labels]
        if unknown:
            raise BenchFailure(f"peers {unknown}, wanted some of {sorted(labels)}")
        return [build for build in every if not self.setting.labels or build.label in self.setting.labels]

    def _run(self, load_before: float) -> ComparisonResult:
        setting = self.setting
        kindred = PeerProcess.kindred(setting.kindred_bench, setting.folder)
        self.processes.append(kindred)
        batch = self.exploration.best_batch(kindred, KINDRED_BATCHES)
        recall = self.exploration.recall(kindred)
        chosen, points = self._explore()
        contests = [self._contest(kindred, batch, candidate, levels) for candidate, levels in chosen]
        speeds = [contest.batched.first.median for contest in contests]
        alone = [self.exploration.speed(kindred, batch, setting.seconds_per_sample) for _ in range(setting.rounds)]
        return ComparisonResult(
            dataset=setting.dataset,
            rows=self.rows,
            dimension=self.dimension,
            queries=self.query_count,
            recall_queries=len(self.exact.queries),
            k=setting.k,
            threads=setting.threads,
            width=str(setting.width),
            seconds_per_sample=setting.seconds_per_sample,
            rounds=setting.rounds,
            levels=LEVELS[setting.width],
            kindred=KindredFigures(
                kindred.name, batch, recall, kindred.facts, interleaved.Figure.of(speeds or alone)
            ),
            points=tuple(points),
            contests=tuple(contests),
            refused=tuple(self.refused),
            load_average=(load_before, os.getloadavg()[0]),
        )

    def _explore(self) -> tuple[list[tuple[Candidate, tuple[float, ...]]], list]:
        chosen, points = [], []
        for _, builds in itertools.groupby(
            sorted(self.builds, key=lambda build: build.label), lambda one: one.label
        ):
            candidates = []
            for build in builds:
                try:
                    found = self.exploration.explore(build)
                except BenchFailure as failure:
                    self.refused.append(f"{build.label} {build.options}: {failure}")
                    continue
                self.processes.append(found[0].process)
                candidates += found
            points += [candidate.point for candidate in candidates]
            best = best_at(candidates, LEVELS[self.setting.width])
            self._close({id(candidate.process) for candidate in candidates}, {id(one.process) for one, _ in best})
            chosen += best
        return chosen, points

    def _close(self, explored: set[int], kept: set[int]) -> None:
        """Ends the processes without a best point, to free their memory."""
        for process in [process for process in self.processes if id(process) in explored - kept]:
            process.close()
            self.processes.remove(process)

    def _contest(
        self, kindred: PeerProcess, batch: int, candidate: Candidate, levels: tuple[float, ...]
    ) -> Contest:
        setting, peer, point = self.setting, candidate.process, candidate.point
        self.progress(f"Kindred beside {point.name} {' '.join(point.parameters.values())}")
        peer.set(point.parameters)
        seconds = setting.seconds_per_sample
        batched = interleaved.run(
            lambda: self.exploration.speed(kindred, batch, seconds),
            lambda: self.exploration.speed(peer, point.batch, seconds),
            setting.rounds,
        )
        alone = interleaved.run(
            lambda: 1 / kindred.measure(1, 1, setting.k, seconds / 3),
            lambda: 1 / peer.measure(1, 1, setting.k, seconds / 3),
            max(3, setting.rounds // 2),
        )
        return Contest(point, levels, batched, alone)
