#!/usr/bin/env python3
"""Compares the cost of a request and a query with recorded values: allocations, instructions, rows scored canonically,
and the throughput with each rule as a share of that without rules.

    bench/guard --kindred .build/release/kindred --bench .build/release/kindred-bench [--record]

Each count may be at most `ratio_max` times the recorded one in bench/thresholds.json, each share at least `ratio_min`
times. `--record` writes the new values there, for a change that is meant to change the cost. Counts do not depend on
how busy the machine is; shares do a little. Needs Python 3.9, valgrind and clang.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.guard.allocations import AllocationCounter  # noqa: E402
from bench.guard.instructions import InstructionCounter  # noqa: E402
from bench.guard.shares import ShareMeasurement  # noqa: E402
from bench.guard.thresholds import Thresholds  # noqa: E402
from bench.support.failure import BenchFailure  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kindred", type=Path, required=True, help="the server's binary")
    parser.add_argument("--bench", type=Path, required=True, help="the bench's binary")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="the shipped model's repository")
    parser.add_argument("--thresholds", type=Path, default=ROOT / "bench" / "thresholds.json")
    parser.add_argument("--record", action="store_true", help="write the new counts as the recorded ones")
    options = parser.parse_args()
    try:
        for binary in (options.kindred, options.bench):
            if not binary.is_file():
                raise BenchFailure(f"{binary}: no such file, wanted a built binary (swift build -c release)")
        with tempfile.TemporaryDirectory(prefix="kindred-guard-") as folder:
            shipped = options.models / "online-retail" / "2"
            allocations = AllocationCounter(options.kindred, options.models, Path(folder))
            counts = allocations.count()
            counts |= allocations.count_queries(options.bench, shipped)
            counts |= InstructionCounter(options.bench, shipped, Path(folder)).count()
            counts |= ShareMeasurement(options.bench, shipped, Path(folder)).measure()
        if options.record:
            Thresholds.record(options.thresholds, counts)
            return 0
        return 0 if Thresholds.read(options.thresholds).hold(counts) else 1
    except BenchFailure as failure:
        print(f"guard: {failure}", file=sys.stderr)
        return 2


sys.exit(main())
