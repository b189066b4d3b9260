"""The server's log: text from outside is escaped, and repeated lines are counted.

Needs KINDRED_BINARY, the path of the `kindred` command.
"""

import re
import unittest

import kindred
from tests.support.scratch import BINARY, Scratch
from tests.support.wire import PREFACE, Wire, frame

# Next line and control sequence introducer (C1), line and paragraph separators, marks of direction.
HIDDEN = "\x1b\x85\x9b\u2028\u2029\u202e\u2066\u200f\ufeff"
REFUSED = 1_000
# Limit for each message: a hundred lines in ten seconds.
LINES_MAX = 120


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class Log(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.scratch.pack_shop()
        self.address = kindred.arguments.parsed_address(self.scratch.serve())

    def refused(self):
        """The lines about refused connections, once the server has ended."""
        self.assertEqual(self.scratch.stop(), 0)
        return [line for line in self.scratch.log_lines() if 'msg="connection refused"' in line]

    def test_hidden_characters_are_shown(self):
        name = "".join(f"{index}{character}" for index, character in enumerate(HIDDEN))
        with Wire(self.address, hello=False) as wire:
            wire.send(PREFACE + frame("HELLO", 1, {}, {"client_name": name}))
            self.assertEqual(len(wire.receive(16)), 16)
            self.assertEqual(wire.end_reply(1)[0].arg, 0)
            wire.send(bytes(32))
            self.assertIsNotNone(wire.goodbye())
        lines = self.refused()
        self.assertEqual(len(lines), 1, lines)
        for index, character in enumerate(HIDDEN):
            self.assertIn(f"{index}\\u{{{ord(character):x}}}", lines[0])
        text = "\n".join(self.scratch.log_lines())
        self.assertEqual([character for character in HIDDEN if character in text], [])

    def test_repeated_lines_are_counted(self):
        for _ in range(REFUSED):
            with Wire(self.address, hello=False) as wire:
                wire.send(b"GET / HTTP/1.1\r\n\r\n")
                self.assertEqual(wire.receive(1), b"")
        written = len(self.refused())
        left_out = [int(count) for count in re.findall(
            r'msg="log lines left out" of="connection refused" lines=(\d+)', "\n".join(self.scratch.log_lines()))]
        self.assertEqual(written + sum(left_out), REFUSED)
        # A slow machine may take more than one period.
        self.assertLessEqual(written, 100 * (1 + len(left_out)))
        self.assertGreaterEqual(len(left_out), 1)
        if len(left_out) == 1:
            self.assertLessEqual(len(self.scratch.log_lines()), LINES_MAX)


if __name__ == "__main__":
    unittest.main()
