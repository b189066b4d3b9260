"""Requests that a server refuses or answers, streams, and how connections end.

Needs KINDRED_BINARY, the path of the `kindred` command: a scratch repository is packed and served with it.
"""

import signal
import time
import unittest

import kindred
from kindred import codec
from tests.support.golden import SCHEMA
from tests.support.scratch import BINARY, DIMENSION, SERVER, Scratch
from tests.support.wire import Wire, WitnessTest, frame

NAN, INFINITY = float("nan"), float("inf")
scratch = None
address = None


def setUpModule():
    global scratch, address
    scratch, text = Scratch.served(Scratch.pack_all)
    address = WitnessTest.address = kindred.arguments.parsed_address(text)


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class BadRequests(unittest.TestCase):
    """Each is a typed error with the offending value. The same client is answered afterwards."""

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
        self.refused("LIMIT_EXCEEDED", shown="10001", user="u1", k=10_001)
        self.assertEqual(len(self.client.recommend(user="u1", k=10_000)), 60)

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
class Streams(WitnessTest):
    """Frames that a stream's state forbids."""

    OPEN = {"scorer": 1, "size_kind": 2, "size_value": 10**6, "window_bytes": 1}

    def opened(self, request_id, flags=0):
        return frame("LOOKALIKE", request_id, self.OPEN, {"seeds": ["u1"]}, flags=flags)

    def test_one_stream_too_many(self):
        with Wire(address) as wire:
            wire.send(self.opened(2) + self.opened(3) + self.opened(4))
            header, body = wire.end_reply(4)
            error = codec.decode_error(header.arg & 0xFFFF, header.arg >> 16, body)
            self.assertEqual((error.name, error.value, error.limit), ("LIMIT_EXCEEDED", 3, 2))
            wire.send(frame("CANCEL", 2, flags=0))
            self.assertEqual(wire.end_reply(2)[0].arg & 0xFFFF, kindred.statuses.CODES["CANCELLED"])
            wire.send(self.opened(5))
            self.assertTrue(wire.ping(6))

    def test_seeds_after_the_last(self):
        with Wire(address) as wire:
            wire.send(self.opened(2, flags=codec.END) + frame("DATA", 2, {"first_index": 1}, {"ids": ["u2"]}))
            self.assertEqual(wire.goodbye(), "UNEXPECTED_FRAME")

    def test_seeds_that_leave_a_gap(self):
        with Wire(address) as wire:
            wire.send(self.opened(2) + frame("DATA", 2, {"first_index": 5}, {"ids": ["u2"]}))
            self.assertEqual(wire.end_reply(2)[0].arg & 0xFFFF, kindred.statuses.CODES["MALFORMED_BODY"])
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
        return codec.decode_error(header.arg & 0xFFFF, header.arg >> 16, body)

    def test_a_stream_without_room_for_its_first_row_has_its_timeout(self):
        with Wire(address) as wire:
            start = time.monotonic()
            wire.send(frame("LOOKALIKE", 2, self.OPEN, {"seeds": ["u1"]}, arg=300))
            error = self.error(wire, 2)
            self.assertEqual((error.name, error.value), ("DEADLINE_EXCEEDED", 300))
            self.assertLess(time.monotonic() - start, 5)
            self.assertTrue(wire.ping(3))

    def test_the_timeout_ends_with_the_first_row(self):
        """A reader that has received rows has `stream_progress_ms`, which is longer than these two timeouts."""
        with Wire(address) as wire:
            wire.send(frame("LOOKALIKE", 2, {**self.OPEN, "window_bytes": 64}, {"seeds": ["u1"]}, arg=300))
            header, _ = wire.until(lambda header, _: header.request_id == 2)
            self.assertEqual(header.type, codec.DATA)
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
            fixed = codec.Body(codec.REPLIES["LOOKALIKE"], body).fixed
            self.assertEqual((fixed["seeds_received"], fixed["rows"]), (1, 3))
            wire.send(frame("LOOKALIKE", 3, opening, flags=0) + frame("DATA", 3))
            self.assertEqual(self.error(wire, 3).detail, "NO_SEEDS")

    def test_frames_without_seeds_do_not_extend_the_timeout(self):
        with Wire(address) as wire:
            wire.send(frame("LOOKALIKE", 2, self.OPEN, flags=0, arg=300))
            deadline, request_id = time.monotonic() + 10, 3
            while time.monotonic() < deadline:
                wire.send(frame("DATA", 2, flags=0) + frame("PING", request_id, {"opaque": request_id}))
                header, body = wire.until(lambda header, _: header.type & 0x80)
                if header.request_id == 2:
                    break
                request_id += 1
            error = codec.decode_error(header.arg & 0xFFFF, header.arg >> 16, body)
            self.assertEqual((header.request_id, error.name), (2, "DEADLINE_EXCEEDED"))

    def test_unknown_seeds(self):
        """Each counts as often as it comes, and is an example once. If one of them is a text, all are shown as
        texts."""
        with kindred.connect("%s:%d" % address, model="numbers") as client:
            summary = client.lookalike(seeds=[1001, 1001, 7, "x", 7, "x", 9], size=3).summary
            self.assertEqual((summary.seeds, summary.matched, summary.duplicate, summary.unmatched), (7, 1, 1, 5))
            self.assertEqual(summary.unmatched_examples, ["7", "x", "9"])
            summary = client.lookalike(seeds=[1001, 7, 9], size=3).summary
            self.assertEqual(summary.unmatched_examples, [7, 9])

    def test_no_row_comes_before_its_window(self):
        with Wire(address) as wire:
            wire.send(self.opened(2, flags=codec.END))
            self.assertTrue(wire.ping(3))
            limit, received = 300, 0
            while True:
                wire.send(frame("WINDOW", 2, {"limit_bytes": limit}, flags=0))
                header, body = wire.until(lambda header, _: header.request_id == 2)
                if header.type != codec.DATA:
                    break
                received += len(body)
                self.assertLessEqual(received, limit)
                limit = received + 300
            self.assertEqual((header.type, header.arg), (0xA0, 0))


@unittest.skipUnless(BINARY and not SERVER, "set KINDRED_BINARY; runs on its own server")
class Answers(unittest.TestCase):
    """Details of replies."""

    def test_an_empty_list_of_results_is_in_the_form_of_numbers(self):
        fixed = {"query_kind": 1, "target": 1, "query_count": 1, "k": 3}
        with Wire(address) as wire:
            wire.send(frame("RECOMMEND", 2, fixed, {"query_ids": ["u1"], "min_scores": [1e30]}))
            header, body = wire.end_reply(2)
            answer = codec.Body(codec.REPLIES["RECOMMEND"], body)
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

    def test_requests_without_models_ignore_the_default_model(self):
        with kindred.connect("%s:%d" % address, model="numbers") as client:
            self.assertLess(client.ping(), 5)
            self.assertEqual(client.health()["state"], "serving")
            self.assertIn("requests_total", client.stats())
            self.assertIn("numbers", [model["name"] for model in client.models()])
            self.assertEqual(client.recommend(user=1001, k=1).model, "numbers")
            self.assertIn("active", client.load())

    def test_the_server_says_its_limits(self):
        with kindred.connect("%s:%d" % address) as client:
            said = {name: client.shared.connection.limits[name] for name in kindred.limits.LATER_LIMITS}
            self.assertEqual(said, kindred.limits.LATER_LIMITS)


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class Ending(unittest.TestCase):
    STREAM = frame("LOOKALIKE", 2, {"scorer": 1, "size_kind": 1, "size_value": 3}, {"seeds": ["u1"]}, flags=0)

    def test_requests_in_flight_are_answered_after_the_clients_goaway(self):
        with Wire(address) as wire:
            goodbye = codec.encode_frame(codec.GOAWAY, 0, codec.encode_body(codec.REQUESTS["GOAWAY"]), flags=0)
            wire.send(self.STREAM + goodbye + frame("DATA", 2, {"first_index": 1}, {"ids": ["u2"]}))
            self.assertEqual(wire.end_reply(2)[0].arg, 0)
            self.assertIsNone(wire.frame())

    def test_a_draining_server_answers_health_stats_and_ping(self):
        other = Scratch()
        try:
            other.pack_all()
            with Wire(kindred.arguments.parsed_address(other.serve())) as wire:
                wire.send(self.STREAM)
                self.assertTrue(wire.ping(3))
                other.process.send_signal(signal.SIGTERM)
                header, body = wire.until(lambda header, _: header.type == codec.GOAWAY)
                self.assertEqual(codec.Body(codec.REQUESTS["GOAWAY"], body).fixed["last_request_id"], 3)
                # DATA and CANCEL of a refused request, sent before its refusal arrived, are ignored.
                query = {"query_kind": 1, "target": 1, "query_count": 1, "k": 3}
                wire.send(frame("HEALTH", 4) + frame("STATS", 5) + frame("RECOMMEND", 6, query, {"query_ids": ["u1"]})
                          + frame("LOOKALIKE", 7, {"scorer": 1, "size_kind": 1, "size_value": 3}, flags=0)
                          + frame("DATA", 7, {}, {"ids": ["u1"]}) + frame("CANCEL", 7, flags=0))
                header, body = wire.end_reply(4)
                self.assertEqual((header.arg, body[2]), (0, SCHEMA["enums"]["health"]["DRAINING"]))
                self.assertEqual(wire.end_reply(5)[0].arg, 0)
                for request_id in (6, 7):
                    header, body = wire.end_reply(request_id)
                    error = codec.decode_error(header.arg & 0xFFFF, header.arg >> 16, body)
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
            with Wire(kindred.arguments.parsed_address(other.serve())) as wire:
                self.assertTrue(wire.ping(2))
                status = other.stop()
                self.assertEqual(wire.goodbye(), "DRAINING")
            self.assertEqual(status, 0)
        finally:
            other.close()


if __name__ == "__main__":
    unittest.main()
