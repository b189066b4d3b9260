"""What the stages of a record have in common."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable

from bench.suite.kindred import Kindred
from bench.suite.plan import Plan


@dataclasses.dataclass(frozen=True)
class Stage:
    """What is measured, with which programs, in which folder, by how many threads, and who is told how far it is."""

    plan: Plan
    kindred: Kindred
    scratch: pathlib.Path
    threads: int
    progress: Callable[[str], None]
