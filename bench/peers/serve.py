"""Builds one engine over a folder's vectors and measures on request, by standard input and output.

    python -m bench.peers.serve FAMILY FOLDER --threads 2 [OPTION=VALUE ...]
"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import sys

from bench.peers import conversation
from bench.peers.indexes.peer import Peer
from bench.support.failure import BenchFailure

# Imported on demand: each library brings its own threads and BLAS.
FAMILIES = {
    "faiss": ("faiss_index", "FaissIndex"),
    "hnswlib": ("hnswlib_index", "HnswlibIndex"),
    "usearch": ("usearch_index", "UsearchIndex"),
    "numpy": ("numpy_product", "NumpyProduct"),
}


def make(family: str, folder: pathlib.Path, pairs: list[str], threads: int) -> Peer:
    """A peer of a family, with options as NAME=VALUE."""
    options: dict[str, str] = {}
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark or not name or not value:
            raise BenchFailure(f"option {pair!r}, wanted NAME=VALUE")
        options[name] = value
    module, kind = FAMILIES[family]
    return getattr(importlib.import_module(f"bench.peers.indexes.{module}"), kind)(folder, options, threads)


def main() -> int:
    """Converses until the input ends."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers.serve")
    parser.add_argument("family", choices=sorted(FAMILIES))
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("options", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--threads", type=int, default=1, help="that the index is built with")
    arguments = parser.parse_intermixed_args()
    return conversation.converse(
        lambda: make(arguments.family, arguments.folder, arguments.options, arguments.threads)
    )


if __name__ == "__main__":
    sys.exit(main())
