"""A server and signals: those that end it, those without effect, and one that is ignored from the start.

Needs KINDRED_BINARY, the path of the `kindred` command.
"""

import shutil
import signal
import time
import unittest

import kindred
from kindred import codec
from tests.support.scratch import BINARY, Scratch
from tests.support.wire import Wire, frame

# A request in flight: its last seed has not come.
STREAM = frame("LOOKALIKE", 2, {"scorer": 1, "size_kind": 1, "size_value": 3}, {"seeds": ["u1"]}, flags=0)
LAST_SEED = frame("DATA", 2, {"first_index": 1}, {"ids": ["u2"]})
USELESS = "a signal without a use here is ignored"
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
WAIT = 10.0
# Much shorter than a drain, which waits 30 s for a request in flight.
AT_ONCE = 3.0
scratch = None


def setUpModule():
    global scratch
    if not BINARY:
        raise unittest.SkipTest("set KINDRED_BINARY to the path of the kindred command")
    scratch = Scratch()
    unittest.addModuleCleanup(scratch.close)
    scratch.pack_all()


class Signals(unittest.TestCase):
    def serve(self, prefix=()):
        """Starts a server that ends with the test. Returns its address."""
        self.first_line = len(scratch.log_lines()) - 1
        self.addCleanup(scratch.stop)
        return kindred.arguments.parsed_address(scratch.serve(prefix))

    def logged(self, message, number, count=1):
        """Waits until `count` lines have this message about this signal. False after a timeout."""
        wanted = (f'msg="{message}"', f"signal={number.name}")
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            found = [line for line in scratch.log_lines()[self.first_line:] if all(word in line for word in wanted)]
            if len(found) >= count:
                return len(found) == count
            time.sleep(0.01)
        return False

    def in_flight(self, wire):
        wire.send(STREAM)
        self.assertTrue(wire.ping(3))

    def drained(self, wire):
        """Reads GOAWAY, which must come first."""
        found = wire.until(lambda header, _: header.type == codec.GOAWAY)
        self.assertIsNotNone(found, "the connection ended without GOAWAY")
        fixed = codec.Body(codec.REQUESTS["GOAWAY"], found[1]).fixed
        self.assertEqual((kindred.statuses.status_name(fixed["status"]), fixed["last_request_id"]), ("DRAINING", 3))

    def answered(self, wire):
        """The request in flight gets its answer, then the connection ends."""
        wire.send(LAST_SEED)
        found = wire.end_reply(2)
        self.assertIsNotNone(found, "the request in flight has no answer")
        self.assertEqual(found[0].arg, 0)
        self.assertIsNone(wire.frame())

    def test_sigterm_and_sigint_drain(self):
        for number in ENDING:
            with self.subTest(number.name), Wire(self.serve()) as wire:
                self.in_flight(wire)
                scratch.process.send_signal(number)
                self.drained(wire)
                self.answered(wire)
                self.assertEqual(scratch.stop(is_told=True), 0)
                self.assertTrue(self.logged("told to shut down", number))

    def test_a_second_signal_ends_at_once(self):
        """The exit status is the one of a process that this signal ended."""
        for first, second in ((signal.SIGTERM, signal.SIGTERM), (signal.SIGHUP, signal.SIGINT),
                              (signal.SIGINT, signal.SIGHUP)):
            with self.subTest(first=first.name, second=second.name), Wire(self.serve()) as wire:
                self.in_flight(wire)
                scratch.process.send_signal(first)
                self.drained(wire)
                began = time.monotonic()
                scratch.process.send_signal(second)
                status = scratch.stop(is_told=True)
                self.assertLess(time.monotonic() - began, AT_ONCE)
                self.assertEqual(status, 128 + second)
                self.assertIsNone(wire.end_reply(2))
                self.assertTrue(self.logged("told again to shut down: ends at once, requests in flight are lost",
                                            second))

    def test_unused_signals_change_nothing(self):
        with Wire(self.serve()) as wire:
            self.in_flight(wire)
            for count in (1, 2):
                for number in (signal.SIGUSR1, signal.SIGUSR2):
                    scratch.process.send_signal(number)
                    self.assertTrue(self.logged(USELESS, number, count), f"{number.name}, {count}")
            self.assertTrue(wire.ping(4))
            wire.send(LAST_SEED)
            self.assertEqual(wire.end_reply(2)[0].arg, 0)
        self.assertEqual(scratch.stop(), 0)

    def test_unused_signals_do_not_end_a_drain(self):
        with Wire(self.serve()) as wire:
            self.in_flight(wire)
            scratch.process.send_signal(signal.SIGTERM)
            self.drained(wire)
            for number in (signal.SIGUSR1, signal.SIGUSR2):
                scratch.process.send_signal(number)
                self.assertTrue(self.logged(USELESS, number), number.name)
            self.answered(wire)
        self.assertEqual(scratch.stop(is_told=True), 0)

    @unittest.skipUnless(shutil.which("nohup"), "needs nohup")
    def test_a_signal_ignored_at_the_start_stays_ignored(self):
        """`nohup` starts a command with SIGHUP ignored, so that it outlives its terminal."""
        with Wire(self.serve(prefix=["nohup"])) as wire:
            scratch.process.send_signal(signal.SIGHUP)
            # Signals arrive in no fixed order, so the later one alone proves little; the answers show that the
            # server serves on.
            scratch.process.send_signal(signal.SIGUSR1)
            self.assertTrue(self.logged(USELESS, signal.SIGUSR1))
            self.assertTrue(wire.ping(2))
            self.assertFalse([line for line in scratch.log_lines()[self.first_line:] if "SIGHUP" in line])
            with Wire(wire.socket.getpeername()) as other:
                self.assertTrue(other.ping(2))
        self.assertEqual(scratch.stop(), 0)


if __name__ == "__main__":
    unittest.main()
