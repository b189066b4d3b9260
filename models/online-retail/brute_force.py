"""The exact recommendations of one version, computed from its files without the server."""

import json
import math
import struct
import sys
from array import array
from operator import mul


class BruteForce:
    """The exact answers of one version from its files alone: float64 sums, rounded once to float32, ties by id."""

    def __init__(self, directory):
        self.items, self.item_ids = read_side(directory / "items.safetensors")
        self.users, self.user_ids = read_side(directory / "users.safetensors")
        self.row_of = {item: row for row, item in enumerate(self.item_ids)}

    def item(self, item):
        return self.items[self.row_of[item]]

    def user(self, user):
        return self.users[self.user_ids.index(user)]

    def recommend(self, user, k):
        query = self.user(user)
        # An ordinary sum differs from the canonical score by far less than the margin here. So only rows within the
        # margin of the k-th sum need the canonical score.
        rough = [sum(map(mul, query, row)) for row in self.items]
        last = sorted(rough, reverse=True)[k - 1]
        reach = last - 1e-6 * (abs(last) + sum(abs(x) for x in query))
        return self.ranked(query, [self.item_ids[i] for i, s in enumerate(rough) if s >= reach])[:k]

    def ranked(self, query, items):
        """All of the items with their scores, best first."""
        rows = [(item, rounded(canonical(query, self.item(item)))) for item in items]
        return sorted(rows, key=lambda row: (-row[1], row[0].encode()))

    def nearest(self, item, own):
        """The one of a query's own items with the greatest cosine, of equal ones the least id (SPEC.md, 7.20)."""
        vector = self.item(item)
        norm = math.sqrt(canonical(vector, vector))

        def cosine(other):
            row = self.item(other)
            return rounded(canonical(vector, row) / (norm * math.sqrt(canonical(row, row))))
        return min(own, key=lambda other: (-cosine(other), other.encode()))

    def folded(self, clicks, alpha, regularization):
        """The ALS solution for a visitor of these items, by Gauss's elimination (SPEC.md, 7.24).

        A server's solution has its own order of operations; the two may differ in the last bits.
        """
        dimension = len(self.items[0])
        columns = list(zip(*self.items))
        matrix = [[sum(map(mul, left, right)) for right in columns] for left in columns]
        right = [0.0] * dimension
        for index in range(dimension):
            matrix[index][index] += regularization
        for item, weight in clicks.items():
            vector, confidence = self.item(item), alpha * weight
            for i in range(dimension):
                right[i] += confidence * vector[i]
                for j in range(dimension):
                    matrix[i][j] += (confidence - 1) * vector[i] * vector[j]
        for pivot in range(dimension):
            for row in range(pivot + 1, dimension):
                factor = matrix[row][pivot] / matrix[pivot][pivot]
                matrix[row] = [x - factor * y for x, y in zip(matrix[row], matrix[pivot])]
                right[row] -= factor * right[pivot]
        for pivot in reversed(range(dimension)):
            known = sum(matrix[pivot][j] * right[j] for j in range(pivot + 1, dimension))
            right[pivot] = (right[pivot] - known) / matrix[pivot][pivot]
        return [rounded(x) for x in right]


def blended(parts):
    """The query of a blend (SPEC.md, 7.23) of (vector, weight): users first, then items, each in ascending order."""
    total = sum(abs(weight) for _, weight in parts)
    return [rounded(sum(weight * vector[i] for vector, weight in parts) / total) for i in range(len(parts[0][0]))]


def canonical(left, right):
    """The sum of a dot score (SPEC.md, A.1): eight partial sums, added in a fixed order."""
    sums = [0.0] * 8
    for index, (x, y) in enumerate(zip(left, right)):
        sums[index % 8] += x * y
    s0, s1, s2, s3, s4, s5, s6, s7 = sums
    return ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))


def rounded(value):
    """The nearest float32; -0 becomes 0."""
    return struct.unpack("<f", struct.pack("<f", value))[0] + 0.0


def read_side(path):
    """The rows and ids of a version's safetensors file."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])

    def elements(name, kind):
        start, end = header[name]["data_offsets"]
        values = array(kind, data[8 + size + start:8 + size + end])
        if sys.byteorder == "big":
            values.byteswap()
        return values

    vectors = elements("vectors", "f")
    count, dimension = header["vectors"]["shape"]
    rows = [vectors[i * dimension:(i + 1) * dimension] for i in range(count)]
    if "ids" in header:
        return rows, elements("ids", "Q").tolist()
    offsets, text = elements("id_offsets", "Q"), elements("id_bytes", "B").tobytes()
    return rows, [text[offsets[i]:offsets[i + 1]].decode() for i in range(count)]
