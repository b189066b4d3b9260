#!/usr/bin/env python3
"""Holds what a request and a query cost to what was recorded: allocations, instructions, rows scored canonically.

    bench/guard --kindred .build/release/kindred --bench .build/release/kindred-bench [--record]

Compares with bench/thresholds.json: each count may be at most its `ratio_max` times the recorded one. `--record` writes
what it counts there instead, for a change that is meant to cost more, or that costs less. Counts, not times: they are
the same on a busy machine. Needs Python 3.9, valgrind and clang.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.guard.allocations import AllocationCounter  # noqa: E402
from bench.guard.instructions import InstructionCounter  # noqa: E402
from bench.guard.thresholds import Thresholds  # noqa: E402
from bench.support.failure import BenchFailure  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kindred", type=Path, required=True, help="the server's binary")
    parser.add_argument("--bench", type=Path, required=True, help="the bench's binary")
    parser.add_argument("--models", type=Path, default=ROOT / "models", help="the shipped model's repository")
    parser.add_argument("--thresholds", type=Path, default=ROOT / "bench" / "thresholds.json")
    parser.add_argument("--record", action="store_true", help="write what was counted as what is to be kept")
    options = parser.parse_args()
    try:
        for binary in (options.kindred, options.bench):
            if not binary.is_file():
                raise BenchFailure(f"{binary}: no such file, wanted a built binary (swift build -c release)")
        with tempfile.TemporaryDirectory(prefix="kindred-guard-") as folder:
            counts = AllocationCounter(options.kindred, options.models, Path(folder)).count()
            counts |= InstructionCounter(options.bench, options.models / "online-retail" / "2", Path(folder)).count()
        if options.record:
            Thresholds.record(options.thresholds, counts)
            return 0
        return 0 if Thresholds.read(options.thresholds).hold(counts) else 1
    except BenchFailure as failure:
        print(f"guard: {failure}", file=sys.stderr)
        return 2


sys.exit(main())
