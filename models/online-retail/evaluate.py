#!/usr/bin/env python3
"""Measures what folding in, seen products and filters do to recall, through a server.

    /tmp/venv-model/bin/python models/online-retail/evaluate.py PATH/online-retail.parquet

Trains each version's settings on the orders before the test window, packs and serves the result in a scratch folder,
and asks for 20 products for each customer of the window. README.md beside this file has the figures.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from training.cleaning import clean, read_lines
from training.evaluation import hold_out
from training.packing import pack
from training.settings import TEST, VERSIONS, BuildError
from training.storefront import RecallFailure, Storefront
from training.work_files import build_version

PROJECT_ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 120
sys.path.append(str(PROJECT_ROOT))

from bench.support.client import kindred  # noqa: E402
from bench.support.failure import BenchFailure  # noqa: E402
from bench.support.server_process import ServerProcess, serve_command  # noqa: E402


def measure(data: Path, binary: Path, scratch: Path) -> None:
    """Train, pack, serve and print the figures of each version's settings."""
    lines = clean(read_lines(data))
    held_out = hold_out(lines, TEST)
    models = scratch / "models"
    for version in VERSIONS:
        version = replace(version, last_day=TEST.training_last_day)
        build_version(lines, version, scratch / "work")
        pack(version, scratch / "work", binary, models)
        command = serve_command(binary, models, scratch / "state")
        print(f"version {version.number}'s settings, through a server:", flush=True)
        with ServerProcess(command, scratch / "server.log") as server:
            with kindred.connect(server.address, PATIENCE_SECONDS) as client:
                Storefront(client, version, held_out).measure()


def main() -> int:
    """1 on an error that the caller can correct."""
    parser = argparse.ArgumentParser(description="Measure recall through a server.")
    parser.add_argument("data", type=Path, metavar="PATH", help="online-retail.parquet")
    parser.add_argument("--kindred", type=Path, metavar="BINARY",
                        default=PROJECT_ROOT / ".build" / "release" / "kindred")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="kindred-evaluate-") as scratch:
            measure(arguments.data, arguments.kindred.resolve(), Path(scratch))
    except (BuildError, BenchFailure, OSError, RecallFailure, kindred.Error) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
