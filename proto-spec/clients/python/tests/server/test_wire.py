"""Golden vectors and hostile bytes, sent to a server.

Needs KINDRED_BINARY, the path of the `kindred` command: a scratch repository is packed and served with it. With
KINDRED_TEST_SERVER (host:port) the tests run against that server instead.
"""

import os
import random
import struct
import time
import unittest

import kindred
from kindred import codec
from tests.support import golden
from tests.support.golden import INVALID, SCHEMA, VALID
from tests.support.scratch import BINARY, SERVER, Scratch
from tests.support.wire import HELLO, PREFACE, Wire, WitnessTest, frame

SEED = int(os.environ.get("KINDRED_TEST_SEED", "20260722"))
CONTROL = ("DATA", "WINDOW", "CANCEL")
scratch = None
address = None


def setUpModule():
    global scratch, address
    if not BINARY and not SERVER:
        raise unittest.SkipTest("set KINDRED_BINARY to the path of the kindred command (or KINDRED_TEST_SERVER)")
    if BINARY:
        scratch, address = Scratch.served(Scratch.pack_all)
    address = WitnessTest.address = kindred.arguments.parsed_address(SERVER or address)


class GoldenVectors(WitnessTest):
    def test_every_valid_request_is_answered_and_the_connection_lives(self):
        for vector in VALID:
            if vector["direction"] != "client":
                continue
            with self.subTest(vector["name"]):
                self.valid(vector)
                self.assert_unharmed()

    def valid(self, vector):
        data = bytes.fromhex(vector["hex"])
        if vector["kind"] == "preface":
            with Wire(address, hello=False) as wire:
                wire.send(data)
                self.assertEqual(wire.receive(16)[:9], codec.MAGIC + b"\x01")
            return
        first = vector.get("before") == []
        with Wire(address, hello=not first) as wire:
            if first:
                wire.send(PREFACE)
                self.assertEqual(len(wire.receive(16)), 16)
            for name in vector.get("before", []):
                wire.send(bytes.fromhex(golden.BY_NAME[name]["hex"]))
            wire.send(data)
            request_id, message = vector["header"]["request_id"], vector["message"]
            if message == "GOAWAY":
                self.assertIsNone(wire.frame(), "nothing is in flight: the server closes")
                return
            if message not in CONTROL and message != "LOOKALIKE":
                header, _ = wire.end_reply(request_id)
                self.assertEqual(header.type, vector["header"]["type"] | 0x80)
                if message in ("HELLO", "PING", "MODEL_LIST", "STATS", "HEALTH"):
                    # MODEL_LIST for one model names a model that this server does not have.
                    is_of_one = message == "MODEL_LIST" and vector["decoded"]["sections"]
                    self.assertEqual(kindred.statuses.STATUSES[header.arg], "UNKNOWN_MODEL" if is_of_one else "OK")
            if request_id < 2**53 - 1:
                self.assertTrue(wire.ping(max(request_id + 1, 10)))

    def test_every_invalid_frame_gets_its_status(self):
        for vector in INVALID:
            if vector["direction"] != "client":
                continue
            with self.subTest(vector["name"]):
                if vector["kind"] == "preface":
                    self.preface(vector)
                else:
                    self.invalid(vector)
                self.assert_unharmed()

    def preface(self, vector):
        with Wire(address, hello=False) as wire:
            wire.send(bytes.fromhex(vector["hex"]))
            answer = wire.receive(17)
        if "refusal" in vector:
            self.assertEqual((len(answer), answer[:9]), (16, codec.MAGIC + b"\x00"))
            self.assertEqual(answer[11], SCHEMA["enums"]["refusal"][vector["refusal"]])
        else:
            self.assertEqual(answer, b"")

    def invalid(self, vector):
        first = vector.get("before") == []
        with Wire(address, hello=not first) as wire:
            if first:
                wire.send(PREFACE)
                wire.receive(16)
            for name in vector.get("before", []):
                wire.send(bytes.fromhex(golden.BY_NAME[name]["hex"]))
            wire.send(bytes.fromhex(vector["hex"]))
            if vector["level"] == "connection":
                self.assertEqual(wire.goodbye(), vector["status"])
                return
            request_id = int(vector["header"]["request_id"])
            found = wire.until(lambda header, _: header.request_id == request_id and header.arg & 0xFFFF)
            self.assertIsNotNone(found, "the connection ended without a reply")
            header, body = found
            error = codec.decode_error(header.arg & 0xFFFF, header.arg >> 16, body)
            self.assertEqual((error.name, error.detail), (vector["status"], vector["detail"]), error.message)
            stream = vector["message"] in CONTROL
            self.assertEqual(header.type, 0xA0 if stream else vector["header"]["type"] | 0x80)
            self.assertTrue(header.flags & codec.END)
            flags = SCHEMA["statuses"][vector["status"]]["flags"]
            self.assertEqual(header.arg >> 16, sum(SCHEMA["header"]["status_flags"][flag] for flag in flags))
            for name in ("value", "limit"):
                if name in vector:
                    self.assertEqual(getattr(error, name), int(vector[name]), name)
            if vector.get("closes"):
                self.assertIsNone(wire.frame())
            else:
                self.assertTrue(wire.ping(max(request_id + 1, 10)))


class HostileBytes(WitnessTest):
    def ends(self, data, name):
        """The server closes after these first bytes, without an answer."""
        with self.subTest(name), Wire(address, hello=False) as wire:
            wire.send(data)
            self.assertEqual(wire.receive(64), b"")

    def test_other_protocols(self):
        self.ends(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP GET")
        self.ends(b"POST /recommend HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", "HTTP POST")
        self.ends(bytes.fromhex("1603010200010001fc0303") + bytes(range(200)), "TLS hello")
        self.ends(b"*1\r\n$4\r\nPING\r\n" + bytes(16), "Redis")
        self.ends(bytes(64), "zeros")

    def test_random_bytes(self):
        source = random.Random(SEED)
        for index in range(100):
            data = source.randbytes(source.randrange(16, 2000))
            self.ends(data, f"seed {SEED}, round {index}")

    def test_random_bytes_behind_a_preface(self):
        source = random.Random(SEED + 1)
        for index in range(50):
            hello = index % 2 == 0
            with self.subTest(f"seed {SEED + 1}, round {index}"), Wire(address, hello) as wire:
                if not hello:
                    wire.send(PREFACE)
                    wire.receive(16)
                wire.send(source.randbytes(source.randrange(32, 2000)))
                self.assertEqual(wire.goodbye(), "BAD_HEADER_CRC")

    def test_every_changed_byte_of_a_request(self):
        """A frame with a correct header and any body is answered, and the connection stays open."""
        lists = {"query_ids": ["u1"], "exclusions": (["i2", "i3"], [0, 2]), "columns": ["title"], "min_scores": [0.0]}
        fixed = {"query_kind": 1, "target": 1, "query_count": 1, "k": 3}
        body = codec.encode_body(codec.REQUESTS["RECOMMEND"], fixed, lists)
        source = random.Random(SEED + 2)
        with Wire(address) as wire:
            for index in range(len(body)):
                changed = bytearray(body)
                changed[index] ^= 1 << source.randrange(8)
                wire.send(codec.encode_frame(0x10, 2 + index, bytes(changed)))
                with self.subTest(f"seed {SEED + 2}, byte {index}"):
                    self.assertIsNotNone(wire.end_reply(2 + index))

    def test_silence_is_ended(self):
        with Wire(address, hello=False) as wire:
            start = time.monotonic()
            wire.send(PREFACE[:5])
            self.assertIn(wire.goodbye(), (None, "HANDSHAKE_TIMEOUT"))
            self.assertLess(time.monotonic() - start, 9)

    def test_disconnecting_anywhere(self):
        request = frame("RECOMMEND", 2, {"query_kind": 1, "target": 1, "query_count": 1, "k": 3}, {"query_ids": ["u1"]})
        whole = PREFACE + HELLO + request
        for cut in range(len(whole)):
            with Wire(address, hello=False) as wire:
                wire.send(whole[:cut])
        self.assert_unharmed()
        opening = frame("LOOKALIKE", 2, {"scorer": 1, "size_kind": 2, "size_value": 10**6, "options": 2},
                        {"seeds": ["u1"]})
        held = frame("LOOKALIKE", 2, {"scorer": 1, "size_kind": 1, "size_value": 5}, {"seeds": ["u1"]}, flags=0)
        for name, data in (("after a look-alike", opening), ("before its last seed", held),
                           ("inside its opening", opening[:40]), ("inside a frame", request[:33])):
            for _ in range(10):
                with self.subTest(name), Wire(address) as wire:
                    wire.send(data)
            self.assert_unharmed()

    def test_disconnecting_inside_a_stalled_stream(self):
        opening = frame("LOOKALIKE", 2, {"scorer": 1, "size_kind": 2, "size_value": 10**6, "window_bytes": 1},
                        {"seeds": ["u1"]})
        with Wire(address) as wire:
            wire.send(opening)
            self.assertTrue(wire.ping(3))

    def test_a_request_byte_by_byte(self):
        with Wire(address, hello=False) as wire:
            for byte in PREFACE + HELLO + frame("PING", 2, {"opaque": 2}):
                wire.send(bytes([byte]))
            self.assertEqual(len(wire.receive(16)), 16)
            self.assertEqual(wire.end_reply(2)[0].arg, 0)

    def test_many_requests_at_once_are_each_answered_once(self):
        """More than the server reads in one go, on several connections; meanwhile another client is answered."""
        count = 1_000
        fixed, lists = {"query_kind": 1, "target": 1, "query_count": 1, "k": 3}, {"query_ids": ["u1"]}
        requests = b"".join(
            frame("RECOMMEND", index, fixed, lists) if index % 2 else frame("PING", index, {"opaque": index})
            for index in range(2, count + 2))
        wires = [Wire(address) for _ in range(5)]
        try:
            for wire in wires:
                wire.send(requests)
            self.assert_unharmed()
            for wire in wires:
                self.answered_once(wire, count)
        finally:
            for wire in wires:
                wire.socket.close()

    def answered_once(self, wire, count):
        seen, answers = [], set()
        for _ in range(count):
            header, body = wire.frame()
            self.assertEqual((header.arg, header.flags), (0, 1))
            seen.append(header.request_id)
            if header.request_id % 2:
                # Without the times.
                answers.add(body[:16] + body[24:])
            else:
                self.assertEqual(struct.unpack_from("<Q", body, 8)[0], header.request_id)
        self.assertEqual(sorted(seen), list(range(2, count + 2)))
        self.assertEqual(len(answers), 1)


if __name__ == "__main__":
    unittest.main()
