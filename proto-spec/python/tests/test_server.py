"""What a server does with the golden vectors and with bad input, over the wire.

Needs KINDRED_BINARY, the path of the `kindred` command: a scratch repository is packed and served with it. The tests of
bytes (vectors, hostile bytes) run against KINDRED_TEST_SERVER (host:port) instead, where that is set.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import struct
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import vectors as golden  # noqa: E402
from scratch import BINARY, DIMENSION, SERVER, Scratch, crc32c, lines, npy, safetensors  # noqa: E402
from vectors import INVALID, SCHEMA, VALID, kindred  # noqa: E402
from wire import HELLO, PREFACE, Wire, frame  # noqa: E402

SEED = int(os.environ.get("KINDRED_TEST_SEED", "20260722"))
NAN, INFINITY = float("nan"), float("inf")
CONTROL = ("DATA", "WINDOW", "CANCEL")
scratch = None
address = None


def setUpModule():
    global scratch, address
    if not BINARY and not SERVER:
        raise unittest.SkipTest("set KINDRED_BINARY to the path of the kindred command (or KINDRED_TEST_SERVER)")
    if BINARY:
        scratch, address = Scratch.served(Scratch.pack_all)
    address = kindred.parsed_address(SERVER or address)


class WireTest(unittest.TestCase):
    """Beside every test another client stays connected, and is answered after it."""

    def setUp(self):
        self.witness = kindred.connect("%s:%d" % address)

    def tearDown(self):
        self.assert_unharmed()
        self.witness.close()

    def assert_unharmed(self):
        self.assertLess(self.witness.ping(), 5)


class GoldenVectors(WireTest):
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
                self.assertEqual(wire.receive(16)[:9], kindred.MAGIC + b"\x01")
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
                    # A list of one model names one that is not here.
                    is_of_one = message == "MODEL_LIST" and vector["decoded"]["sections"]
                    self.assertEqual(kindred.STATUSES[header.arg], "UNKNOWN_MODEL" if is_of_one else "OK")
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
            self.assertEqual((len(answer), answer[:9]), (16, kindred.MAGIC + b"\x00"))
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
            error = kindred.decode_error(header.arg & 0xFFFF, header.arg >> 16, body)
            self.assertEqual((error.name, error.detail), (vector["status"], vector["detail"]), error.message)
            stream = vector["message"] in CONTROL
            self.assertEqual(header.type, 0xA0 if stream else vector["header"]["type"] | 0x80)
            self.assertTrue(header.flags & kindred.END)
            flags = SCHEMA["statuses"][vector["status"]]["flags"]
            self.assertEqual(header.arg >> 16, sum(SCHEMA["header"]["status_flags"][flag] for flag in flags))
            for name in ("value", "limit"):
                if name in vector:
                    self.assertEqual(getattr(error, name), int(vector[name]), name)
            if vector.get("closes"):
                self.assertIsNone(wire.frame())
            else:
                self.assertTrue(wire.ping(max(request_id + 1, 10)))


class HostileBytes(WireTest):
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
        """With a correct header around it, a body of any bytes is answered, and the connection lives."""
        lists = {"query_ids": ["u1"], "exclusions": (["i2", "i3"], [0, 2]), "columns": ["title"], "min_scores": [0.0]}
        fixed = {"query_kind": 1, "target": 1, "query_count": 1, "k": 3}
        body = kindred.encode_body(kindred.REQUESTS["RECOMMEND"], fixed, lists)
        source = random.Random(SEED + 2)
        with Wire(address) as wire:
            for index in range(len(body)):
                changed = bytearray(body)
                changed[index] ^= 1 << source.randrange(8)
                wire.send(kindred.encode_frame(0x10, 2 + index, bytes(changed)))
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
        """More than the server reads in one go, on several connections; another one is answered meanwhile."""
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
                # Without how long it took.
                answers.add(body[:16] + body[24:])
            else:
                self.assertEqual(struct.unpack_from("<Q", body, 8)[0], header.request_id)
        self.assertEqual(sorted(seen), list(range(2, count + 2)))
        self.assertEqual(len(answers), 1)


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class BadRequests(unittest.TestCase):
    """Each is a typed error with the offending value, and the same client is answered afterwards."""

    def setUp(self):
        self.client = kindred.connect("%s:%d" % address) if not SERVER else self.skipTest("runs on its own server")

    def tearDown(self):
        if hasattr(self, "client"):
            self.assertEqual(len(self.client.recommend(user="u1", k=3)), 3)
            self.client.close()

    def refused(self, status, detail="NONE", shown=None, call=None, **arguments):
        with self.subTest(status, detail=detail, arguments=str(arguments)[:100]):
            with self.assertRaises(kindred.Error) as caught:
                (call or self.client.recommend)(**arguments)
            error = caught.exception
            self.assertEqual((error.name, error.detail), (status, detail), error.message)
            self.assertFalse(error.retryable)
            if shown is not None:
                self.assertIn(shown, error.message)

    def test_unknown(self):
        self.refused("UNKNOWN_ID", shown="nobody", user="nobody")
        self.refused("UNKNOWN_ID", shown="nothing", item="nothing")
        self.refused("UNKNOWN_ID", shown="nothing", basket=["i2", "nothing"])
        self.refused("UNKNOWN_MODEL", shown="no-such", user="u1", model="no-such")
        self.refused("INVALID_ARGUMENT", "MODEL_NAME_MALFORMED", user="u1", model="../etc")
        self.refused("INVALID_ARGUMENT", "UNKNOWN_COLUMN", shown="colour", user="u1", columns=["colour"])
        self.refused("VERSION_GONE", shown="99", user="u1", version=99)
        self.refused("INVALID_ARGUMENT", "SIDE_MISSING", user="u1", model="cosine")

    def test_k(self):
        self.refused("INVALID_ARGUMENT", "K_IS_ZERO", user="u1", k=0)
        self.refused("LIMIT_EXCEEDED", shown="1001", user="u1", k=1001)
        self.assertEqual(len(self.client.recommend(user="u1", k=1000)), 60)

    def test_vectors(self):
        self.refused("DIMENSION_MISMATCH", shown="3", vector=[1.0] * (DIMENSION - 1))
        self.refused("DIMENSION_MISMATCH", shown="5", vector=[1.0] * (DIMENSION + 1))
        for value in (NAN, INFINITY, -INFINITY):
            self.refused("INVALID_ARGUMENT", "VECTOR_NOT_FINITE", vector=[1.0, value, 1.0, 1.0])
        self.refused("INVALID_ARGUMENT", "NORM_TOO_LARGE", vector=[2.0**61, 0, 0, 0])
        self.refused("INVALID_ARGUMENT", "ZERO_VECTOR_UNDER_COSINE", vector=[0.0] * DIMENSION, similarity="cosine")
        self.refused("INVALID_ARGUMENT", "ZERO_VECTOR_UNDER_COSINE", user="u0", similarity="cosine")
        self.assertEqual(len(self.client.recommend(vector=[2.0**60, 0, 0, 0])), 10)
        self.assertEqual([score for _, score in self.client.recommend(vector=[0.0] * DIMENSION, k=2)], [0.0, 0.0])

    def test_baskets(self):
        self.refused("INVALID_ARGUMENT", "EMPTY_BASKET", basket=[])
        self.refused("INVALID_ARGUMENT", "WEIGHTS_CANCEL", basket={"i2": 0.0, "i4": 0.0})
        self.refused("INVALID_ARGUMENT", "WEIGHTS_CANCEL", basket=[("i2", 1.0), ("i2", -1.0)])
        for weight in (NAN, INFINITY):
            self.refused("INVALID_ARGUMENT", "WEIGHT_NOT_FINITE", basket={"i2": weight})
        self.refused("LIMIT_EXCEEDED", shown="513", basket=["i2"] * 513)

    def test_lists(self):
        self.refused("UNKNOWN_ID", "NO_KNOWN_CANDIDATE", shown="x1", user="u1", candidates=["x1", "x2"])
        self.refused("INVALID_ARGUMENT", "NO_CANDIDATES", user="u1", candidates=[])
        self.refused("INVALID_ARGUMENT", "MIN_SCORE_NOT_FINITE", user="u1", min_score=NAN)
        self.refused("LIMIT_EXCEEDED", shown="10001", user="u1", exclude=["i2"] * 10001)
        self.assertEqual(len(self.client.recommend(user="u1", k=1000, exclude=["unknown"])), 60)

    def test_ids(self):
        self.refused("INVALID_ARGUMENT", "NUMBER_FOR_TEXT_IDS", shown="17850", user=17850)
        self.refused("UNKNOWN_ID", shown="abc", user="abc", model="numbers")
        self.refused("UNKNOWN_ID", shown="01001", user="01001", model="numbers")
        self.refused("INVALID_ARGUMENT", "TEXT_ID_LENGTH", shown="257", user="x" * 257)
        self.refused("INVALID_ARGUMENT", "TEXT_ID_LENGTH", user="")
        self.refused("INVALID_ARGUMENT", "NUMBER_ID_TOO_LARGE", shown=str(2**63), user=2**63)
        self.assertEqual(self.client.recommend(user="1001", model="numbers", k=5),
                         self.client.recommend(user=1001, model="numbers", k=5))

    def test_ids_that_differ_only_by_normalisation_are_two(self):
        one, two = self.client.vectors(items=["caf\u00e9", "cafe\u0301"])
        self.assertNotEqual(list(one), list(two))
        answer = self.client.recommend(user="u1", k=1000, exclude=["caf\u00e9"])
        self.assertIn("cafe\u0301", [item for item, _ in answer])
        self.assertNotIn("caf\u00e9", [item for item, _ in answer])

    def test_one_bad_query_of_a_batch_fails_alone(self):
        answers = self.client.recommend_batch(users=["u1", "nobody", "u2"], k=2)
        self.assertEqual(answers[1].name, "UNKNOWN_ID")
        self.assertEqual([answers[0], answers[2]], [self.client.recommend(user=u, k=2) for u in ("u1", "u2")])

    def test_lookalike(self):
        call = self.client.lookalike
        self.refused("UNKNOWN_ID", "NO_KNOWN_SEED", call=call, seeds=["x"], size=5)
        self.refused("INVALID_ARGUMENT", "NO_SEEDS", call=call, seeds=[], size=5)
        self.refused("INVALID_ARGUMENT", "SIZE_IS_ZERO", call=call, seeds=["u1"], size=0)
        self.refused("INVALID_ARGUMENT", "SEEDS_CANCEL", call=call, seeds=["u0"], size=5)
        self.refused("INVALID_ARGUMENT", "MIN_SCORE_NOT_FINITE", call=call, seeds=["u1"], size=">=nan")
        self.refused("INVALID_ARGUMENT", "WINDOW_TOO_LARGE", call=call, seeds=["u1"], size=5, window=(64 << 20) + 1)
        self.refused("UNKNOWN_MODEL", call=call, seeds=["u1"], size=5, model="no-such")
        self.refused("INVALID_ARGUMENT", "SIDE_MISSING", call=call, seeds=["u1"], size=5, model="cosine")

    def test_models(self):
        self.refused("UNKNOWN_MODEL", call=self.client.activate, name="no-such", version=1)
        self.refused("CONFLICT", call=self.client.activate, name="shop", version="latest", expected=99)
        self.refused("CONFLICT", "NO_PREVIOUS_VERSION", call=self.client.rollback, name="numbers")


@unittest.skipUnless(BINARY and not SERVER, "set KINDRED_BINARY; runs on its own server")
class Streams(WireTest):
    """What a stream's history forbids."""

    OPEN = {"scorer": 1, "size_kind": 2, "size_value": 10**6, "window_bytes": 1}

    def opened(self, request_id, flags=0):
        return frame("LOOKALIKE", request_id, self.OPEN, {"seeds": ["u1"]}, flags=flags)

    def test_one_stream_too_many(self):
        with Wire(address) as wire:
            wire.send(self.opened(2) + self.opened(3) + self.opened(4))
            header, body = wire.end_reply(4)
            error = kindred.decode_error(header.arg & 0xFFFF, header.arg >> 16, body)
            self.assertEqual((error.name, error.value, error.limit), ("LIMIT_EXCEEDED", 3, 2))
            wire.send(frame("CANCEL", 2, flags=0))
            self.assertEqual(wire.end_reply(2)[0].arg & 0xFFFF, kindred.CODES["CANCELLED"])
            wire.send(self.opened(5))
            self.assertTrue(wire.ping(6))

    def test_seeds_after_the_last(self):
        with Wire(address) as wire:
            wire.send(self.opened(2, flags=kindred.END) + frame("DATA", 2, {"first_index": 1}, {"ids": ["u2"]}))
            self.assertEqual(wire.goodbye(), "UNEXPECTED_FRAME")

    def test_seeds_that_leave_a_gap(self):
        with Wire(address) as wire:
            wire.send(self.opened(2) + frame("DATA", 2, {"first_index": 5}, {"ids": ["u2"]}))
            self.assertEqual(wire.end_reply(2)[0].arg & 0xFFFF, kindred.CODES["MALFORMED_BODY"])
            self.assertTrue(wire.ping(3))

    def test_the_window(self):
        most = SCHEMA["limits"]["window_bytes_max"]
        with Wire(address) as wire:
            wire.send(self.opened(2) + frame("WINDOW", 2, {"limit_bytes": most}, flags=0))
            self.assertTrue(wire.ping(3))
            wire.send(frame("WINDOW", 2, {"limit_bytes": most + 1}, flags=0))
            self.assertEqual(wire.goodbye(), "FLOW_CONTROL")

    def error(self, wire, request_id):
        header, body = wire.end_reply(request_id)
        return kindred.decode_error(header.arg & 0xFFFF, header.arg >> 16, body)

    def test_a_stream_without_room_for_its_first_row_has_its_timeout(self):
        with Wire(address) as wire:
            start = time.monotonic()
            wire.send(frame("LOOKALIKE", 2, self.OPEN, {"seeds": ["u1"]}, arg=300))
            error = self.error(wire, 2)
            self.assertEqual((error.name, error.value), ("DEADLINE_EXCEEDED", 300))
            self.assertLess(time.monotonic() - start, 5)
            self.assertTrue(wire.ping(3))

    def test_the_timeout_ends_with_the_first_row(self):
        """A reader that has had rows has `stream_progress_ms`, which is longer than these two timeouts."""
        with Wire(address) as wire:
            wire.send(frame("LOOKALIKE", 2, {**self.OPEN, "window_bytes": 64}, {"seeds": ["u1"]}, arg=300))
            header, _ = wire.until(lambda header, _: header.request_id == 2)
            self.assertEqual(header.type, kindred.DATA)
            wire.send(frame("LOOKALIKE", 3, self.OPEN, {"seeds": ["u1"]}, arg=600))
            self.assertEqual(self.error(wire, 3).name, "DEADLINE_EXCEEDED")
            wire.send(frame("WINDOW", 2, {"limit_bytes": 1 << 20}, flags=0))
            self.assertEqual(wire.end_reply(2)[0].arg, 0)

    def test_seeds_may_end_with_a_frame_without_any(self):
        with Wire(address) as wire:
            opening = {"scorer": 1, "size_kind": 1, "size_value": 3}
            data = frame("DATA", 2, {"first_index": 1}, flags=0) + frame("DATA", 2, {"first_index": 1})
            wire.send(frame("LOOKALIKE", 2, opening, {"seeds": ["u1"]}, flags=0) + data)
            header, body = wire.end_reply(2)
            self.assertEqual(header.arg, 0)
            fixed = kindred.Body(kindred.REPLIES["LOOKALIKE"], body).fixed
            self.assertEqual((fixed["seeds_received"], fixed["rows"]), (1, 3))
            wire.send(frame("LOOKALIKE", 3, opening, flags=0) + frame("DATA", 3))
            self.assertEqual(self.error(wire, 3).detail, "NO_SEEDS")

    def test_frames_without_seeds_keep_no_stream_alive(self):
        with Wire(address) as wire:
            wire.send(frame("LOOKALIKE", 2, self.OPEN, flags=0, arg=300))
            deadline, request_id = time.monotonic() + 10, 3
            while time.monotonic() < deadline:
                wire.send(frame("DATA", 2, flags=0) + frame("PING", request_id, {"opaque": request_id}))
                header, body = wire.until(lambda header, _: header.type & 0x80)
                if header.request_id == 2:
                    break
                request_id += 1
            error = kindred.decode_error(header.arg & 0xFFFF, header.arg >> 16, body)
            self.assertEqual((header.request_id, error.name), (2, "DEADLINE_EXCEEDED"))

    def test_unknown_seeds(self):
        """Each counts as often as it comes, and is an example once; where one of them is a text, all are."""
        with kindred.connect("%s:%d" % address, model="numbers") as client:
            summary = client.lookalike(seeds=[1001, 1001, 7, "x", 7, "x", 9], size=3).summary
            self.assertEqual((summary.seeds, summary.matched, summary.duplicate, summary.unmatched), (7, 1, 1, 5))
            self.assertEqual(summary.unmatched_examples, ["7", "x", "9"])
            summary = client.lookalike(seeds=[1001, 7, 9], size=3).summary
            self.assertEqual(summary.unmatched_examples, [7, 9])

    def test_no_row_comes_before_its_window(self):
        with Wire(address) as wire:
            wire.send(self.opened(2, flags=kindred.END))
            self.assertTrue(wire.ping(3))
            limit, received = 300, 0
            while True:
                wire.send(frame("WINDOW", 2, {"limit_bytes": limit}, flags=0))
                header, body = wire.until(lambda header, _: header.request_id == 2)
                if header.type != kindred.DATA:
                    break
                received += len(body)
                self.assertLessEqual(received, limit)
                limit = received + 300
            self.assertEqual((header.type, header.arg), (0xA0, 0))


@unittest.skipUnless(BINARY and not SERVER, "set KINDRED_BINARY; runs on its own server")
class Answers(unittest.TestCase):
    """What a reply's bytes say."""

    def test_an_empty_list_of_results_is_in_the_form_of_numbers(self):
        fixed = {"query_kind": 1, "target": 1, "query_count": 1, "k": 3}
        with Wire(address) as wire:
            wire.send(frame("RECOMMEND", 2, fixed, {"query_ids": ["u1"], "min_scores": [1e30]}))
            header, body = wire.end_reply(2)
            answer = kindred.Body(kindred.REPLIES["RECOMMEND"], body)
            self.assertEqual((header.arg, answer.lists["ids"], answer.lists["statuses"][0]), (0, [], 0))
            self.assertEqual([tag for tag in (68, 69, 70) if tag in answer.payloads], [68])

    def test_a_failed_query_says_its_numbers(self):
        with kindred.connect("%s:%d" % address) as client:
            good, bad = [1.0] * DIMENSION, [1.0] * DIMENSION
            bad[2] = NAN
            large = [2.0**61, 0, 0, 0]
            answers = client.recommend_batch(vectors=[good, bad, large], k=2)
            self.assertEqual([getattr(answer, "detail", None) for answer in answers],
                             [None, "VECTOR_NOT_FINITE", "NORM_TOO_LARGE"])
            self.assertEqual([(error.value, error.limit) for error in answers[1:]], [(2, 0), (2**61, 2**60)])
            answers = client.recommend_batch(users=[1001, 77], k=2, model="numbers")
            self.assertEqual((answers[1].name, answers[1].value), ("UNKNOWN_ID", 77))
            with self.assertRaises(kindred.Error) as caught:
                client.score(basket=[], candidates=["i2"])
            self.assertEqual((caught.exception.value, caught.exception.limit), (0, 1))

    def test_a_default_model_is_in_nobodys_way(self):
        with kindred.connect("%s:%d" % address, model="numbers") as client:
            self.assertLess(client.ping(), 5)
            self.assertEqual(client.health()["state"], "serving")
            self.assertIn("requests_total", client.stats())
            self.assertIn("numbers", [model["name"] for model in client.models()])
            self.assertEqual(client.recommend(user=1001, k=1).model, "numbers")
            self.assertIn("active", client.load())

    def test_the_server_says_its_limits(self):
        with kindred.connect("%s:%d" % address) as client:
            said = {name: client.connection.limits[name] for name in kindred.LATER_LIMITS}
            self.assertEqual(said, kindred.LATER_LIMITS)


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class Ending(unittest.TestCase):
    STREAM = frame("LOOKALIKE", 2, {"scorer": 1, "size_kind": 1, "size_value": 3}, {"seeds": ["u1"]}, flags=0)

    def test_a_client_that_says_goodbye_gets_what_is_in_flight(self):
        with Wire(address) as wire:
            goodbye = kindred.encode_frame(kindred.GOAWAY, 0, kindred.encode_body(kindred.REQUESTS["GOAWAY"]), flags=0)
            wire.send(self.STREAM + goodbye + frame("DATA", 2, {"first_index": 1}, {"ids": ["u2"]}))
            self.assertEqual(wire.end_reply(2)[0].arg, 0)
            self.assertIsNone(wire.frame())

    def test_a_draining_server_answers_what_asks_about_it(self):
        other = Scratch()
        try:
            other.pack_all()
            with Wire(kindred.parsed_address(other.serve())) as wire:
                wire.send(self.STREAM)
                self.assertTrue(wire.ping(3))
                other.process.send_signal(signal.SIGTERM)
                header, body = wire.until(lambda header, _: header.type == kindred.GOAWAY)
                self.assertEqual(kindred.Body(kindred.REQUESTS["GOAWAY"], body).fixed["last_request_id"], 3)
                # DATA and CANCEL of a request that is refused cross its refusal on the way.
                query = {"query_kind": 1, "target": 1, "query_count": 1, "k": 3}
                wire.send(frame("HEALTH", 4) + frame("STATS", 5) + frame("RECOMMEND", 6, query, {"query_ids": ["u1"]})
                          + frame("LOOKALIKE", 7, {"scorer": 1, "size_kind": 1, "size_value": 3}, flags=0)
                          + frame("DATA", 7, {}, {"ids": ["u1"]}) + frame("CANCEL", 7, flags=0))
                header, body = wire.end_reply(4)
                self.assertEqual((header.arg, body[2]), (0, SCHEMA["enums"]["health"]["DRAINING"]))
                self.assertEqual(wire.end_reply(5)[0].arg, 0)
                for request_id in (6, 7):
                    header, body = wire.end_reply(request_id)
                    error = kindred.decode_error(header.arg & 0xFFFF, header.arg >> 16, body)
                    self.assertEqual((error.name, error.retry_after), ("DRAINING", 1.0))
                    self.assertTrue(error.not_processed)
                self.assertTrue(wire.ping(8))
                wire.send(frame("DATA", 2, {"first_index": 1}))
                self.assertEqual(wire.end_reply(2)[0].arg, 0)
                self.assertIsNone(wire.frame())
            self.assertEqual(other.stop(is_told=True), 0)
        finally:
            other.close()

    def test_sigterm_says_goodbye_and_exits_with_0(self):
        other = Scratch()
        try:
            other.pack_all()
            with Wire(kindred.parsed_address(other.serve())) as wire:
                self.assertTrue(wire.ping(2))
                status = other.stop()
                self.assertEqual(wire.goodbye(), "DRAINING")
            self.assertEqual(status, 0)
        finally:
            other.close()


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class BadPacks(unittest.TestCase):
    """A pack that is refused says why, exits with a status, and publishes nothing."""

    def refused(self, *words, items=None, item_ids=None, users=None, user_ids=None, extra=()):
        done = scratch.pack("refused", items, item_ids, users, user_ids, *extra, check=False)
        self.assertGreater(done.returncode, 0, done.stdout)
        for word in words:
            self.assertIn(word, done.stderr)
        folder = scratch.models / "refused"
        self.assertEqual([p for p in folder.glob("*") if p.name.isdigit()] if folder.exists() else [], [])

    def file(self, name):
        return scratch.folder / name

    def test_ids(self):
        rows = [[1.0] * DIMENSION, [2.0] * DIMENSION]
        vectors = npy(self.file("two.npy"), rows)
        self.refused("same", items=vectors, item_ids=lines(self.file("a.txt"), ["same", "same"]))
        self.refused("5", items=vectors, item_ids=npy(self.file("a.npy"), [5, 5], "<u8"))
        self.refused("3", items=vectors, item_ids=lines(self.file("b.txt"), ["a", "b", "c"]))
        self.refused("1", items=vectors, item_ids=lines(self.file("c.txt"), ["a"]))
        self.refused("257", items=vectors, item_ids=lines(self.file("d.txt"), ["a", "x" * 257]))
        self.refused(str(2**63), items=vectors, item_ids=npy(self.file("e.npy"), [1, 2**63], "<u8"))
        bad = self.file("f.txt")
        bad.write_bytes(b"a\n\xff\xfe\n")
        self.refused(items=vectors, item_ids=bad)
        self.refused(items=vectors, item_ids=self.file("missing.txt"))

    def test_vectors(self):
        ids = lines(self.file("ids.txt"), ["a", "b"])
        good = [1.0] * DIMENSION
        for name, row in (("nan", [NAN, 0, 0, 0]), ("inf", [0, INFINITY, 0, 0]), ("large", [2.0**61, 0, 0, 0])):
            self.refused(items=npy(self.file(f"{name}.npy"), [good, row]), item_ids=ids)
        self.refused(items=npy(self.file("zero.npy"), [good, [0.0] * DIMENSION]), item_ids=ids,
                     extra=("--metric", "cosine"))
        self.refused(items=npy(self.file("fortran.npy"), [good, good], fortran=True), item_ids=ids)
        whole = npy(self.file("whole.npy"), [good, good]).read_bytes()
        for cut in (0, 5, 9, 30, len(whole) - 1):
            short = self.file("short.npy")
            short.write_bytes(whole[:cut])
            self.refused(items=short, item_ids=ids)
        wide = npy(self.file("wide.npy"), [good + [1.0], good])
        self.refused(items=wide, item_ids=ids)
        users = npy(self.file("five.npy"), [[1.0] * 5])
        self.refused("5", items=npy(self.file("four.npy"), [good, good]), item_ids=ids, users=users,
                     user_ids=lines(self.file("one.txt"), ["u"]))

    def test_catalogs_that_compute(self):
        """A catalog is a plain table: what computes would take its time and memory at every load."""
        rows = [[1.0] * DIMENSION, [2.0] * DIMENSION]
        given = {"items": npy(self.file("rows.npy"), rows), "item_ids": lines(self.file("rows.txt"), ["a", "b"])}
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        for index, (word, schema) in enumerate({
                "view": f"CREATE VIEW items AS SELECT 'a' AS id, ({endless} ORDER BY i DESC) AS best",
                "generated": "CREATE TABLE items (id TEXT PRIMARY KEY, big TEXT AS (hex(zeroblob(400000000))) VIRTUAL)",
                "trigger": "CREATE TABLE items (id TEXT PRIMARY KEY, price REAL); "
                           "CREATE TRIGGER changed AFTER INSERT ON items BEGIN SELECT 1; END",
                "virtual": "CREATE VIRTUAL TABLE items USING rtree(id, low, high)"}.items()):
            catalog = self.file(f"catalog-{index}.sqlite")
            with self.subTest(word):
                with sqlite3.connect(catalog) as database:
                    database.executescript(schema)
                database.close()
                began = time.monotonic()
                self.refused("items", word, **given, extra=("--catalog", catalog))
                self.assertLess(time.monotonic() - began, 5)

    def test_vectors_of_two_trainings(self):
        rows = [[1.0] * DIMENSION, [2.0] * DIMENSION]
        ids = lines(self.file("ids.txt"), ["a", "b"])
        items = safetensors(self.file("items.safetensors"), rows, "monday")
        users = safetensors(self.file("users.safetensors"), rows, "tuesday")
        self.refused("monday", "tuesday", items=items, item_ids=ids, users=users, user_ids=ids)
        self.refused("monday", "friday", items=items, item_ids=ids, extra=("--training-id", "friday"))


@unittest.skipUnless(BINARY and not SERVER, "set KINDRED_BINARY; runs on its own server")
class BadVersions(unittest.TestCase):
    """A version that is damaged is refused with a reason, and what serves goes on."""

    def setUp(self):
        self.client = kindred.connect("%s:%d" % address)
        self.folder = scratch.models / "numbers"
        self.good = max((p for p in self.folder.iterdir() if p.name.isdigit()), key=lambda p: int(p.name))

    def tearDown(self):
        self.client.close()

    def publish(self, number, change):
        """A copy of the good version under a new number, changed, put in place at once."""
        staging = self.folder / f".tmp-test-{number}"
        shutil.copytree(self.good, staging)
        for path in staging.iterdir():
            path.chmod(0o644)
        staging.chmod(0o755)
        manifest = json.loads((staging / "manifest.json").read_text())
        manifest["version"] = number
        change(staging, manifest)
        (staging / "manifest.json").write_text(json.dumps(manifest))
        staging.rename(self.folder / str(number))

    def refused(self, number, change, *words):
        before = self.client.recommend(user=1001, model="numbers")
        self.publish(number, change)
        try:
            with self.assertRaises(kindred.Error) as caught:
                self.client.load("numbers", number)
            self.assertEqual(caught.exception.name, "MODEL_CORRUPT", caught.exception.message)
            status = next(model for model in self.client.models() if model["name"] == "numbers")
            reasons = {refusal["version"]: refusal["reason"] for refusal in status["refused"]}
            self.assertIn(number, reasons)
            for word in words:
                self.assertIn(word, reasons[number])
            after = self.client.recommend(user=1001, model="numbers")
            self.assertEqual((after, after.version), (before, before.version))
        finally:
            shutil.rmtree(self.folder / str(number))

    def test_a_newer_format(self):
        self.refused(101, lambda folder, manifest: manifest.update(format_version=99), "99")

    def test_a_changed_byte(self):
        def change(folder, manifest):
            path = folder / "items.safetensors"
            data = bytearray(path.read_bytes())
            data[-5] ^= 1
            path.write_bytes(data)
        self.refused(102, change, "items.safetensors")

    def test_cut_files(self):
        def cut(name, keep):
            def change(folder, manifest):
                path = folder / name
                path.write_bytes(path.read_bytes()[:keep])
            return change
        for number, (name, keep) in enumerate((("items.safetensors", 0), ("items.safetensors", 7),
                                               ("users.safetensors", 100), ("users.safetensors", -1)), 110):
            with self.subTest(name, keep=keep):
                self.refused(number, cut(name, keep), name)

    def test_a_missing_file(self):
        self.refused(120, lambda folder, manifest: (folder / "users.safetensors").unlink(), "users.safetensors")

    def test_a_catalog_that_computes(self):
        """Its size and checksum are right, and each of its values takes 100 MB and a moment."""
        def change(folder, manifest):
            catalog = folder / "catalog.sqlite"
            with sqlite3.connect(catalog) as database:
                database.executescript(
                    "CREATE TABLE items (id INTEGER PRIMARY KEY, long INTEGER AS "
                    "(length(replace(printf('%.*c', 50000000, 'x'), 'x', 'yy'))) VIRTUAL);"
                    "INSERT INTO items (id) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200) "
                    "SELECT i FROM n")
            database.close()
            data = catalog.read_bytes()
            manifest["files"]["catalog.sqlite"] = {"bytes": len(data), "crc32c": f"{crc32c(data):08x}"}
            manifest["items"]["columns"] = ["long"]
        began = time.monotonic()
        self.refused(121, change, "catalog.sqlite", "generated")
        self.assertLess(time.monotonic() - began, 5)

    def test_a_manifest_cut_anywhere(self):
        text = (self.good / "manifest.json").read_text()
        before = self.client.recommend(user=1001, model="numbers")
        for number, keep in enumerate(range(0, len(text), max(1, len(text) // 8)), 130):
            folder = self.folder / str(number)
            staging = self.folder / f".tmp-test-{number}"
            shutil.copytree(self.good, staging)
            staging.chmod(0o755)
            (staging / "manifest.json").chmod(0o644)
            (staging / "manifest.json").write_text(text[:keep])
            staging.rename(folder)
            try:
                with self.subTest(keep=keep), self.assertRaises(kindred.Error):
                    self.client.load("numbers", number)
                self.assertEqual(self.client.recommend(user=1001, model="numbers"), before)
            finally:
                shutil.rmtree(folder)


if __name__ == "__main__":
    unittest.main()
