"""The golden vectors against SPEC.md 13, by the schema alone: without client and server."""

import re
import struct
import sys
import unittest
import zlib

from tests.support.golden import BY_NAME, FOLDER, INVALID, SCHEMA, VALID

sys.path.insert(0, str(FOLDER))

from generator.encoder import Encoder

EXACT = 2**53
WIDTHS = {entry["code"]: entry["width"] for entry in SCHEMA["element_types"].values()}
ETYPES = {name: entry["code"] for name, entry in SCHEMA["element_types"].items()}
HEADER = [field["name"] for field in SCHEMA["header"]["fields"]]
BITS = {"f32": ("<f", "<I", 8), "f64": ("<d", "<Q", 16)}
ENCODER = Encoder(SCHEMA)


def message_layout(vector):
    if vector["kind"] == "error":
        return SCHEMA["error_reply"]
    kind = "reply" if vector["kind"] == "reply" else "request"
    return SCHEMA["messages"][vector["message"]][kind]


def specs(vector):
    common = [] if vector["kind"] in ("reply", "error") else SCHEMA["sections_common"]
    return common + message_layout(vector)["sections"]


def body_of(vector):
    return bytes.fromhex(vector["hex"])[32:]


def known_types(vector):
    """The permitted element types of each known tag."""
    types = {}
    for spec in specs(vector):
        tag, form = spec["tag"], spec["form"]
        if form in ("ids", "ragged_ids"):
            types.update({tag: ("u64",), tag + 1: ("u32",), tag + 2: ("utf8",)})
            if form == "ragged_ids":
                types[tag + 3] = ("u32",)
        elif form == "texts":
            types.update({tag: ("u32",), tag + 1: (spec.get("etype", "utf8"),)})
        elif form == "column_block":
            for first in range(tag, tag + 4 * SCHEMA["limits"]["columns_per_request_max"], 4):
                types.update({first: ("i64", "f64"), first + 1: ("u32",), first + 2: ("utf8",), first + 3: ("u8",)})
        else:
            types[tag] = (spec["etype"],)
    return {tag: [ETYPES[name] for name in names] for tag, names in types.items()}


def failing_step(vector):
    """The first of the steps 1 to 3 of 5.4 that finds a defect, with its status; (None, None) if none."""
    body, layout, types = body_of(vector), message_layout(vector), known_types(vector)
    fixed_len = int.from_bytes(body[:2], "little")
    least = layout.get("fixed_len_min", layout["fixed_len"])
    if not body or fixed_len % 8 or fixed_len < least or fixed_len > len(body):
        return 1, "MALFORMED_BODY"
    position, previous, known = fixed_len, 0, []
    while position < len(body):
        if len(body) - position < 8:
            return 2, "MALFORMED_BODY"
        tag, etype, flags, length = struct.unpack_from("<HBBI", body, position)
        end = position + 8 + length
        padded = end + -length % 8
        if tag <= previous or end > len(body) or padded > len(body) or any(body[end:padded]):
            return 2, "MALFORMED_BODY"
        if tag not in types and flags & 1:
            return 2, "UNSUPPORTED_TAG"
        if tag in types:
            known.append((tag, etype, length))
        position, previous = padded, tag
    for tag, etype, length in known:
        if etype not in types[tag]:
            return 3, "UNSUPPORTED_ENCODING"
        if length % WIDTHS[etype]:
            return 3, "MALFORMED_BODY"
    return None, None


def over(vectors):
    """Turns a test of one vector into a test of many."""
    def decorated(judge):
        def test(self):
            for vector in vectors:
                with self.subTest(vector["name"]):
                    judge(self, vector)
        return test
    return decorated


class Written(unittest.TestCase):
    """The form of vectors by 13.1 to 13.4."""

    def test_names_are_unique(self):
        names = [vector["name"] for vector in VALID + INVALID]
        self.assertEqual(len(names), len(set(names)))

    @over(VALID + INVALID)
    def test_names_and_kinds(self, vector):
        self.assertIn(vector["direction"], ("client", "server"))
        self.assertRegex(vector["hex"], "^([0-9a-f]{2})+$")
        if vector["kind"] == "preface":
            self.assertEqual((vector["message"], len(vector["hex"])), ("PREFACE", 32))
            return
        self.assertIn(vector["message"], SCHEMA["messages"])
        two_ways = vector["message"] in ("DATA", "GOAWAY")
        if vector["direction"] == "server":
            self.assertIn(vector["kind"], ("request",) if two_ways else ("reply", "error"))
        else:
            self.assertEqual(vector["kind"], "request" if vector in VALID else "frame")
        for name in vector.get("before", []):
            self.assertEqual((BY_NAME[name]["direction"], BY_NAME[name]["kind"]), ("client", "request"))

    @over(VALID + INVALID)
    def test_headers_are_those_of_the_bytes(self, vector):
        if vector["kind"] == "preface":
            return
        data = bytes.fromhex(vector["hex"])
        self.assertEqual(list(vector["header"]), HEADER)
        found = struct.unpack("<IBBHQIIII", data[:32])
        self.assertEqual([self.integer(value) for value in vector["header"].values()], list(found))
        if vector in VALID:
            self.assertEqual((found[0], found[-1]), (len(data) - 32, zlib.crc32(data[:28])))
            self.assertEqual(bool(found[2] & 0x80), vector["kind"] in ("reply", "error"))

    def integer(self, shown):
        """Checks an integer: a decimal string beyond 2^53, otherwise a number."""
        if isinstance(shown, str):
            self.assertRegex(shown, "^(0|-?[1-9][0-9]*)$")
            self.assertGreater(abs(int(shown)), EXACT, "a string where a number says it")
        else:
            self.assertIs(type(shown), int)
            self.assertLessEqual(abs(shown), EXACT, "a bare integer that not every language can hold")
        return int(shown)

    def real(self, shown, etype):
        """Checks a float: its bit pattern in hex, and the value of that pattern."""
        value_format, bits_format, digits = BITS[etype]
        self.assertEqual(set(shown), {"bits", "value"})
        self.assertRegex(shown["bits"], f"^[0-9a-f]{{{digits}}}$")
        value, = struct.unpack(value_format, struct.pack(bits_format, int(shown["bits"], 16)))
        if value != value or value in (float("inf"), float("-inf")):
            name = "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
            self.assertEqual(shown["value"], name)
        else:
            self.assertEqual(shown["value"], value)

    @over(VALID + INVALID)
    def test_integers_anywhere(self, vector):
        def walk(value):
            if isinstance(value, dict):
                for item in value.values():
                    walk(item)
            elif isinstance(value, list):
                for item in value:
                    walk(item)
            elif type(value) is int:
                self.integer(value)
        walk(vector)

    @over(VALID)
    def test_decoded_fixed_parts(self, vector):
        decoded = vector["decoded"]
        if vector["kind"] == "preface":
            fields = SCHEMA["preface"][vector["direction"]]
            self.assertEqual(list(decoded), [f["name"] for f in fields if f["name"] != "reserved"])
            return
        self.assertEqual(set(decoded), {"fixed", "sections"})
        layout, body = message_layout(vector), body_of(vector)
        fields = [field for field in layout["fixed"]
                  if not field["name"].startswith("zero") and field["offset"] < decoded["fixed"]["fixed_len"]]
        self.assertEqual(list(decoded["fixed"]), [field["name"] for field in fields])
        for field in fields:
            shown = decoded["fixed"][field["name"]]
            if field["type"] == "f32":
                self.real(shown, "f32")
            else:
                self.integer(shown)
            end = field["offset"] + len(ENCODER.elements(field["type"], [shown]))
            self.assertEqual(ENCODER.elements(field["type"], [shown]), body[field["offset"]:end])

    @over(VALID)
    def test_decoded_sections(self, vector):
        if vector["kind"] == "preface":
            return
        known = {spec["name"]: spec for spec in specs(vector)}
        for name, shown in vector["decoded"]["sections"].items():
            self.section(known[name], shown)

    def section(self, spec, shown):
        form, etype = spec["form"], spec.get("etype")
        if form == "scalar":
            self.assertIs(type(shown), str)
            if etype == "bytes":
                bytes.fromhex(shown)
        elif form == "texts":
            for text in shown:
                self.assertIs(type(text), str)
                if etype == "bytes":
                    bytes.fromhex(text)
        elif form == "array":
            for element in shown:
                if etype in BITS:
                    self.real(element, etype)
                else:
                    self.integer(element)
        elif form in ("ids", "ragged_ids"):
            self.assertEqual(set(shown), {"kind", "values"} | ({"offsets"} if form == "ragged_ids" else set()))
            self.assertIn(shown["kind"], ("number", "text"))
            for value in shown["values"]:
                if shown["kind"] == "number":
                    self.integer(value)
                else:
                    self.assertIs(type(value), str)
            for offset in shown.get("offsets") or []:
                self.integer(offset)
        else:
            self.assertEqual(form, "column_block")
            for column in shown:
                self.column(column)

    def column(self, column):
        self.assertEqual(set(column), {"type", "values", "valid"})
        self.assertEqual(len(column["values"]), len(column["valid"]))
        for value, valid in zip(column["values"], column["valid"]):
            self.assertIs(type(valid), bool)
            if column["type"] == "f64":
                self.real(value, "f64")
            elif column["type"] == "i64":
                self.integer(value)
            else:
                self.assertEqual((column["type"], type(value)), ("text", str))

    @over(VALID)
    def test_canonical_vectors_equal_the_encoders_bytes(self, vector):
        if not vector["canonical"] or vector["kind"] == "preface":
            return
        fixed = {key: value for key, value in vector["decoded"]["fixed"].items() if key != "fixed_len"}
        values = {"fixed": fixed, "sections": vector["decoded"]["sections"]}
        body = ENCODER.body(vector["message"], vector["kind"], values).encoded()
        self.assertEqual(body, body_of(vector))

    @over(VALID)
    def test_errors_have_the_status_of_their_header(self, vector):
        names = {entry["code"]: name for name, entry in SCHEMA["statuses"].items()}
        if vector["kind"] != "error":
            return
        fixed, status = vector["decoded"]["fixed"], vector["header"]["arg"] & 0xFFFF
        self.assertEqual(vector["status"], names.get(status))
        detail = SCHEMA["details"][vector["detail"]]
        self.assertEqual(fixed["detail"], detail["code"])
        if vector["detail"] != "NONE":
            self.assertEqual(detail["status"], vector["status"])
        # 6.2: these two statuses always have both numbers.
        if vector["status"] in ("LIMIT_EXCEEDED", "DIMENSION_MISMATCH") or vector["name"] == "error-conflict":
            self.assertTrue(int(fixed["value"]) and int(fixed["limit"]), "6.2")

    @over(VALID)
    def test_failed_queries_have_a_status_that_one_query_can_have(self, vector):
        of_the_request = {"DIMENSION_MISMATCH", "LIMIT_EXCEEDED", "UNKNOWN_MODEL", "VERSION_GONE", "MALFORMED_BODY"}
        names = {entry["code"]: name for name, entry in SCHEMA["statuses"].items()}
        lists = vector["decoded"].get("sections", {}) if vector["kind"] == "reply" else {}
        for index, status in enumerate(lists.get("statuses", [])):
            self.assertNotIn(names.get(status), of_the_request)
            detail = next((entry for entry in SCHEMA["details"].values()
                           if status and entry["code"] == lists["details"][index]), None)
            if detail and detail["code"]:
                self.assertEqual(detail["status"], names[status])

    @over(VALID)
    def test_continued_replies_follow_their_first_frame(self, vector):
        if "follows" in vector:
            self.assertEqual(BY_NAME[vector["follows"]]["message"], vector["message"])
            self.assertEqual(BY_NAME[vector["follows"]]["header"]["flags"] & 1, 0)


class Labels(unittest.TestCase):
    """13.3: layer, step, level and status of invalid vectors."""

    def test_every_label_is_there_and_valid(self):
        for vector in INVALID:
            with self.subTest(vector["name"]):
                layer = vector["layer"]
                self.assertIn(layer, ("preface", "header", "connection", "request", "body"))
                self.assertEqual("step" in vector, layer == "body")
                self.assertEqual("refusal" in vector, vector["status"] is None)
                if vector["status"] is not None:
                    detail = SCHEMA["details"][vector["detail"]]
                    self.assertIn(vector["status"], SCHEMA["statuses"])
                    self.assertIn(detail["status"], (vector["status"], "OK"))
                    of_protocol = SCHEMA["statuses"][vector["status"]]["code"] >> 8 == 6
                    self.assertEqual(vector["level"] == "connection", of_protocol)
                refused_hello = vector["message"] == "HELLO" and vector["direction"] == "client"
                self.assertEqual(vector.get("closes", False), refused_hello and vector["level"] == "request")

    def test_headers_fail_and_others_do_not(self):
        limits = SCHEMA["limits"]
        for vector in INVALID:
            if vector["kind"] == "preface":
                continue
            with self.subTest(vector["name"]):
                data = bytes.fromhex(vector["hex"])
                length, version, _, flags, *_, crc = struct.unpack("<IBBHQIIII", data[:32])
                first = vector.get("before") == [] and vector["direction"] == "client"
                most = limits["body_bytes_before_hello_max" if first else "body_bytes_max"]
                wrong = (zlib.crc32(data[:28]) != crc or version != SCHEMA["major"] or flags & 0xF000 or length % 8
                         or length > most)
                self.assertEqual(bool(wrong), vector["layer"] == "header")
                if vector["layer"] != "header":
                    self.assertEqual(length, len(data) - 32)

    def test_bodies_fail_at_their_step(self):
        """Checks steps 1 to 3 from the schema; bodies with a later step have no defect here."""
        for vector in INVALID:
            if vector["layer"] != "body":
                continue
            with self.subTest(vector["name"]):
                step, status = failing_step(vector)
                self.assertIn(vector["step"], range(1, 11))
                if vector["step"] <= 3:
                    self.assertEqual((step, status), (vector["step"], vector["status"]))
                else:
                    self.assertEqual((step, status), (None, None))

    def test_valid_bodies_fail_nowhere(self):
        for vector in VALID:
            if vector["kind"] != "preface":
                with self.subTest(vector["name"]):
                    self.assertEqual(failing_step(vector), (None, None))


class Coverage(unittest.TestCase):
    def test_every_step_and_every_detail_of_the_decoder_has_a_vector(self):
        self.assertEqual({vector["step"] for vector in INVALID if vector["layer"] == "body"}, set(range(1, 11)))
        decoder = {"K_IS_ZERO", "NO_QUERIES", "UNKNOWN_VALUE", "WEIGHT_NOT_FINITE", "MIN_SCORE_NOT_FINITE",
                   "TEXT_ID_LENGTH", "TEXT_ID_NOT_UTF8", "NUMBER_ID_TOO_LARGE", "MODEL_NAME_MALFORMED",
                   "SIZE_IS_ZERO", "SHARE_TOO_LARGE", "WINDOW_TOO_LARGE"}
        self.assertLessEqual(decoder, {vector["detail"] for vector in INVALID})

    def test_every_message_has_a_vector_in_every_direction_and_for_the_common_section(self):
        for message, entry in SCHEMA["messages"].items():
            with self.subTest(message):
                kinds = {vector["kind"] for vector in VALID if vector["message"] == message}
                self.assertLessEqual({kind for kind in ("request", "reply") if kind in entry}, kinds)
                name = message.lower().replace("_", "-")
                for suffix in ("", "-not-critical"):
                    self.assertIn(f"{name}-model{suffix}", set(BY_NAME))
                found = {vector["name"] for vector in INVALID}
                for suffix in ("wrong-type", "not-utf8", "malformed"):
                    self.assertIn(f"{name}-model-{suffix}", found)

    def test_the_specification_names_every_detail_and_status(self):
        text = re.sub(r"<!-- table: (details|statuses) -->.*?<!-- end of table -->", "",
                      (FOLDER / "SPEC.md").read_text(encoding="utf-8"), flags=re.DOTALL)
        missing = [name for name in [*SCHEMA["details"], *SCHEMA["statuses"]] if f"{name}" not in text]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
