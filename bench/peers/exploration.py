"""Explores a peer's grid: recall and speed of every search that can be the fastest at some recall."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable

from bench.peers.comparison_result import Point
from bench.peers.exact_answers import ExactAnswers
from bench.peers.parameter_grid import Build, Parameters
from bench.peers.peer_process import PeerProcess

# At this recall a more careful search can only be slower.
RECALL_ENOUGH = 0.9995
SAMPLE_SECONDS = 0.15
MUCH_SLOWER = 0.5


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A point, and the process that can measure it again."""

    point: Point
    process: PeerProcess


class Exploration:
    """One table, one K, one number of threads; indexes are built with `threads` too."""

    def __init__(
        self, folder: pathlib.Path, exact: ExactAnswers, k: int, threads: int, progress: Callable[[str], None]
    ) -> None:
        self.folder = folder
        self.exact = exact
        self.k = k
        self.threads = threads
        self.progress = progress

    def explore(self, build: Build) -> list[Candidate]:
        """Builds an index in a process of its own and tries its searches. The candidates share the process."""
        self.progress(f"building {build.label} {' '.join(build.options.values())}")
        process = PeerProcess.python(build.family, self.folder, build.options, self.threads)
        try:
            return self._searches(build, process)
        except BaseException:
            process.close()
            raise

    def best_batch(self, process: PeerProcess, batches: tuple[int, ...]) -> int:
        """The batch size with the most queries a second. Stops after a size that is much slower."""
        speeds: dict[int, float] = {}
        for size in batches:
            speeds[size] = self.speed(process, size)
            if speeds[size] < MUCH_SLOWER * max(speeds.values()):
                break
        return max(speeds, key=lambda size: speeds[size])

    def speed(self, process: PeerProcess, batch: int, seconds: float = SAMPLE_SECONDS) -> float:
        """Queries a second of a search."""
        return batch / process.measure(batch, self.threads, self.k, seconds)

    def recall(self, process: PeerProcess) -> float:
        """Recall of a search, against the exact answers."""
        return self.exact.recall(process.ids(len(self.exact.queries), self.k, self.folder))

    def _searches(self, build: Build, process: PeerProcess) -> list[Candidate]:
        middle = build.searches[len(build.searches) // 3]
        process.set(middle)
        batch = self.best_batch(process, build.batches)
        enough: list[Parameters] = []
        candidates = []
        for parameters in build.searches:
            if any(at_least(parameters, other) for other in enough):
                continue
            self.progress(f"{build.label} {' '.join((*build.options.values(), *parameters.values()))}")
            process.set(parameters)
            recall = self.recall(process)
            point = Point(
                build.label,
                process.name,
                build.options,
                parameters,
                batch,
                recall,
                self.speed(process, batch),
                process.facts,
            )
            candidates.append(Candidate(point, process))
            if recall >= RECALL_ENOUGH:
                enough.append(parameters)
        return candidates


def at_least(parameters: Parameters, other: Parameters) -> bool:
    """Whether a search is at least as careful as another in every parameter."""
    return bool(other) and all(float(parameters[name]) >= float(value) for name, value in other.items())


def best_at(candidates: list[Candidate], levels: tuple[float, ...]) -> list[tuple[Candidate, tuple[float, ...]]]:
    """The fastest candidate at each recall, with the recalls that it is the fastest at; each candidate once."""
    levels_of: dict[int, list[float]] = {}
    for level in levels:
        reaching = [index for index, candidate in enumerate(candidates) if candidate.point.recall >= level]
        if reaching:
            fastest = max(reaching, key=lambda index: candidates[index].point.queries_per_second)
            levels_of.setdefault(fastest, []).append(level)
    return [(candidates[index], tuple(found)) for index, found in sorted(levels_of.items())]
