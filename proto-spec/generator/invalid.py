"""The golden vectors that every implementation must refuse, each with one defect and the resulting status."""

import struct

from .encoder import END, REPLY, Section, f32, json_float
from .invalid_cases import BYTES, U32, U64, offsets
from .invalid_rules import RuleDefects
from .values import NUMBER_ID_MAX, REQUEST_ID_MAX, U32_MAX, U64_MAX, least_request, numbers, ragged, texts


class InvalidVectors(RuleDefects):
    """All invalid vectors."""

    def __init__(self, encoder):
        super().__init__(encoder)
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
        self.rule_forms()
        self.rule_shapes()
        self.rule_limits()
        self.rule_numbers()
        self.common_sections()
        self.orders()
        self.streams()
        self.replies()
        self.rule_replies_refused()

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
        for frame_type in (0x00, 0x02, 0x08, 0x15, 0x44, 0x47, 0x7F):
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
        order("values-before-name", invalid, 5, {"options": 0x8000}, {"model": "No", **number}, value=0x8000, **unknown)
        order("name-before-counts", invalid, 6, {"k": 0}, {"model": "No", **number}, detail="MODEL_NAME_MALFORMED")
        order("queries-before-k", invalid, 7, {"query_count": 0, "k": 0}, detail="NO_QUERIES", value=0, limit=1)
        order("query-limit-before-k", exceeded, 7, {"query_count": 1025, "k": 0}, value=1025, limit=1024)
        order("k-limit-before-results", exceeded, 7, {"query_count": 1000, "k": 10001}, value=10001, limit=10000)
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
