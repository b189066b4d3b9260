"""A closed loop against faiss behind gRPC, in its own process:

    python -m bench.peers.served.grpc_load HOST:PORT FOLDER [--concurrency 128] [--seconds 5] [-k 10]

Prints one JSON object. Takes the users in turn; compares the answers of the first ones with the exact ones.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import pathlib
import sys
import time

import grpc
import numpy

from bench.peers import json_text
from bench.peers.exact_answers import ExactAnswers
from bench.peers.served import message

TIMEOUT_SECONDS = 120
PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9, "max": 100.0}


@dataclasses.dataclass(frozen=True)
class LoadResult:
    """Answered requests of the measured seconds, latencies in seconds, this process's CPU seconds a second."""

    requests: int
    seconds: float
    requests_per_second: float
    latency: dict[str, float]
    generator_load: float
    errors: dict[str, int]
    recall: float
    recall_queries: int
    concurrency: int
    channels: int


class ClosedLoop:
    """A fixed number of requests in flight over a few channels. Each answer is followed by the next user's request.

    Answers come in batches, so whole turns of all requests in flight are measured, after the warm-up.
    """

    def __init__(
        self, users: int, k: int, compared: int, concurrency: int, warm_up: float, seconds: float
    ) -> None:
        self.requests = [message.request(user, k) for user in range(users)]
        self.answers: dict[int, numpy.ndarray] = {}
        self.compared = compared
        self.concurrency = concurrency
        self.warm_up = warm_up
        self.seconds = seconds
        self.next = 0
        self.replies = 0
        self.latencies: list[float] = []
        self.errors: dict[str, int] = {}
        self.start = time.perf_counter()
        self.begin = self.end = self.begin_cpu = self.end_cpu = 0.0
        self.is_over = False

    async def run(self, endpoint: str, channels: int) -> None:
        """Asks until the measurement is complete or a request fails."""
        # With its own pool, each channel has its own connection.
        options = [("grpc.use_local_subchannel_pool", 1)]
        opened = [grpc.aio.insecure_channel(endpoint, options) for _ in range(channels)]
        calls = [channel.unary_unary(f"/{message.SERVICE}/{message.METHOD}") for channel in opened]
        self.start = time.perf_counter()
        await asyncio.gather(*(self._ask(calls[number % channels]) for number in range(self.concurrency)))
        for channel in opened:
            await channel.close()

    async def _ask(self, call: grpc.aio.UnaryUnaryMultiCallable) -> None:
        """Keeps one request in flight."""
        while not self.is_over:
            user = self.next
            self.next = (user + 1) % len(self.requests)
            sent = time.perf_counter()
            try:
                reply = await call(self.requests[user], timeout=TIMEOUT_SECONDS)
            except grpc.aio.AioRpcError as error:
                name = error.code().name
                self.errors[name] = self.errors.get(name, 0) + 1
                self.is_over = True
                return
            self._take(sent, time.perf_counter())
            if user < self.compared and user not in self.answers:
                self.answers[user] = message.ids_of(reply)

    def _take(self, sent: float, now: float) -> None:
        """Counts a reply, and begins and ends the measurement."""
        if self.is_over:
            return
        self.replies += 1
        if not self.begin:
            if self.replies % self.concurrency == 0 and now - self.start >= self.warm_up:
                self.begin, self.begin_cpu = now, time.process_time()
            return
        self.latencies.append(now - sent)
        if len(self.latencies) % self.concurrency == 0 and now - self.begin >= self.seconds:
            self.end, self.end_cpu = now, time.process_time()
            self.is_over = True


def measure(arguments: argparse.Namespace) -> LoadResult:
    """Runs the loop and evaluates it."""
    users = len(numpy.load(arguments.folder / "queries.npy", mmap_mode="r"))
    loop = ClosedLoop(
        users,
        arguments.k,
        min(arguments.recall_queries, users),
        arguments.concurrency,
        arguments.warm_up,
        arguments.seconds,
    )
    asyncio.run(loop.run(arguments.endpoint, arguments.channels))
    # 0 if a request failed before the end.
    elapsed = max(loop.end - loop.begin, 0.0) if loop.end else 0.0
    count = len(loop.latencies) if elapsed else 0
    latencies = numpy.array(loop.latencies or [0.0])
    latency = {
        name: float(numpy.percentile(latencies, share, method="higher")) for name, share in PERCENTILES.items()
    }
    return LoadResult(
        count,
        elapsed,
        count / elapsed if elapsed else 0.0,
        latency,
        (loop.end_cpu - loop.begin_cpu) / elapsed if elapsed else 0.0,
        loop.errors,
        recall(arguments.folder, loop.answers, arguments.k),
        len(loop.answers),
        arguments.concurrency,
        arguments.channels,
    )


def recall(folder: pathlib.Path, answers: dict[int, numpy.ndarray], k: int) -> float:
    """Recall of the kept answers; 0 without any."""
    if not answers:
        return 0.0
    users = sorted(answers)
    exact = ExactAnswers(folder, users[-1] + 1, k)
    empty = numpy.empty(0, dtype="<i8")
    found = exact.found([answers.get(user, empty) for user in range(users[-1] + 1)])
    return float(found[users].mean() / exact.k)


def main() -> int:
    """Measures and prints. 1 if a request failed or none was answered."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers.served.grpc_load")
    parser.add_argument("endpoint")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--concurrency", type=int, default=128)
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--warm-up", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--recall-queries", type=int, default=256)
    parser.add_argument("-k", type=int, default=10)
    arguments = parser.parse_args()
    for name in ("concurrency", "channels", "seconds", "recall_queries", "k"):
        if getattr(arguments, name) <= 0:
            parser.error(f"--{name.replace('_', '-')} {getattr(arguments, name)}: above 0")
    result = measure(arguments)
    print(json.dumps(json_text.plain(result), sort_keys=True))
    return 0 if result.requests and not result.errors else 1


if __name__ == "__main__":
    sys.exit(main())
