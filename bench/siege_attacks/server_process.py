"""A `kindred serve` under siege."""

import os
import select
import signal
import subprocess
import time

from .client import kindred
from .failure import SiegeFailure
from .limits_of_processes import allow_descriptors, descriptors_allowed, end_with_parent

PATIENCE_SECONDS = 120
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class ServerProcess:
    """The process, its memory and its processor time. `close` ends it however it is."""

    def __init__(self, binary, models, folder, descriptors, arguments=(), enclosure=None):
        """`descriptors` is its RLIMIT_NOFILE; `enclosure` a MemoryEnclosure or None."""
        self.log = folder / "server.log"
        self.address, self.enclosure = None, enclosure

        def before_exec():
            end_with_parent()
            allow_descriptors(descriptors_allowed(descriptors), for_good=True)
            if enclosure:
                enclosure.enter()

        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(part) for part in (
                    binary, "serve", "--models", models, "--state", folder / "state", "--listen", "127.0.0.1:0",
                    *arguments)],
                stdout=subprocess.PIPE, stderr=log, preexec_fn=before_exec)
        self.pid = self.process.pid
        if enclosure:
            enclosure.surround(self.pid)

    def wait_until_ready(self):
        """Its address, once it listens and a model serves."""
        mark, text, deadline = b"listening on ", b"", time.monotonic() + PATIENCE_SECONDS
        while b"\n" not in text.partition(mark)[2]:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise SiegeFailure(f"the server was not ready after {PATIENCE_SECONDS} s{self.last_words()}")
            part = os.read(self.process.stdout.fileno(), 4096)
            if not part:
                raise SiegeFailure(
                    f"the server ended with status {self.process.wait()} before it was ready{self.last_words()}")
            text += part
        self.address = text.partition(mark)[2].split(b"\n")[0].decode().strip()
        with kindred.connect(self.address) as client:
            while client.health()["state"] != "serving":
                if time.monotonic() > deadline:
                    raise SiegeFailure(f"no model serves after {PATIENCE_SECONDS} s{self.last_words()}")
                time.sleep(0.05)
        return self.address

    @property
    def alive(self):
        return self.process.poll() is None

    def resident_mib(self):
        """VmRSS in MiB; 0 once it has ended."""
        return self.memory("VmRSS") / 1024

    def memory(self, name):
        """A line of /proc/PID/status in KiB; 0 once the process has ended."""
        try:
            with open(f"/proc/{self.pid}/status") as status:
                return next((int(line.split()[1]) for line in status if line.startswith(name + ":")), 0)
        except OSError:
            return 0

    def processor_seconds(self):
        """Its time in and outside the kernel so far."""
        try:
            with open(f"/proc/{self.pid}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def terminate(self, patience):
        """SIGTERM: the seconds until it had ended and its status, or (None, None) after `patience` seconds."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            return None, None
        return time.monotonic() - start, status

    def kill(self):
        if self.alive:
            self.process.kill()
        self.process.wait()

    def close(self):
        self.kill()
        self.process.stdout.close()

    def last_words(self):
        return f"; its log ends:\n{self.log.read_text(errors='replace')[-2000:]}"
