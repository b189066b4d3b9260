"""The processors that the threads of `kindred serve` are pinned to.

Needs KINDRED_BINARY, the path of the command. Serves a repository without models.
"""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from tests.support.scratch import BINARY

ALLOWED = sorted(os.sched_getaffinity(0))
LOOP = "NIO-ELT"
POOL = "overcommit"


@contextlib.contextmanager
def server(*options, processors=None):
    """A running server: its process, whose `stderr` is the log, and its port."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [BINARY, "serve", "--models", folder, "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=(lambda: os.sched_setaffinity(0, processors)) if processors else None)
        try:
            first = process.stdout.readline()
            if not first.startswith("listening on "):
                raise AssertionError(f"the server says {first!r}")
            yield process, int(first.rpartition(":")[2])
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


def threads(process):
    """The permitted processors of each thread of a process, by the thread's name and id."""
    found = {}
    for thread in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        try:
            name = (thread / "comm").read_text().strip()
            found[name, int(thread.name)] = sorted(os.sched_getaffinity(int(thread.name)))
        except (FileNotFoundError, ProcessLookupError):
            pass  # The thread has ended.
    return found


def loops(process):
    return sorted(kept for (name, _), kept in threads(process).items() if name.startswith(LOOP))


def others(process):
    return [kept for (name, _), kept in threads(process).items() if not name.startswith(LOOP)]


@unittest.skipUnless(BINARY, "KINDRED_BINARY is not set")
class PlacementTests(unittest.TestCase):
    def test_with_a_loop_per_processor_each_loop_is_pinned(self):
        with server("--threads", str(len(ALLOWED))) as (process, _):
            self.assertEqual(loops(process), [[processor] for processor in ALLOWED])
            self.assertTrue(others(process))
            self.assertTrue(all(kept == ALLOWED for kept in others(process)), threads(process))

    def test_threads_that_a_pinned_loop_starts_are_not_pinned(self):
        with server("--threads", str(len(ALLOWED))) as (process, port):
            # Idle threads of the pool end after some seconds, except the one that waits for timers. After that a loop
            # must start a new one.
            deadline = time.monotonic() + 60
            while len(pool := {thread for thread in threads(process) if POOL in thread[0]}) > 1:
                self.assertLess(time.monotonic(), deadline, threads(process))
                time.sleep(0.05)
            # A loop refuses this connection, and a thread of the pool logs it.
            with socket.create_connection(("127.0.0.1", port)) as peer:
                peer.sendall(b"GET / HTTP/1.1\r\n\r\n")
                while "connection refused" not in process.stderr.readline():
                    pass
                made = {thread for thread in threads(process) if POOL in thread[0]} - pool
                self.assertTrue(made, threads(process))
                self.assertTrue(all(kept == ALLOWED for kept in others(process)), threads(process))

    def test_more_loops_than_processors_are_placed_by_the_system(self):
        with server("--threads", str(len(ALLOWED) + 1)) as (process, _):
            self.assertEqual(loops(process), [ALLOWED] * (len(ALLOWED) + 1))

    def test_off_and_on(self):
        with server("--threads", str(len(ALLOWED)), "--pin-loops", "off") as (process, _):
            self.assertEqual(loops(process), [ALLOWED] * len(ALLOWED))
        with server("--threads", "1", "--pin-loops", "on") as (process, _):
            self.assertEqual(loops(process), [ALLOWED[:1]])

    def test_processors_that_are_not_allowed_are_neither_counted_nor_used(self):
        last = ALLOWED[-1]
        with server(processors={last}) as (process, _):
            self.assertEqual(loops(process), [[last]])

    def test_more_loops_than_processors_cannot_be_pinned(self):
        count = len(ALLOWED) + 1
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [BINARY, "serve", "--models", folder, "--threads", str(count), "--pin-loops", "on"],
                capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(
            f"--pin-loops on: event loops {count}, processors that the server may use {len(ALLOWED)}", done.stderr)


if __name__ == "__main__":
    unittest.main()
