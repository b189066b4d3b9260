"""The machine and its limits."""

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
    """The machine of a record, with date and sources."""

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
        """Measures the limits: about a minute, a second where `is_short`."""
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
        """A folder's name, such as 2026-11-22-amd-epyc-avx2-2. Virtual CPUs of one name differ in their instruction
        sets."""
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.cpu} {self.limits['scanKernel']}".lower()).strip("-")
        return f"{self.date}-{words}-{self.cores}"


def core_count() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0))


def memory(field: str) -> int:
    """The bytes of a line of /proc/meminfo; 0 if it is missing."""
    for line in pathlib.Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


def commit() -> str:
    """Git's description of the sources; empty outside a git repository."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"], cwd=ROOT, capture_output=True, text=True
    )
    return done.stdout.strip() if done.returncode == 0 else ""
