"""The measuring side of the conversation with a peer in its own process."""

from __future__ import annotations

import contextlib
import json
import math
import os
import pathlib
import subprocess
import sys

import numpy

from bench.peers.indexes.peer import Facts
from bench.peers.json_text import snake_case
from bench.support.failure import BenchFailure

ROOT = pathlib.Path(__file__).resolve().parents[2]

END_SECONDS = 10


class PeerProcess:
    """A peer, started with its command. It ends with `close`, or with this process."""

    def __init__(self, command: list[str]) -> None:
        self.command = " ".join(command)
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        try:
            word, _, name = self._line("ready").partition(" ")
            if word != "ready" or not name:
                raise BenchFailure(f"{self.command} said {word} {name!r}, wanted ready NAME")
            self.name = name
            facts = json.loads(self._ask("facts"))
            self.facts = Facts(**{snake_case(key): value for key, value in facts.items()})
        except (ValueError, TypeError) as error:
            self.close()
            raise BenchFailure(f"{self.command} answered facts with what is none: {error}") from error
        except BaseException:
            self.close()
            raise

    @staticmethod
    def python(family: str, folder: pathlib.Path, options: dict[str, str], threads: int) -> PeerProcess:
        """A peer of serve.py whose index is built with `threads`."""
        pairs = [f"{name}={value}" for name, value in options.items()]
        return PeerProcess(
            [sys.executable, "-m", "bench.peers.serve", family, str(folder), *pairs, "--threads", str(threads)]
        )

    @staticmethod
    def kindred(kindred_bench: pathlib.Path, folder: pathlib.Path) -> PeerProcess:
        """Kindred's own engine."""
        return PeerProcess([str(kindred_bench), "engine-peer", "--folder", str(folder)])

    def close(self) -> None:
        """Ends the peer by closing its input, or with SIGKILL after some seconds."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def set(self, parameters: dict[str, str]) -> None:
        """Sets parameters of the searches that follow."""
        for name, value in parameters.items():
            self._expect(f"set {name} {value}", "done")

    def measure(self, batch: int, threads: int, k: int, seconds: float) -> float:
        """Seconds per batch, measured for about `seconds`."""
        request = f"measure {batch} {threads} {k} {seconds}"
        reply = self._ask(request)
        try:
            value = float(reply)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            raise BenchFailure(f"{self.name} answered {request!r} with {reply!r}, wanted seconds")
        return value

    def ids(self, count: int, k: int, scratch: pathlib.Path) -> numpy.ndarray:
        """The peer's answers to the first `count` queries, one row each."""
        path = scratch / f"ids-{os.getpid()}-{self.process.pid}.bin"
        try:
            self._expect(f"ids {count} {k} {path}", "done")
            found = numpy.fromfile(path, dtype="<i8")
        finally:
            path.unlink(missing_ok=True)
        if count == 0 or found.size == 0 or found.size % count:
            raise BenchFailure(f"{self.name} wrote {found.size} ids, wanted a multiple of {count}")
        return found.reshape(count, -1)

    def _expect(self, request: str, wanted: str) -> None:
        reply = self._ask(request)
        if reply != wanted:
            raise BenchFailure(f"{self.name} answered {request!r} with {reply!r}, wanted {wanted!r}")

    def _ask(self, request: str) -> str:
        try:
            self.process.stdin.write(request + "\n")
        except OSError as error:
            raise BenchFailure(f"{self.command} does not read {request!r}: {error}") from error
        return self._line(request)

    def _line(self, request: str) -> str:
        line = self.process.stdout.readline()
        if not line.endswith("\n"):
            raise BenchFailure(
                f"{self.command} ended with status {self.process.wait()}, wanted an answer to {request!r}"
            )
        return line.strip()
