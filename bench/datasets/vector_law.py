"""A law of vectors: a direction `mean + mixing z` with z normal, and an independent norm."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy

ROWS_PER_CHUNK = 65_536


@dataclasses.dataclass(frozen=True)
class VectorLaw:
    """`mixing` is (dimension, dimension), or None for the identity.

    Norms are drawn from `norms` with equal probability; without them they are e^(deviation z), which is 1 for the
    deviation 0.
    """

    mean: numpy.ndarray
    mixing: numpy.ndarray | None = None
    norms: numpy.ndarray | None = None
    deviation: float = 0.0

    @property
    def dimension(self) -> int:
        """Elements of a vector."""
        return len(self.mean)

    @staticmethod
    def flat(dimension: int) -> VectorLaw:
        """Length 1 and no preferred direction: no bound rules out any row."""
        return VectorLaw(mean=numpy.zeros(dimension))

    @staticmethod
    def skewed(dimension: int) -> VectorLaw:
        """Log-normal norms. The i-th of randomly rotated axes has variance 1 / i."""
        scales = numpy.arange(1, dimension + 1) ** -0.5
        return VectorLaw(mean=numpy.zeros(dimension), mixing=rotation(dimension, seed=4) * scales, deviation=0.5)

    def chunks(self, count: int, seed: int) -> Iterator[numpy.ndarray]:
        """`count` vectors as float32, 65,536 at a time. The first ones do not depend on `count`."""
        for number, start in enumerate(range(0, count, ROWS_PER_CHUNK)):
            directions = numpy.random.Generator(numpy.random.PCG64([seed, number, 0]))
            norms = numpy.random.Generator(numpy.random.PCG64([seed, number, 1]))
            yield self._draw(min(ROWS_PER_CHUNK, count - start), directions, norms)

    def _draw(
        self, count: int, directions: numpy.random.Generator, norms: numpy.random.Generator
    ) -> numpy.ndarray:
        drawn = directions.standard_normal((count, self.dimension), dtype=numpy.float32).astype("<f8")
        if self.mixing is not None:
            drawn = drawn @ self.mixing.T
        drawn += self.mean
        length = numpy.linalg.norm(drawn, axis=1)
        if self.norms is not None:
            wanted = self.norms[norms.integers(len(self.norms), size=count)]
        else:
            wanted = numpy.exp(self.deviation * norms.standard_normal(count))
        factor = numpy.divide(wanted, length, out=numpy.zeros(count), where=length > 0)
        return (drawn * factor[:, None]).astype("<f4")


def rotation(dimension: int, seed: int) -> numpy.ndarray:
    """Random orthonormal columns, the same for the same seed."""
    drawn = numpy.random.Generator(numpy.random.PCG64(seed)).standard_normal((dimension, dimension))
    axes, triangle = numpy.linalg.qr(drawn)
    return axes * numpy.sign(numpy.diagonal(triangle))
