"""The folder of a record: JSON of each part, the report and the plots."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

from bench.peers import json_text
from bench.peers.comparison_result import ComparisonResult
from bench.suite.engine_stage import ThreadResult
from bench.suite.latency_stage import SwapResult, SweepResult
from bench.suite.machine import Machine
from bench.suite.overload_stage import OverloadResult
from bench.suite.wire_stage import RedisResult, ServedResult


@dataclasses.dataclass
class Record:
    """The results so far. A part that was not measured is absent."""

    plan: str
    machine: Machine
    recall: list[ComparisonResult] = dataclasses.field(default_factory=list)
    rows: list[ComparisonResult] = dataclasses.field(default_factory=list)
    threads: ThreadResult | None = None
    redis: RedisResult | None = None
    served: ServedResult | None = None
    sweep: SweepResult | None = None
    swaps: SwapResult | None = None
    overload: OverloadResult | None = None
    left_out: dict[str, str] = dataclasses.field(default_factory=dict)
    minutes: float = 0.0

    @staticmethod
    def clear(folder: pathlib.Path) -> None:
        """Removes an earlier record of the same day and machine."""
        for pattern in ("*.json", "*.svg", "*.png", "report.md"):
            for path in folder.glob(pattern):
                path.unlink()

    def write(self, folder: pathlib.Path) -> None:
        """Writes one file for each part, so that an interrupted run leaves its results."""
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "machine.json", self.machine)
        for name in ("recall", "rows", "threads", "redis", "served", "sweep", "swaps", "overload", "left_out"):
            value = getattr(self, name)
            if value:
                write_json(folder / f"{name.replace('_', '-')}.json", value)


def write_json(path: pathlib.Path, value: Any) -> None:
    """Writes the whole file or none."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(json_text.plain(value), indent=1, sort_keys=True) + "\n")
    partial.replace(path)
