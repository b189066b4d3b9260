"""Compares Kindred's engine with its peers over a folder of rows.npy and queries.npy:

python -m bench.peers FOLDER --kindred-bench .build/release/kindred-bench [--width narrow] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys

from bench.peers import comparison_table, json_text
from bench.peers.comparison import Comparison, Setting
from bench.peers.parameter_grid import Width
from bench.support.failure import BenchFailure
from bench.support.progress_line import ProgressLine

KINDRED_BENCH = pathlib.Path(".build/release/kindred-bench")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(prog="python -m bench.peers", description="Kindred's engine beside its peers.")
    whole.add_argument("folder", type=pathlib.Path, help="with rows.npy and queries.npy, see bench.datasets")
    whole.add_argument("--kindred-bench", type=pathlib.Path, default=KINDRED_BENCH)
    whole.add_argument("-k", type=int, default=10)
    whole.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of searches and of builds")
    whole.add_argument("--width", type=Width, choices=list(Width), default=Width.NARROW, help="of the grid")
    whole.add_argument("--peers", default="", help="labels, separated by commas; default: all")
    whole.add_argument("--rounds", type=int, default=5)
    whole.add_argument("--seconds", type=float, default=0.3, help="of one sample")
    whole.add_argument("--recall-queries", type=int, default=256)
    whole.add_argument("--json", type=pathlib.Path, help="also write everything there")
    return whole


def main() -> int:
    """Compares and prints; 1 where a peer or Kindred failed."""
    command = parser()
    arguments = command.parse_args()
    for name in ("k", "threads", "rounds", "seconds", "recall_queries"):
        if getattr(arguments, name) <= 0:
            command.error(f"--{name.replace('_', '-')} {getattr(arguments, name)}: above 0")
    progress = ProgressLine()
    try:
        result = Comparison(
            Setting(
                folder=arguments.folder.resolve(),
                dataset=arguments.folder.name,
                kindred_bench=arguments.kindred_bench.resolve(),
                k=arguments.k,
                threads=arguments.threads,
                width=arguments.width,
                labels=tuple(filter(None, arguments.peers.split(","))),
                recall_queries=arguments.recall_queries,
                rounds=arguments.rounds,
                seconds_per_sample=arguments.seconds,
            ),
            progress.show,
        ).run()
    except (BenchFailure, OSError) as error:
        progress.clear()
        print(f"failed: {error}", file=sys.stderr)
        return 1
    progress.clear()
    print("\n".join(comparison_table.lines(result)))
    if arguments.json:
        arguments.json.write_text(json.dumps(json_text.plain(result), indent=1, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
