"""faiss's IndexFlatIP beside Kindred: loads the same vectors, measures when it is asked.

Started by `kindred-bench engine --faiss PYTHON` with the folder of rows.npy and queries.npy. Says `ready NAME`, then
answers each line of standard input with one line, until the input ends:

    measure BATCH THREADS K SECONDS   ->  the seconds that one batch of that many queries took
    ids COUNT K PATH                  ->  done, once the ids of the first COUNT answers are in PATH as int64
"""

import pathlib
import sys
import time

import faiss
import numpy


class FlatIndex:
    """The vectors in an IndexFlatIP, and the queries, which are gone through again and again."""

    def __init__(self, folder: pathlib.Path) -> None:
        rows = numpy.load(folder / "rows.npy")
        self.queries = numpy.load(folder / "queries.npy")
        self.index = faiss.IndexFlatIP(rows.shape[1])
        self.index.add(rows)
        self.next = 0

    def batch(self, size: int) -> numpy.ndarray:
        """The next `size` queries; fewer where the file holds fewer."""
        if self.next + size > len(self.queries):
            self.next = 0
        queries = self.queries[self.next : self.next + size]
        self.next += size
        return queries

    def measure(self, size: int, threads: int, k: int, seconds: float) -> float:
        """Seconds a batch, over whole batches that take about `seconds` together, at least one."""
        faiss.omp_set_num_threads(threads)
        count = 0
        begin = time.perf_counter()
        while True:
            self.index.search(self.batch(size), k)
            count += 1
            elapsed = time.perf_counter() - begin
            if elapsed >= seconds:
                return elapsed / count

    def ids(self, count: int, k: int) -> numpy.ndarray:
        """The ids of the first queries' answers, a row each."""
        return self.index.search(self.queries[:count], k)[1].astype("<i8")


def main() -> None:
    index = FlatIndex(pathlib.Path(sys.argv[1]))
    print(f"ready faiss {faiss.__version__} IndexFlatIP", flush=True)
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "measure":
            size, threads, k = map(int, arguments[:3])
            reply = repr(index.measure(size, threads, k, float(arguments[3])))
        elif command == "ids":
            index.ids(int(arguments[0]), int(arguments[1])).tofile(arguments[2])
            reply = "done"
        else:
            reply = f"unknown request {command!r}, wanted measure or ids"
        print(reply, flush=True)


if __name__ == "__main__":
    main()
