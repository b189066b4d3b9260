"""Makes a folder of rows.npy and queries.npy, float32:

python -m bench.datasets draw FOLDER --kind shipped --rows 100000 [--dimension 64] [--queries 4096]
python -m bench.datasets load FOLDER --rows vectors.fvecs --queries queries.fvecs [--normalize]
python -m bench.datasets load FOLDER --rows ann-benchmarks.hdf5
"""

from __future__ import annotations

import argparse
import pathlib
import sys

from bench.datasets import brought, drawn
from bench.datasets.failure import DatasetFailure


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(prog="python -m bench.datasets", description="Makes rows.npy and queries.npy.")
    commands = whole.add_subparsers(dest="command", required=True)
    draw = commands.add_parser("draw", help="vectors drawn from a fixed seed")
    draw.add_argument("folder", type=pathlib.Path)
    draw.add_argument(
        "--kind",
        default="shipped",
        choices=drawn.KINDS,
        help="like the shipped model's, with skewed norms, or all of length 1 (default shipped)",
    )
    draw.add_argument("--rows", type=int, default=100_000)
    draw.add_argument("--dimension", type=int, default=64)
    draw.add_argument("--queries", type=int, default=4_096)
    draw.add_argument(
        "--shipped",
        type=pathlib.Path,
        default=drawn.SHIPPED,
        help="the folder of the version that the vectors are drawn like",
    )
    load = commands.add_parser("load", help="vectors of .npy, .fvecs, .safetensors or .hdf5 files")
    load.add_argument("folder", type=pathlib.Path)
    load.add_argument("--rows", type=pathlib.Path, required=True)
    load.add_argument("--queries", type=pathlib.Path)
    load.add_argument("--queries-max", type=int, default=10_000)
    load.add_argument("--normalize", action="store_true", help="make all vectors of length 1, for cosine")
    load.add_argument(
        "--any-distance",
        action="store_true",
        help="take an .hdf5 file's vectors for inner products, whatever distance it names",
    )
    return whole


def main() -> int:
    """Runs the command. 1 and a message on an error."""
    arguments = parser().parse_args()
    try:
        if arguments.command == "draw":
            drawn.write(
                arguments.folder,
                arguments.kind,
                arguments.rows,
                arguments.dimension,
                arguments.queries,
                arguments.shipped,
            )
        else:
            if arguments.queries_max < 1:
                raise DatasetFailure("--queries-max", str(arguments.queries_max), "at least 1")
            dataset, angular = brought.load(
                arguments.rows, arguments.queries, arguments.queries_max, arguments.any_distance
            )
            dataset.write(arguments.folder, normalize=angular or arguments.normalize)
    except (DatasetFailure, OSError) as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    print(arguments.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
