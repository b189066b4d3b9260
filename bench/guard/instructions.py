"""Instructions and canonically scored rows per query of the bench's fixed cases, counted by valgrind."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from bench.support.failure import BenchFailure

CASES = (
    "alone", "batch", "filtered", "request", "attribute-filter", "seen", "boosts", "caps", "diversity", "fold-in")
# The difference of two runs leaves out the making of the vectors.
FEW, MANY = 32, 160


class InstructionCounter:
    """Runs the bench's fixed cases under callgrind, which supports AVX2 and neither AVX-512 nor AMX."""

    def __init__(self, bench: Path, shipped: Path, folder: Path) -> None:
        self.shipped = shipped
        # valgrind cannot read the debug information of Swift 6, so it is stripped.
        self.bench = folder / "kindred-bench"
        shutil.copy(bench, self.bench)
        strip = shutil.which("strip") or shutil.which("llvm-strip")
        if strip is None:
            raise BenchFailure("no strip, wanted binutils' or LLVM's")
        subprocess.run([strip, "-g", self.bench], check=True)

    def count(self) -> dict[str, dict[str, float]]:
        """Both counts per query, by case."""
        instructions, rescored = {}, {}
        for case in CASES:
            (few, _), (many, tally) = self.run(case, FEW), self.run(case, MANY)
            instructions[case] = (many - few) / (MANY - FEW)
            rescored[case] = tally["rowsRescored"] / tally["queries"]
        return {"instructions_per_query": instructions, "rows_rescored_per_query": rescored}

    def run(self, case: str, queries: int) -> tuple[int, dict]:
        """All instructions of a run, and the counts that it prints."""
        if shutil.which("valgrind") is None:
            raise BenchFailure("no valgrind, wanted it in the path (apt-get install valgrind)")
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", self.bench, "fixed-case", case,
             "--queries", str(queries), "--shipped", self.shipped],
            env=os.environ | {"KINDRED_ISA": "avx2"}, capture_output=True, text=True)
        collected = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode != 0 or collected is None:
            raise BenchFailure(f"fixed-case {case} under callgrind ended with {done.returncode}: {done.stderr[-400:]}")
        return int(collected[1]), json.loads(done.stdout)
