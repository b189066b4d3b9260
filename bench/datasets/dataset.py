"""Rows and queries of one dimension, and the folder that holds them."""

from __future__ import annotations

import dataclasses
import os
import pathlib

import numpy

from bench.datasets import vectors
from bench.datasets.failure import DatasetFailure


@dataclasses.dataclass(frozen=True)
class Dataset:
    """Rows and queries of one dimension; arrays in memory or on disk, of any float type."""

    rows: numpy.ndarray
    queries: numpy.ndarray
    source: str

    def __post_init__(self) -> None:
        if self.rows.shape[1] != self.queries.shape[1]:
            raise DatasetFailure(
                self.source,
                f"queries of dimension {self.queries.shape[1]}",
                f"{self.rows.shape[1]}, as the rows have",
            )

    def write(self, folder: pathlib.Path, normalize: bool = False) -> None:
        """Writes rows.npy and queries.npy as float32, scaled to length 1 where `normalize`. Each file appears whole
        or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, matrix in (("rows", self.rows), ("queries", self.queries)):
            write_npy(folder / f"{name}.npy", matrix, f"{self.source} ({name})", normalize)


def write_npy(path: pathlib.Path, matrix: numpy.ndarray, place: str, normalize: bool) -> None:
    """Writes float32 in chunks, and checks that every element is finite."""
    partial = path.with_suffix(".partial")
    output = numpy.lib.format.open_memmap(partial, mode="w+", dtype="<f4", shape=matrix.shape)
    try:
        for part in vectors.chunks(*matrix.shape):
            chunk = numpy.asarray(matrix[part])
            vectors.check_finite(chunk, place, part.start)
            with numpy.errstate(over="ignore"):
                narrow = chunk.astype("<f4")
            vectors.check_finite(narrow, f"{place}, as float32", part.start)
            output[part] = unit_length(narrow, place, part.start) if normalize else narrow
        output.flush()
    except BaseException:
        partial.unlink()
        raise
    os.replace(partial, path)


def unit_length(chunk: numpy.ndarray, place: str, first_row: int) -> numpy.ndarray:
    """The rows divided by their lengths. Refuses a row of zeros."""
    norms = numpy.linalg.norm(chunk.astype("<f8"), axis=1, keepdims=True)
    zeros = numpy.flatnonzero(norms == 0)
    if len(zeros):
        raise DatasetFailure(place, f"row {first_row + int(zeros[0])} of length 0", "rows that have a direction")
    return (chunk / norms).astype("<f4")
