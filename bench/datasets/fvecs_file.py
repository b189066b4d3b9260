"""`.fvecs`, the format of the texmex data sets: each row an int32 dimension and then as many float32, little-endian."""

from __future__ import annotations

import pathlib

import numpy

from bench.datasets import vectors
from bench.datasets.failure import DatasetFailure


def load(path: pathlib.Path) -> numpy.ndarray:
    """Maps the vectors of a file. Checks the dimension of every row."""
    size = path.stat().st_size
    if size < 4:
        raise DatasetFailure(path, f"{size} bytes", "an int32 dimension and its floats in each row")
    words = numpy.memmap(path, dtype="<i4", mode="r", shape=(size // 4,))
    dimension = int(words[0])
    if not 1 <= dimension <= vectors.DIMENSION_MAX:
        raise DatasetFailure(path, f"dimension {dimension} in row 0", f"1 to {vectors.DIMENSION_MAX}")
    row_bytes = 4 + 4 * dimension
    if size % row_bytes:
        raise DatasetFailure(
            path, f"{size} bytes", f"a multiple of {row_bytes}, the bytes of a row of dimension {dimension}"
        )
    table = words.reshape(-1, 1 + dimension)
    strange = numpy.flatnonzero(table[:, 0] != dimension)
    if len(strange):
        row = int(strange[0])
        raise DatasetFailure(path, f"dimension {int(table[row, 0])} in row {row}", f"{dimension}, as in row 0")
    floats = table.view("<f4")[:, 1:]
    vectors.check_shape(floats, path)
    return floats
