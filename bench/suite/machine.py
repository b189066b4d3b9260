"""What this machine is, and what it can do at most."""

from __future__ import annotations

import dataclasses
import datetime
import os
import pathlib
import platform
import re
import subprocess
from typing import Any

from bench.suite.kindred import Kindred

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Machine:
    """Where and of what a record is."""

    date: str
    cpu: str
    cores: int
    memory_byte_count: int
    kernel: str
    python: str
    commit: str
    load_average: float
    limits: dict[str, Any]

    @staticmethod
    def measure(kindred: Kindred, is_short: bool = False) -> Machine:
        """Takes about a minute for the limits, a second where `is_short`."""
        load = os.getloadavg()[0]
        limits = kindred.kernels(is_short)
        return Machine(
            date=datetime.date.today().isoformat(),
            cpu=limits["machine"]["cpu"],
            cores=core_count(),
            memory_byte_count=memory("MemTotal:"),
            kernel=f"{platform.system()} {platform.release()}",
            python=platform.python_version(),
            commit=commit(),
            load_average=load,
            limits=limits,
        )

    @property
    def name(self) -> str:
        """For a folder: such as 2026-11-22-amd-epyc-avx2-2. Virtual CPUs of one name differ in what they can do."""
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.cpu} {self.limits['scanKernel']}".lower()).strip("-")
        return f"{self.date}-{words}-{self.cores}"


def core_count() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0))


def memory(field: str) -> int:
    """Bytes, of a line of /proc/meminfo; 0 where it has none."""
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def commit() -> str:
    """What git calls the sources; empty where they are in none of its repositories."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"], cwd=ROOT, capture_output=True, text=True
    )
    return done.stdout.strip() if done.returncode == 0 else ""
