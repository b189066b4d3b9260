"""Throughput of requests with each rule as a share of that of requests without rules, measured in turn."""

import json
import subprocess
from pathlib import Path

from bench.support.failure import BenchFailure

# By the name that the bench gives the rule.
RULES = {
    "exclude seen, 500 items each": "seen",
    "at most 2 of each of 1,000 brands": "caps",
    "two boosts": "boosts",
    "diversity, pool of 100": "diversity",
    "fold-in of 5 clicks": "fold_in",
    "filter keeps 50 %": "attribute_filter",
}
ROWS = 10_000


class ShareMeasurement:
    """Runs `kindred-bench engine --rules`. Shares are of processor time, and of the best of many short rounds each."""

    def __init__(self, bench: Path, shipped: Path, folder: Path) -> None:
        self.bench = bench
        self.shipped = shipped
        self.folder = folder

    def measure(self) -> dict[str, dict[str, float]]:
        """The share of each rule, in batches of 32."""
        written = self.folder / "rules.json"
        done = subprocess.run(
            [self.bench, "engine", "--rules", "--rows", str(ROWS), "--data", "shipped", "--batch", "32",
             "--seconds", "0.5", "--shipped", self.shipped, "--json", written], capture_output=True, text=True)
        if done.returncode != 0:
            raise BenchFailure(f"engine --rules ended with {done.returncode}: {(done.stdout + done.stderr)[-400:]}")
        rows = json.loads(written.read_text())["rules"]
        return {"throughput_shares": {RULES[row["rule"]]: row["share"] for row in rows if row["rule"] in RULES}}
