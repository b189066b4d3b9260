"""NumPy's `.npy`."""

from __future__ import annotations

import pathlib

import numpy

from bench.datasets import vectors
from bench.datasets.failure import DatasetFailure


def load(path: pathlib.Path) -> numpy.ndarray:
    """Maps the vectors of a file."""
    try:
        array = numpy.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DatasetFailure(path, str(error).splitlines()[0], "a whole .npy file of numbers") from error
    if not isinstance(array, numpy.ndarray):
        raise DatasetFailure(path, "an archive of several arrays", "one array, as numpy.save writes it")
    vectors.check_shape(array, path)
    return array
