"""A scratch repository, packed by the `kindred` command, and a server on it."""

import array
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import tempfile
import unittest

from bench.support.crc32c import crc32c  # noqa: F401
from bench.support.npy import write_npy
from bench.support.server_process import ServerProcess, serve_command

BINARY = os.environ.get("KINDRED_BINARY")
SERVER = os.environ.get("KINDRED_TEST_SERVER")
DIMENSION = 4
ITEMS, USERS = 60, 50


def rounded(value):
    """A Python float rounded to float32."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def random_vectors(seed, count):
    source = random.Random(seed)
    return [[rounded(source.gauss(0, 1)) for _ in range(DIMENSION)] for _ in range(count)]


def npy(path, rows, descr="<f4", fortran=False):
    """Writes a .npy file of rows of floats, or of unsigned ids with descr <u8."""
    if descr == "<u8":
        shape, elements = (len(rows),), array.array("Q", rows)
    else:
        shape = (len(rows), len(rows[0]) if rows else DIMENSION)
        elements = array.array({"<f4": "f", "<f8": "d"}[descr], [x for row in rows for x in row])
    write_npy(path, descr, shape, elements, fortran)
    return path


def safetensors(path, rows, training):
    """Writes a .safetensors file with the vectors and a training id."""
    size = len(rows) * DIMENSION * 4
    head = (f'{{"__metadata__":{{"training_id":"{training}"}},"vectors":{{"dtype":"F32",'
            f'"shape":[{len(rows)},{DIMENSION}],"data_offsets":[0,{size}]}}}}').encode()
    head += b" " * (-len(head) % 8)
    data = array.array("f", [x for row in rows for x in row]).tobytes()
    path.write_bytes(struct.pack("<Q", len(head)) + head + data)
    return path


def lines(path, values):
    path.write_text("".join(f"{value}\n" for value in values), encoding="utf-8")
    return path


class Scratch:
    """Folders, inputs, the models `shop` (text ids, catalog), `numbers` and `cosine`, and a server."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kindred-python-"))
        self.models = self.folder / "models"
        self.models.mkdir()
        self.server = None
        self.log = self.folder / "server.log"
        self.log.touch()
        self.item_vectors = random_vectors(1, ITEMS)
        self.item_vectors[7] = list(self.item_vectors[3])  # equal to another row: an exact tie
        self.user_vectors = random_vectors(2, USERS)
        self.user_vectors[0] = [0.0] * DIMENSION
        self.items = ["caf\u00e9", "cafe\u0301"] + [f"i{index}" for index in range(2, ITEMS)]
        self.users = [f"u{index}" for index in range(USERS)]
        self.item_numbers = [3 * index for index in range(ITEMS - 1)] + [2**63 - 1]
        self.user_numbers = list(range(1000, 1000 + USERS))
        self.inputs()

    def inputs(self):
        folder = self.folder
        self.items_npy = npy(folder / "items.npy", self.item_vectors)
        self.users_npy = npy(folder / "users.npy", self.user_vectors, "<f8")
        self.item_ids = lines(folder / "items.txt", self.items)
        self.user_ids = lines(folder / "users.txt", self.users)
        self.catalog = folder / "catalog.sqlite"
        with sqlite3.connect(self.catalog) as database:
            database.execute("CREATE TABLE items (id TEXT PRIMARY KEY, title TEXT, price REAL, stock INTEGER)")
            rows = [(item, f"title of {item}", index / 4, -index) for index, item in enumerate(self.items[:-1])]
            rows[2] = (self.items[2], None, None, None)
            database.executemany("INSERT INTO items VALUES (?, ?, ?, ?)", rows)
        database.close()

    def pack(self, name="shop", items=None, item_ids=None, users=None, user_ids=None, *extra, check=True):
        """Runs `kindred pack`. Returns the completed process."""
        command = [BINARY, "pack", "--models", self.models, "--name", name]
        inputs = {"--items": items, "--item-ids": item_ids, "--users": users, "--user-ids": user_ids}
        for option, value in inputs.items():
            if value is not None:
                command += [option, value]
        done = subprocess.run([str(part) for part in command + list(extra)], capture_output=True, text=True, timeout=60)
        if check and done.returncode:
            raise AssertionError(f"pack failed with {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def pack_shop(self, training="t1"):
        done = self.pack("shop", self.items_npy, self.item_ids, self.users_npy, self.user_ids,
                         "--catalog", self.catalog, "--training-id", training)
        return pathlib.Path(done.stdout.strip().splitlines()[-1])

    def pack_all(self):
        self.pack_shop()
        self.pack("numbers", self.items_npy, npy(self.folder / "items.ids.npy", self.item_numbers, "<u8"),
                  self.users_npy, npy(self.folder / "users.ids.npy", self.user_numbers, "<u8"), "--training-id", "t1")
        self.pack("cosine", self.items_npy, self.item_ids, None, None, "--metric", "cosine")

    def serve(self, prefix=()):
        """Starts the server, through the command `prefix` if given. Returns its address once it is ready."""
        command = serve_command(BINARY, self.models, self.folder / "state", "--default-model", "shop")
        self.server = ServerProcess([*prefix, *command], self.log, patience=60)
        return self.server.address

    @classmethod
    def served(cls, pack):
        """A scratch repository filled by `pack`, and the address of a server on it. Both end with the tests of the
        calling module."""
        if not BINARY:
            raise unittest.SkipTest("set KINDRED_BINARY to the path of the kindred command")
        scratch = cls()
        try:
            pack(scratch)
            address = scratch.serve()
        except BaseException:
            scratch.close()
            raise
        unittest.addModuleCleanup(scratch.end)
        return scratch, address

    @property
    def process(self):
        return self.server.process

    def log_lines(self):
        """The log of all servers so far, split at line feeds only."""
        return self.log.read_bytes().decode().split("\n")

    def logged(self):
        """The end of the log."""
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self, is_told=False):
        """SIGTERM, unless the test has sent it (`is_told`). Returns the exit status, or None without a server."""
        server, self.server = self.server, None
        if server is None:
            return None
        if not is_told:
            server.process.send_signal(signal.SIGTERM)
        try:
            return server.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            return server.process.wait()
        finally:
            server.process.stdout.close()

    def end(self):
        """Closes. Raises if the server did not exit with 0."""
        log, status = self.logged(), self.close()
        if status != 0:
            raise AssertionError(f"the server ended with {status} after SIGTERM:\n{log}")

    def close(self):
        """Stops the server and removes the folder. Returns the server's exit status."""
        status = self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        return status
