"""The exact recommendations of one version, computed from its files without the server."""

import json
import struct
import sys
from array import array
from operator import mul


class BruteForce:
    """The exact top k of one version from its files alone: float64 sums, rounded once to float32, ties by id."""

    def __init__(self, directory, k):
        self.k = k
        self.items, self.item_ids = read_side(directory / "items.safetensors")
        self.users, self.user_ids = read_side(directory / "users.safetensors")

    def recommend(self, user):
        query = self.users[self.user_ids.index(user)]
        # An ordinary sum differs from the canonical score by far less than the margin here. So only rows within the
        # margin of the k-th sum need the canonical score.
        rough = [sum(map(mul, query, row)) for row in self.items]
        last = sorted(rough, reverse=True)[self.k - 1]
        reach = last - 1e-6 * (abs(last) + sum(abs(x) for x in query))
        rows = [(self.item_ids[i], canonical(query, self.items[i])) for i, s in enumerate(rough) if s >= reach]
        return sorted(rows, key=lambda row: (-row[1], row[0].encode()))[:self.k]


def canonical(left, right):
    """The dot score (SPEC.md, A.1): eight partial sums, added in a fixed order, rounded to float32."""
    sums = [0.0] * 8
    for index, (x, y) in enumerate(zip(left, right)):
        sums[index % 8] += x * y
    s0, s1, s2, s3, s4, s5, s6, s7 = sums
    total = ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))
    return struct.unpack("<f", struct.pack("<f", total))[0] + 0.0


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
