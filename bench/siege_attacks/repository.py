"""The attacked models, in a scratch folder."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
from array import array
from pathlib import Path

from bench.support.client import ROOT
from bench.support.failure import BenchFailure
from bench.support.npy import write_npy

PACK_SECONDS = 120
SHIPPED = "online-retail"
SHIPPED_FOLDER = ROOT / "models" / SHIPPED

# Rows for the largest replies: vectors of many elements, and texts so long that one query's results fill a body.
WIDE, WIDE_ITEMS, WIDE_DIMENSION = "wide", 2_000, 256
WIDE_COLUMNS, WIDE_TEXT_BYTES = ("first", "second", "third"), 1_300
CROWD, CROWD_USERS, CROWD_DIMENSION = "crowd", 200_000, 16
TINY = "tiny"


class Repository:
    """The shipped model, and models packed beside it. `close` removes everything."""

    def __init__(self, binary):
        self.binary = binary
        self.folder = Path(tempfile.mkdtemp(prefix="kindred-siege-"))
        self.inputs = self.folder / "inputs"
        self.inputs.mkdir()
        self.models = self.new_models("models")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_models(self, name):
        """A new folder of models with the shipped one in it."""
        models = self.folder / name
        for version in ("1", "2"):
            link_tree(SHIPPED_FOLDER / version, models / SHIPPED / version)
        return models

    def users(self):
        """Ids of the users in both versions of the shipped model."""
        known = None
        for version in ("1", "2"):
            path = SHIPPED_FOLDER / version / "catalog.sqlite"
            database = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
            ids = {row[0] for row in database.execute("SELECT id FROM users")}
            database.close()
            known = ids if known is None else known & ids
        return sorted(known)

    # ---- Packing

    def pack(self, models, name, dimension, items=0, users=0, catalog=None):
        """Packs a version of random vectors. Returns its folder."""
        command = [self.binary, "pack", "--models", models, "--name", name, "--training-id", "siege"]
        for side, count in (("item", items), ("user", users)):
            if count:
                vectors, ids = self.inputs / f"{name}-{side}.npy", self.inputs / f"{name}-{side}-ids.npy"
                numbers = array("h", random.Random(name + side).randbytes(2 * count * dimension))
                write_npy(vectors, "<f4", (count, dimension), array("f", numbers))
                write_npy(ids, "<u8", (count,), array("Q", range(1, count + 1)))
                command += [f"--{side}s", vectors, f"--{side}-ids", ids]
        if catalog:
            command += ["--catalog", catalog]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=PACK_SECONDS)
        if done.returncode != 0 or not done.stdout.strip():
            raise BenchFailure(f"pack ended with status {done.returncode}, wanted 0 and the version's folder: "
                               f"{done.stdout} {done.stderr}")
        return Path(done.stdout.strip().splitlines()[-1])

    def add_wide(self, models):
        """Adds a model whose answers are as large as the protocol allows. It is packed once."""
        packed = self.folder / "packed" / WIDE / "1"
        if not packed.is_dir():
            self.pack(packed.parent.parent, WIDE, WIDE_DIMENSION, items=WIDE_ITEMS, catalog=self.wide_catalog())
        link_tree(packed, models / WIDE / "1")

    def wide_catalog(self):
        path = self.inputs / "wide.sqlite"
        database = sqlite3.connect(path)
        columns = ", ".join(f"{name} TEXT" for name in WIDE_COLUMNS)
        database.execute(f"CREATE TABLE items (id INTEGER PRIMARY KEY, {columns})")
        database.executemany("INSERT INTO items VALUES (?, ?, ?, ?)", (
            [row, *(f"{name} {row} ".ljust(WIDE_TEXT_BYTES, name[0]) for name in WIDE_COLUMNS)]
            for row in range(1, WIDE_ITEMS + 1)))
        database.commit()
        database.close()
        return path

    def add_crowd(self, models):
        """Adds a model of many users, for look-alikes of all users."""
        self.pack(models, CROWD, CROWD_DIMENSION, users=CROWD_USERS)

    def add_tiny(self, models, count):
        """Adds many models: one packed model under many names."""
        packed = self.folder / "packed" / TINY / "1"
        if not packed.is_dir():
            self.pack(packed.parent.parent, TINY, 4, items=4)
        manifest = json.loads((packed / "manifest.json").read_text())
        for number in range(count):
            name = f"{TINY}-{number}"
            link_tree(packed, models / name / "1")
            manifest["model"] = name
            replace(models / name / "1" / "manifest.json", json.dumps(manifest).encode())


def link_tree(source, target):
    """Links the files of a folder into another folder; copies them on another file system."""
    target.mkdir(parents=True)
    for entry in source.iterdir():
        try:
            os.link(entry, target / entry.name)
        except OSError:
            shutil.copyfile(entry, target / entry.name)


def replace(path, content):
    """Replaces a file. A hard link elsewhere keeps the old bytes."""
    path.unlink()
    path.write_bytes(content)
