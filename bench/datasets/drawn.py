"""Draws rows and queries from laws, one chunk in memory at a time."""

from __future__ import annotations

import os
import pathlib
import sys

import numpy

from bench.datasets import shipped_law
from bench.datasets.failure import DatasetFailure
from bench.datasets.vector_law import VectorLaw
from bench.datasets.vectors import DIMENSION_MAX

KINDS = ("shipped", "skewed", "flat")
SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "models" / "online-retail" / "2"
ROWS_SEED = 11
QUERIES_SEED = 12


def laws(kind: str, dimension: int, shipped: pathlib.Path = SHIPPED) -> tuple[VectorLaw, VectorLaw]:
    """The laws of the rows and of the queries of a kind."""
    if kind == "shipped":
        return shipped_law.shipped_laws(shipped, dimension)
    if kind == "skewed":
        return VectorLaw.skewed(dimension), VectorLaw.flat(dimension)
    if kind == "flat":
        return VectorLaw.flat(dimension), VectorLaw.flat(dimension)
    raise DatasetFailure("--kind", kind, ", ".join(KINDS))


def write(
    folder: pathlib.Path, kind: str, rows: int, dimension: int, queries: int, shipped: pathlib.Path = SHIPPED
) -> None:
    """Draws rows.npy and queries.npy. The same arguments give the same bytes with the same numpy."""
    for name, value, most in (
        ("rows", rows, 10**8),
        ("dimension", dimension, DIMENSION_MAX),
        ("queries", queries, 10**6),
    ):
        if not 1 <= value <= most:
            raise DatasetFailure(f"--{name}", str(value), f"1 to {most}")
    row_law, query_law = laws(kind, dimension, shipped)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "rows.npy", row_law, rows, ROWS_SEED)
    _write(folder / "queries.npy", query_law, queries, QUERIES_SEED)


def _write(path: pathlib.Path, law: VectorLaw, count: int, seed: int) -> None:
    partial = path.with_suffix(".partial")
    output = numpy.lib.format.open_memmap(partial, mode="w+", dtype="<f4", shape=(count, law.dimension))
    done = 0
    try:
        for chunk in law.chunks(count, seed):
            output[done : done + len(chunk)] = chunk
            done += len(chunk)
            if sys.stderr.isatty() and count > len(chunk):
                print(f"\r\033[K{path.name}: {done:,} of {count:,}", end="", file=sys.stderr, flush=True)
        output.flush()
    except BaseException:
        partial.unlink()
        raise
    finally:
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    os.replace(partial, path)
