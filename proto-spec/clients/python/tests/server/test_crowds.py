"""Many connections to one server: more than its descriptors, half-closed ones, ones that never read.

Needs KINDRED_BINARY, the path of the `kindred` command.
"""

import contextlib
import os
import pathlib
import socket
import time
import unittest

import kindred
from kindred import codec
from tests.support.scratch import BINARY, ITEMS, Scratch
from tests.support.wire import HELLO, PREFACE, Wire, frame

DESCRIPTORS = 64
CONNECTIONS = 80
WAIT = 10.0
# Seconds over which processor time is measured, and the permitted share of one processor.
MEASURED = 1.0
SHARE_MAX = 0.3
HALF_CLOSED = 200
REQUESTS = 3
# Connections that read nothing, large requests on each, and the bytes that the server may hold for all of them.
UNREAD = 40
LARGE = 240
GROWTH_MAX = 100 << 20


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class Crowds(unittest.TestCase):
    def serve(self, prefix=()):
        self.scratch = Scratch()
        self.addCleanup(self.scratch.close)
        self.scratch.pack_shop()
        return kindred.arguments.parsed_address(self.scratch.serve(prefix))

    def processor_seconds(self):
        """Processor time of the server so far."""
        fields = pathlib.Path(f"/proc/{self.scratch.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_more_connections_than_descriptors(self):
        """Connections without a descriptor cost the server no processor time. It serves again once they have gone."""
        address = self.serve(["sh", "-c", f'ulimit -n {DESCRIPTORS}; exec "$@"', "sh"])
        wires = [Wire(address, hello=False) for _ in range(CONNECTIONS)]
        for wire in wires:
            self.addCleanup(wire.socket.close)
            wire.send(PREFACE + HELLO)
        # Some are served, some are refused, some wait in the listen queue.
        self.assertEqual(len(wires[0].receive(16)), 16)
        before = self.processor_seconds()
        time.sleep(MEASURED)
        self.assertLess(self.processor_seconds() - before, SHARE_MAX * MEASURED)
        for wire in wires:
            wire.socket.close()
        deadline = time.monotonic() + WAIT
        while True:
            with Wire(address, hello=False) as wire:
                wire.send(PREFACE + HELLO)
                answer = wire.receive(16)
                if answer[8:9] == b"\x01":
                    self.assertEqual(wire.end_reply(1)[0].arg, 0)
                    self.assertTrue(wire.ping(2))
                    break
            self.assertLess(time.monotonic(), deadline, "the server refuses, though all others have gone")
        self.assertEqual(self.scratch.stop(), 0)
        said = [line for line in self.scratch.log_lines() if 'msg="cannot accept connections"' in line]
        self.assertLessEqual(len(said), 1, said)

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.scratch.process.pid}/status").read_text()
        return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmRSS:"))

    def test_unread_answers_take_bounded_memory(self):
        """Each connection asks for 390 MB of answers and reads none; the memory comes back once they have gone."""
        address = self.serve()
        before = self.resident_bytes()
        fixed = {"query_kind": 1, "target": 1, "query_count": 200, "k": ITEMS}
        lists = {"query_ids": [f"u{1 + index % 40}" for index in range(200)], "columns": ["title"] * 8}
        asked = b"".join(frame("RECOMMEND", request_id, fixed, lists) for request_id in range(2, 2 + LARGE))
        wires = [Wire(address) for _ in range(UNREAD)]
        for wire in wires:
            self.addCleanup(wire.socket.close)
            # A server whose replies wait reads no more requests.
            wire.socket.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                wire.socket.sendall(asked)
        self.assertLess(self.settled_bytes() - before, GROWTH_MAX)
        for wire in wires:
            wire.socket.close()
        self.assertLess(self.settled_bytes() - before, GROWTH_MAX)
        with Wire(address) as wire:
            self.assertTrue(wire.ping(2))
        self.assertEqual(self.scratch.stop(), 0)

    def settled_bytes(self):
        """The server's resident memory, once it has changed by less than a MiB for half a second."""
        found, since, deadline = self.resident_bytes(), time.monotonic(), time.monotonic() + WAIT
        while time.monotonic() < min(since + 0.5, deadline):
            time.sleep(0.02)
            if abs(self.resident_bytes() - found) >= 1 << 20:
                found, since = self.resident_bytes(), time.monotonic()
        return found

    @staticmethod
    def has_input(wire):
        """Whether the server has answered on this connection."""
        wire.socket.settimeout(0)
        try:
            return len(wire.socket.recv(1, socket.MSG_PEEK)) == 1
        except BlockingIOError:
            return False

    def test_half_closed_connections_get_all_answers(self):
        """Each connection asks and closes its sending side at once."""
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
                if header.type == 0x80 | codec.TYPES["RECOMMEND"]:
                    self.assertEqual((header.arg, header.flags & codec.END), (0, codec.END))
                    answers += 1
            lost += REQUESTS - answers
        self.assertEqual(lost, 0)
        self.assertEqual(self.scratch.stop(), 0)


if __name__ == "__main__":
    unittest.main()
