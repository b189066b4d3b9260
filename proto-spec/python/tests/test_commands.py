"""What the `kindred` command says and how it ends: health, ping, switches, answers without results, errors with advice.

Needs KINDRED_BINARY, the path of the command: scratch repositories are packed and served with it.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from scratch import BINARY, Scratch  # noqa: E402
from vectors import BY_NAME, kindred  # noqa: E402

scratch = None
address = None


def setUpModule():
    global scratch, address
    scratch, address = Scratch.served(Scratch.pack_all)


def command(*arguments, server=None):
    return subprocess.run([BINARY, arguments[0], "--server", server or address, *arguments[1:]], capture_output=True,
                          text=True, timeout=60)


class ScriptedServer:
    """Accepts connections, says what it is told to at once, and nothing more, until it is closed."""

    def __init__(self, words=b""):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.words = words
        self.connections = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        try:
            connection.sendall(self.words)
        except OSError:
            pass

    def close(self):
        self.socket.close()
        for connection in self.connections:
            connection.close()


class LyingServer(ScriptedServer):
    """Opens connections as a server does; then says `answer`, made for the first request's id, again and again."""

    def __init__(self, answer, is_endless):
        self.answer, self.is_endless = answer, is_endless
        super().__init__()

    def talk(self, connection):
        try:
            received = b""
            connection.sendall(kindred.MAGIC + bytes([1, 1, 1, 0]) + bytes(4))
            connection.sendall(bytes.fromhex(BY_NAME["hello-ok"]["hex"]))
            # Behind the preface and HELLO comes the first request.
            while True:
                part = connection.recv(1 << 16)
                if not part:
                    return
                received += part
                frames = list(self.frames(received[16:]))
                if len(frames) > 1:
                    break
            words = self.answer(frames[1].request_id)
            connection.sendall(words)
            while self.is_endless:
                connection.sendall(words * 100)
        except OSError:
            pass

    @staticmethod
    def frames(data):
        while len(data) >= 32:
            header = kindred.decode_header(data[:32], 1 << 22)
            if len(data) < 32 + header.body_len:
                return
            yield header
            data = data[32 + header.body_len:]


class HealthTests(unittest.TestCase):
    def assert_health(self, server, status, state, text):
        done = command("health", server=server)
        self.assertEqual((done.returncode, done.stderr), (status, ""))
        self.assertIn(text, done.stdout)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        done = command("health", "--json", server=server)
        self.assertEqual(done.returncode, status)
        self.assertEqual(json.loads(done.stdout)["state"], state)
        return json.loads(done.stdout)

    def test_serving(self):
        found = self.assert_health(address, 0, "serving", f"serving: 3 models ready on {address}\n")
        self.assertEqual(found["models_ready"], 3)

    def test_no_model(self):
        empty = Scratch()
        self.addCleanup(empty.close)
        server = empty.serve()
        found = self.assert_health(server, 2, "not_ready", f"not ready: 0 models ready on {server}\n")
        self.assertEqual(found["models_ready"], 0)
        done = command("ping", "-c", "1", server=server)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_nobody(self):
        found = self.assert_health("127.0.0.1:1", 4, "unreachable", "unreachable: 127.0.0.1:1: CONNECTION_LOST: ")
        self.assertIn("cannot connect", found["reason"])

    def test_no_answer(self):
        mute = ScriptedServer()
        self.addCleanup(mute.close)
        started = time.monotonic()
        done = command("health", "--timeout", "0.5", server=mute.address)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertTrue(done.stdout.startswith(f"unreachable: {mute.address}: "), done.stdout)
        self.assertLess(time.monotonic() - started, 10)

    def test_shutting_down(self):
        # A preface that refuses (version 0 of 1 to 1) because the server is draining (2), to be tried again in 0 ms.
        server = ScriptedServer(kindred.MAGIC + bytes([0, 1, 1, 2]) + bytes(4))
        self.addCleanup(server.close)
        self.assert_health(server.address, 3, "draining", "draining: ")


class PingTests(unittest.TestCase):
    def test_a_second_between(self):
        started = time.monotonic()
        done = command("ping", "-c", "3")
        self.assertEqual(len(done.stdout.splitlines()), 3)
        self.assertGreaterEqual(time.monotonic() - started, 2)

    def test_another_pause(self):
        started = time.monotonic()
        done = command("ping", "-c", "3", "--interval", "0.1", "--json")
        self.assertEqual([list(json.loads(line)) for line in done.stdout.splitlines()], [["ms"]] * 3)
        elapsed = time.monotonic() - started
        self.assertTrue(0.2 <= elapsed < 2, elapsed)

    def test_each_is_seen_at_once(self):
        process = subprocess.Popen([BINARY, "ping", "--server", address, "-c", "100", "--interval", "60"],
                                   stdout=subprocess.PIPE, text=True)
        self.assertTrue(process.stdout.readline().startswith("pong 1 from "))
        process.terminate()
        process.wait()
        process.stdout.close()

    def test_the_time_of_an_answer_is_not_that_of_all(self):
        done = command("ping", "-c", "4", "--interval", "0.4", "--timeout", "1")
        self.assertEqual(done.returncode, 0, done.stderr)


class TimeTests(unittest.TestCase):
    def test_a_server_that_says_nothing(self):
        mute = ScriptedServer()
        self.addCleanup(mute.close)
        for arguments in (["stats"], ["ping"], ["recommend", "--user", "1"],
                          ["lookalike", "--seeds", str(scratch.user_ids), "--size", "5"]):
            with self.subTest(arguments[0]):
                started = time.monotonic()
                done = command(*arguments, "--timeout", "0.5", server=mute.address)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertTrue(done.stderr.startswith("error: DEADLINE_EXCEEDED: "), done.stderr)
                self.assertLess(time.monotonic() - started, 10)


    def test_rows_that_never_come(self):
        """Frames of an audience without rows, for ever: nothing has come, and the time runs."""
        body = kindred.encode_body(kindred.REQUESTS["DATA"], {"first_index": 0}, {"ids": [], "scores": []})
        frame = kindred.TYPES["DATA"]
        server = LyingServer(lambda number: kindred.encode_frame(frame, number, body, flags=0), True)
        self.addCleanup(server.close)
        started = time.monotonic()
        done = command("lookalike", "--seeds", str(scratch.user_ids), "--size", "5", "--timeout", "1",
                       server=server.address)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertTrue(done.stderr.startswith("error: "), done.stderr)
        self.assertLess(time.monotonic() - started, 15)

    def test_a_server_that_goes(self):
        for status, name in ((0x0305, "DRAINING"), (0, None)):
            with self.subTest(status):
                body = kindred.encode_body(kindred.REQUESTS["GOAWAY"], {
                    "status": status, "grace_ms": 0, "last_request_id": 0, "reconnect_after_ms": 60_000})
                frame = kindred.TYPES["GOAWAY"]
                server = LyingServer(lambda _, body=body, frame=frame: kindred.encode_frame(frame, 0, body, flags=0), False)
                self.addCleanup(server.close)
                done = command("stats", "--timeout", "3", server=server.address)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertTrue(done.stderr.startswith(f"error: {name or ''}"), done.stderr)
                self.assertFalse(done.stderr.startswith("error: OK"), done.stderr)


class MessageTests(unittest.TestCase):
    def assert_said(self, *arguments, expected, server=None, status=1):
        done = command(*arguments, server=server)
        self.assertEqual((done.returncode, done.stderr.splitlines()), (status, expected))
        return done.stdout

    def test_nothing_reaches_the_least_score(self):
        done = command("recommend", "--user", "u1", "--min-score", "50")
        best = json.loads(command("recommend", "--user", "u1", "-k", "1", "--json").stdout)["results"][0]
        self.assertIn(f"  nothing: none of 60 eligible items reaches 50; the best, {best['id']}, has "
                      f"{best['score']:.4f}\n", done.stdout)
        self.assertEqual(done.returncode, 0)

    def test_nothing_may_appear(self):
        done = command("recommend", "--user", "u1", "--candidates", "i2", "--exclude", "i2", "--min-score", "50")
        self.assertIn("  nothing: no item may appear\n", done.stdout)

    def test_unknown_columns_and_models(self):
        self.assert_said(
            "recommend", "--user", "u1", "--columns", "titel",
            expected=["error: INVALID_ARGUMENT: unknown column 'titel': not in the catalog of the model's items "
                      "(known: price, stock, title)"])
        self.assert_said(
            "recommend", "--user", "u1", "--model", "shpo",
            expected=["error: UNKNOWN_MODEL: unknown model 'shpo': not in this server's repository "
                      "(known: cosine, numbers, shop)"])
        self.assert_said(
            "rollback", "shpo",
            expected=["error: UNKNOWN_MODEL: unknown model 'shpo': not in this server's repository "
                      "(known: cosine, numbers, shop)"])

    def test_a_version_that_is_not_in_memory(self):
        done = command("recommend", "--user", "u1", "--version", "7")
        self.assertEqual(done.returncode, 1)
        error, hint = done.stderr.splitlines()
        self.assertTrue(error.startswith("error: VERSION_GONE: version 7 is not here"), error)
        self.assertEqual(hint, f"hint: 'kindred models --server {address}' lists the versions; 'kindred activate shop 7 "
                         f"--server {address}' has one served that is on the server's disk")

    def test_switches_say_what_to_run(self):
        done = command("rollback", "shop")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.splitlines()[1:], [
            f"hint: 'kindred models --server {address}' lists the versions, 'kindred activate shop N --server {address}' "
            "has version N served"])
        self.assert_said(
            "activate", "shop", "1", "--expect", "5",
            expected=["error: CONFLICT: version 1 is active, not 5",
                      f"hint: 'kindred models --server {address}' shows what serves; --expect 1 fits version 1"])
        done = command("activate", "shop", "9")
        self.assertEqual(done.stderr.splitlines()[1:], [
            f"hint: 'kindred models --server {address}' lists the versions; one that is on the server's disk can be "
            "activated"])

    def test_no_model_is_ready(self):
        broken = Scratch()
        self.addCleanup(broken.close)
        server = broken.serve()
        done = command("recommend", "--user", "u1", server=server)
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: NO_MODEL_READY: no model is ready", done.stderr)
        self.assertIn("hint: the server sees no model in the folder of its --models; 'kindred pack --models DIR ...' makes "
                      "one", done.stderr)
        broken.stop()
        folder = broken.pack_shop()
        (folder / "items.safetensors").chmod(0o644)
        os.truncate(folder / "items.safetensors", 100)
        server = broken.serve()
        done = command("recommend", "--user", "u1", server=server)
        self.assertIn("hint: model shop has no version that serves: version 1 was refused: items.safetensors: ",
                      done.stderr)

    def test_control_characters_do_not_reach_the_terminal(self):
        done = command("recommend", "--user", "u\x1b[2J\u202e1")
        self.assertIn("u\\u{1b}[2J\\u{202e}1", done.stderr)
        self.assertNotIn("\x1b", done.stderr)


if __name__ == "__main__":
    unittest.main()
