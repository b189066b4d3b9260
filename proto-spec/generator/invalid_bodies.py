"""Requests with one defect in their body, by the steps of 5.4."""

import struct

from .encoder import Section, f32, json_float
from .invalid_cases import BYTES, F32, InvalidCases, U64, UTF8, offsets
from .values import NUMBER_ID_MAX, U32_MAX, U64_MAX, numbers, ragged, texts


class BodyVectors(InvalidCases):
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
        for tag in (2, 63, 67, 94, 123, 65535):
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
        for field, values in (("query_kind", (0, 7, 255)), ("target", (0, 3)), ("similarity", (3,)),
                              ("unknown_id_policy", (3, 255)), ("options", (32, 0x8000))):
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
        add("k-one-above", {"k": limits["k_max"] + 1}, None, limits["k_max"] + 1, limits["k_max"])
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
