"""The wire: Kindred's server beside Redis and beside faiss behind gRPC."""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import subprocess
import sys
from typing import Any

from bench.datasets import drawn
from bench.peers import interleaved
from bench.peers.interleaved import Figure, Pair
from bench.peers.served.redis_yardstick import RedisYardstick
from bench.suite.kindred import LOAD_SECONDS, ROOT, parsed
from bench.suite.load_figures import LoadFigures
from bench.suite.stage import Stage
from bench.support.failure import BenchFailure
from bench.support.server_process import ServerProcess

REDIS_CONNECTIONS = 50
REDIS_PIPELINES = (1, 16)
# Vectors like the shipped model's, and vectors of length 1, whose norms rule out no row; with and without a cache of
# answers. A server with a cache hardly scans, so one kind of vectors is enough.
REDIS_CASES = {"shipped": ("computed", "kept"), "flat": ("computed",)}
# MiB of cached answers: none, or the server's default.
ANSWER_CACHE_MIB = {"computed": 0, "kept": None}
# faiss's default, and a threshold with which batches are matrix products (see peers/indexes/faiss_index.py).
BLAS_THRESHOLDS = (0, 20)


@dataclasses.dataclass(frozen=True)
class RedisRow:
    """Requests a second of Kindred and of redis-benchmark's GET with the same connections and requests in flight.

    `answers`: computed for each request, or cached. Generator threads are Kindred's and redis-benchmark's.
    """

    dataset: str
    answers: str
    connections: int
    in_flight: int
    generator_threads: tuple[int, int]
    speeds: Pair
    generator_load: Figure


@dataclasses.dataclass(frozen=True)
class AloneRow:
    """One connection, one request at a time: median latencies in milliseconds, recommendations over PING."""

    dataset: str
    answers: str
    latencies: Pair


@dataclasses.dataclass(frozen=True)
class RedisResult:
    """The comparison with Redis."""

    redis_version: str
    rows: int
    dimension: int
    k: int
    value_byte_count: int
    table: tuple[RedisRow, ...]
    alone: tuple[AloneRow, ...]


@dataclasses.dataclass(frozen=True)
class ServedResult:
    """Requests a second of Kindred and of faiss behind gRPC; latencies are in seconds."""

    rows: int
    dimension: int
    k: int
    concurrency: int
    faiss_setting: str
    tried: dict[str, float]
    speeds: Pair
    kindred_p99: Figure
    faiss_p99: Figure
    faiss_generator_load: Figure
    kindred_generator_load: Figure
    faiss_recall: float


class WireStage(Stage):
    """Packs its models into a scratch folder and starts a server for each measurement."""

    def redis(self) -> RedisResult:
        """Small requests: the cost of the wire."""
        plan = self.plan
        rows: list[RedisRow] = []
        alone: list[AloneRow] = []
        with RedisYardstick(self.scratch) as redis:
            for dataset, cases in REDIS_CASES.items():
                folder = self._draw(dataset, plan.wire_rows)
                models = folder / "models"
                self.kindred.pack(folder, models)
                try:
                    for answers in cases:
                        with self.kindred.serve(models, folder, self.threads, ANSWER_CACHE_MIB[answers]) as server:
                            target = ("--endpoint", server.address, "--models", str(models))
                            rows += [
                                self._redis_row(redis, dataset, answers, target, count) for count in REDIS_PIPELINES
                            ]
                            alone.append(self._alone(dataset, answers, target))
                finally:
                    shutil.rmtree(folder)
            return RedisResult(
                redis.version, plan.wire_rows, plan.dimension, plan.k, redis.value_bytes, tuple(rows), tuple(alone)
            )

    def _alone(self, dataset: str, answers: str, target: tuple[str, ...]) -> AloneRow:
        self.progress("one connection, one request at a time")
        return AloneRow(
            dataset,
            answers,
            interleaved.run(
                lambda: self._load(target, 1, 1).p50,
                lambda: self._load(target, 1, 1, "ping").p50,
                self.plan.wire_rounds,
            ),
        )

    def grpc(self) -> ServedResult:
        """Large tables: faiss behind gRPC, a common way to deploy."""
        plan = self.plan
        folder = self._draw("flat", plan.served_rows)
        models = folder / "models"
        self.kindred.pack(folder, models)
        try:
            settings = [(count, threshold) for count in sorted({1, self.threads}) for threshold in BLAS_THRESHOLDS]
            tried = {setting: self._try_grpc(folder, setting) for setting in settings}
            fastest = max(settings, key=lambda setting: tried[setting])
            kindred_loads: list[LoadFigures] = []
            faiss_loads: list[dict[str, Any]] = []
            with (
                self.kindred.serve(models, folder, self.threads) as server,
                self._serve_grpc(folder, fastest) as grpc,
            ):

                def kindred_speed() -> float:
                    kindred_loads.append(self._load_served(server, models))
                    return kindred_loads[-1].goodput

                def faiss_speed() -> float:
                    faiss_loads.append(self._load_grpc(grpc, folder, plan.served_seconds))
                    return faiss_loads[-1]["requestsPerSecond"]

                speeds = interleaved.run(kindred_speed, faiss_speed, plan.served_rounds)
            return ServedResult(
                plan.served_rows,
                plan.dimension,
                plan.k,
                plan.served_concurrency,
                setting_text(fastest),
                {setting_text(setting): speed for setting, speed in tried.items()},
                speeds,
                Figure.of([load.p99 / 1000 for load in kindred_loads]),
                Figure.of([load["latency"]["p99"] for load in faiss_loads]),
                Figure.of([load["generatorLoad"] for load in faiss_loads]),
                Figure.of([load.generator_cpu for load in kindred_loads]),
                min(load["recall"] for load in faiss_loads),
            )
        finally:
            shutil.rmtree(folder)

    def _redis_row(
        self, redis: RedisYardstick, dataset: str, answers: str, target: tuple[str, ...], in_flight: int
    ) -> RedisRow:
        plan = self.plan
        loads: list[LoadFigures] = []

        def kindred_speed(threads: int) -> float:
            loads.append(
                self._load(target, REDIS_CONNECTIONS, in_flight, extra=("--generator-threads", str(threads)))
            )
            return loads[-1].goodput

        def redis_speed(threads: int) -> float:
            return redis.get(REDIS_CONNECTIONS, in_flight, plan.wire_seconds, threads).requests_per_second

        self.progress(
            f"beside Redis, {dataset}, answers {answers}: {REDIS_CONNECTIONS} connections x {in_flight} in flight"
        )
        # One more thread is faster if the generator is the bottleneck, and slower if processors are.
        counts = sorted({1, min(self.threads, REDIS_CONNECTIONS)})
        kindred_threads = max(counts, key=kindred_speed)
        redis_threads = max(counts, key=redis_speed)
        loads.clear()
        speeds = interleaved.run(
            lambda: kindred_speed(kindred_threads), lambda: redis_speed(redis_threads), plan.wire_rounds
        )
        return RedisRow(
            dataset,
            answers,
            REDIS_CONNECTIONS,
            in_flight,
            (kindred_threads, redis_threads),
            speeds,
            Figure.of([load.generator_cpu for load in loads]),
        )

    def _load(
        self,
        target: tuple[str, ...],
        connections: int,
        in_flight: int,
        requests: str = "recommend",
        extra: tuple[str, ...] = (),
    ) -> LoadFigures:
        return LoadFigures.of(
            self.kindred.load(
                *target,
                *extra,
                "--connections",
                str(connections),
                "--in-flight",
                str(in_flight),
                "--requests",
                requests,
                "--k",
                str(self.plan.k),
                "--warm-up",
                "0.5",
                "--seconds",
                str(self.plan.wire_seconds),
            )
        )

    def _load_served(self, server: ServerProcess, models: pathlib.Path) -> LoadFigures:
        plan = self.plan
        self.progress("a million rows, Kindred's server")
        connections = 8
        return LoadFigures.of(
            self.kindred.load(
                "--endpoint",
                server.address,
                "--models",
                str(models),
                "--connections",
                str(connections),
                "--in-flight",
                str(plan.served_concurrency // connections),
                "--k",
                str(plan.k),
                "--warm-up",
                "1",
                "--seconds",
                str(plan.served_seconds),
            )
        )

    def _serve_grpc(self, folder: pathlib.Path, setting: tuple[int, int]) -> ServerProcess:
        threads, threshold = (str(number) for number in setting)
        options = ["--threads", threads, "--blas-threshold", threshold]
        return ServerProcess(
            [sys.executable, "-m", "bench.peers.served.faiss_grpc", str(folder), *options],
            folder / "grpc.log",
            name="faiss behind gRPC",
            patience=LOAD_SECONDS,
            cwd=ROOT,
        )

    def _try_grpc(self, folder: pathlib.Path, setting: tuple[int, int]) -> float:
        """Tries one setting. faiss is not always faster with more threads beside a server and its load."""
        self.progress(f"faiss behind gRPC: {setting_text(setting)}")
        with self._serve_grpc(folder, setting) as server:
            return self._load_grpc(server, folder, self.plan.served_seconds / 2)["requestsPerSecond"]

    def _load_grpc(self, server: ServerProcess, folder: pathlib.Path, seconds: float) -> dict[str, Any]:
        self.progress("a million rows, faiss behind gRPC")
        command = [
            sys.executable,
            "-m",
            "bench.peers.served.grpc_load",
            server.address,
            str(folder),
            "--concurrency",
            str(self.plan.served_concurrency),
            "--seconds",
            str(seconds),
            "-k",
            str(self.plan.k),
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchFailure(
                f"{' '.join(command)} ended with status {done.returncode}: {done.stdout} {done.stderr}"
            )
        return parsed(done.stdout, " ".join(command))

    def _draw(self, dataset: str, rows: int) -> pathlib.Path:
        self.progress(f"drawing {rows:,} vectors")
        folder = self.scratch / f"wire-{dataset}-{rows}"
        drawn.write(folder, dataset, rows, self.plan.dimension, self.plan.queries)
        return folder


def setting_text(setting: tuple[int, int]) -> str:
    """The setting in words: faiss's threads, and the batch size from which it uses matrix products."""
    threads, threshold = setting
    return f"{threads} threads, " + (
        f"matrix products from {threshold} queries on" if threshold else "as installed"
    )
