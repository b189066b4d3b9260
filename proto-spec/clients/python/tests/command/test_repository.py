"""A server and its folders: a state folder in use, folders without permissions, versions that come and go.

Needs KINDRED_BINARY, the path of the command. The tests of permissions need root, since they run servers as `nobody`.
"""

import json
import os
import pathlib
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest

import kindred
from tests.support.scratch import BINARY, lines, npy, ServerProcess

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


class Server(ServerProcess):
    """A server over a folder of models; `said` is its log."""

    def __init__(self, folder, *options, prefix=()):
        command = [*prefix, BINARY, "serve", "--models", str(folder / "models"), "--listen", "127.0.0.1:0", *options]
        super().__init__(command, folder / f"log-{time.monotonic_ns()}", patience=60, is_awaited=False)

    @property
    def said(self):
        return self.log.read_text(errors="replace")

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(timeout=30)
        self.process.stdout.close()
        return status


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class Folders(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kindred-repository-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        self.vectors = npy(self.folder / "vectors.npy", [[1.0, 2.0], [3.0, 4.0]])
        self.ids = lines(self.folder / "ids.txt", ["1", "2"])

    def pack(self, name):
        subprocess.run([BINARY, "pack", "--models", str(self.folder / "models"), "--name", name, "--items",
                        str(self.vectors), "--item-ids", str(self.ids)], check=True, capture_output=True, timeout=60)

    def serve(self, *options, prefix=()):
        server = Server(self.folder, *options, prefix=prefix)
        self.addCleanup(server.kill)
        return server

    def test_a_catalog_that_is_refused_is_named_and_leaves_nothing(self):
        blob = self.folder / "blob.sqlite"
        with sqlite3.connect(blob) as database:
            database.execute("CREATE TABLE items (id TEXT PRIMARY KEY, title)")
            database.execute("INSERT INTO items VALUES ('1', x'00')")
        database.close()
        keyless = self.folder / "keyless.sqlite"
        with sqlite3.connect(keyless) as database:
            database.execute("CREATE TABLE items (id TEXT, title)")
        database.close()
        for path, reason in ((blob, 'blob.sqlite: "items"."title" of id'), (keyless, "keyless.sqlite: the primary key"),
                             (self.ids, "ids.txt is not an SQLite database"),
                             (self.vectors, "vectors.npy is not an SQLite database"),
                             (self.folder / "none.sqlite", "none.sqlite: No such file")):
            with self.subTest(path.name):
                done = subprocess.run(
                    [BINARY, "pack", "--models", self.folder / "models", "--name", "shop", "--items", self.vectors,
                     "--item-ids", self.ids, "--catalog", path], capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 1)
                self.assertIn(reason, done.stderr)
                self.assertNotIn(".tmp-", done.stderr)
                self.assertNotIn("cut", done.stderr)
                self.assertEqual(os.listdir(self.folder / "models"), [])

    def test_a_column_named_score_is_reported(self):
        catalog = self.folder / "catalog.sqlite"
        with sqlite3.connect(catalog) as database:
            database.execute("CREATE TABLE items (id TEXT PRIMARY KEY, score REAL)")
        database.close()
        done = subprocess.run(
            [BINARY, "pack", "--models", self.folder / "models", "--name", "shop", "--items", self.vectors,
             "--item-ids", self.ids, "--catalog", catalog], capture_output=True, text=True, timeout=60, check=True)
        self.assertIn("warning: column 'score' of the catalog of items has the name of a result's own member", done.stdout)

    def pack_ids(self, *rows, vectors=2):
        """Packs a file of ids with these lines beside so many vectors: the completed process."""
        path = npy(self.folder / "some.npy", [[1.0, float(row)] for row in range(vectors)])
        return subprocess.run(
            [BINARY, "pack", "--models", self.folder / "models", "--name", "shop", "--items", path,
             "--item-ids", lines(self.folder / "ids.csv", rows), "--training-id", "t1"],
            capture_output=True, text=True, timeout=60)

    def first_ids(self, folder):
        shown = subprocess.run([BINARY, "inspect", folder, "--json"], capture_output=True, text=True, timeout=60, check=True)
        items = json.loads(shown.stdout)["content"]["items"]
        return items["id_kind"], items["first_ids"]

    def test_a_heading_of_the_ids_is_left_out_and_told(self):
        for heading, ids, kind in (("item_id", ["7", "9"], "number"), ('"Product ID"', ["a", "b"], "text"),
                                   ("nummer", ["7", "9"], "number")):
            with self.subTest(heading):
                done = self.pack_ids(heading, *ids)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stdout, r"ids\.csv: line 1, .*, is taken for a heading and no id: there is one line "
                                              r"more than vectors")
                self.assertEqual(self.first_ids(done.stdout.splitlines()[-1]), (kind, ids))

    def test_a_heading_in_place_of_an_id_is_told(self):
        done = self.pack_ids("item_id", "7", "9", vectors=3)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r'warning: .*ids\.csv: line 1, "item_id", looks like a heading and is packed as an id')
        self.assertEqual(self.first_ids(done.stdout.splitlines()[-1])[0], "text")

    def test_ids_that_are_no_heading_are_packed_as_they_are(self):
        for ids in (["a", "b"], ["A7", "9"], ["items,1", "9"]):
            with self.subTest(ids):
                done = self.pack_ids(*ids)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertNotIn("heading", done.stdout)
        done = self.pack_ids("x", "a", "b")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(
            done.stderr, r"error: items: /\S+/ids\.csv has 3 ids, /\S+/some\.npy 2 vectors; wanted one id per vector")
        self.assertNotIn("heading", done.stderr)

    def test_a_table_in_place_of_ids_is_refused(self):
        done = self.pack_ids("item_id;name", "7;a lamp", "9;a chair")
        self.assertEqual(done.returncode, 1)
        self.assertIn("wanted one id per line: this is the heading of a table with 2 columns", done.stderr)
        self.assertIn("line 1", done.stderr)

    def damaged(self):
        """Packs two versions and damages the first."""
        self.pack("shop")
        self.pack("shop")
        path = self.folder / "models" / "shop" / "1" / "items.safetensors"
        path.chmod(0o644)
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)

    def shown(self, *arguments):
        return subprocess.run(
            [BINARY, *arguments, self.folder / "models"], capture_output=True, text=True, timeout=60)

    def test_inspect_names_a_refused_version_and_goes_on(self):
        self.damaged()
        done = self.shown("inspect")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        first, gap, second, *_ = done.stdout.splitlines()
        self.assertRegex(first, r"\Arefused  shop 1  items\.safetensors: CRC32C ")
        self.assertEqual((gap, second), ("", "model        shop  version 2"))
        self.assertIn(first, self.shown("verify").stdout.splitlines())
        done = self.shown("inspect", "--json")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        first, second = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual((first["model"], first["version"], first["ok"]), ("shop", 1, False))
        self.assertTrue(first["directory"].endswith("/models/shop/1"), first)
        self.assertIn("CRC32C", first["reason"])
        self.assertEqual(second["manifest"]["version"], 2)
        self.assertEqual(json.loads(self.shown("verify", "--json").stdout.splitlines()[0]), first)

    def test_reindex_names_a_version_that_fails_and_goes_on(self):
        self.damaged()
        done = self.shown("pack", "--reindex")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        first, second = done.stdout.splitlines()
        self.assertRegex(first, r"\Afailed  shop 1  items\.safetensors: CRC32C ")
        self.assertRegex(second, r"\Ashop 2  codes and statistics are up to date|\Ashop 2  wrote ")
        done = self.shown("pack", "--json", "--reindex")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        first, second = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual((first["model"], first["version"], first["ok"]), ("shop", 1, False))
        self.assertEqual((second["model"], second["version"]), ("shop", 2))

    def test_too_few_descriptors_are_told_before_the_start(self):
        self.pack("shop")
        for limit in (10, 16, 20):
            with self.subTest(limit):
                done = subprocess.run(
                    ["prlimit", f"--nofile={limit}:{limit}", BINARY, "serve", "--models", self.folder / "models",
                     "--listen", "127.0.0.1:0", "--threads", "2"], capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, r"^error: too few file descriptors: 2 event loops need \d+ beside those that "
                                              rf"are open, and at most {limit} are allowed; raise ulimit -n")

    def test_too_little_address_space_is_told_before_the_start(self):
        self.pack("shop")
        for mebibytes in (350, 450, 550):
            with self.subTest(mebibytes):
                done = subprocess.run(
                    ["prlimit", f"--as={mebibytes << 20}", BINARY, "serve", "--models", self.folder / "models",
                     "--listen", "127.0.0.1:0", "--threads", "2"], capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertRegex(done.stderr, r"^error: too little address space: 2 event loops and their answers need \d+ "
                                              r"MiB beside what is in use; raise ulimit -v")

    def test_connections_leave_descriptors_for_models(self):
        self.pack("shop")
        server = self.serve("--threads", "2", prefix=["prlimit", "--nofile=64:64"])
        host, port = server.wait_until_ready().split(":")
        self.assertIn("connections=42", server.said)
        sockets = [socket.create_connection((host, int(port)), timeout=10) for _ in range(42)]
        self.addCleanup(lambda: [each.close() for each in sockets])
        # The server refuses one more connection at once; the last to arrive may be any of them.
        sockets.append(socket.create_connection((host, int(port)), timeout=10))
        told, _, _ = select.select(sockets, [], [], 10)
        self.assertEqual(len(told), 1)
        self.assertNotEqual(told[0].recv(64), b"")
        # A version that is published while all connections are taken is still loaded.
        self.pack("shop")
        deadline = time.monotonic() + 30
        while "version=2" not in server.said:
            self.assertLess(time.monotonic(), deadline, server.said)
            time.sleep(0.05)
        self.assertNotIn("Too many open files", server.said)

    def test_one_server_has_a_state_folder(self):
        self.pack("shop")
        first = self.serve()
        address = first.wait_until_ready()
        second = self.serve()
        self.assertNotEqual(second.process.wait(timeout=30), 0)
        for word in (f"process {first.process.pid}", address, "--state"):
            self.assertIn(word, second.said)
        # Another server may use another folder.
        other = self.serve("--state", str(self.folder / "other"))
        other.wait_until_ready()
        self.assertEqual(other.end(), 0)
        # The folder is free after the first server ends, even by SIGKILL.
        first.end(signal.SIGKILL)
        third = self.serve()
        third.wait_until_ready()
        self.assertEqual(third.end(), 0)

    def test_the_client_gives_the_remark_on_the_whole_repository(self):
        for name, said in (("shop", ""), ("shop/1", "--models")):
            with self.subTest(name):
                shutil.rmtree(self.folder / "models", ignore_errors=True)
                self.pack("shop")
                if name == "shop/1":  # the folder of one model in place of the folder of all
                    (self.folder / "models" / "shop" / "1").rename(self.folder / "models" / "1")
                    (self.folder / "models" / "shop").rmdir()
                server = self.serve()
                with kindred.connect(server.wait_until_ready()) as client:
                    remark = client.models().remark
                self.assertEqual(bool(remark), bool(said))
                self.assertIn(said, remark)
                self.assertEqual(server.end(), 0)

    def test_the_models_command_lists_what_is_on_disk(self):
        for _ in range(3):
            self.pack("shop")
        damaged = self.folder / "models" / "shop" / "3" / "items.safetensors"
        damaged.chmod(0o644)
        damaged.write_bytes(damaged.read_bytes()[:-1])
        server = self.serve()
        address = server.wait_until_ready()

        def models(*options):
            done = subprocess.run([BINARY, "models", *options, "--server", address], capture_output=True, text=True,
                                  timeout=60)
            return done.returncode, done.stdout, done.stderr
        status, text, _ = models("shop")
        rows = [line.split() for line in text.splitlines()[-3:]]
        self.assertEqual(status, 0)
        self.assertEqual([row[:2] for row in rows], [["3", "refused"], ["2", "serves"], ["1", "on"]], text)
        self.assertIn("items.safetensors", " ".join(rows[0]))
        model = json.loads(models("--json")[1])
        self.assertEqual([(v["version"], v["state"], v["dimension"], v["items"]) for v in model["versions"]],
                         [(1, "on disk", 2, 2), (2, "loaded", 2, 2), (3, "refused", 2, 2)])
        self.assertEqual((model["remark"], model["loaded"]), ("", [2]))
        status, _, said = models("other")
        self.assertNotEqual(status, 0)
        self.assertIn("other", said)
        self.assertEqual(server.end(), 0)

    def test_a_pinned_version_that_is_gone(self):
        """After a restart the version that served before the pinned one serves again, not the newest."""
        for _ in range(4):
            self.pack("shop")
        state = ("--state", str(self.folder / "state"))
        first = self.serve(*state)
        with kindred.connect(first.wait_until_ready()) as client:
            client.activate("shop", 1)
            self.assertEqual(client.activate("shop", 2)["previous"], 1)
        self.assertEqual(first.end(), 0)
        shutil.rmtree(self.folder / "models" / "shop" / "2")
        second = self.serve(*state)
        with kindred.connect(second.wait_until_ready()) as client:
            self.assertEqual(client.recommend(item=1, k=1).version, 1)
            status = client.models("shop")[0]
            self.assertEqual((status["active"], status["pinned"]), (1, 2))
            self.assertIn("version 2", status["remark"])
            # Only `activate latest` ends a pin.
            client.activate("shop", "latest")
            self.assertEqual(client.recommend(item=1, k=1).version, 4)
        self.assertEqual(second.end(), 0)

    def test_a_version_that_does_not_fit_the_memory(self):
        """The version is refused with figures, and the server goes on."""
        self.pack("shop")
        server = self.serve("--memory-max", "1")
        with kindred.connect(server.wait_until_ready()) as client:
            self.assertEqual(client.health(), {"state": "not ready", "models_ready": 0})
            status = client.models("shop")[0]
            self.assertEqual([(version["version"], version["state"]) for version in status["versions"]],
                             [(1, "refused")])
            reason = status["refused"][0]["reason"]
            self.assertIn("memory", reason)
            self.assertIn("1 MiB", reason)
        self.assertEqual(server.end(), 0)

    def test_a_server_without_privileges(self):
        """A server without root and capabilities, whose clients have none either."""
        prefix = self.as_nobody()
        self.pack("shop")
        state = self.folder / "state"
        state.mkdir()
        os.chown(state, 65534, 65534)
        server = self.serve("--state", str(state), prefix=prefix)
        address = server.wait_until_ready()
        with kindred.connect(address) as client:
            self.assertEqual(client.recommend(item=1, k=1).version, 1)
        done = subprocess.run([*prefix, BINARY, "similar", "--server", address, "--item", "1"], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(server.end(), 0)

    def as_nobody(self):
        if os.getuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("needs root and setpriv")
        if subprocess.run([*NOBODY, BINARY, "--version"], capture_output=True, timeout=60).returncode:
            self.skipTest("nobody cannot run the command")
        return NOBODY

    def test_unreadable_models_are_reported(self):
        prefix = self.as_nobody()
        for name in ("closed", "open", "newest"):
            self.pack(name)
        self.pack("newest")
        models = self.folder / "models"
        (models / "closed").chmod(0o700)
        (models / "newest" / "2").chmod(0o700)
        state = self.folder / "state"
        state.mkdir()
        os.chown(state, 65534, 65534)
        server = self.serve("--state", str(state), prefix=prefix)
        server.wait_until_ready()
        log = server.said.splitlines()
        closed = [line for line in log if "model=closed" in line]
        self.assertEqual(len(closed), 1, closed)
        self.assertIn("a model's folder cannot be looked into", closed[0])
        self.assertIn("Permission denied", closed[0])
        refused = [line for line in log if "version refused" in line]
        self.assertEqual(len(refused), 1, refused)
        self.assertIn("model=newest", refused[0])
        self.assertIn("Permission denied", refused[0])
        # Once they are readable, they are served, even a version that was refused for its permissions.
        (models / "closed").chmod(0o755)
        (models / "newest" / "2").chmod(0o755)
        deadline = time.monotonic() + 30
        wanted = ("model=closed pinned_before=0 pinned_version=0 replaced=0 version=1",
                  "model=newest pinned_before=0 pinned_version=0 replaced=1 version=2")
        while not all(words in server.said for words in wanted):
            self.assertLess(time.monotonic(), deadline, server.said)
            time.sleep(0.05)
        self.assertEqual(server.said.count("model=closed reason="), 1, server.said)
        self.assertEqual(server.end(), 0)

    def test_a_state_folder_that_cannot_be_written(self):
        prefix = self.as_nobody()
        self.pack("shop")
        remembered = self.folder / "state"
        first = self.serve("--state", str(remembered))
        first.wait_until_ready()
        self.assertEqual(first.end(), 0)
        (remembered / "state.sqlite").chmod(0o644)
        for state, word in ((remembered, "readonly"), (self.folder / "absent", "Permission denied")):
            server = self.serve("--state", str(state), prefix=prefix)
            server.wait_until_ready()
            self.assertIn("the state folder cannot be written", server.said)
            self.assertIn(word, server.said)
            self.assertIn("version serves" if state != remembered else "version loaded", server.said)
            self.assertEqual(server.end(), 0)


if __name__ == "__main__":
    unittest.main()
