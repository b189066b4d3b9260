"""Tests of `kindred pack`: inputs, what it prints, and what it leaves."""

import json
import os
import pathlib
import shutil
import sqlite3
import struct
import subprocess
import tempfile
import unittest
import zipfile

from tests.support.scratch import BINARY, lines, npy

USERS = ["20", "3", "7"]
ITEMS = ["pear", "apple", "fig", "kiwi"]
TEXT = "20\tpear\n3\tfig\n20\tapple\n20\tpear\n"


def array(kind, values, shape=None):
    """The bytes of a .npy file."""
    shape = f"({len(values)},)" if shape is None else shape
    header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    if kind.startswith("|S"):
        data = values
    else:
        data = struct.pack("<" + {"i4": "i", "i8": "q", "f4": "f", "f8": "d", "b1": "?"}[kind[1:]] * len(values), *values)
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def csr(path, rows, columns, index="<i4", data="<f4", compression=zipfile.ZIP_DEFLATED, level=None, values=None):
    """Writes lists of columns as `scipy.sparse.save_npz` writes a CSR matrix."""
    indices = [column for row in rows for column in row]
    indptr = [0]
    for row in rows:
        indptr.append(indptr[-1] + len(row))
    members = {"indices": array(index, indices), "indptr": array(index, indptr), "format": array("|S3", b"csr", "()"),
               "shape": array("<i8", [len(rows), columns]), "data": array(data, values or [1] * len(indices))}
    with zipfile.ZipFile(path, "w", compression, compresslevel=level) as archive:
        for name, content in members.items():
            with archive.open(name + ".npy", "w", force_zip64=True) as file:
                file.write(content)
    return path


def read_seen(folder, users, items):
    """The ids of each user's items in a version's `seen.csr`, as the documentation describes the file."""
    content = (folder / "seen.csr").read_bytes()
    magic, layout, zero, user_count, item_count, pairs = struct.unpack_from("<8sIIQQQ", content)
    places = struct.unpack_from("<4Q", content, 56)
    assert (magic, layout, zero, user_count, item_count) == (b"KINDSEEN", 1, 0, len(users), len(items))
    assert content[40:56].hex() == json.loads((folder / "manifest.json").read_text())["fingerprint"]
    assert places == (128, 8 * (user_count + 1), (128 + 8 * (user_count + 1) + 63) // 64 * 64, 4 * pairs)
    offsets = struct.unpack_from(f"<{user_count + 1}Q", content, places[0])
    rows = struct.unpack_from(f"<{pairs}I", content, places[2])
    assert len(content) == places[2] + 4 * pairs
    by_row = {user: row for row, user in enumerate(sorted(users, key=int))}
    item_ids = sorted(items, key=str.encode)
    return {user: [item_ids[row] for row in rows[offsets[by_row[user]]:offsets[by_row[user] + 1]]] for user in users}


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class PackingTests(unittest.TestCase):
    """Packs versions of a model of the users USERS and the items ITEMS, with a catalog of the items."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kindred-packing-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.catalog = self.folder / "catalog.sqlite"
        with sqlite3.connect(self.catalog) as database:
            database.execute("CREATE TABLE items (id TEXT PRIMARY KEY, title TEXT, price REAL, orders INTEGER)")
            database.executemany("INSERT INTO items VALUES (?, ?, ?, ?)",
                                 [(item, item.title(), 0.5, index) for index, item in enumerate(ITEMS)])
        database.close()

    def run_pack(self, *options, users=USERS, items=ITEMS, **arguments):
        """The completed process of a pack of these ids."""
        command = [BINARY, "pack", "--models", self.folder / "models", "--name", "shop", "--training-id", "t"]
        for side, ids in (("user", users), ("item", items)):
            if ids:
                vectors = npy(self.folder / f"{side}s.npy", [[1.0, float(row)] for row in range(len(ids))])
                command += [f"--{side}s", vectors, f"--{side}-ids", lines(self.folder / f"{side}s.txt", ids)]
        command += options
        return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, **arguments)

    def pack(self, *options, **arguments):
        """Packs. Returns the version's folder and what was printed."""
        done = self.run_pack(*options, **arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return pathlib.Path(done.stdout.splitlines()[-1]), done.stdout

    def refused(self, *options, status=1, **arguments):
        """The error of a pack that fails and leaves nothing."""
        done = self.run_pack(*options, **arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        models = self.folder / "models"
        self.assertEqual(os.listdir(models) if models.exists() else [], [])
        self.assertNotIn("Fatal", done.stderr)
        return done.stderr

    def text(self, content, name="seen.tsv"):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def command(self, *arguments):
        return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=60)
