"""Checks of vectors in any file format."""

from __future__ import annotations

import pathlib

import numpy

from bench.datasets.failure import DatasetFailure

DIMENSION_MAX = 4096
CHUNK_ELEMENTS = 1 << 22


def chunks(rows: int, dimension: int) -> list[slice]:
    """Slices of rows, each about 16 MiB of float32."""
    step = max(1, CHUNK_ELEMENTS // max(1, dimension))
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


def check_shape(vectors: numpy.ndarray, place: pathlib.Path | str) -> None:
    """Raises unless these are rows of 1 to 4096 numbers."""
    if vectors.ndim != 2:
        raise DatasetFailure(place, f"the shape {vectors.shape}", "two dimensions, (rows, dimension)")
    if vectors.dtype not in (numpy.dtype("<f4"), numpy.dtype("<f8")):
        raise DatasetFailure(place, f"elements of type {vectors.dtype.str}", "<f4 or <f8, little-endian floats")
    if len(vectors) == 0:
        raise DatasetFailure(place, "no rows", "at least 1")
    if not 1 <= vectors.shape[1] <= DIMENSION_MAX:
        raise DatasetFailure(place, f"dimension {vectors.shape[1]}", f"1 to {DIMENSION_MAX}")


def check_finite(vectors: numpy.ndarray, place: pathlib.Path | str, first_row: int = 0) -> None:
    """Raises and names the first element that is not finite. `first_row` is the number of the first row."""
    finite = numpy.isfinite(vectors)
    if not finite.all():
        row, element = (int(index) for index in numpy.argwhere(~finite)[0])
        raise DatasetFailure(
            place, f"{vectors[row, element]} in row {first_row + row}, element {element}", "finite numbers"
        )
