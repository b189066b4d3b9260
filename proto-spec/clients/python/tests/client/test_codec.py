"""The codec against the golden vectors and the schema, without a server."""

import subprocess
import sys
import unittest

import kindred
from kindred import codec
from tests.support import golden
from tests.support.golden import FOLDER, INVALID, SCHEMA, VALID

FRAMES = [vector for vector in VALID if vector["kind"] != "preface"]


class ValidVectors(unittest.TestCase):
    def test_headers(self):
        for vector in FRAMES:
            with self.subTest(vector["name"]):
                header = codec.decode_header(bytes.fromhex(vector["hex"])[:32], kindred.limits.BODY_BYTES_MAX)
                expected = {name: int(value) for name, value in vector["header"].items()}
                expected["crc"] = expected.pop("header_crc")
                self.assertEqual(header._asdict(), expected)

    def test_every_body_decodes_to_its_values(self):
        for vector in FRAMES:
            with self.subTest(vector["name"]):
                body = codec.Body(golden.layout(vector), bytes.fromhex(vector["hex"])[32:])
                fixed, lists = golden.decoded(vector)
                self.assertEqual(golden.comparable(body.fixed), golden.comparable(fixed))
                self.assertEqual(golden.comparable(body.lists), golden.comparable(lists))
                golden.check(vector, body)

    def test_every_canonical_client_frame_is_encoded_to_its_bytes(self):
        for vector in FRAMES:
            if vector["direction"] != "client" or not vector["canonical"]:
                continue
            with self.subTest(vector["name"]):
                header = vector["header"]
                body = codec.encode_body(golden.layout(vector), *golden.decoded(vector))
                frame = codec.encode_frame(
                    header["type"], header["request_id"], body, header["flags"], header["arg"])
                self.assertEqual(frame.hex(), vector["hex"])

    def test_errors(self):
        for vector in FRAMES:
            if vector["kind"] != "error" or vector["status"] is None:
                continue
            with self.subTest(vector["name"]):
                arg = vector["header"]["arg"]
                error = codec.decode_error(arg & 0xFFFF, arg >> 16, bytes.fromhex(vector["hex"])[32:])
                self.assertEqual((error.name, error.detail), (vector["status"], vector["detail"]))
                flags = SCHEMA["statuses"][vector["status"]]["flags"]
                self.assertEqual(error.retryable, "RETRYABLE" in flags)
                for name in ("value", "limit"):
                    self.assertEqual(getattr(error, name), int(vector["decoded"]["fixed"][name]))
                self.assertEqual(error.retry_after, vector["decoded"]["fixed"]["retry_after_ms"] / 1000)

    def test_a_failed_query_has_its_numbers(self):
        """`value` and `limit` of one query of a batch; 0 where a server does not send them."""
        for name, index, numbers in (
            ("recommend-reply-all-queries-failed", 0, (3, 0)),
            ("recommend-reply-all-queries-failed", 1, (2**61, 2**60)),
            ("score-reply-failed-query", 0, (2**53 + 1, 0)), ("score-reply-all-queries-failed", 0, (0, 1)),
            ("recommend-reply-query-failed-without-its-numbers", 1, (0, 0)),
        ):
            with self.subTest(name, index=index):
                vector = golden.BY_NAME[name]
                body = codec.Body(golden.layout(vector), bytes.fromhex(vector["hex"])[32:])
                error = kindred.answers.query_error(body, index)
                self.assertEqual((error.value, error.limit), numbers)

    def test_limits_that_an_older_server_does_not_say_have_their_defaults(self):
        later = kindred.limits.LATER_LIMITS
        self.assertEqual(later, {name: SCHEMA["limits"][name] for name in later})
        layout = SCHEMA["messages"]["HELLO"]["reply"]
        self.assertEqual([field["name"] for field in layout["fixed"]
                          if field["offset"] >= layout["fixed_len_min"] and not field["name"].startswith("zero")],
                         list(kindred.limits.LATER_LIMITS))
        vector = golden.BY_NAME["hello-ok-of-a-server-between"]
        body = codec.Body(golden.layout(vector), bytes.fromhex(vector["hex"])[32:])
        self.assertEqual(body.fixed["queue_ms_max"], 0)
        self.assertNotIn("streams_max", body.fixed)

    def test_an_unknown_status_is_known_by_its_class(self):
        vector = golden.BY_NAME["error-unknown-status"]
        error = codec.decode_error(0x0142, 1, bytes.fromhex(vector["hex"])[32:])
        self.assertEqual((error.name, error.code, error.retryable), ("CALLER_0142", 0x0142, True))


class InvalidVectors(unittest.TestCase):
    def refusal(self, vector):
        """The error that the codec raises for a frame, or None."""
        frame = bytes.fromhex(vector["hex"])
        is_first = vector["direction"] == "client" and vector.get("before") == []
        limit = SCHEMA["limits"]["body_bytes_before_hello_max"] if is_first else kindred.limits.BODY_BYTES_MAX
        try:
            codec.decode_header(frame[:32], limit)
            body = codec.Body(golden.layout(vector), frame[32:])
            golden.check(vector, body)
        except kindred.Error as error:
            return error
        return None

    def test_headers(self):
        for vector in INVALID:
            if vector["layer"] == "header":
                with self.subTest(vector["name"]):
                    self.assertEqual(self.refusal(vector).name, vector["status"])

    def test_bodies(self):
        """The codec refuses steps 1 to 4 as the vector says. The later steps belong to the server, and their bodies
        decode."""
        for vector in INVALID:
            if vector["layer"] != "body":
                continue
            with self.subTest(vector["name"]):
                error = self.refusal(vector)
                if vector["step"] > 4 and vector["direction"] == "client":
                    self.assertIsNone(error)
                    continue
                self.assertIsNotNone(error)
                self.assertEqual((error.name, error.detail), (vector["status"], vector["detail"]))
                for name in ("value", "limit"):
                    if name in vector:
                        self.assertEqual(getattr(error, name) or int(vector[name]), int(vector[name]))

    def test_every_prefix_and_every_changed_byte_decodes_or_is_refused(self):
        for vector in FRAMES:
            frame = bytes.fromhex(vector["hex"])[32:]
            if len(frame) > 512:
                continue
            shape = golden.layout(vector)
            for index in range(len(frame)):
                for data in (frame[:index], frame[:index] + bytes([frame[index] ^ 0x81]) + frame[index + 1:]):
                    try:
                        golden.check(vector, codec.Body(shape, data))
                    except kindred.Error:
                        pass


class Schema(unittest.TestCase):
    def test_numbers(self):
        self.assertEqual({name: entry["code"] for name, entry in SCHEMA["statuses"].items()}, kindred.statuses.CODES)
        codes = [entry["code"] for entry in SCHEMA["details"].values()]
        self.assertEqual(codes, list(range(len(kindred.statuses.DETAILS))))
        self.assertEqual(tuple(SCHEMA["details"]), kindred.statuses.DETAILS)
        self.assertEqual({name: entry["type"] for name, entry in SCHEMA["messages"].items()}, codec.TYPES)
        self.assertEqual(SCHEMA["preface"]["magic"], codec.MAGIC.hex())
        self.assertEqual((SCHEMA["major"], SCHEMA["minor"]), (codec.MAJOR, codec.MINOR))
        self.assertEqual(SCHEMA["limits"]["body_bytes_max"], kindred.limits.BODY_BYTES_MAX)
        kinds = codec.protocol.QUERY_KINDS
        self.assertEqual(SCHEMA["enums"]["query_kind"], {k.upper(): v for k, v in kinds.items()})
        self.assertEqual(SCHEMA["enums"]["side"], {k.upper(): v for k, v in codec.protocol.SIDES.items()})

    def test_layouts(self):
        for message, entry in SCHEMA["messages"].items():
            for kind, table in (("request", codec.REQUESTS), ("reply", codec.REPLIES)):
                if kind in entry:
                    with self.subTest(message, kind=kind):
                        self.check(entry[kind], table[message], SCHEMA["sections_common"] if kind == "request" else [])
        self.check(SCHEMA["error_reply"], codec.ERROR, [])

    def check(self, entry, shape, common):
        self.assertEqual(entry["fixed_len"], shape.struct.size)
        self.assertEqual(entry.get("fixed_len_min", entry["fixed_len"]), shape.least)
        named = [field["name"] for field in entry["fixed"][1:] if not field["name"].startswith("zero")]
        self.assertEqual(named, shape.names)
        sections = [(s["name"], s["tag"], s.get("critical", False)) for s in common + entry["sections"]]
        self.assertEqual(sections, [(name, tag, critical) for name, tag, _, critical in shape.lists])

    def test_generated_files_are_fresh(self):
        check = subprocess.run([sys.executable, FOLDER / "generate.py", "--check"], capture_output=True, text=True)
        self.assertEqual((check.returncode, check.stderr), (0, ""))


class Arguments(unittest.TestCase):
    def test_sizes(self):
        for size, expected in (
            (5, {"size_kind": 1, "size_value": 5}), ("5", {"size_kind": 1, "size_value": 5}),
            (0.01, {"size_kind": 2, "size_value": 10000}), ("1%", {"size_kind": 2, "size_value": 10000}),
            (1.0, {"size_kind": 2, "size_value": 1000000}), ("0.0001 %", {"size_kind": 2, "size_value": 1}),
            (">=0.5", {"size_kind": 3, "min_score": 0.5}),
        ):
            self.assertEqual(kindred.arguments.audience_size(size), expected)
        for size in (1.5, 0.0, "0%", "101%", "", "x", ">=", ">=1e300", "nan%", -1, float("nan")):
            with self.subTest(size), self.assertRaises(ValueError):
                kindred.arguments.audience_size(size)
        for size, expected in (
            ("200%", "size '200%': a share is at most 100%"),
            (1.5, "size 1.5: a share is at most 1.0, the whole"),
            ("0%", "size '0%': a share is at least 0.0001%, one in a million"),
            (0.0, "size 0.0: a share is at least 0.000001, one in a million"),
            ("nan%", "size 'nan%': a count, '1%' or '>=0.5'"), ("-1", "size '-1': a count is at least 1"),
            (-1, "size -1: a count is at least 1"),
        ):
            with self.subTest(size), self.assertRaises(ValueError) as caught:
                kindred.arguments.audience_size(size)
            self.assertEqual(str(caught.exception), expected)
        with self.assertRaises(TypeError):
            kindred.arguments.audience_size(True)

    def test_ids(self):
        for value in (2**63, -1, 2**64):
            with self.assertRaises(kindred.Error) as caught:
                codec.encode_ids([value])
            self.assertEqual(caught.exception.detail, "NUMBER_ID_TOO_LARGE")
        for value in (1.5, None, True, b"x"):
            with self.subTest(value), self.assertRaises(TypeError):
                codec.encode_ids([value])
        with self.assertRaises(kindred.Error):
            codec.encode_ids(["\ud800"])
        self.assertEqual(codec.encode_ids([1, "a"]), codec.encode_ids(["1", "a"]))

    def test_addresses(self):
        self.assertEqual(kindred.arguments.parsed_address("h:1"), ("h", 1))
        self.assertEqual(kindred.arguments.parsed_address("h"), ("h", 7411))
        self.assertEqual(kindred.arguments.parsed_address("[::1]:7"), ("::1", 7))
        self.assertEqual(kindred.arguments.parsed_address("[::1]"), ("::1", 7411))
        for address in ("h:x", "h:0", "h:65536", "h:", ":80", "::1", "::1:80", "7411", "", "[]", "h:\u0663"):
            with self.subTest(address), self.assertRaises(ValueError):
                kindred.arguments.parsed_address(address)


if __name__ == "__main__":
    unittest.main()
