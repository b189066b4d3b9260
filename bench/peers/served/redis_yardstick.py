"""Measures redis-benchmark's GETs against a redis-server, to show the cost of the wire."""

from __future__ import annotations

import csv
import dataclasses
import io
import pathlib
import re
import shutil
import socket
import subprocess
import time

from bench.support.failure import BenchFailure

KEYS = 10_000
PROGRAMS = ("redis-server", "redis-benchmark", "redis-cli")
START_SECONDS = 10
FIRST_REQUESTS = 20_000
COLUMNS = {"p50_latency_ms": "p50", "p95_latency_ms": "p95", "p99_latency_ms": "p99", "max_latency_ms": "max"}


@dataclasses.dataclass(frozen=True)
class RedisFigures:
    """The result of one run of redis-benchmark; latencies in seconds."""

    requests_per_second: float
    latency: dict[str, float]
    connections: int
    pipeline: int
    value_byte_count: int
    requests: int


class RedisYardstick:
    """A redis-server without persistence, on a free port of this machine. Use it in a `with`."""

    def __init__(self, scratch: pathlib.Path, value_bytes: int = 512) -> None:
        missing = [program for program in PROGRAMS if shutil.which(program) is None]
        if missing:
            raise BenchFailure(f"{', '.join(missing)} not found, wanted the packages redis-server and redis-tools")
        self.value_bytes = value_bytes
        self.version = self._version()
        self.port = free_port()
        with open(scratch / "redis.log", "ab") as log:
            self.process = subprocess.Popen(
                [
                    "redis-server",
                    "--port",
                    str(self.port),
                    "--bind",
                    "127.0.0.1",
                    "--save",
                    "",
                    "--appendonly",
                    "no",
                    "--dir",
                    str(scratch),
                ],
                stdout=log,
                stderr=log,
            )
        try:
            self._wait()
            self._fill()
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> RedisYardstick:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the server."""
        self.process.terminate()
        self.process.wait()

    def get(self, connections: int, pipeline: int, seconds: float, threads: int = 1) -> RedisFigures:
        """Random GETs by `threads` threads, for about `seconds`."""
        first = self._benchmark("get", connections, pipeline, FIRST_REQUESTS, threads)
        return self._benchmark(
            "get", connections, pipeline, max(FIRST_REQUESTS, int(first.requests_per_second * seconds)), threads
        )

    def _benchmark(
        self, test: str, connections: int, pipeline: int, requests: int, threads: int = 1
    ) -> RedisFigures:
        text = self._run(
            "redis-benchmark",
            "-p",
            str(self.port),
            "-t",
            test,
            "-d",
            str(self.value_bytes),
            "-c",
            str(connections),
            "-P",
            str(pipeline),
            "-n",
            str(requests),
            "-r",
            str(KEYS),
            "--csv",
            # With this option it uses locked counters even for one thread.
            *(("--threads", str(threads)) if threads > 1 else ()),
        )
        rows = list(csv.DictReader(io.StringIO(text)))
        try:
            row = rows[0]
            return RedisFigures(
                float(row["rps"]),
                {name: float(row[column]) / 1000 for column, name in COLUMNS.items()},
                connections,
                pipeline,
                self.value_bytes,
                requests,
            )
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise BenchFailure(f"redis-benchmark wrote {text!r}, wanted CSV with rps and latencies") from error

    def _fill(self) -> None:
        """Sets random keys until all have values, so that every GET finds one."""
        for _ in range(20):
            self._benchmark("set", 50, 16, 10 * KEYS)
            if int(self._run("redis-cli", "-p", str(self.port), "dbsize")) == KEYS:
                return
        raise BenchFailure(f"redis has not got all of {KEYS} keys after 20 times as many SETs as ten each")

    def _wait(self) -> None:
        """Waits until the server answers a PING."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=START_SECONDS) as connection:
                    connection.sendall(b"PING\r\n")
                    if connection.recv(16).startswith(b"+PONG"):
                        return
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise BenchFailure(f"redis-server did not answer on port {self.port}, status {self.process.poll()}")

    def _version(self) -> str:
        found = re.search(r"v=(\S+)", self._run("redis-server", "--version"))
        return found[1] if found else "of unknown version"

    @staticmethod
    def _run(*command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchFailure(f"{' '.join(command)} ended with status {done.returncode}: {done.stderr.strip()}")
        return done.stdout


def free_port() -> int:
    """A port that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
