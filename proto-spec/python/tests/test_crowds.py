"""Many connections to one server: more than it has descriptors for, and such as close their side at once.

Needs KINDRED_BINARY, the path of the `kindred` command.
"""

import os
import pathlib
import socket
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from scratch import BINARY, Scratch  # noqa: E402
from vectors import kindred  # noqa: E402
from wire import HELLO, PREFACE, Wire, frame  # noqa: E402

DESCRIPTORS = 64
CONNECTIONS = 80
WAIT = 10.0
# Seconds over which processor time is measured, and the share of one processor that waiting may take.
MEASURED = 1.0
SHARE_MAX = 0.3
HALF_CLOSED = 200
REQUESTS = 3


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class Crowds(unittest.TestCase):
    def serve(self, prefix=()):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.scratch.pack_shop()
        return kindred.parsed_address(self.scratch.serve(prefix))

    def processor_seconds(self):
        """Processor time of the server so far."""
        fields = pathlib.Path(f"/proc/{self.scratch.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_more_connections_than_descriptors(self):
        """Those that have no descriptor wait at no price, and are served once others have closed."""
        address = self.serve(["sh", "-c", f'ulimit -n {DESCRIPTORS}; exec "$@"', "sh"])
        wires = [Wire(address, hello=False) for _ in range(CONNECTIONS)]
        for wire in wires:
            self.addCleanup(wire.socket.close)
            wire.send(PREFACE + HELLO)
        deadline = time.monotonic() + WAIT
        while len(os.listdir(f"/proc/{self.scratch.process.pid}/fd")) < DESCRIPTORS:
            self.assertLess(time.monotonic(), deadline, "the server has descriptors left")
            time.sleep(0.01)
        before = self.processor_seconds()
        time.sleep(MEASURED)
        self.assertLess(self.processor_seconds() - before, SHARE_MAX * MEASURED)

        served = [wire for wire in wires if self.has_input(wire)]
        waiting = [wire for wire in wires if wire not in served]
        self.assertGreater(len(served), len(waiting))
        self.assertGreater(len(waiting), CONNECTIONS - DESCRIPTORS)
        for wire in served:
            wire.socket.close()
        with Wire(address) as wire:
            self.assertTrue(wire.ping(2))
        for wire in waiting:
            self.assertEqual(len(wire.receive(16)), 16)
            self.assertEqual(wire.end_reply(1)[0].arg, 0)
            self.assertTrue(wire.ping(2))
            wire.socket.close()
        self.assertEqual(self.scratch.stop(), 0)
        said = [line for line in self.scratch.log_lines() if 'msg="cannot accept connections"' in line]
        self.assertEqual(len(said), 1, said)
        self.assertIn('reason="Too many open files"', said[0])

    @staticmethod
    def has_input(wire):
        """Whether the server has answered on this connection."""
        wire.socket.settimeout(0)
        try:
            return len(wire.socket.recv(1, socket.MSG_PEEK)) == 1
        except BlockingIOError:
            return False

    def test_whoever_sends_nothing_more_gets_all_answers(self):
        """Each asks and closes its sending side at once."""
        address = self.serve()
        fixed = {"query_kind": 1, "target": 1, "query_count": 1, "k": 20}
        asked = b"".join(frame("RECOMMEND", request_id, fixed, {"query_ids": ["u3"], "columns": ["title"]})
                         for request_id in range(2, 2 + REQUESTS))
        wires = [Wire(address) for _ in range(HALF_CLOSED)]
        for wire in wires:
            self.addCleanup(wire.socket.close)
        for wire in wires:
            wire.send(asked)
            wire.socket.shutdown(socket.SHUT_WR)
        lost = 0
        for wire in wires:
            answers = 0
            while (found := wire.frame()) is not None:
                header, _ = found
                if header.type == 0x80 | kindred.TYPES["RECOMMEND"]:
                    self.assertEqual((header.arg, header.flags & kindred.END), (0, kindred.END))
                    answers += 1
            lost += REQUESTS - answers
        self.assertEqual(lost, 0)
        self.assertEqual(self.scratch.stop(), 0)


if __name__ == "__main__":
    unittest.main()
