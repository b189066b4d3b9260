"""Exit status and output of `kindred health`, `ping` and other requests against good, bad and silent servers.

Needs KINDRED_BINARY, the path of the command: scratch repositories are packed and served with it.
"""

import json
import socket
import subprocess
import threading
import time
import unittest

from kindred import codec
from tests.support.golden import BY_NAME
from tests.support.scratch import BINARY, Scratch

scratch = None
address = None


def setUpModule():
    global scratch, address
    scratch, address = Scratch.served(Scratch.pack_all)


def command(*arguments, server=None):
    return subprocess.run([BINARY, arguments[0], "--server", server or address, *arguments[1:]], capture_output=True,
                          text=True, timeout=60)


class ScriptedServer:
    """Accepts connections, sends `words` at once, and nothing more until it is closed."""

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
    """Opens connections as a server does, then sends `answer` for the first request's id, again and again if
    endless."""

    def __init__(self, answer, is_endless):
        self.answer, self.is_endless = answer, is_endless
        super().__init__()

    def talk(self, connection):
        try:
            received = b""
            connection.sendall(codec.MAGIC + bytes([1, 1, 1, 0]) + bytes(4))
            connection.sendall(bytes.fromhex(BY_NAME["hello-ok"]["hex"]))
            # The first request follows preface and HELLO.
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
            header = codec.decode_header(data[:32], 1 << 22)
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

    def test_no_server(self):
        found = self.assert_health("127.0.0.1:1", 4, "unreachable", "unreachable: 127.0.0.1:1: CONNECTION_LOST: ")
        self.assertIn("cannot connect", found["reason"])

    def test_no_answer(self):
        mute = ScriptedServer()
        self.addCleanup(mute.close)
        started = time.monotonic()
        done = command("health", "--timeout", "0.5", server=mute.address)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertEqual(done.stdout, f"unreachable: {mute.address}: no answer within --timeout 0.5 s\n")
        self.assertLess(time.monotonic() - started, 10)

    def test_shutting_down(self):
        # A preface that refuses (chosen 0, versions 1 to 1): draining (2), retry after 0 ms.
        server = ScriptedServer(codec.MAGIC + bytes([0, 1, 1, 2]) + bytes(4))
        self.addCleanup(server.close)
        self.assert_health(server.address, 3, "draining", "draining: ")


class PingTests(unittest.TestCase):
    def test_one_second_between_pings(self):
        started = time.monotonic()
        done = command("ping", "-c", "3")
        self.assertEqual(len(done.stdout.splitlines()), 3)
        self.assertGreaterEqual(time.monotonic() - started, 2)

    def test_another_pause_between_pings(self):
        started = time.monotonic()
        done = command("ping", "-c", "3", "--interval", "0.1", "--json")
        self.assertEqual([list(json.loads(line)) for line in done.stdout.splitlines()], [["ms"]] * 3)
        elapsed = time.monotonic() - started
        self.assertTrue(0.2 <= elapsed < 2, elapsed)

    def test_each_pong_is_printed_at_once(self):
        process = subprocess.Popen([BINARY, "ping", "--server", address, "-c", "100", "--interval", "60"],
                                   stdout=subprocess.PIPE, text=True)
        self.assertTrue(process.stdout.readline().startswith("pong 1 from "))
        process.terminate()
        process.wait()
        process.stdout.close()

    def test_the_timeout_counts_for_each_answer(self):
        done = command("ping", "-c", "4", "--interval", "0.4", "--timeout", "1")
        self.assertEqual(done.returncode, 0, done.stderr)


class TimeTests(unittest.TestCase):
    def test_a_silent_server(self):
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
        """An endless series of DATA frames without rows: the timeout still ends the call."""
        body = codec.encode_body(codec.REQUESTS["DATA"], {"first_index": 0}, {"ids": [], "scores": []})
        frame = codec.TYPES["DATA"]
        server = LyingServer(lambda number: codec.encode_frame(frame, number, body, flags=0), True)
        self.addCleanup(server.close)
        started = time.monotonic()
        done = command("lookalike", "--seeds", str(scratch.user_ids), "--size", "5", "--timeout", "1",
                       server=server.address)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertTrue(done.stderr.startswith("error: "), done.stderr)
        self.assertLess(time.monotonic() - started, 15)

    def test_a_server_that_says_goaway(self):
        for status, name in ((0x0305, "DRAINING"), (0, None)):
            with self.subTest(status):
                body = codec.encode_body(codec.REQUESTS["GOAWAY"], {
                    "status": status, "grace_ms": 0, "last_request_id": 0, "reconnect_after_ms": 60_000})
                frame = codec.TYPES["GOAWAY"]
                server = LyingServer(lambda _, body=body, frame=frame: codec.encode_frame(frame, 0, body, flags=0), False)
                self.addCleanup(server.close)
                done = command("stats", "--timeout", "3", server=server.address)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertTrue(done.stderr.startswith(f"error: {name or ''}"), done.stderr)
                self.assertFalse(done.stderr.startswith("error: OK"), done.stderr)


if __name__ == "__main__":
    unittest.main()
