"""A repeated request: the same bytes, and bounded memory for a client that does not read.

Needs KINDRED_BINARY, the path of the `kindred` command.
"""

import select
import unittest

import kindred
from kindred import codec
from tests.support.scratch import Scratch
from tests.support.wire import Wire, frame

TIMES = slice(16, 24)
# Far more than sockets and the server buffer for a connection.
REQUESTS = 60_000
# Waiting replies and a few pages; replies to all requests would be 16 MiB.
GROWTH_MAX = 6 << 20
SILENT_SECONDS = 1.0
scratch = None
address = None


def setUpModule():
    global scratch, address
    scratch, text = Scratch.served(Scratch.pack_all)
    address = kindred.arguments.parsed_address(text)


def request(request_id, **changed):
    fixed = {"query_kind": 1, "target": 1, "query_count": 1, "k": 60, **changed}
    return frame("RECOMMEND", request_id, fixed, {"query_ids": ["u3"], "columns": ["title", "price", "stock"] * 5})


def resident_bytes():
    with open(f"/proc/{scratch.process.pid}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmRSS:"))


def without_times(body):
    return body[:TIMES.start] + body[TIMES.stop:]


class Repeats(unittest.TestCase):
    def test_repeated_replies_have_the_same_bytes_except_times(self):
        with Wire(address) as wire:
            bodies = []
            for request_id in range(2, 7):
                wire.send(request(request_id))
                header, body = wire.end_reply(request_id)
                self.assertEqual((header.type, header.arg), (0x80 | codec.TYPES["RECOMMEND"], 0))
                bodies.append(body)
        self.assertEqual({without_times(body) for body in bodies}, {without_times(bodies[0])})
        self.assertEqual({body[TIMES] for body in bodies[2:]}, {bytes(8)})

    def test_different_requests_have_different_answers(self):
        with Wire(address) as wire:
            counts = []
            for request_id, k in enumerate([5, 6] * 3, start=2):
                wire.send(request(request_id, k=k))
                _, body = wire.end_reply(request_id)
                counts.append(len(body))
            self.assertEqual(counts, counts[:2] * 3)
            self.assertLess(counts[0], counts[1])

    def test_the_server_pauses_for_a_client_that_does_not_read(self):
        with Wire(address) as wire:
            wire.send(request(2))
            _, wanted = wire.end_reply(2)
            before = resident_bytes()
            waiting = b"".join(request(request_id) for request_id in range(3, 3 + REQUESTS))
            length = len(waiting) // REQUESTS
            wire.socket.setblocking(False)
            sent = 0
            while sent < len(waiting) and select.select([], [wire.socket], [], SILENT_SECONDS)[1]:
                sent += wire.socket.send(waiting[sent:sent + (1 << 16)])
            self.assertLess(sent, len(waiting), "the server reads on, though nobody reads its replies")
            self.assertLess(resident_bytes() - before, GROWTH_MAX)
            # Every request that was sent completely is answered once the client reads.
            for request_id in range(3, 3 + sent // length):
                header, body = wire.frame()
                self.assertEqual((header.request_id, header.arg), (request_id, 0))
                self.assertEqual(without_times(body), without_times(wanted))
        with kindred.connect("%s:%d" % address) as client:
            self.assertGreater(client.stats()["requests_repeated_total"], sent // length // 2)


if __name__ == "__main__":
    unittest.main()
