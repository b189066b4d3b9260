"""The common part of the stages of a record."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable

from bench.suite.kindred import Kindred
from bench.suite.plan import Plan


@dataclasses.dataclass(frozen=True)
class Stage:
    """The plan, the programs, a scratch folder, the number of threads, and a function that shows the progress."""

    plan: Plan
    kindred: Kindred
    scratch: pathlib.Path
    threads: int
    progress: Callable[[str], None]
