"""Measures everything that fits this machine and writes a record. `bench/run` starts it."""

from __future__ import annotations

import argparse
import pathlib
import signal
import sys
import tempfile
import time
from collections.abc import Callable

from bench.suite import report
from bench.suite.engine_stage import EngineStage
from bench.suite.kindred import Kindred
from bench.suite.latency_stage import LatencyStage
from bench.suite.machine import ROOT, Machine, core_count, memory
from bench.suite.overload_stage import OverloadStage
from bench.suite.plan import DURATIONS, PLANS, Plan, fits
from bench.suite.record import Record
from bench.suite.wire_stage import WireStage
from bench.support.failure import BenchFailure
from bench.support.progress_line import ProgressLine

PARTS = ("recall", "rows", "threads", "redis", "grpc", "latency", "overload")


class Suite:
    """One run. A part that fails is left out with the reason; the others go on."""

    def __init__(self, plan: Plan, kindred: Kindred, scratch: pathlib.Path, progress: ProgressLine) -> None:
        stage = (plan, kindred, scratch, core_count(), progress.show)
        self.plan = plan
        self.progress = progress
        self.engine = EngineStage(*stage)
        self.wire = WireStage(*stage)
        self.latency_stage = LatencyStage(*stage)
        self.overload_stage = OverloadStage(*stage)

    def run(self, record: Record, parts: tuple[str, ...], folder: pathlib.Path) -> None:
        """Measures the parts, and writes the record after each."""
        begin = time.monotonic()
        for part in parts:
            self.progress.prefix = f"{part}: "
            self._attempt(record, part, getattr(self, part))
            record.minutes = (time.monotonic() - begin) / 60
            record.write(folder)

    def _attempt(self, record: Record, part: str, measure: Callable[[Record], None]) -> None:
        try:
            measure(record)
        except (BenchFailure, OSError) as error:
            record.left_out[part] = str(error)
            self.progress.clear()
            print(f"{part} left out: {error}", file=sys.stderr)

    def recall(self, record: Record) -> None:
        """Throughput against recall."""
        record.recall = self.engine.recall()

    def rows(self, record: Record) -> None:
        """Throughput against rows, as many as fit the memory."""
        available = memory("MemAvailable:")
        counts = [count for count in self.plan.row_counts if fits(count, self.plan.dimension, available)]
        for count in sorted(set(self.plan.row_counts) - set(counts)):
            record.left_out[f"{count:,} rows"] = f"{available >> 20:,} MiB of memory are free"
        record.rows = self.engine.rows(counts)

    def threads(self, record: Record) -> None:
        """Scaling with threads."""
        record.threads = self.engine.threads_scaling()

    def redis(self, record: Record) -> None:
        """The wire beside Redis."""
        record.redis = self.wire.redis()

    def grpc(self, record: Record) -> None:
        """The wire beside faiss behind gRPC."""
        record.served = self.wire.grpc()

    def latency(self, record: Record) -> None:
        """Latency against offered load, and with swaps."""
        record.sweep, record.swaps = self.latency_stage.run()

    def overload(self, record: Record) -> None:
        """Twice the capacity."""
        record.overload = self.overload_stage.run()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(
        prog="bench/run", description="Measures what fits this machine, writes a record."
    )
    kind = whole.add_mutually_exclusive_group()
    for plan in PLANS.values():
        kind.add_argument(
            f"--{plan.name}", dest="plan", action="store_const", const=plan.name, help=DURATIONS[plan.name]
        )
    whole.set_defaults(plan="quick")
    whole.add_argument("--parts", default=",".join(PARTS), help=f"some of {','.join(PARTS)} (default: all)")
    whole.add_argument(
        "--records",
        type=pathlib.Path,
        default=ROOT / "bench" / "records",
        help="the folder that records are written to (default bench/records)",
    )
    whole.add_argument("--kindred", type=pathlib.Path, default=ROOT / ".build" / "release" / "kindred")
    whole.add_argument("--kindred-bench", type=pathlib.Path, default=ROOT / ".build" / "release" / "kindred-bench")
    return whole


def main() -> int:
    """Measures and writes the record. 1 if a part was left out."""
    command = parser()
    arguments = command.parse_args()
    parts = tuple(filter(None, map(str.strip, arguments.parts.split(","))))
    if not parts:
        command.error(f"--parts {arguments.parts!r}: at least one of {', '.join(PARTS)}")
    for part in parts:
        if part not in PARTS:
            command.error(f"--parts {part}: some of {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that scratch folders and servers are removed
    progress = ProgressLine()
    kindred = Kindred(arguments.kindred.resolve(), arguments.kindred_bench.resolve())
    try:
        progress.show("the machine's limits")
        machine = Machine.measure(kindred, is_short=arguments.plan == "smoke")
        progress.clear()
        print("\n".join(report.machine_lines(machine)), flush=True)
        record = Record(arguments.plan, machine)
        folder = arguments.records / machine.name
        Record.clear(folder)
        with tempfile.TemporaryDirectory(prefix="kindred-bench-") as scratch:
            Suite(PLANS[arguments.plan], kindred, pathlib.Path(scratch), progress).run(record, parts, folder)
        progress.prefix = ""
        progress.show("the report")
        report.write(record, folder)
    except (BenchFailure, OSError) as error:
        progress.clear()
        print(f"failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        progress.clear()
        return 130
    progress.clear()
    print(folder / "report.md")
    return 1 if any(part in PARTS for part in record.left_out) else 0


if __name__ == "__main__":
    sys.exit(main())
