#!/usr/bin/env python3
"""Train and pack the shipped model `online-retail`.

Reads the UCI "Online Retail" order lines, cleans them, measures ALS against popularity on a
held-out month, trains the two versions that are shipped, writes their vectors and catalogs to
a work directory, and has `kindred pack` publish them. README.md beside this file explains.

Data: Daqing Chen, "Online Retail", UCI Machine Learning Repository, 2015,
https://doi.org/10.24432/C5BW33, CC BY 4.0.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from training.cleaning import clean, read_lines
from training.evaluation import evaluate, tune
from training.packing import check_packable, pack
from training.settings import VERSIONS, BuildError
from training.work_files import build_version, check_version

PROJECT_ROOT = Path(__file__).resolve().parents[2]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Train and pack the shipped model online-retail.")
    parser.add_argument("data", type=Path, nargs="?", metavar="PATH",
                        help="online-retail.parquet; not needed with --check")
    parser.add_argument("--kindred", type=Path, metavar="BINARY",
                        default=PROJECT_ROOT / ".build" / "release" / "kindred",
                        help="the kindred binary that packs (default: .build/release/kindred)")
    parser.add_argument("--models", type=Path, metavar="DIR", default=PROJECT_ROOT / "models",
                        help="the model repository (default: the project's models)")
    parser.add_argument("--work", type=Path, metavar="DIR",
                        default=Path(tempfile.gettempdir()) / "kindred-model-work",
                        help="for the work files, one directory per version "
                             "(default: kindred-model-work in the system's temporary directory)")
    parser.add_argument("--no-pack", action="store_true",
                        help="write the work files and do not run the kindred binary")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true",
                      help="print recommendations from the work files, and stop")
    mode.add_argument("--tune", action="store_true",
                      help="print recall over the grid on the validation window, and stop")
    arguments = parser.parse_args()
    if arguments.data is None and not arguments.check:
        parser.error("PATH is missing: give the path of online-retail.parquet")
    return arguments


def build(arguments: argparse.Namespace) -> None:
    """Clean, evaluate, train, write and pack."""
    if not arguments.no_pack:
        check_packable(arguments.kindred, arguments.models)
    print(f"cleaning {arguments.data.name}", flush=True)
    lines = clean(read_lines(arguments.data))
    evaluate(lines)
    for version in VERSIONS:
        build_version(lines, version, arguments.work / str(version.number))
    if arguments.no_pack:
        print(f"not packed; the work files are in {arguments.work}")
        return
    for version in VERSIONS:
        pack(version, arguments.work / str(version.number), arguments.kindred, arguments.models)


def main() -> int:
    """Run the requested mode; 1 on an error that the caller can correct."""
    arguments = parse_arguments()
    try:
        if arguments.check:
            for version in VERSIONS:
                print(f"version {version.number}")
                check_version(arguments.work / str(version.number))
        elif arguments.tune:
            tune(clean(read_lines(arguments.data)))
        else:
            build(arguments)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
