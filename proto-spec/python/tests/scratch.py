"""A scratch repository packed by the `kindred` command and a server process on it, for the tests."""

import array
import os
import pathlib
import random
import select
import shutil
import signal
import sqlite3
import struct
import subprocess
import tempfile
import time
import unittest

BINARY = os.environ.get("KINDRED_BINARY")
SERVER = os.environ.get("KINDRED_TEST_SERVER")
DIMENSION = 4
ITEMS, USERS = 60, 50


def rounded(value):
    """A Python float as the float32 it is stored as."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def random_vectors(seed, count):
    source = random.Random(seed)
    return [[rounded(source.gauss(0, 1)) for _ in range(DIMENSION)] for _ in range(count)]


def npy(path, rows, descr="<f4", fortran=False):
    """Writes a .npy file by hand: rows of floats, or a list of unsigned ids with descr <u8."""
    if descr == "<u8":
        shape, data = f"({len(rows)},)", struct.pack(f"<{len(rows)}Q", *rows)
    else:
        shape = f"({len(rows)}, {len(rows[0]) if rows else DIMENSION})"
        data = array.array({"<f4": "f", "<f8": "d"}[descr], [x for row in rows for x in row]).tobytes()
    head = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    head += " " * (-(10 + len(head) + 1) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data)
    return path


def safetensors(path, rows, training):
    """Writes a .safetensors file by hand with the vectors and a training id."""
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


def crc32c(data):
    """The checksum of a version's files; that of b"123456789" is 0xE3069283."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


class Scratch:
    """Folders, inputs, the models `shop` (text ids, catalog), `numbers` and `cosine`, and a server."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kindred-python-"))
        self.models = self.folder / "models"
        self.models.mkdir()
        self.process = None
        self.log = open(self.folder / "server.log", "wb")
        self.item_vectors = random_vectors(1, ITEMS)
        self.item_vectors[7] = list(self.item_vectors[3])  # an exact tie
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
        """Runs `kindred pack`: the completed process."""
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
        """Starts the server, by the command `prefix` where one is given: its address once it is ready."""
        self.process = subprocess.Popen(
            [*prefix, BINARY, "serve", "--models", str(self.models), "--listen", "127.0.0.1:0",
             "--default-model", "shop", "--state", str(self.folder / "state")], stdout=subprocess.PIPE, stderr=self.log)
        deadline, text = time.monotonic() + 60, b""
        while b"\n" not in text or b"listening on " not in text:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise AssertionError(f"the server was not ready in 60 s; its output: {text!r}")
            part = os.read(self.process.stdout.fileno(), 4096)
            if not part:
                status = self.process.wait()
                raise AssertionError(f"the server ended with {status} before it was ready: {self.logged()}")
            text += part
        return text.split(b"listening on ", 1)[1].split(b"\n", 1)[0].decode().strip()

    @classmethod
    def served(cls, pack):
        """A scratch repository that `pack` has filled and a server on it, with its address, until the tests of the
        module are done whose setUpModule asks for it."""
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

    def log_lines(self):
        """The whole log of all servers so far, split at line feeds alone."""
        return (self.folder / "server.log").read_bytes().decode().split("\n")

    def logged(self):
        return (self.folder / "server.log").read_text(errors="replace")[-4000:]

    def stop(self, is_told=False):
        """SIGTERM, unless the server `is_told` already: the exit status, or None where no server runs."""
        if self.process is None:
            return None
        if not is_told:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.process.stdout.close()
        self.process = None
        return status

    def end(self):
        """Closes, and raises where the server did not end with 0."""
        log, status = self.logged(), self.close()
        if status != 0:
            raise AssertionError(f"the server ended with {status} after SIGTERM:\n{log}")

    def close(self):
        status = self.stop()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        return status
