"""The interface of every peer: an index over rows, parameters, answers to batches of queries."""

from __future__ import annotations

import abc
import dataclasses
import pathlib
import time

import numpy

from bench.support.failure import BenchFailure

IDS_BATCH = 256


@dataclasses.dataclass(frozen=True)
class Facts:
    """The cost of building a peer."""

    build_seconds: float
    build_threads: int
    resident_byte_count: int


class Peer(abc.ABC):
    """One engine over rows.npy. It takes the queries of queries.npy in turn, again and again."""

    name: str

    def __init__(self, folder: pathlib.Path, options: dict[str, str], threads: int) -> None:
        self.queries = numpy.load(folder / "queries.npy")
        self.next = 0
        # (size, threads, K) measured before. The first search of each warms up threads and memory.
        self.warm: set[tuple[int, int, int]] = set()
        before = resident_bytes()
        rows = numpy.load(folder / "rows.npy")
        begin = time.perf_counter()
        self.build(rows, dict(options), threads)
        seconds = time.perf_counter() - begin
        del rows
        self.facts = Facts(seconds, threads, resident_bytes() - before)

    @abc.abstractmethod
    def build(self, rows: numpy.ndarray, options: dict[str, str], threads: int) -> None:
        """Makes the index. Keeps only the rows that it needs."""

    def set(self, name: str, value: str) -> None:
        """Sets a parameter of the search."""
        raise BenchFailure(f"{self.name} has no parameter {name!r} (value {value!r}), wanted none")

    @abc.abstractmethod
    def use(self, threads: int) -> None:
        """Sets the number of threads of searches."""

    @abc.abstractmethod
    def search(self, queries: numpy.ndarray, k: int) -> numpy.ndarray:
        """The ids of the k best rows of each query, best first; negative where there are fewer."""

    def batch(self, size: int) -> numpy.ndarray:
        """The next `size` queries; after the last comes the first."""
        if self.next + size <= len(self.queries):
            queries = self.queries[self.next : self.next + size]
        else:
            queries = self.queries.take(range(self.next, self.next + size), axis=0, mode="wrap")
        self.next = (self.next + size) % len(self.queries)
        return queries

    def measure(self, size: int, threads: int, k: int, seconds: float) -> float:
        """Seconds per batch, over whole batches that take about `seconds` together, at least one."""
        self.use(threads)
        if (size, threads, k) not in self.warm:
            self.warm.add((size, threads, k))
            self.search(self.batch(size), k)
        count = 0
        begin = time.perf_counter()
        while True:
            self.search(self.batch(size), k)
            count += 1
            elapsed = time.perf_counter() - begin
            if elapsed >= seconds:
                return elapsed / count

    def ids(self, count: int, k: int) -> numpy.ndarray:
        """The ids of the answers to the first `count` queries, one row each."""
        parts = [
            self.search(self.queries[start : min(start + IDS_BATCH, count)], k)
            for start in range(0, count, IDS_BATCH)
        ]
        return numpy.concatenate(parts).astype("<i8")


def resident_bytes() -> int:
    """VmRSS of this process, in bytes."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise BenchFailure("/proc/self/status has no VmRSS, wanted its kilobytes")


def whole_number(options: dict[str, str], name: str, default: int) -> int:
    """Removes an option and returns it as a whole number above 0."""
    text = options.pop(name, str(default))
    if not text.isdecimal() or int(text) == 0:
        raise BenchFailure(f"{name}={text}, wanted a whole number above 0")
    return int(text)


def nothing_left(options: dict[str, str]) -> None:
    """Raises if an option is left."""
    if options:
        raise BenchFailure(f"unknown options {options}, wanted none of them")
