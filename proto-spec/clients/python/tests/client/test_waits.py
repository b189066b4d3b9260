"""Deadlines of calls, limits that a server announces, many descriptors."""

import os
import socket
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

import kindred
from kindred import codec
from tests.support import lie_changes, lying_server
from tests.support.golden import PYTHON, SCHEMA
from tests.support.lying_server import LyingServer, serving

try:
    import resource
except ImportError:
    resource = None

DESCRIPTORS = 1100


class Deadlines(unittest.TestCase):
    def test_close_ends_the_call_of_another_thread(self):
        with serving(lambda frames: [60.0]) as server:
            client = kindred.connect(server.address, timeout=30)
            errors = []

            def run():
                try:
                    client.ping()
                except kindred.Error as error:
                    errors.append(error)
            thread = threading.Thread(target=run)
            thread.start()
            while not client.shared.connection.pending:
                time.sleep(0.001)
            client.close()
            thread.join(5)
            self.assertEqual([error.name for error in errors], ["CONNECTION_LOST"])

    def test_a_name_lookup_that_never_ends(self):
        waiting, real = threading.Event(), socket.getaddrinfo

        def slow(host, port, family=0, kind=0, protocol=0, flags=0):
            if flags & socket.AI_NUMERICHOST:
                return real(host, port, family, kind, protocol, flags)
            waiting.wait(30)
            return []
        with mock.patch("socket.getaddrinfo", slow):
            start = time.monotonic()
            with self.assertRaises(kindred.Error) as caught:
                kindred.connect("kindred.invalid:7411", timeout=0.2)
            waiting.set()
        self.assertEqual((caught.exception.name, caught.exception.not_processed), ("DEADLINE_EXCEEDED", True))
        self.assertLess(time.monotonic() - start, 5)

    def test_a_host_name(self):
        with LyingServer() as server:
            with kindred.connect("localhost:" + server.address.split(":")[1]) as client:
                client.ping()

    def test_the_readers_own_time_does_not_count(self):
        """A reader may be slower than the timeout between two chunks."""
        with LyingServer() as server, kindred.connect(server.address) as client:
            with client.lookalike(seeds=["u03"], size=25, stream=True, timeout=0.5) as stream:
                next(stream)
                time.sleep(1.7)
                self.assertEqual([len(chunk) for chunk in stream], [10, 5])

    def test_an_audience_that_comes_slowly_and_ends(self):
        """A large audience may take longer than the timeout; 64 KiB of it may not."""
        def told(frames):
            summary, rows = frames[-1], [f"v{number:06}" for number in range(40000)]
            for first in range(0, len(rows), 8000):
                yield lying_server.data(summary.request_id, first, rows[first:first + 8000], [1.0] * 8000)
                yield 0.5
            summary.fixed.update(rows=len(rows), rows_eligible=len(rows), checksum=lying_server.checksum(rows))
            yield summary
        with serving(told) as server, kindred.connect(server.address, timeout=5) as client:
            start = time.monotonic()
            self.assertEqual(len(client.lookalike(seeds=["u03"], size=40000, timeout=0.8)), 40000)
            self.assertGreater(time.monotonic() - start, 0.8 + 1)


class Limits(unittest.TestCase):
    def test_the_limits_are_those_of_the_specification(self):
        self.assertEqual({name: SCHEMA["limits"][name] for name in kindred.limits.LIMITS}, kindred.limits.LIMITS)
        self.assertLessEqual(set(kindred.limits.LIMITS), set(codec.REPLIES["HELLO"].names))
        self.assertLessEqual(set(kindred.limits.NEEDED_LIMITS), set(kindred.limits.LIMITS))

    def test_a_limit_above_the_specification_is_capped(self):
        def hello(frame):
            frame.fixed.update({name: 2**32 - 1 for name in kindred.limits.LIMITS})
            return frame
        with serving(None, hello=hello) as server, kindred.connect(server.address) as client:
            limits = client.shared.connection.limits
            self.assertEqual({name: limits[name] for name in kindred.limits.LIMITS}, kindred.limits.LIMITS)
            self.assertEqual(client.shared.connection.body_bytes_max, 4 << 20)
            client.ping()

    def test_messages_fit_a_log(self):
        def told(frames):
            frame = lie_changes.refusal(frames)
            frame.lists["message"] = "no\x1b[2J\u2028" + "o" * 100_000
            return [frame]
        with serving(told) as server, kindred.connect(server.address) as client:
            with self.assertRaises(kindred.Error) as caught:
                client.stats()
        self.assertEqual(caught.exception.message, "no\ufffd[2J\ufffd" + "o" * 1017)

    def test_the_default_model_is_for_messages_that_ask_models(self):
        asked = []

        def told(frames):
            return frames
        server = serving(told)
        real = lying_server.request

        def request(connection):
            header, body = real(connection)
            asked.append((header.type, body.lists.get("model")))
            return header, body
        with mock.patch("tests.support.lying_server.request", request), server, kindred.connect(
                server.address, model="m") as client:
            for call in (client.ping, client.health, client.stats, client.models):
                call()
            client.recommend(user="u01")
            client.activate(None, 2)
        self.assertEqual(asked, [(0x01, None), (0x03, None), (0x46, None), (0x45, None), (0x40, None), (0x10, "m"),
                                 (0x42, "m")])

    @unittest.skipUnless(resource, "this system has no limit on descriptors to raise")
    def test_more_descriptors_than_select_takes(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS + 100:
            self.skipTest(f"only {hard} descriptors are allowed")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, DESCRIPTORS + 100), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        with open(os.devnull) as null, LyingServer() as server:
            copies = []
            try:
                while not copies or copies[-1] < DESCRIPTORS:
                    copies.append(os.dup(null.fileno()))
                with kindred.connect(server.address) as client:
                    self.assertGreater(client.shared.connection.socket.fileno(), 1023)
                    client.ping()
                    self.assertEqual(len(client.recommend(user="u01", k=3)), 3)
                    seeds = (f"s{number}" if number else "u03" for number in range(5000))
                    self.assertEqual(len(client.lookalike(seeds=seeds, size=5)), 5)
            finally:
                for copy in copies:
                    os.close(copy)

    def test_nothing_depends_on_asserts(self):
        """The same lies under `python3 -O`, which removes asserts."""
        names = ["more rows than k", "an excluded id", "another CRC", "a score that is no number", "another checksum"]
        program = (
            "import kindred; from tests.support import lies, lying_server\n"
            f"for name in {names!r}:\n"
            "    lie = lies.LIES[name]\n"
            "    with lying_server.LyingServer(lie) as server, kindred.connect(server.address) as client:\n"
            "        try: lie.call(client); print('returned')\n"
            "        except kindred.Error as error: print(error.name in lie.names)\n")
        for options in ([], ["-O"], ["-OO"]):
            done = subprocess.run([sys.executable, *options, "-c", program], cwd=PYTHON, capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.stdout.split(), ["True"] * len(names), done.stderr)
        for path in (PYTHON / "kindred").rglob("*.py"):
            self.assertNotRegex(path.read_text(encoding="utf-8"), r"\n *assert ", path)


if __name__ == "__main__":
    unittest.main()
