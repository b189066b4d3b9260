"""Files of vectors, by their suffix."""

from __future__ import annotations

import pathlib

import numpy

from bench.datasets import fvecs_file, hdf5_file, npy_file, safetensors_file
from bench.datasets.dataset import Dataset
from bench.datasets.failure import DatasetFailure

LOADERS = {".npy": npy_file.load, ".fvecs": fvecs_file.load, ".safetensors": safetensors_file.load}


def load_vectors(path: pathlib.Path) -> numpy.ndarray:
    """The vectors of a .npy, .fvecs or .safetensors file."""
    if not path.is_file():
        raise DatasetFailure(path, "no such file", "a file of vectors")
    loader = LOADERS.get(path.suffix)
    if loader is None:
        raise DatasetFailure(path, f"a name that ends in {path.suffix or 'nothing'}", " or ".join(LOADERS))
    return loader(path)


def load(
    rows: pathlib.Path, queries: pathlib.Path | None, queries_max: int, any_distance: bool = False
) -> tuple[Dataset, bool]:
    """The dataset, and whether it must be scaled to length 1. An .hdf5 file has its own queries."""
    if rows.suffix in (".hdf5", ".h5"):
        if queries is not None:
            raise DatasetFailure("--queries", str(queries), f"none: {rows} has its own")
        if not rows.is_file():
            raise DatasetFailure(rows, "no such file", "an HDF5 file")
        dataset, normalize = hdf5_file.load(rows, any_distance)
    else:
        if queries is None:
            raise DatasetFailure("--queries", "nothing", f"a file of queries beside {rows}")
        dataset = Dataset(load_vectors(rows), load_vectors(queries), source=f"{rows} with {queries}")
        normalize = False
    return Dataset(dataset.rows, dataset.queries[:queries_max], dataset.source), normalize
