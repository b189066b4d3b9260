"""Laws of a model's own vectors: the mean and covariance of their directions, and their norms."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy

from bench.datasets import safetensors_file
from bench.datasets.failure import DatasetFailure
from bench.datasets.vector_law import VectorLaw, rotation


@dataclasses.dataclass(frozen=True)
class DirectionLaw:
    """The law of one side of a model. Rows of norm 0 have no direction and count only in the norms."""

    mean: numpy.ndarray
    covariance: numpy.ndarray
    norms: numpy.ndarray

    @staticmethod
    def of(path: pathlib.Path) -> DirectionLaw:
        """The law of the vectors of a safetensors file."""
        vectors = safetensors_file.load(path).astype("<f8")
        norms = numpy.linalg.norm(vectors, axis=1)
        if not norms.any():
            raise DatasetFailure(path, f"{len(vectors)} rows of length 0", "rows that have a direction")
        directions = vectors[norms > 0] / norms[norms > 0, None]
        return DirectionLaw(
            directions.mean(axis=0), numpy.atleast_2d(numpy.cov(directions, rowvar=False, bias=True)), norms
        )

    def vector_law(self, axes: numpy.ndarray, dimension: int) -> VectorLaw:
        """Vectors of this law. At another dimension, mean and variance along `axes` are interpolated and rotated."""
        own = len(self.mean)
        if dimension == own:
            variances, vectors = numpy.linalg.eigh(self.covariance)
            return VectorLaw(self.mean, vectors * numpy.sqrt(numpy.maximum(variances, 0)), self.norms)
        turned = rotation(dimension, seed=5)
        # Keeps the length of the mean and the sum of the variances.
        factor = own / dimension
        means = interpolated(axes.T @ self.mean, dimension) * factor**0.5
        variances = interpolated(numpy.einsum("ia,ij,ja->a", axes, self.covariance, axes), dimension) * factor
        return VectorLaw(turned @ means, turned * numpy.sqrt(numpy.maximum(variances, 0)), self.norms)


def shipped_laws(folder: pathlib.Path, dimension: int | None = None) -> tuple[VectorLaw, VectorLaw]:
    """The laws of a version's items (rows) and users (queries)."""
    items, users = (DirectionLaw.of(folder / f"{side}.safetensors") for side in ("items", "users"))
    if len(items.mean) != len(users.mean):
        raise DatasetFailure(
            folder, f"users of dimension {len(users.mean)}", f"{len(items.mean)}, as the items have"
        )
    _, axes = numpy.linalg.eigh(items.covariance)
    axes = axes[:, ::-1]
    wanted = dimension or len(items.mean)
    return items.vector_law(axes, wanted), users.vector_law(axes, wanted)


def interpolated(values: numpy.ndarray, count: int) -> numpy.ndarray:
    """The values of a curve through `values` at `count` points equally far apart."""
    places = (numpy.arange(count) + 0.5) / count * len(values) - 0.5
    return numpy.interp(places, numpy.arange(len(values)), values)
