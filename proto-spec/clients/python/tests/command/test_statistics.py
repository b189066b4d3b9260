"""`users.statistics` as `kindred pack` writes it, read as `models/README.md` describes it, against plain Python.

Needs KINDRED_BINARY, the path of the command.
"""

import json
import math
import random
import struct
import unittest

from tests.support.packing import PackingTests
from tests.support.scratch import lines, npy

MASK = 2**64 - 1


def mixed(value):
    """The finalizer of SplitMix64."""
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & MASK
    value = (value ^ value >> 27) * 0x94D049BB133111EB & MASK
    return value ^ value >> 31


def hashed(identity):
    """The hash of an id: an int or a str."""
    if isinstance(identity, int):
        return mixed(identity)
    value = 0xCBF29CE484222325
    for byte in identity.encode():
        value = (value ^ byte) * 0x100000001B3 & MASK
    return mixed(value)


def single(value):
    """A number rounded to float32."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def total(terms):
    """A sum in blocks of 4,096, as the documentation orders it."""
    result = 0.0
    for first in range(0, len(terms), 4096):
        block = 0.0
        for term in terms[first:first + 4096]:
            block += term
        result += block
    return result


def norm(row):
    """The length of a row of at most eight elements, added in the canonical order."""
    s = [value * value for value in row] + [0.0] * (8 - len(row))
    return math.sqrt(((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7])))


def read(folder):
    """The sections of the file: mean, products, norms, sample."""
    content = (folder / "users.statistics").read_bytes()
    magic, layout, dimension, users, sampled = struct.unpack_from("<8sIIQQ", content)
    assert (magic, layout, sampled) == (b"KINDSTAT", 1, min(users, 16384))
    assert content[32:48].hex() == json.loads((folder / "manifest.json").read_text())["fingerprint"]
    places = struct.unpack_from("<8Q", content, 48)
    assert content[112:128] == bytes(16)
    counts = (dimension, dimension * (dimension + 1) // 2, 101, sampled)
    end, sections = 128, []
    for index, (count, kind) in enumerate(zip(counts, "ddfI")):
        start = (end + 63) // 64 * 64
        size = count * struct.calcsize(kind)
        assert places[2 * index:2 * index + 2] == (start, size)
        sections.append(list(struct.unpack_from(f"<{count}{kind}", content, start)))
        end = start + size
    assert len(content) == end
    return sections


class Statistics(PackingTests):
    def packed(self, rows, ids):
        """The folder of a version of users, and its rows in the order of their ids."""
        vectors = npy(self.folder / "vectors.npy", rows)
        folder, _ = self.pack("--users", vectors, "--user-ids", lines(self.folder / "ids.txt", map(str, ids)),
                              users=[], items=[])
        order = sorted(range(len(ids)), key=lambda row: ids[row] if isinstance(ids[row], int) else ids[row].encode())
        return folder, [rows[row] for row in order], [ids[row] for row in order]

    def check(self, rows, ids):
        folder, rows, ids = self.packed(rows, ids)
        mean, products, norms, sample = read(folder)
        columns = range(len(rows[0]))
        self.assertEqual(mean, [total([row[i] for row in rows]) / len(rows) for i in columns])
        self.assertEqual(products, [total([row[i] * row[j] for row in rows]) for i in columns for j in range(i + 1)])
        lengths = sorted(norm(row) for row in rows)
        self.assertEqual(norms, [single(lengths[p * (len(rows) - 1) // 100]) for p in range(101)])
        order = sorted(range(len(ids)), key=lambda row: (hashed(ids[row]), row))
        self.assertEqual(sample, order[:16384])
        return folder

    def test_the_file_has_what_the_documentation_says(self):
        source = random.Random(5)
        for count, dimension, is_text in ((1, 1, False), (7, 8, True), (5_000, 3, False), (17_000, 2, True)):
            with self.subTest(count=count, dimension=dimension, is_text=is_text):
                rows = [[single(source.gauss(0.1, 1)) for _ in range(dimension)] for _ in range(count)]
                numbers = source.sample(range(10**12), count)
                self.check(rows, [f"user {number}" for number in numbers] if is_text else numbers)

    def test_inspect_and_verify_say_where_they_are_from(self):
        folder = self.check([[1.0, 2.0], [3.0, 4.0]], [5, 6])
        shown = self.command("inspect", folder).stdout
        self.assertIn("from users.statistics", shown)
        self.assertNotIn("statistics", self.command("verify", folder).stdout)
        manifest = json.loads((folder / "manifest.json").read_text())
        entry = manifest["files"].pop("users.statistics")
        (folder / "manifest.json").chmod(0o644)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        self.assertIn("made at load: the version has none", self.command("inspect", folder).stdout)
        self.assertIn("note     statistics of users are made at every load", self.command("verify", folder).stdout)
        said = json.loads(self.command("verify", "--json", folder).stdout)
        self.assertEqual(said["statistics_made_at_load"], "the version has none")
        done = self.command("pack", "--reindex", folder)
        self.assertEqual(done.stdout, "shop 1  wrote users.statistics, 712 bytes: the version has none\n")
        self.assertEqual(json.loads((folder / "manifest.json").read_text())["files"]["users.statistics"], entry)
        self.assertEqual(self.command("pack", "--reindex", folder).stdout,
                         "shop 1  codes and statistics are up to date, nothing to do\n")


if __name__ == "__main__":
    unittest.main()
