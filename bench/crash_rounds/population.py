"""Models of whole numbers: plain Python computes their exact answers."""

import heapq
import random
from array import array
from collections import namedtuple

from bench.support.npy import write_npy

K = 10


class Population(namedtuple("Population", "name count dimension")):
    """The size of a model's items, and queries that distinguish its versions.

    Elements and weights are small integers. So their float64 sums are exact in any order, and a score is its sum
    rounded once to float32.
    """

    @property
    def queries(self):
        """Each query as {dimension: weight}. All but the last are sparse; the large model has only sparse ones."""
        last = self.dimension - 1
        sparse = [{0: 1}, {last: -1}, {3: 1, 11: 2}]
        return sparse if self.count > 1000 else sparse + [{i: (5 * i) % 7 - 3 for i in range(self.dimension)}]

    def query_vector(self, query):
        return [float(query.get(index, 0)) for index in range(self.dimension)]

    def ids(self):
        """Descending ids, so that a pack has to sort the rows."""
        return range(10 * self.count, 0, -10)


SMALL = Population("small", 200, 16)
LARGE = Population("large", 100_000, 64)


class Training:
    """The vectors of one version, random by a seed."""

    def __init__(self, population, seed):
        self.population = population
        elements = array("h", random.Random(seed).randbytes(2 * population.count * population.dimension))
        self.elements = array("f", elements)

    def write(self, folder):
        """Writes vectors and ids as `.npy`. Returns the two paths."""
        population = self.population
        vectors, ids = folder / f"{population.name}.npy", folder / f"{population.name}.ids.npy"
        write_npy(vectors, "<f4", (population.count, population.dimension), self.elements)
        write_npy(ids, "<u8", (population.count,), array("Q", population.ids()))
        return vectors, ids

    def answers(self):
        """The exact top K of each query: lists of (id, score)."""
        return [self.best(query) for query in self.population.queries]

    def best(self, query):
        dimension, sums = self.population.dimension, [0.0] * self.population.count
        for index, weight in query.items():
            column = self.elements[index::dimension]
            sums = [total + weight * element for total, element in zip(sums, column)]
        scores = array("f", sums)
        least = heapq.nlargest(K, scores)[-1]
        ids = self.population.ids()
        rows = [(ids[row], score) for row, score in enumerate(scores) if score >= least]
        return sorted(rows, key=lambda row: (-row[1], row[0]))[:K]
