"""Inputs that `kindred pack` refuses, and versions on disk that a server refuses.

Needs KINDRED_BINARY, the path of the `kindred` command: a scratch repository is packed and served with it.
"""

import json
import shutil
import sqlite3
import time
import unittest

import kindred
from tests.support.scratch import BINARY, DIMENSION, SERVER, Scratch, lines, npy, safetensors, crc32c

NAN, INFINITY = float("nan"), float("inf")
scratch = None
address = None


def setUpModule():
    global scratch, address
    scratch, text = Scratch.served(Scratch.pack_all)
    address = kindred.arguments.parsed_address(text)


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class BadPacks(unittest.TestCase):
    """A refused pack gives a reason, exits with a status, and publishes nothing."""

    def refused(self, *words, items=None, item_ids=None, users=None, user_ids=None, extra=()):
        done = scratch.pack("refused", items, item_ids, users, user_ids, *extra, check=False)
        self.assertGreater(done.returncode, 0, done.stdout)
        for word in words:
            self.assertIn(word, done.stderr)
        folder = scratch.models / "refused"
        self.assertEqual([p for p in folder.glob("*") if p.name.isdigit()] if folder.exists() else [], [])

    def file(self, name):
        return scratch.folder / name

    def test_ids(self):
        rows = [[1.0] * DIMENSION, [2.0] * DIMENSION]
        vectors = npy(self.file("two.npy"), rows)
        self.refused("same", items=vectors, item_ids=lines(self.file("a.txt"), ["same", "same"]))
        self.refused("5", items=vectors, item_ids=npy(self.file("a.npy"), [5, 5], "<u8"))
        self.refused("3", items=vectors, item_ids=lines(self.file("b.txt"), ["a", "b", "c"]))
        self.refused("1", items=vectors, item_ids=lines(self.file("c.txt"), ["a"]))
        self.refused("257", items=vectors, item_ids=lines(self.file("d.txt"), ["a", "x" * 257]))
        self.refused(str(2**63), items=vectors, item_ids=npy(self.file("e.npy"), [1, 2**63], "<u8"))
        bad = self.file("f.txt")
        bad.write_bytes(b"a\n\xff\xfe\n")
        self.refused(items=vectors, item_ids=bad)
        self.refused(items=vectors, item_ids=self.file("missing.txt"))

    def test_vectors(self):
        ids = lines(self.file("ids.txt"), ["a", "b"])
        good = [1.0] * DIMENSION
        for name, row in (("nan", [NAN, 0, 0, 0]), ("inf", [0, INFINITY, 0, 0]), ("large", [2.0**61, 0, 0, 0])):
            self.refused(items=npy(self.file(f"{name}.npy"), [good, row]), item_ids=ids)
        self.refused(items=npy(self.file("zero.npy"), [good, [0.0] * DIMENSION]), item_ids=ids,
                     extra=("--metric", "cosine"))
        self.refused(items=npy(self.file("fortran.npy"), [good, good], fortran=True), item_ids=ids)
        whole = npy(self.file("whole.npy"), [good, good]).read_bytes()
        for cut in (0, 5, 9, 30, len(whole) - 1):
            short = self.file("short.npy")
            short.write_bytes(whole[:cut])
            self.refused(items=short, item_ids=ids)
        wide = npy(self.file("wide.npy"), [good + [1.0], good])
        self.refused(items=wide, item_ids=ids)
        users = npy(self.file("five.npy"), [[1.0] * 5])
        self.refused("5", items=npy(self.file("four.npy"), [good, good]), item_ids=ids, users=users,
                     user_ids=lines(self.file("one.txt"), ["u"]))

    def test_catalogs_that_compute(self):
        """A catalog is a plain table. A computed one would cost time and memory at every load."""
        rows = [[1.0] * DIMENSION, [2.0] * DIMENSION]
        given = {"items": npy(self.file("rows.npy"), rows), "item_ids": lines(self.file("rows.txt"), ["a", "b"])}
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        for index, (word, schema) in enumerate({
                "view": f"CREATE VIEW items AS SELECT 'a' AS id, ({endless} ORDER BY i DESC) AS best",
                "generated": "CREATE TABLE items (id TEXT PRIMARY KEY, big TEXT AS (hex(zeroblob(400000000))) VIRTUAL)",
                "trigger": "CREATE TABLE items (id TEXT PRIMARY KEY, price REAL); "
                           "CREATE TRIGGER changed AFTER INSERT ON items BEGIN SELECT 1; END",
                "virtual": "CREATE VIRTUAL TABLE items USING rtree(id, low, high)"}.items()):
            catalog = self.file(f"catalog-{index}.sqlite")
            with self.subTest(word):
                with sqlite3.connect(catalog) as database:
                    database.executescript(schema)
                database.close()
                began = time.monotonic()
                self.refused("items", word, **given, extra=("--catalog", catalog))
                self.assertLess(time.monotonic() - began, 5)

    def test_vectors_of_two_trainings(self):
        rows = [[1.0] * DIMENSION, [2.0] * DIMENSION]
        ids = lines(self.file("ids.txt"), ["a", "b"])
        items = safetensors(self.file("items.safetensors"), rows, "monday")
        users = safetensors(self.file("users.safetensors"), rows, "tuesday")
        self.refused("monday", "tuesday", items=items, item_ids=ids, users=users, user_ids=ids)
        self.refused("monday", "friday", items=items, item_ids=ids, extra=("--training-id", "friday"))


@unittest.skipUnless(BINARY and not SERVER, "set KINDRED_BINARY; runs on its own server")
class BadVersions(unittest.TestCase):
    """A damaged version is refused with a reason, and the current version goes on serving."""

    def setUp(self):
        self.client = kindred.connect("%s:%d" % address)
        self.folder = scratch.models / "numbers"
        self.good = max((p for p in self.folder.iterdir() if p.name.isdigit()), key=lambda p: int(p.name))

    def tearDown(self):
        self.client.close()

    def publish(self, number, change):
        """Publishes a changed copy of the good version under a new number, with one rename."""
        staging = self.folder / f".tmp-test-{number}"
        shutil.copytree(self.good, staging)
        for path in staging.iterdir():
            path.chmod(0o644)
        staging.chmod(0o755)
        manifest = json.loads((staging / "manifest.json").read_text())
        manifest["version"] = number
        change(staging, manifest)
        (staging / "manifest.json").write_text(json.dumps(manifest))
        staging.rename(self.folder / str(number))

    def refused(self, number, change, *words):
        before = self.client.recommend(user=1001, model="numbers")
        self.publish(number, change)
        try:
            with self.assertRaises(kindred.Error) as caught:
                self.client.load("numbers", number)
            self.assertEqual(caught.exception.name, "MODEL_CORRUPT", caught.exception.message)
            status = next(model for model in self.client.models() if model["name"] == "numbers")
            reasons = {refusal["version"]: refusal["reason"] for refusal in status["refused"]}
            self.assertIn(number, reasons)
            for word in words:
                self.assertIn(word, reasons[number])
            after = self.client.recommend(user=1001, model="numbers")
            self.assertEqual((after, after.version), (before, before.version))
        finally:
            shutil.rmtree(self.folder / str(number))

    def test_a_newer_format(self):
        self.refused(101, lambda folder, manifest: manifest.update(format_version=99), "99")

    def test_a_changed_byte(self):
        def change(folder, manifest):
            path = folder / "items.safetensors"
            data = bytearray(path.read_bytes())
            data[-5] ^= 1
            path.write_bytes(data)
        self.refused(102, change, "items.safetensors")

    def test_cut_files(self):
        def cut(name, keep):
            def change(folder, manifest):
                path = folder / name
                path.write_bytes(path.read_bytes()[:keep])
            return change
        for number, (name, keep) in enumerate((("items.safetensors", 0), ("items.safetensors", 7),
                                               ("users.safetensors", 100), ("users.safetensors", -1)), 110):
            with self.subTest(name, keep=keep):
                self.refused(number, cut(name, keep), name)

    def test_a_missing_file(self):
        self.refused(120, lambda folder, manifest: (folder / "users.safetensors").unlink(), "users.safetensors")

    def test_a_catalog_that_computes(self):
        """Its size and checksum are right; each of its computed values is large and slow."""
        def change(folder, manifest):
            catalog = folder / "catalog.sqlite"
            with sqlite3.connect(catalog) as database:
                database.executescript(
                    "CREATE TABLE items (id INTEGER PRIMARY KEY, long INTEGER AS "
                    "(length(replace(printf('%.*c', 50000000, 'x'), 'x', 'yy'))) VIRTUAL);"
                    "INSERT INTO items (id) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200) "
                    "SELECT i FROM n")
            database.close()
            data = catalog.read_bytes()
            manifest["files"]["catalog.sqlite"] = {"bytes": len(data), "crc32c": f"{crc32c(data):08x}"}
            manifest["items"]["columns"] = ["long"]
        began = time.monotonic()
        self.refused(121, change, "catalog.sqlite", "generated")
        self.assertLess(time.monotonic() - began, 5)

    def test_a_manifest_cut_anywhere(self):
        text = (self.good / "manifest.json").read_text()
        before = self.client.recommend(user=1001, model="numbers")
        for number, keep in enumerate(range(0, len(text), max(1, len(text) // 8)), 130):
            folder = self.folder / str(number)
            staging = self.folder / f".tmp-test-{number}"
            shutil.copytree(self.good, staging)
            staging.chmod(0o755)
            (staging / "manifest.json").chmod(0o644)
            (staging / "manifest.json").write_text(text[:keep])
            staging.rename(folder)
            try:
                with self.subTest(keep=keep), self.assertRaises(kindred.Error):
                    self.client.load("numbers", number)
                self.assertEqual(self.client.recommend(user=1001, model="numbers"), before)
            finally:
                shutil.rmtree(folder)


if __name__ == "__main__":
    unittest.main()
