"""Which processors the threads of `kindred serve` keep to.

Needs KINDRED_BINARY, the path of the command. Nothing but a repository without models is served.
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from scratch import BINARY  # noqa: E402

ALLOWED = sorted(os.sched_getaffinity(0))
LOOP = "NIO-ELT"


@contextlib.contextmanager
def server(*options, processors=None):
    """The processors of each of a server's threads, by the thread's name and id, once it listens."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [BINARY, "serve", "--models", folder, "--listen", "127.0.0.1:0", *options],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            preexec_fn=(lambda: os.sched_setaffinity(0, processors)) if processors else None)
        try:
            first = process.stdout.readline()
            if not first.startswith("listening on "):
                raise AssertionError(f"the server says {first!r}")
            threads = {}
            for thread in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
                name = (thread / "comm").read_text().strip()
                threads[name, int(thread.name)] = sorted(os.sched_getaffinity(int(thread.name)))
            yield threads
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)
            process.stdout.close()


def loops(threads):
    return sorted(set_ for (name, _), set_ in threads.items() if name.startswith(LOOP))


@unittest.skipUnless(BINARY, "KINDRED_BINARY is not set")
class PlacementTests(unittest.TestCase):
    def test_a_loop_for_every_processor_keeps_to_its_own(self):
        with server("--threads", str(len(ALLOWED))) as threads:
            self.assertEqual(loops(threads), [[processor] for processor in ALLOWED])
            others = [set_ for (name, _), set_ in threads.items() if not name.startswith(LOOP)]
            self.assertTrue(others)
            self.assertTrue(all(set_ == ALLOWED for set_ in others), threads)

    def test_more_loops_than_processors_are_placed_by_the_system(self):
        with server("--threads", str(len(ALLOWED) + 1)) as threads:
            self.assertEqual(loops(threads), [ALLOWED] * (len(ALLOWED) + 1))

    def test_off_and_on(self):
        with server("--threads", str(len(ALLOWED)), "--pin-loops", "off") as threads:
            self.assertEqual(loops(threads), [ALLOWED] * len(ALLOWED))
        with server("--threads", "1", "--pin-loops", "on") as threads:
            self.assertEqual(loops(threads), [ALLOWED[:1]])

    def test_processors_that_are_not_allowed_are_neither_counted_nor_used(self):
        last = ALLOWED[-1]
        with server(processors={last}) as threads:
            self.assertEqual(loops(threads), [[last]])

    def test_more_loops_than_processors_cannot_be_pinned(self):
        count = len(ALLOWED) + 1
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [BINARY, "serve", "--models", folder, "--threads", str(count), "--pin-loops", "on"],
                capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(f"--pin-loops on: {count} event loops, but {len(ALLOWED)} processors", done.stderr)


if __name__ == "__main__":
    unittest.main()
