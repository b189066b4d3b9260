"""The tensor `vectors` of a model's safetensors file."""

from __future__ import annotations

import json
import pathlib
import struct

import numpy

from bench.datasets import vectors
from bench.datasets.failure import DatasetFailure

HEADER_BYTES_MAX = 1 << 24


def load(path: pathlib.Path) -> numpy.ndarray:
    """Maps the vectors of a file."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if length > min(HEADER_BYTES_MAX, size - 8):
            raise DatasetFailure(
                path, f"a header of {length} bytes in a file of {size}", "a whole safetensors file"
            )
        text = file.read(length)
    try:
        tensor = json.loads(text)["vectors"]
        (rows, dimension), (begin, end) = tensor["shape"], tensor["data_offsets"]
        kind = tensor["dtype"]
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetFailure(path, f"a header without a readable {error}", "the tensor vectors F32") from error
    numbers = (rows, dimension, begin, end)
    fits = all(isinstance(number, int) and number >= 0 for number in numbers)
    if kind != "F32" or not fits or end - begin != 4 * rows * dimension or 8 + length + end > size:
        raise DatasetFailure(
            path,
            f"vectors {kind} {[rows, dimension]} at bytes {[begin, end]} of {size - 8 - length}",
            "F32 [rows, dimension] inside the file",
        )
    array = numpy.memmap(path, dtype="<f4", mode="r", offset=8 + length + begin, shape=(rows, dimension))
    vectors.check_shape(array, path)
    return array
