"""`.hdf5` in the layout of ann-benchmarks: `train`, `test`, and the attribute `distance`."""

from __future__ import annotations

import pathlib

import h5py
import numpy

from bench.datasets import vectors
from bench.datasets.dataset import Dataset
from bench.datasets.failure import DatasetFailure

# Distances that are inner products. An angle is the inner product of vectors of length 1.
NORMALIZED = {"angular": True, "dot": False, "ip": False}


def load(path: pathlib.Path, any_distance: bool = False) -> tuple[Dataset, bool]:
    """The rows and queries of a file, and whether they must be scaled to length 1 before they are compared.

    `any_distance` accepts a file with another distance and compares its vectors by inner product.
    """
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise DatasetFailure(path, str(error), "an HDF5 file") from error
    with file:
        distance = file.attrs.get("distance", "missing")
        distance = distance.decode(errors="replace") if isinstance(distance, bytes) else str(distance)
        if distance not in NORMALIZED and not any_distance:
            raise DatasetFailure(
                path,
                f"the distance {distance}",
                f"one of {', '.join(NORMALIZED)}, or --any-distance to rank by inner product all the same",
            )
        dataset = Dataset(rows=member(file, path, "train"), queries=member(file, path, "test"), source=str(path))
    return dataset, NORMALIZED.get(distance, False) and not any_distance


def member(file: h5py.File, path: pathlib.Path, name: str) -> numpy.ndarray:
    """One of the file's arrays, read whole."""
    found = file.get(name)
    if not isinstance(found, h5py.Dataset):
        names = ", ".join(sorted(file)) or "nothing"
        raise DatasetFailure(path, f"members {names}", f'"{name}" among them, the vectors by rows')
    try:
        array = found[...]
    except OSError as error:
        raise DatasetFailure(f"{path} ({name})", str(error), "an array that can be read") from error
    vectors.check_shape(array, f"{path} ({name})")
    return array
