"""The golden vectors that every implementation must refuse, each with one defect and the resulting status."""

import struct

from .encoder import END, REPLY, Section, f32, json_float, json_integer, shown_header
from .valid import NUMBER_ID_MAX, REQUEST_ID_MAX, U32_MAX, U64_MAX, least_request, numbers, ragged, texts

U32, U64, BYTES, F32, UTF8 = 3, 4, 0, 8, 10


def offsets(*values):
    return struct.pack(f"<{len(values)}I", *values)


class InvalidVectors:
    """Collects the cases. A case is a valid frame and one change to its fixed part, sections or header."""

    def __init__(self, encoder):
        self.encoder = encoder
        self.schema = encoder.schema
        self.entries = []
        self.prefaces()
        self.headers()
        self.sequences()
        self.requests()
        self.fixed_parts()
        self.sections()
        self.forms()
        self.ids()
        self.values()
        self.shapes()
        self.limits()
        self.common_sections()
        self.orders()
        self.streams()
        self.replies()

    # -- building blocks

    def user(self, **changes):
        return {"query_kind": 1, "target": 1, "query_count": 1, "k": 10, **changes}

    def frame(self, message, fixed, sections, mutate=None, raw=None, *, request_id=7, flags=END, arg=0,
              frame_type=None, version=None, body_len=None, kind="request", corrupt=None):
        """A whole frame; `mutate` changes the body, `raw` replaces its bytes, `corrupt` flips a header byte."""
        body = self.encoder.body(message, kind, {"fixed": fixed, "sections": sections})
        if mutate:
            mutate(body)
        payload = body.encoded() if raw is None else raw
        length = len(payload) if body_len is None else body_len
        frame_type = self.encoder.frame_type(message, kind) if frame_type is None else frame_type
        header = bytearray(self.encoder.header(frame_type, length, request_id, flags, arg, version))
        if corrupt is not None:
            header[corrupt] ^= 0x01
        return bytes(header) + payload

    def add(self, name, message, status, fixed=None, sections=None, mutate=None, *, detail="NONE", layer="body",
            level="request", direction="client", value=None, limit=None, before=None, note=None, step=None, **options):
        frame = self.frame(message, fixed or {}, sections or {}, mutate, **options)
        entry = {
            "name": name, "direction": direction, "message": message, "kind": options.get("kind", "frame"),
            "layer": layer, "level": level, "status": status, "detail": detail}
        if layer == "body":
            entry["step"] = step or self.step
        if message == "HELLO" and level == "request" and direction == "client":
            entry["closes"] = True
        value, limit = (None if number is None else json_integer(number) for number in (value, limit))
        optional = {"value": value, "limit": limit, "before": before, "note": note}
        entry.update({key: item for key, item in optional.items() if item is not None})
        self.entries.append({**entry, "header": shown_header(frame), "hex": frame.hex()})

    def recommend(self, name, status, fixed=None, sections=None, mutate=None, **options):
        sections = {"query_ids": texts("17850")} if sections is None else sections
        self.add(name, "RECOMMEND", status, self.user(**(fixed or {})), sections, mutate, **options)

    def connection(self, name, message, status, fixed=None, sections=None, mutate=None, **options):
        options.setdefault("layer", "header")
        self.add(name, message, status, fixed, sections, mutate, level="connection", **options)

    def preface(self, name, data, note, **extra):
        self.entries.append({
            "name": name, "direction": "client", "message": "PREFACE", "kind": "preface", "layer": "preface",
            "level": "connection", **extra, "note": note, "hex": data.hex()})

    # -- the cases

    def prefaces(self):
        good = self.encoder.preface("client", {"major_min": 1, "major_max": 1})
        magic = {"status": "BAD_MAGIC", "detail": "NONE"}
        self.preface("preface-magic-last-byte", good[:7] + b"\x0b" + good[8:], "one byte of the magic differs", **magic)
        self.preface("preface-magic-newlines-converted", good.replace(b"\r\n", b"\n") + b"\x00",
                     "a transfer that turned CR LF into LF", **magic)
        self.preface("preface-http", b"GET / HTTP/1.1\r\n", "an HTTP request", **magic)
        self.preface("preface-tls", bytes.fromhex("16030100c8010000c40303") + bytes(5), "a TLS hello", **magic)
        self.preface("preface-zeros", bytes(16), "zeros", **magic)
        version = {"status": None, "detail": "NONE", "refusal": "VERSION"}
        self.preface("preface-only-newer-majors", good[:8] + b"\x02\xff" + good[10:],
                     "answered with a preface that refuses", **version)
        self.preface("preface-only-major-zero", good[:8] + b"\x00\x00" + good[10:],
                     "answered with a preface that refuses", **version)
        self.preface("preface-majors-reversed", good[:8] + b"\x02\x01" + good[10:],
                     "answered with a preface that refuses", **version)

    def headers(self):
        for byte in (0, 4, 5, 6, 8, 15, 16, 20, 24, 28, 31):
            self.connection(f"header-crc-byte-{byte}", "PING", "BAD_HEADER_CRC", corrupt=byte)
        self.connection("header-version-0", "PING", "UNEXPECTED_FRAME", version=0)
        self.connection("header-version-2", "PING", "UNEXPECTED_FRAME", version=2)
        for bit in (12, 13, 14, 15):
            self.connection(f"header-flag-bit-{bit}", "PING", "UNSUPPORTED_FLAG", flags=END | 1 << bit)
        for length in (1, 4, 15, 17):
            self.connection(f"header-length-{length}", "PING", "BAD_LENGTH", body_len=length)
        most = self.schema["limits"]["body_bytes_max"]
        self.connection("header-length-one-above", "PING", "FRAME_TOO_LARGE", body_len=most + 8, raw=b"",
                        note="refused from the header alone: the body is not sent")
        self.connection("header-length-greatest", "PING", "FRAME_TOO_LARGE", body_len=U32_MAX - 7, raw=b"")
        early = self.schema["limits"]["body_bytes_before_hello_max"]
        self.connection("header-length-before-hello", "HELLO", "FRAME_TOO_LARGE", body_len=early + 8, raw=b"",
                        request_id=1, before=[], note="the limit before HELLO has been accepted")
        self.connection("header-order-crc-before-version", "PING", "BAD_HEADER_CRC", version=9, corrupt=30)
        self.connection("header-order-version-before-flags", "PING", "UNEXPECTED_FRAME", version=9, flags=0x8001)
        self.connection("header-order-flags-before-length", "PING", "UNSUPPORTED_FLAG", flags=0x8001, body_len=9)
        self.connection("header-order-multiple-before-limit", "PING", "BAD_LENGTH", body_len=U32_MAX, raw=b"")

    def sequences(self):
        """Defects that depend on the connection's history."""
        state = {"layer": "connection"}
        self.connection("request-id-0", "PING", "UNEXPECTED_FRAME", request_id=0, **state)
        self.connection("request-id-above-greatest", "PING", "UNEXPECTED_FRAME", request_id=REQUEST_ID_MAX + 1, **state)
        self.connection("request-id-all-ones", "PING", "UNEXPECTED_FRAME", request_id=U64_MAX, **state)
        self.connection("goaway-with-a-request-id", "GOAWAY", "UNEXPECTED_FRAME", request_id=7, flags=0, **state)
        self.connection("reply-bit-from-a-client", "PING", "UNEXPECTED_FRAME", frame_type=3 | REPLY, **state)
        self.connection("reply-bit-on-an-unknown-type", "PING", "UNEXPECTED_FRAME", frame_type=0xFF, **state)
        self.connection("second-hello", "HELLO", "UNEXPECTED_FRAME", **state)
        self.connection("first-frame-is-not-hello", "PING", "UNEXPECTED_FRAME", request_id=1, before=[], **state,
                        note="sent straight after the preface")
        for message in ("DATA", "WINDOW", "CANCEL"):
            self.connection(f"{message.lower()}-for-a-request-never-made", message, "UNEXPECTED_FRAME",
                            request_id=4096, flags=0, **state)
        self.add("request-id-repeated", "PING", "DUPLICATE_REQUEST_ID", before=["ping-zero"], value=7, **state)
        self.add("request-id-descending", "PING", "DUPLICATE_REQUEST_ID", request_id=6, before=["ping-zero"],
                 value=6, **state)
        self.add("request-id-of-hello", "PING", "DUPLICATE_REQUEST_ID", request_id=1, value=1, **state,
                 note="1 was HELLO's")
        unsupported = {"layer": "connection", "status": "UNSUPPORTED_TYPE"}
        for frame_type in (0x00, 0x02, 0x08, 0x13, 0x44, 0x47, 0x7F):
            self.add(f"type-{frame_type:02x}", "PING", frame_type=frame_type, value=frame_type, **unsupported)
        self.add("type-unknown-with-a-timeout-above", "PING", frame_type=0x30, value=0x30, arg=U32_MAX, **unsupported)
        self.add("type-unknown-with-a-repeated-id", "PING", "DUPLICATE_REQUEST_ID", frame_type=0x30,
                 before=["ping-zero"], value=7, **state)
        self.connection("request-after-goaway", "PING", "UNEXPECTED_FRAME", request_id=10, **state,
                        before=["lookalike-open", "goaway-from-client"],
                        note="a client that said goodbye makes no more requests")
        self.add("type-unknown-with-a-malformed-body", "PING", frame_type=0x30, raw=b"\xff" * 24, value=0x30,
                 **unsupported, note="the body of an unknown type is not looked at")

    def requests(self):
        most = self.schema["limits"]["timeout_ms_max"]
        self.add("timeout-one-above", "PING", "LIMIT_EXCEEDED", arg=most + 1, value=most + 1, limit=most,
                 layer="request")
        self.add("timeout-greatest", "PING", "LIMIT_EXCEEDED", arg=U32_MAX, value=U32_MAX, limit=most, layer="request")
        self.add("timeout-before-body", "PING", "LIMIT_EXCEEDED", arg=U32_MAX, raw=bytes(8), value=U32_MAX, limit=most,
                 layer="request", note="the timeout is judged before the body")

    def fixed_parts(self):
        self.step = 1

        def fixed_len(value):
            return lambda body: body.fixed.__setitem__(slice(0, 2), struct.pack("<H", value))

        self.add("body-empty", "PING", "MALFORMED_BODY", raw=b"")
        for message in ("HEALTH", "STATS", "MODEL_LIST"):
            self.add(f"body-empty-{message.lower().replace('_', '-')}", message, "MALFORMED_BODY", raw=b"")
        self.add("fixed-truncated", "PING", "MALFORMED_BODY", raw=struct.pack("<HHI", 16, 0, 0))
        self.add("fixed-len-0", "PING", "MALFORMED_BODY", mutate=fixed_len(0))
        self.add("fixed-len-too-small", "PING", "MALFORMED_BODY", mutate=fixed_len(8))
        self.add("fixed-len-no-multiple-of-8", "PING", "MALFORMED_BODY", mutate=fixed_len(20))
        self.add("fixed-len-beyond-body", "PING", "MALFORMED_BODY", mutate=fixed_len(24))
        self.add("fixed-len-greatest", "PING", "MALFORMED_BODY", mutate=fixed_len(65528))
        self.recommend("fixed-len-of-an-older-message", "MALFORMED_BODY", mutate=fixed_len(16))
        self.recommend("fixed-part-swallows-a-section-header", "MALFORMED_BODY", mutate=fixed_len(32), step=2,
                       note="a fixed part of 32 bytes is allowed; what follows it is no section")

    def sections(self):
        self.step = 2

        def change(tag, **values):
            def mutate(body):
                for name, value in values.items():
                    setattr(body.section(tag), name, value)
            return mutate

        def append(*sections):
            return lambda body: body.sections.extend(sections)

        def insert(index, section):
            return lambda body: body.sections.insert(index, section)

        number = {"query_ids": numbers(5)}
        self.recommend("section-order", "MALFORMED_BODY", mutate=lambda body: body.sections.reverse())
        self.recommend("section-duplicate", "MALFORMED_BODY", None, number, append(Section(64, U64, bytes(8), True)))
        self.recommend("section-duplicate-unknown", "MALFORMED_BODY", None, number,
                       append(Section(300, BYTES, b""), Section(300, BYTES, b"")))
        self.recommend("section-unknown-out-of-order", "MALFORMED_BODY", None, number, append(Section(3, BYTES, b"")))
        self.recommend("section-tag-0-first", "MALFORMED_BODY", None, number,
                       insert(0, Section(0, BYTES, b"")), note="tags begin at 1")
        self.recommend("section-tag-0-after-another", "MALFORMED_BODY", None, number, append(Section(0, BYTES, b"")))
        self.recommend("section-beyond-body", "MALFORMED_BODY", None, number, change(64, byte_len=16))
        self.recommend("section-length-greatest", "MALFORMED_BODY", None, number, change(64, byte_len=U32_MAX))
        self.recommend("section-length-one-beyond", "MALFORMED_BODY", None, number, change(64, byte_len=9))
        self.recommend("section-header-alone", "MALFORMED_BODY", None, number, change(64, payload=b"", byte_len=8))
        self.recommend("section-padding-first-byte", "MALFORMED_BODY", mutate=change(66, padding=b"\x01\x00\x00"))
        self.recommend("section-padding-last-byte", "MALFORMED_BODY", mutate=change(66, padding=b"\x00\x00\x80"))
        unknown = Section(300, BYTES, b"abc")
        unknown.padding = b"\x00\x00\x00\x00\x01"
        self.recommend("section-padding-of-an-unknown-tag", "MALFORMED_BODY", None, number, append(unknown))
        for tag in (2, 63, 67, 96, 65535):
            self.recommend(f"section-unknown-critical-{tag}", "UNSUPPORTED_TAG", None, number,
                           insert(0 if tag < 64 else 1, Section(tag, BYTES, b"", True)), value=tag)
        self.add("section-unknown-critical-in-ping", "PING", "UNSUPPORTED_TAG", value=64,
                 mutate=append(Section(64, BYTES, b"", True)))
        self.recommend("section-order-before-unknown-critical", "MALFORMED_BODY", None, number,
                       append(Section(1, BYTES, b"", True), Section(300, BYTES, b"", True)))
        self.step = 3
        for name, etype in (("ids-f64", 9), ("ids-i64", 11), ("ids-utf8", UTF8), ("unknown-type", 200)):
            self.recommend(f"section-etype-{name}", "UNSUPPORTED_ENCODING", None, number, change(64, etype=etype),
                           value=64)
        self.recommend("section-etype-offsets-u64", "UNSUPPORTED_ENCODING", mutate=change(65, etype=U64), value=65)
        self.recommend("section-etype-text-as-bytes", "UNSUPPORTED_ENCODING", mutate=change(66, etype=BYTES), value=66)
        self.recommend("section-etype-model-as-bytes", "UNSUPPORTED_ENCODING", None,
                       {"model": "m", "query_ids": texts("1")}, change(1, etype=BYTES), value=1)
        vector = {"vectors": [f32(1), f32(2)]}
        for name, etype in (("f16", 6), ("bf16", 7), ("f64", 9), ("i8", 5)):
            self.recommend(f"section-etype-vectors-{name}", "UNSUPPORTED_ENCODING", {"query_kind": 3}, vector,
                           change(68, etype=etype), value=68)
        self.recommend("section-width-u64", "MALFORMED_BODY", None, number, change(64, payload=bytes(12)))
        self.recommend("section-width-f32", "MALFORMED_BODY", {"query_kind": 3}, vector, change(68, payload=bytes(7)))
        self.recommend("section-width-offsets", "MALFORMED_BODY", mutate=change(65, payload=bytes(9)))
        self.recommend("section-etype-before-width", "UNSUPPORTED_ENCODING", None, number,
                       change(64, etype=F32, payload=bytes(7)), value=64)

    def forms(self):
        self.step = 4
        text = {"query_ids": texts("17850")}

        def replace(tag, payload):
            return lambda body: setattr(body.section(tag), "payload", payload)

        def drop(tag):
            return lambda body: body.sections.remove(body.section(tag))

        for name, payload in (
            ("empty", b""), ("first-not-0", offsets(1, 5)), ("descending", offsets(0, 6, 5)),
            ("end-short", offsets(0, 4)), ("end-beyond", offsets(0, 6)), ("end-greatest", offsets(0, U32_MAX)),
            ("only-0-with-bytes", offsets(0)),
        ):
            self.recommend(f"text-offsets-{name}", "MALFORMED_BODY", None, text, replace(65, payload))
        self.recommend("both-id-forms", "MALFORMED_BODY", None, text,
                       lambda body: body.sections.insert(0, Section(64, U64, bytes(8), True)))
        self.recommend("text-offsets-without-bytes", "MALFORMED_BODY", None, text, drop(66))
        self.recommend("text-bytes-without-offsets", "MALFORMED_BODY", None, text, drop(65))
        excluded = {**text, "exclusions": ragged(numbers(1, 2), [0, 2])}
        for name, payload in (
            ("empty", b""), ("first-not-0", offsets(1, 2)), ("end-short", offsets(0, 1)), ("end-beyond", offsets(0, 3)),
            ("end-greatest", offsets(0, U32_MAX)),
        ):
            self.recommend(f"list-offsets-{name}", "MALFORMED_BODY", None, excluded, replace(83, payload))
        self.recommend("list-offsets-descending", "MALFORMED_BODY", {"query_count": 2},
                       {"query_ids": numbers(1, 2), "exclusions": ragged(numbers(1, 2), [0, 2, 2])},
                       replace(83, offsets(0, 3, 2)))
        self.recommend("list-offsets-without-ids", "MALFORMED_BODY", None, excluded, drop(80))
        columns = {**text, "columns": ["price"]}
        self.recommend("columns-without-bytes", "MALFORMED_BODY", None, columns, drop(93))
        self.recommend("columns-without-offsets", "MALFORMED_BODY", None, columns, drop(92))
        self.recommend("columns-offsets-end", "MALFORMED_BODY", None, columns, replace(92, offsets(0, 9)))
        self.recommend("columns-not-utf8", "MALFORMED_BODY", None, columns, replace(93, b"pr\xffce"))
        self.recommend("columns-split-a-character", "MALFORMED_BODY", None, {**text, "columns": ["é", ""]},
                       replace(92, offsets(0, 1, 2)))
        self.recommend("model-not-utf8", "MALFORMED_BODY", None, {"model": "m", **text}, replace(1, b"\xc0\x80"))
        self.add("hello-name-not-utf8", "HELLO", "MALFORMED_BODY", {}, {"client_name": "ab"},
                 replace(64, b"\xed\xa0\x80"), request_id=1, before=[])

    def ids(self):
        self.step = 4

        def text(name, raw, detail, value=None, limit=None):
            def mutate(body):
                body.section(65).payload = offsets(0, len(raw))
                body.section(66).payload = raw
            self.recommend(name, "INVALID_ARGUMENT", mutate=mutate, detail=detail, value=value, limit=limit)

        text("text-id-empty", b"", "TEXT_ID_LENGTH", 0, 256)
        text("text-id-257-bytes", b"x" * 257, "TEXT_ID_LENGTH", 257, 256)
        text("text-id-length-before-utf8", b"\xff" * 300, "TEXT_ID_LENGTH", 300, 256)
        for name, raw in (
            ("stray-continuation", b"a\x80"), ("overlong", b"\xc0\xaf"), ("overlong-three", b"\xe0\x80\xaf"),
            ("surrogate", b"\xed\xa0\x80"), ("beyond-unicode", b"\xf4\x90\x80\x80"), ("truncated", b"\xe2\x98"),
            ("ff", b"\xff"),
        ):
            text(f"text-id-not-utf8-{name}", raw, "TEXT_ID_NOT_UTF8")

        def split(body):
            body.section(65).payload = offsets(0, 1, 2)
            body.section(66).payload = "é".encode()
        self.recommend("text-id-not-utf8-split-character", "INVALID_ARGUMENT", {"query_count": 2}, mutate=split,
                       detail="TEXT_ID_NOT_UTF8", note="each id must be UTF-8, not only all of them joined")
        large = {"detail": "NUMBER_ID_TOO_LARGE", "limit": NUMBER_ID_MAX}
        self.recommend("number-id-2-63", "INVALID_ARGUMENT", None, {"query_ids": numbers(2**63)}, value=2**63, **large)
        self.recommend("number-id-greatest", "INVALID_ARGUMENT", None, {"query_ids": numbers(U64_MAX)},
                       value=U64_MAX, **large)
        self.recommend("number-id-too-large-in-exclusions", "INVALID_ARGUMENT", None,
                       {"query_ids": numbers(1), "exclusions": ragged(numbers(1, 2**63))}, value=2**63, **large)
        self.recommend("text-id-empty-in-candidates", "INVALID_ARGUMENT", None,
                       {"query_ids": numbers(1), "candidates": ragged(texts("a", ""))},
                       detail="TEXT_ID_LENGTH", value=0, limit=256)
        self.add("get-vectors-number-id-too-large", "GET_VECTORS", "INVALID_ARGUMENT", {"side": 1},
                 {"ids": numbers(2**63)}, value=2**63, **large)
        self.add("get-vectors-text-id-empty", "GET_VECTORS", "INVALID_ARGUMENT", {"side": 2}, {"ids": texts("")},
                 detail="TEXT_ID_LENGTH", value=0, limit=256)

    def values(self):
        self.step = 5
        unknown = {"status": "INVALID_ARGUMENT", "detail": "UNKNOWN_VALUE"}
        for field, values in (("query_kind", (0, 5, 255)), ("target", (0, 3)), ("similarity", (3,)),
                              ("unknown_id_policy", (1, 255)), ("options", (4, 0x8000))):
            for value in values:
                self.recommend(f"value-{field.replace('_', '-')}-{value}", fixed={field: value}, value=value, **unknown)
        score = {"query_ids": texts("1"), "candidates": ragged(texts("a"))}
        base = {"query_kind": 1, "target": 1, "query_count": 1}
        self.add("score-value-query-kind-0", "SCORE", fixed={**base, "query_kind": 0}, sections=score, value=0,
                 **unknown)
        self.add("score-value-options-1", "SCORE", fixed={**base, "options": 1}, sections=score, value=1, **unknown)
        self.add("get-vectors-value-side-0", "GET_VECTORS", fixed={"side": 0}, sections={"ids": numbers(1)},
                 value=0, **unknown)
        self.add("get-vectors-value-side-3", "GET_VECTORS", fixed={"side": 3}, sections={"ids": numbers(1)},
                 value=3, **unknown)
        opening = {"scorer": 1, "size_kind": 1, "size_value": 5}
        seeds = {"seeds": numbers(1)}
        for field, value in (("scorer", 0), ("scorer", 2), ("similarity", 3), ("size_kind", 0), ("size_kind", 4),
                             ("options", 4)):
            self.add(f"lookalike-value-{field.replace('_', '-')}-{value}", "LOOKALIKE",
                     fixed={**opening, field: value}, sections=seeds, value=value, **unknown)
        self.step = 4
        self.recommend("value-after-offsets", "MALFORMED_BODY", {"query_kind": 9},
                       mutate=lambda body: setattr(body.section(65), "payload", offsets(0, 4)),
                       note="offsets are judged before values")
        self.step = 6
        invalid = {"message": "RECOMMEND", "status": "INVALID_ARGUMENT"}
        for name, text in (("empty", ""), ("upper-case", "Model"), ("dash-first", "-a"), ("path", "../etc"),
                           ("64-bytes", "a" * 64), ("not-ascii", "modèle")):
            self.add(f"model-name-{name}", fixed=self.user(), detail="MODEL_NAME_MALFORMED",
                     sections={"model": text, "query_ids": texts("1")}, **invalid)
        self.step = 10
        basket = {"members": ragged(numbers(1, 2), [0, 2])}
        for name, bits in (("nan", 0x7FC00000), ("infinity", 0x7F800000), ("minus-infinity", 0xFF800000)):
            self.add(f"weight-{name}", fixed=self.user(query_kind=4), detail="WEIGHT_NOT_FINITE", value=1,
                     sections={**basket, "weights": [f32(1), json_float(bits)]}, **invalid)
            self.add(f"min-score-{name}", fixed=self.user(), detail="MIN_SCORE_NOT_FINITE",
                     sections={"query_ids": texts("1"), "min_scores": [json_float(bits)]}, **invalid)
            self.add(f"lookalike-min-score-{name}", "LOOKALIKE", "INVALID_ARGUMENT", detail="MIN_SCORE_NOT_FINITE",
                     fixed={"scorer": 1, "size_kind": 3, "min_score": json_float(bits)}, sections=seeds)

    def shapes(self):
        self.step = 8
        user, malformed = {"query_ids": texts("17850")}, "MALFORMED_BODY"
        self.recommend("shape-query-ids-missing", malformed, None, {})
        self.recommend("shape-vectors-missing", malformed, {"query_kind": 3}, {})
        self.recommend("shape-members-missing", malformed, {"query_kind": 4}, {})
        self.recommend("shape-members-without-list-offsets", malformed, {"query_kind": 4},
                       {"members": ragged(numbers(1))})
        self.recommend("shape-query-ids-fewer", malformed, {"query_count": 2})
        self.recommend("shape-query-ids-more", malformed, None, {"query_ids": texts("a", "b")})
        self.recommend("shape-query-count-greatest-that-fits", malformed, {"query_count": 1024, "k": 1})
        self.recommend("shape-vectors-not-divisible", malformed, {"query_kind": 3, "query_count": 2},
                       {"vectors": [f32(1)] * 3})
        self.recommend("shape-vectors-empty", malformed, {"query_kind": 3}, {"vectors": []})
        self.recommend("shape-baskets-fewer", malformed, {"query_kind": 4, "query_count": 2},
                       {"members": ragged(numbers(1), [0, 1])})
        self.recommend("shape-weights-fewer", malformed, {"query_kind": 4},
                       {"members": ragged(numbers(1, 2), [0, 2]), "weights": [f32(1)]})
        self.recommend("shape-weights-of-a-user-query", malformed, None, {**user, "weights": [f32(1)]})
        self.recommend("shape-vectors-of-a-user-query", malformed, None, {**user, "vectors": [f32(1)]})
        self.recommend("shape-query-ids-of-a-vector-query", malformed, {"query_kind": 3},
                       {**user, "vectors": [f32(1)]})
        self.recommend("shape-members-of-an-item-query", malformed, {"query_kind": 2},
                       {**user, "members": ragged(numbers(1), [0, 1])})
        self.recommend("shape-exclusion-lists-more", malformed, None,
                       {**user, "exclusions": ragged(numbers(1), [0, 1, 1])})
        self.recommend("shape-candidate-lists-fewer", malformed, {"query_count": 2},
                       {"query_ids": numbers(1, 2), "candidates": ragged(numbers(1), [0, 1])})
        self.recommend("shape-min-scores-none", malformed, None, {**user, "min_scores": []})
        self.recommend("shape-min-scores-between", malformed, {"query_count": 3},
                       {"query_ids": numbers(1, 2, 3), "min_scores": [f32(1), f32(2)]})
        base = {"query_kind": 1, "target": 1, "query_count": 1}
        self.add("score-without-candidates", "SCORE", malformed, base, user)
        self.add("score-without-query-ids", "SCORE", malformed, base, {"candidates": ragged(numbers(1))})
        self.add("get-vectors-without-ids", "GET_VECTORS", malformed, {"side": 1})

    def limits(self):
        self.step = 9
        limits, exceeded = self.schema["limits"], "LIMIT_EXCEEDED"

        def add(name, fixed, sections, value, limit, **options):
            self.recommend(name, exceeded, fixed, sections, value=value, limit=limit, **options)

        self.step = 7
        self.recommend("k-0", "INVALID_ARGUMENT", {"k": 0}, detail="K_IS_ZERO", value=0, limit=1)
        self.recommend("queries-0", "INVALID_ARGUMENT", {"query_count": 0}, {"query_ids": numbers()},
                       detail="NO_QUERIES", value=0, limit=1)
        self.add("score-queries-0", "SCORE", "INVALID_ARGUMENT", {"query_kind": 1, "target": 1},
                 {"query_ids": numbers(), "candidates": ragged(numbers(1))}, detail="NO_QUERIES", value=0, limit=1)
        add("k-one-above", {"k": 1001}, None, 1001, limits["k_max"])
        add("k-greatest-u32", {"k": U32_MAX}, None, U32_MAX, limits["k_max"])
        add("queries-one-above", {"query_count": 1025, "k": 1}, {"query_ids": numbers(*range(1025))}, 1025, 1024)
        add("queries-greatest-u32", {"query_count": U32_MAX}, None, U32_MAX, 1024,
            note="the limit is judged before the counts are compared")
        add("results-above", {"query_count": 101, "k": 1000}, {"query_ids": numbers(*range(101))}, 101000, 100000)
        self.step = 9
        add("dimension-one-above", {"query_kind": 3}, {"vectors": [f32(0)] * 4097}, 4097, limits["dimension_max"])
        add("basket-members-one-above", {"query_kind": 4}, {"members": ragged(numbers(*range(513)), [0, 513])},
            513, 512)
        user = {"query_ids": numbers(1)}
        add("exclusions-one-above", None, {**user, "exclusions": ragged(numbers(*range(10001)))}, 10001, 10000)
        add("exclusions-one-above-in-one-list", {"query_count": 2},
            {"query_ids": numbers(1, 2), "exclusions": ragged(numbers(*range(10001)), [0, 0, 10001])}, 10001, 10000)
        add("columns-one-above", None, {**user, "columns": [f"c{index}" for index in range(17)]}, 17, 16)
        add("column-name-one-above", None, {**user, "columns": ["n" * 129]}, 129, 128)
        self.add("get-vectors-ids-one-above", "GET_VECTORS", exceeded, {"side": 1},
                 {"ids": numbers(*range(10001))}, value=10001, limit=10000)
        self.step = 10
        seeds = {"seeds": numbers(1)}

        def lookalike(name, status, detail, value, limit, **fixed):
            self.add(f"lookalike-{name}", "LOOKALIKE", status, {"scorer": 1, **fixed}, seeds,
                     detail=detail, value=value, limit=limit)

        lookalike("count-0", "INVALID_ARGUMENT", "SIZE_IS_ZERO", 0, 1, size_kind=1)
        lookalike("share-0", "INVALID_ARGUMENT", "SIZE_IS_ZERO", 0, 1, size_kind=2)
        lookalike("share-one-above", "INVALID_ARGUMENT", "SHARE_TOO_LARGE", 1000001, 1000000, size_kind=2,
                  size_value=1000001)
        lookalike("share-greatest", "INVALID_ARGUMENT", "SHARE_TOO_LARGE", U64_MAX, 1000000, size_kind=2,
                  size_value=U64_MAX)
        most = limits["window_bytes_max"]
        lookalike("window-one-above", "INVALID_ARGUMENT", "WINDOW_TOO_LARGE", most + 1, most, size_kind=1,
                  size_value=5, window_bytes=most + 1)

    def common_sections(self):
        """Every request checks the model's name in the same way, even if it has no use for it."""
        opened = {"request_id": 9, "flags": 0, "before": ["lookalike-open"]}
        special = {"HELLO": {"before": [], "request_id": 1}, "WINDOW": opened, "CANCEL": opened, "DATA": opened,
                   "GOAWAY": {"request_id": 0, "flags": 0}}

        def wrong_type(body):
            body.section(1).etype, body.section(1).flags = BYTES, 0

        def not_utf8(body):
            body.section(1).payload = b"\xff"

        for message in self.schema["messages"]:
            name, options = message.lower().replace("_", "-"), special.get(message, {})
            fixed, sections = least_request(message)
            for suffix, model, mutate, status, detail, step in (
                ("wrong-type", "m", wrong_type, "UNSUPPORTED_ENCODING", "NONE", 3),
                ("not-utf8", "m", not_utf8, "MALFORMED_BODY", "NONE", 4),
                ("malformed", "No Model", None, "INVALID_ARGUMENT", "MODEL_NAME_MALFORMED", 6),
            ):
                lists = {"model": model, **sections}
                if message == "GOAWAY":
                    self.connection(f"{name}-model-{suffix}", message, "UNEXPECTED_FRAME", fixed, lists, mutate,
                                    layer="connection", **options, note="5.6")
                    continue
                value = {"value": 1} if step == 3 else {}
                self.add(f"{name}-model-{suffix}", message, status, fixed, lists, mutate, detail=detail, step=step,
                         **value, **options)

    def orders(self):
        """Two defects: the first in the order of 5.4 decides."""
        invalid, malformed, exceeded = "INVALID_ARGUMENT", "MALFORMED_BODY", "LIMIT_EXCEEDED"
        large = {"detail": "NUMBER_ID_TOO_LARGE", "value": 2**63, "limit": NUMBER_ID_MAX}
        length = {"detail": "TEXT_ID_LENGTH", "value": 0, "limit": 256}
        nan = [json_float(0x7FC00000)]

        def changed(*changes):
            def mutate(body):
                for tag, name, value in changes:
                    setattr(body.section(tag), name, value)
            return mutate

        def extended(tag, critical=False, padding=None):
            def mutate(body):
                section = Section(tag, BYTES, b"abc", critical)
                section.padding = padding
                body.sections.append(section)
            return mutate

        def both(*mutations):
            def mutate(body):
                for mutation in mutations:
                    mutation(body)
            return mutate

        def order(name, status, step, fixed=None, sections=None, mutate=None, **options):
            self.recommend(f"order-{name}", status, fixed, sections, mutate, step=step, **options)

        number = {"query_ids": numbers(5)}
        wrong_type = changed((64, "etype", 9))
        # Sections one after the other; all sections before any type.
        order("fixed-part-before-sections", malformed, 1, None, number,
              both(extended(300, critical=True), lambda body: body.fixed.__setitem__(slice(0, 2), b"\x14\x00")))
        order("padding-before-unknown-critical", malformed, 2, None, number,
              extended(300, critical=True, padding=b"\x00\x00\x00\x00\x01"))
        order("unknown-critical-before-a-later-tag", "UNSUPPORTED_TAG", 2, None, number,
              both(extended(300, critical=True), extended(3)), value=300)
        order("structure-before-types", malformed, 2, None, number, both(wrong_type, extended(3)))
        order("unknown-critical-before-types", "UNSUPPORTED_TAG", 2, None, number,
              both(wrong_type, extended(300, critical=True)), value=300)
        # Known sections in ascending order, the type of each before its width; all types before any form.
        order("types-by-tag", "UNSUPPORTED_ENCODING", 3, mutate=changed((65, "etype", U64), (66, "etype", BYTES)),
              value=65)
        order("width-before-a-later-type", malformed, 3,
              mutate=changed((65, "payload", bytes(9)), (66, "etype", BYTES)))
        order("types-before-forms", "UNSUPPORTED_ENCODING", 3, None, {**number, "min_scores": [f32(1)]},
              changed((64, "payload", struct.pack("<Q", 2**63)), (88, "etype", U32)), value=88)
        # List after list; the offsets of each before its ids.
        texts_with_lists = {"query_ids": texts("a"), "exclusions": ragged(texts("b", ""), [0, 2])}
        order("list-offsets-before-text-ids", malformed, 4, None, texts_with_lists,
              changed((83, "payload", offsets(0, 3))))
        order("list-offsets-before-number-ids", malformed, 4, None,
              {"query_ids": texts("a"), "exclusions": ragged(numbers(2**63), [0, 1])},
              changed((83, "payload", offsets(1, 1))))
        order("text-offsets-before-text-ids", malformed, 4, {"query_count": 2}, {"query_ids": texts("", "a")},
              changed((65, "payload", offsets(0, 0, 9))))
        order("both-forms-before-number-ids", malformed, 4, None, {"query_ids": texts("a")},
              lambda body: body.sections.insert(0, Section(64, U64, struct.pack("<Q", 2**63), True)))
        order("ids-of-a-list-before-the-next-list", invalid, 4, None,
              {"query_ids": texts(""), "exclusions": ragged(numbers(1), [0, 1])},
              changed((83, "payload", offsets(0, 9))), **length)
        order("ids-of-a-list-in-their-order", invalid, 4, {"query_count": 2}, {"query_ids": texts("ab", "")},
              changed((66, "payload", b"\xff\xff")), detail="TEXT_ID_NOT_UTF8")
        order("model-before-ids", malformed, 4, None, {"model": "m", "query_ids": numbers(2**63)},
              changed((1, "payload", b"\xff")))
        # Forms, values by offset, name, counts, shape, limits, numbers.
        order("ids-before-values", invalid, 4, {"query_kind": 9}, {"query_ids": numbers(2**63)}, **large)
        unknown = {"detail": "UNKNOWN_VALUE"}
        order("values-by-offset", invalid, 5, {"query_kind": 0, "target": 3, "options": 4}, value=0, **unknown)
        order("values-before-name", invalid, 5, {"options": 4}, {"model": "No", **number}, value=4, **unknown)
        order("name-before-counts", invalid, 6, {"k": 0}, {"model": "No", **number}, detail="MODEL_NAME_MALFORMED")
        order("queries-before-k", invalid, 7, {"query_count": 0, "k": 0}, detail="NO_QUERIES", value=0, limit=1)
        order("query-limit-before-k", exceeded, 7, {"query_count": 1025, "k": 0}, value=1025, limit=1024)
        order("k-limit-before-results", exceeded, 7, {"query_count": 1000, "k": 1001}, value=1001, limit=1000)
        order("counts-before-shape", invalid, 7, {"k": 0}, {}, detail="K_IS_ZERO", value=0, limit=1)
        members = {"members": ragged(numbers(*range(513)), [0, 513])}
        basket = {"query_kind": 4}
        order("shape-before-limits", malformed, 8, basket, {**members, "weights": nan})
        columns = {"columns": ["n" * 129] * 17}
        order("members-before-columns", exceeded, 9, basket, {**members, **columns}, value=513, limit=512)
        order("columns-before-their-names", exceeded, 9, None, {**number, **columns}, value=17, limit=16)
        batch, queries = {"query_count": 1000, "k": 1}, {"query_ids": numbers(*range(1000))}
        order("exclusions-before-listed-ids", exceeded, 9, batch,
              {**queries, "exclusions": ragged(texts(*["x"] * 10001))}, value=10001, limit=10000)
        halves = {"exclusions": ragged(texts(*["x"] * 5000)), "candidates": ragged(texts(*["x"] * 5001))}
        order("listed-ids-before-columns", exceeded, 9, batch, {**queries, **halves, **columns}, value=10_001_000,
              limit=10_000_000, note="a list for all queries counts once for each")
        order("limits-before-numbers", exceeded, 9, basket, {**members, "weights": nan * 513}, value=513, limit=512)
        order("weights-before-min-scores", invalid, 10, basket,
              {"members": ragged(numbers(1), [0, 1]), "weights": nan, "min_scores": nan},
              detail="WEIGHT_NOT_FINITE", value=0)
        most = self.schema["limits"]["window_bytes_max"]
        for name, size, status in (
            ("share", {"size_kind": 2, "size_value": 1000001},
             {"detail": "SHARE_TOO_LARGE", "value": 1000001, "limit": 1000000}),
            ("min-score", {"size_kind": 3, "min_score": nan[0]}, {"detail": "MIN_SCORE_NOT_FINITE"}),
        ):
            self.add(f"order-{name}-before-window", "LOOKALIKE", invalid,
                     {"scorer": 1, "window_bytes": most + 1, **size}, {"seeds": numbers(1)}, step=10, **status)

    def streams(self):
        self.step = 4
        opened = {"request_id": 9, "flags": 0, "before": ["lookalike-open"]}
        self.connection("window-far-ahead", "WINDOW", "FLOW_CONTROL", {"limit_bytes": U64_MAX}, layer="connection",
                        **opened)
        self.add("data-malformed", "DATA", "MALFORMED_BODY", {"first_index": 0}, {"ids": numbers(1)}, **opened,
                 mutate=lambda body: setattr(body.section(64), "payload", bytes(9)), step=3,
                 note="ends the stream with this status")
        self.add("data-text-id-empty", "DATA", "INVALID_ARGUMENT", {"first_index": 0}, {"ids": texts("a", "")},
                 **opened, detail="TEXT_ID_LENGTH", value=0, limit=256)
        self.add("data-scores-fewer", "DATA", "MALFORMED_BODY", {"first_index": 0},
                 {"ids": numbers(1, 2), "scores": [f32(1)]}, **opened, step=8)
        server = {"direction": "server", "kind": "request", "request_id": 9, "flags": 0, "step": 8}
        self.add("data-rows-without-ids", "DATA", "MALFORMED_BODY", {}, {}, **server)
        self.add("data-rows-of-no-ids", "DATA", "MALFORMED_BODY", {}, {"ids": numbers(), "scores": []}, **server)
        self.add("data-rows-scores-fewer", "DATA", "MALFORMED_BODY", {}, {"ids": numbers(1, 2), "scores": [f32(1)]},
                 **server)
        self.add("data-unknown-critical", "DATA", "UNSUPPORTED_TAG", {"first_index": 0}, {"ids": numbers(1)}, **opened,
                 mutate=lambda body: body.sections.append(Section(67, BYTES, b"", True)), value=67, step=2)

    def replies(self):
        """Replies that a client must refuse."""
        self.step = 8
        server = {"direction": "server", "kind": "reply"}
        good = {"model": "m", "result_offsets": [0, 1], "ids": numbers(1), "scores": [f32(1)], "statuses": [0],
                "query_flags": [1], "rows_eligible": [1], "rows_scanned": [1]}

        def add(name, changes, mutate=None, status="MALFORMED_BODY", **extra):
            sections = {key: value for key, value in {**good, **changes}.items() if value is not None}
            self.add(f"reply-{name}", "RECOMMEND", status, {"query_count": 1, "version": 1}, sections, mutate,
                     **server, **extra)

        for name in ("result_offsets", "ids", "statuses", "query_flags", "rows_eligible", "rows_scanned", "model"):
            add(f"without-{name.replace('_', '-')}", {name: None})
        add("offsets-end-beyond-ids", {"result_offsets": [0, 2]})
        add("offsets-descend", {"result_offsets": [1, 0]})
        add("offsets-fewer", {"result_offsets": [0]})
        add("scores-fewer", {"scores": []})
        add("statuses-more", {"statuses": [0, 0]})
        add("messages-fewer", {"details": [0], "messages": []})
        failed = {"statuses": [257], "details": [6], "messages": ["m"], "result_offsets": [0, 0], "ids": numbers(),
                  "scores": []}
        add("details-without-messages", {**failed, "messages": None})
        add("values-without-limits", {**failed, "values": [0]})
        add("limits-without-values", {**failed, "limits": [0]})
        add("values-fewer", {**failed, "values": [], "limits": [0]})
        add("limits-more", {**failed, "values": [0], "limits": [0, 0]})
        add("values-without-details", {"values": [0], "limits": [0]})
        add("column-without-validity", {"columns": [{"type": "i64", "values": [1], "valid": [True]}]},
            lambda body: body.sections.pop(), step=4)
        add("column-fewer-values", {"columns": [{"type": "i64", "values": [], "valid": [True]}]})
        add("column-etype", {"columns": [{"type": "i64", "values": [1], "valid": [True]}]},
            lambda body: setattr(body.section(128), "etype", U64), status="UNSUPPORTED_ENCODING", value=128, step=3)
        self.add("reply-stats-counts", "STATS", "MALFORMED_BODY", {}, {"names": ["a", "b"], "values": [1]}, **server)
        self.add("reply-lookalike-without-model", "LOOKALIKE", "MALFORMED_BODY", {"version": 1}, {}, **server)
        self.add("reply-get-vectors-elements", "GET_VECTORS", "MALFORMED_BODY",
                 {"id_count": 2, "dimension": 2, "version": 1},
                 {"model": "m", "found": [3], "vectors": [f32(1)] * 3}, **server)
        self.step = 1
        self.add("reply-pong-truncated", "PING", "MALFORMED_BODY", raw=struct.pack("<HHI", 8, 0, 0), **server)
        self.add("reply-hello-ok-short", "HELLO", "MALFORMED_BODY", request_id=1,
                 mutate=lambda body: body.fixed.__setitem__(slice(0, 2), struct.pack("<H", 112)), **server)
        self.add("reply-error-truncated", "PING", "MALFORMED_BODY", direction="server", kind="error",
                 arg=self.encoder.status_arg("INTERNAL"), raw=struct.pack("<HHI", 40, 0, 0))
