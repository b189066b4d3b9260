"""A server in a process of its own."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.support.failure import BenchFailure

MARK = b"listening on "
PATIENCE_SECONDS = 120
LOG_CHARACTERS_SHOWN = 2_000
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def serve_command(binary: Path | str, models: Path | str, state: Path | str, *options: str) -> list[str]:
    """`kindred serve` on a free port of this machine."""
    return [str(part) for part in (
        binary, "serve", "--models", models, "--state", state, "--listen", "127.0.0.1:0", *options)]


class ServerProcess:
    """Starts a server and waits until it prints `listening on HOST:PORT`; `address` is HOST:PORT.

    The process's standard error is appended to the file `log`. `before_exec` runs in the new process before the
    command. Raises BenchFailure if the server ends or `patience` seconds pass before it listens. With `is_awaited`
    False the caller calls `wait_until_ready`. Use it in a `with`, whose end is SIGTERM, or call `stop` or `kill`.
    """

    def __init__(
        self, command: Sequence[str], log: Path, *, name: str = "the server", patience: float = PATIENCE_SECONDS,
        cwd: Path | None = None, env: Mapping[str, str] | None = None, before_exec: Callable[[], None] | None = None,
        is_awaited: bool = True,
    ) -> None:
        self.name, self.log, self.patience, self.address = name, log, patience, ""
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(
                list(command), cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=errors, preexec_fn=before_exec)
        self.pid = self.process.pid
        if is_awaited:
            try:
                self.wait_until_ready()
            except BaseException:
                self.kill()
                raise

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.alive:
            self.terminate(PATIENCE_SECONDS)
        self.kill()

    def wait_until_ready(self) -> str:
        """The address, once the server has printed it."""
        text, deadline = b"", time.monotonic() + self.patience
        while b"\n" not in text.partition(MARK)[2]:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise BenchFailure(f"{self.name} was not ready after {self.patience:.0f} s{self.last_words()}")
            part = os.read(self.process.stdout.fileno(), 4096)
            if not part:
                raise BenchFailure(
                    f"{self.name} ended with status {self.process.wait()} before it was ready{self.last_words()}")
            text += part
        self.address = text.partition(MARK)[2].split(b"\n")[0].decode().strip()
        return self.address

    # ---- Its end

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def terminate(self, patience: float) -> tuple[float, int] | tuple[None, None]:
        """SIGTERM: the seconds until the process ended and its status, or (None, None) after `patience` seconds."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            return None, None
        return time.monotonic() - start, status

    def stop(self, patience: float = PATIENCE_SECONDS) -> None:
        """SIGTERM, as an operator would. Raises BenchFailure unless the process exits with 0 in time."""
        _, status = self.terminate(patience)
        self.kill()
        if status is None:
            raise BenchFailure(f"{self.name} was still there {patience:.0f} s after SIGTERM{self.last_words()}")
        if status != 0:
            raise BenchFailure(f"{self.name} ended with status {status} after SIGTERM, wanted 0{self.last_words()}")

    def kill(self) -> None:
        """SIGKILL, where the process still runs."""
        if self.alive:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def last_words(self) -> str:
        """The end of the log, for the text of a failure."""
        text = self.log.read_text(errors="replace").strip()
        return f"; its log ends:\n{text[-LOG_CHARACTERS_SHOWN:]}" if text else ""

    # ---- What it uses

    def memory(self, name: str) -> int:
        """A line of /proc/PID/status in KiB; 0 once the process has ended."""
        try:
            with open(f"/proc/{self.pid}/status") as status:
                return next((int(line.split()[1]) for line in status if line.startswith(name + ":")), 0)
        except OSError:
            return 0

    def resident_mib(self) -> float:
        """VmRSS in MiB; 0 once the process has ended."""
        return self.memory("VmRSS") / 1024

    def processor_seconds(self) -> float:
        """Processor time so far, in user and kernel mode."""
        try:
            with open(f"/proc/{self.pid}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
