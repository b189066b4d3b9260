"""What every peer does: it is built of rows, set, and answers batches of queries."""

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
    """What building a peer took."""

    build_seconds: float
    build_threads: int
    resident_byte_count: int


class Peer(abc.ABC):
    """One engine over rows.npy, and the queries of queries.npy, which are gone through again and again."""

    name: str

    def __init__(self, folder: pathlib.Path, options: dict[str, str], threads: int) -> None:
        self.queries = numpy.load(folder / "queries.npy")
        self.next = 0
        # Sizes, threads and K that have been measured before: the first time makes threads and memory ready.
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
        """Makes the index, and keeps of the rows what it needs."""

    def set(self, name: str, value: str) -> None:
        """Sets a parameter of the search."""
        raise BenchFailure(f"{self.name} has no parameter {name!r} (value {value!r}), wanted none")

    @abc.abstractmethod
    def use(self, threads: int) -> None:
        """Has searches run on so many threads."""

    @abc.abstractmethod
    def search(self, queries: numpy.ndarray, k: int) -> numpy.ndarray:
        """The ids of the k best rows of each query, best first; below 0 where there are fewer."""

    def batch(self, size: int) -> numpy.ndarray:
        """The next `size` queries; the first one follows the last."""
        if self.next + size <= len(self.queries):
            queries = self.queries[self.next : self.next + size]
        else:
            queries = self.queries.take(range(self.next, self.next + size), axis=0, mode="wrap")
        self.next = (self.next + size) % len(self.queries)
        return queries

    def measure(self, size: int, threads: int, k: int, seconds: float) -> float:
        """Seconds a batch, over whole batches that take about `seconds` together, at least one."""
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
        """The ids of the first queries' answers, a row each."""
        parts = [
            self.search(self.queries[start : min(start + IDS_BATCH, count)], k)
            for start in range(0, count, IDS_BATCH)
        ]
        return numpy.concatenate(parts).astype("<i8")


def resident_bytes() -> int:
    """VmRSS of this process."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise BenchFailure("/proc/self/status has no VmRSS, wanted its kilobytes")


def whole_number(options: dict[str, str], name: str, default: int) -> int:
    """Takes an option out: a whole number above 0."""
    text = options.pop(name, str(default))
    if not text.isdecimal() or int(text) == 0:
        raise BenchFailure(f"{name}={text}, wanted a whole number above 0")
    return int(text)


def nothing_left(options: dict[str, str]) -> None:
    """Raises where an option was not taken."""
    if options:
        raise BenchFailure(f"unknown options {options}, wanted none of them")
