"""A server of its own process, which says where it listens."""

from __future__ import annotations

import pathlib
import signal
import subprocess

from bench.peers.failure import PeerFailure

ROOT = pathlib.Path(__file__).resolve().parents[3]
MARK = "listening on "
STOP_SECONDS = 60


class ServerProcess:
    """Started and waited for until it has said `listening on HOST:PORT`; use it in a `with`."""

    def __init__(self, command: list[str], log: pathlib.Path) -> None:
        self.command = " ".join(command)
        self.log = log
        with open(log, "ab") as errors:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            self.endpoint = self._endpoint()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def __enter__(self) -> ServerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def process_id(self) -> int:
        """For /proc."""
        return self.process.pid

    def stop(self) -> None:
        """SIGTERM, and by force where it does not end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def _endpoint(self) -> str:
        for line in self.process.stdout:
            if MARK in line:
                return line.partition(MARK)[2].strip()
        end = self.log.read_text(errors="replace")[-2000:]
        raise PeerFailure(
            f"{self.command} ended with status {self.process.wait()} before it listened; its log ends: {end}"
        )
