"""The golden vectors that every implementation must accept. The encoder makes their bytes."""

from .encoder import END, Section, f32, f64, json_float, json_integer, json_list, shown_header

NUMBER_ID_MAX = 2**63 - 1
REQUEST_ID_MAX = 2**53 - 1
U32_MAX = 2**32 - 1
U64_MAX = 2**64 - 1


def numbers(*values):
    return {"kind": "number", "values": [json_integer(value) for value in values]}


def texts(*values):
    return {"kind": "text", "values": list(values)}


def ragged(ids, offsets=None):
    return {**ids, "offsets": offsets}


def column(etype, values, valid=None):
    return {"type": etype, "values": values, "valid": valid or [True] * len(values)}


def model_status(active, previous=0, pinned=0):
    return {"flags": 0, "active": active, "previous": previous, "pinned": pinned}


def least_request(message):
    """The fixed part and sections of the smallest valid request of a message."""
    query = {"query_kind": 1, "target": 1, "query_count": 1}
    ids = {"query_ids": numbers(1)}
    return {
        "RECOMMEND": ({**query, "k": 1}, ids),
        "SCORE": (query, {**ids, "candidates": ragged(numbers(1))}),
        "GET_VECTORS": ({"side": 1}, {"ids": numbers(1)}),
        "LOOKALIKE": ({"scorer": 1, "size_kind": 1, "size_value": 1}, {"seeds": numbers(1)}),
        "DATA": ({}, {"ids": numbers(1)}),
    }.get(message, ({}, {}))


class ValidVectors:
    """Collects the cases, in the order of the schema's messages."""

    def __init__(self, encoder):
        self.encoder = encoder
        self.schema = encoder.schema
        self.entries = []
        self.prefaces()
        self.connection()
        self.recommend_requests()
        self.recommend_replies()
        self.score()
        self.get_vectors()
        self.lookalike()
        self.models()
        self.errors()
        self.common_sections()
        self.tolerated()

    # -- building blocks

    def enum(self, name, value):
        return self.schema["enums"][name][value]

    def add(self, name, message, kind, fixed=None, sections=None, *, request_id=7, flags=None, arg=0,
            direction=None, frame_type=None, mutate=None, canonical=True, reserved=(0, 0), **extra):
        """Adds one frame. `mutate` changes the body after encoding; such a vector is not canonical."""
        values = {"fixed": fixed or {}, "sections": sections or {}}
        body = self.encoder.body(message, kind, values)
        if mutate:
            mutate(body)
        payload = body.encoded()
        flags = END if flags is None else flags
        frame_type = frame_type or self.encoder.frame_type(message, kind)
        header = self.encoder.header(frame_type, len(payload), request_id, flags, arg, reserved=reserved)
        shown = {"fixed_len": int.from_bytes(body.fixed[:2], "little")}
        for field in self.encoder.layout(message, kind)["fixed"]:
            is_there = field["offset"] < shown["fixed_len"]
            if is_there and field["name"] != "fixed_len" and not field["name"].startswith("zero"):
                value = values["fixed"].get(field["name"], f32(0) if field["type"] == "f32" else 0)
                shown[field["name"]] = value if isinstance(value, dict) else json_integer(value)
        lists = {spec["name"]: spec for spec in self.encoder.lists(message, kind)}
        shown_lists = {key: json_list(lists[key], value) for key, value in values["sections"].items()}
        entry = {
            "name": name,
            "direction": direction or ("client" if kind == "request" else "server"),
            "message": message,
            "kind": kind,
            **extra,
            "canonical": canonical and mutate is None and reserved == (0, 0) and not flags & ~END,
            "header": shown_header(header),
            "hex": (header + payload).hex(),
            "decoded": {"fixed": shown, "sections": shown_lists},
        }
        self.entries.append(entry)

    def request(self, name, message, fixed=None, sections=None, **extra):
        self.add(name, message, "request", fixed, sections, **extra)

    def reply(self, name, message, fixed=None, sections=None, **extra):
        self.add(name, message, "reply", fixed, sections, **extra)

    def error(self, name, message, status, detail="NONE", text="", **extra):
        fixed = {key: extra.pop(key) for key in ("retry_after_ms", "reference", "value", "limit") if key in extra}
        fixed["detail"] = self.schema["details"][detail]["code"]
        sections = {"message": text} if text else {}
        arg = extra.pop("arg", None)
        arg = self.encoder.status_arg(status) if arg is None else arg
        self.add(name, message, "error", fixed, sections, arg=arg, status=status, detail=detail, **extra)

    def preface(self, name, side, values, canonical=True):
        data = self.encoder.preface(side, values)
        decoded = {"magic": self.schema["preface"]["magic"]}
        for field in self.schema["preface"][side]:
            if field["name"] not in ("magic", "reserved"):
                decoded[field["name"]] = values.get(field["name"], 0)
        self.entries.append({
            "name": name, "direction": side, "message": "PREFACE", "kind": "preface", "canonical": canonical,
            "hex": data.hex(), "decoded": decoded,
        })

    # -- the cases

    def prefaces(self):
        refusal = self.schema["enums"]["refusal"]
        self.preface("preface-client", "client", {"major_min": 1, "major_max": 1})
        self.preface("preface-client-newer", "client", {"major_min": 1, "major_max": 255})
        self.preface("preface-server", "server", {"chosen_major": 1, "major_min": 1, "major_max": 1})
        for name in ("VERSION", "DRAINING", "OVERLOADED", "TOO_MANY_CONNECTIONS"):
            self.preface(f"preface-server-refuses-{name.lower().replace('_', '-')}", "server", {
                "major_min": 1, "major_max": 1, "refusal": refusal[name],
                "retry_after_ms": 0 if name == "VERSION" else 1500})
        self.preface("preface-server-retry-after-greatest", "server", {
            "major_min": 1, "major_max": 1, "refusal": refusal["OVERLOADED"], "retry_after_ms": U32_MAX})

    def connection(self):
        self.request("hello-bare", "HELLO", {"minor": 0, "features_wanted": 0}, request_id=1, before=[])
        self.request("hello-named", "HELLO", {"minor": 0}, {"client_name": "storefront/2.1"}, request_id=1,
                     before=[])
        self.request("hello-everything", "HELLO", {"minor": 65535, "features_wanted": U64_MAX},
                     {"client_name": "büro ☕", "token": "00ff80c3"}, request_id=1, before=[])
        self.request("hello-empty-name", "HELLO", {}, {"client_name": ""}, request_id=1, before=[])
        limits = self.schema["limits"]
        fields = [field["name"] for field in self.schema["messages"]["HELLO"]["reply"]["fixed"]]
        granted = {name: limits[name] for name in fields if name in limits}
        self.reply("hello-ok", "HELLO", granted,
                   {"server_name": "kindred/1.0.0", "default_model": "online-retail"}, request_id=1)
        self.reply("hello-ok-no-model", "HELLO", granted, {"server_name": "kindred/1.0.0"}, request_id=1)
        lowered = {**granted, "k_max": 10, "body_bytes_max": 65536, "seeds_max": 1, "dimension_max": 1,
                   "timeout_ms_default": 1, "queue_ms_max": 0, "pending_queries_max": 1, "streams_max": 0,
                   "listed_ids_per_request_max": 1, "stream_bytes_held_max": 2**53 + 1,
                   "connection_bytes_held_max": 1, "frame_progress_ms": 1, "frame_progress_bytes_min": 1, "frame_ms": 1,
                   "reply_ms": 1, "reply_bytes_max": 8}
        self.reply("hello-ok-lowered-limits", "HELLO", lowered, {"server_name": ""}, request_id=1)

        def shortened(length):
            def mutate(body):
                body.fixed[length:] = b""
                body.fixed[0:2] = length.to_bytes(2, "little")
            return mutate

        self.reply("hello-ok-of-an-older-server", "HELLO", granted, {"server_name": "kindred/0.1.0"}, request_id=1,
                   mutate=shortened(120), note="the limits that it does not say have their defaults")
        self.reply("hello-ok-of-a-server-between", "HELLO", lowered, {"server_name": "kindred/0.1.1"}, request_id=1,
                   mutate=shortened(128))
        for name, opaque in (("zero", 0), ("greatest", U64_MAX), ("pattern", 0x0123456789ABCDEF)):
            self.request(f"ping-{name}", "PING", {"opaque": opaque})
            self.reply(f"pong-{name}", "PING", {"opaque": opaque})
        self.request("ping-request-id-greatest", "PING", {"opaque": 1}, request_id=REQUEST_ID_MAX)
        self.request("ping-timeout-greatest", "PING", {"opaque": 1}, arg=limits["timeout_ms_max"])
        for name, status in (("draining", "DRAINING"), ("crc", "BAD_HEADER_CRC"), ("idle", "IDLE_TIMEOUT")):
            self.request(f"goaway-{name}", "GOAWAY", {
                "status": self.schema["statuses"][status]["code"], "grace_ms": 30000 if name == "draining" else 0,
                "last_request_id": 41, "reconnect_after_ms": 250},
                {"message": f"why: {name}"}, request_id=0, flags=0, direction="server")
        self.request("goaway-last-id-greatest", "GOAWAY", {
            "status": 773, "grace_ms": U32_MAX, "last_request_id": REQUEST_ID_MAX, "reconnect_after_ms": U32_MAX},
            request_id=0, flags=0, direction="server")
        self.request("goaway-from-client", "GOAWAY", {"status": 0}, request_id=0, flags=0)

    def query(self, kind, target="ITEMS", count=1, k=10, similarity="DEFAULT", options=0, version=0):
        fixed = {
            "query_kind": self.enum("query_kind", kind), "target": self.enum("side", target),
            "similarity": self.enum("similarity", similarity), "options": options, "query_count": count,
            "version": version}
        return fixed if k is None else {**fixed, "k": k}

    def recommend_requests(self):
        query, limits = self.query, self.schema["limits"]

        def add(name, fixed, sections, **extra):
            self.request(f"recommend-{name}", "RECOMMEND", fixed, sections, **extra)

        add("user-text", query("USER"), {"query_ids": texts("17850")})
        add("user-number", query("USER"), {"query_ids": numbers(17850)})
        add("user-number-extremes", query("USER", count=3),
            {"query_ids": numbers(0, 2**53 + 1, NUMBER_ID_MAX)})
        add("user-number-greatest", query("USER"), {"query_ids": numbers(NUMBER_ID_MAX)})
        add("item-over-items", query("ITEM", k=5), {"query_ids": texts("22423")})
        add("item-over-users", query("ITEM", "USERS", k=5), {"query_ids": texts("22423")})
        add("user-over-users-dot", query("USER", "USERS", similarity="DOT"), {"query_ids": texts("17850")})
        add("cosine-with-members", query("ITEM", similarity="COSINE", options=2), {"query_ids": texts("22423")})
        add("without-scores", query("USER", options=1), {"query_ids": texts("17850")})
        add("all-options", query("USER", options=3), {"query_ids": texts("17850")})
        add("named-model-pinned-version", query("USER", version=3),
            {"model": "online-retail", "query_ids": texts("17850")}, arg=250)
        add("longest-model-name", query("USER", version=U64_MAX),
            {"model": "a" + "-" * 61 + "_", "query_ids": texts("1")}, arg=1)
        add("text-ids-of-all-lengths", query("USER", count=4),
            {"query_ids": texts("a", "é☕𝄞", "x" * 256, "\u0000")})
        add("ids-that-unicode-would-merge", query("USER", count=2), {"query_ids": texts("caf\u00e9", "cafe\u0301")})
        add("k-greatest", query("USER", k=limits["k_max"]), {"query_ids": texts("17850")})
        add("results-greatest", query("USER", count=100, k=1000), {"query_ids": numbers(*range(100))})
        add("queries-greatest", query("USER", count=1024, k=1), {"query_ids": numbers(*range(1024))})
        values = [0.25, -1.5, 3.0, 0.0]
        add("vector", query("VECTOR"), {"vectors": [f32(value) for value in values]})
        add("two-vectors", query("VECTOR", "USERS", count=2), {"vectors": [f32(value) for value in values]})
        add("vector-float-extremes", query("VECTOR"), {"vectors": [json_float(bits) for bits in (
            0x80000000, 0x00000001, 0x807FFFFF, 0x00800000, 0x7F7FFFFF, 0xFF7FFFFF, 0x3F800001)]})
        add("vector-not-finite", query("VECTOR"), {"vectors": [json_float(bits) for bits in (
            0x7FC00000, 0x7F800000, 0xFF800000, 0x7F800001)]},
            note="the decoder takes it; the query's own status is INVALID_ARGUMENT, VECTOR_NOT_FINITE")
        add("vector-dimension-greatest", query("VECTOR"), {"vectors": [f32(1)] * limits["dimension_max"]})
        add("basket", query("BASKET"), {"members": ragged(texts("22423", "85123A"), [0, 2])})
        add("basket-weighted", query("BASKET"), {
            "members": ragged(numbers(1, 2, 3), [0, 3]), "weights": [f32(2), f32(-0.5), json_float(0x80000000)]})
        add("baskets-ragged", query("BASKET", count=3), {
            "members": ragged(texts("a", "b", "a", "c"), [0, 3, 3, 4])},
            note="the second basket is empty: that query's own status is INVALID_ARGUMENT, EMPTY_BASKET")
        add("basket-members-greatest", query("BASKET"), {"members": ragged(numbers(*range(512)), [0, 512])})
        add("baskets-all-empty", query("BASKET", count=2), {"members": ragged(numbers(), [0, 0, 0])})
        user = {"query_ids": texts("17850")}
        add("exclusions-shared", query("USER"), {**user, "exclusions": ragged(texts("84029E", "22423"))})
        add("exclusions-ragged", query("USER", count=2), {
            "query_ids": texts("17850", "13047"), "exclusions": ragged(texts("a", "b", "c"), [0, 0, 3])})
        add("exclusions-empty-number-form", query("USER"), {**user, "exclusions": ragged(numbers())})
        add("exclusions-empty-text-form", query("USER"), {**user, "exclusions": ragged(texts())}, canonical=False)
        add("exclusions-of-another-kind", query("USER"), {**user, "exclusions": ragged(numbers(1, 2, NUMBER_ID_MAX))})
        add("exclusions-greatest", query("USER"), {**user, "exclusions": ragged(numbers(*range(10000)))})
        add("candidates-shared", query("USER"), {**user, "candidates": ragged(texts("22423", "22423", "85123A"))})
        add("candidates-ragged", query("USER", count=2), {
            "query_ids": numbers(1, 2), "candidates": ragged(numbers(5, 6, 7), [0, 1, 3])})
        add("min-score-shared", query("USER", count=2), {
            "query_ids": numbers(1, 2), "min_scores": [json_float(0x80000001)]})
        add("min-scores-each", query("USER", count=2), {
            "query_ids": numbers(1, 2), "min_scores": [f32(-3.0e38), f32(0.5)]})
        add("columns", query("USER"), {**user, "columns": ["description", "price"]})
        add("columns-greatest", query("USER"), {**user, "columns": [f"c{index}" for index in range(16)]})
        add("column-name-longest", query("USER"), {**user, "columns": ["n" * 128]})
        add("everything", query("BASKET", "ITEMS", count=2, k=3, similarity="COSINE", options=2, version=9), {
            "model": "m", "members": ragged(texts("a", "b", "c"), [0, 1, 3]), "weights": [f32(1), f32(2), f32(-1)],
            "exclusions": ragged(texts("d"), [0, 1, 1]), "candidates": ragged(numbers(1, 2)),
            "min_scores": [f32(0), f32(0.125)], "columns": ["price"]}, request_id=2**32 + 1, arg=60000)

    def recommend_replies(self):
        exact = {"model": "online-retail"}

        def add(name, fixed, sections, **extra):
            fixed = {"version": 1, "queue_us": 12, "compute_us": 340, **fixed}
            self.reply(f"recommend-reply-{name}", "RECOMMEND", fixed, {**exact, **sections}, **extra)

        one = {"statuses": [0], "query_flags": [1], "rows_eligible": [3659], "rows_scanned": [1280]}
        add("text", {"query_count": 1}, {
            **one, "result_offsets": [0, 2], "ids": texts("22423", "85123A"), "scores": [f32(0.9134), f32(0.5)]})
        add("number", {"query_count": 1, "version": U64_MAX}, {
            **one, "result_offsets": [0, 3], "ids": numbers(0, 2**53 + 1, NUMBER_ID_MAX),
            "scores": [json_float(bits) for bits in (0x7F7FFFFF, 0x00000001, 0xFF7FFFFF)]})
        add("without-scores", {"query_count": 1}, {**one, "result_offsets": [0, 1], "ids": texts("22423")})
        add("no-results", {"query_count": 1}, {
            **one, "rows_eligible": [0], "rows_scanned": [0], "result_offsets": [0, 0], "ids": numbers(), "scores": []})
        add("no-results-text-form", {"query_count": 1}, {
            **one, "result_offsets": [0, 0], "ids": texts(), "scores": []}, canonical=False)
        failing = {
            "result_offsets": [0, 1, 1, 2], "ids": texts("a", "b"), "scores": [f32(1), f32(0)],
            "statuses": [0, 259, 0], "query_flags": [1, 0, 5], "rows_eligible": [9, 0, U64_MAX],
            "rows_scanned": [9, 0, 1], "details": [0, 0, 0], "messages": ["", "unknown user 'zoë'", ""]}
        add("query-failed-without-its-numbers", {"query_count": 3}, failing,
            note="of a server that does not know `values` and `limits`")
        failing = {**failing, "values": [0, 0, 0], "limits": [0, 0, 0]}
        add("one-query-failed", {"query_count": 3}, failing)
        add("all-queries-failed", {"query_count": 2}, {
            "result_offsets": [0, 0, 0], "ids": numbers(), "scores": [], "statuses": [257, 257],
            "query_flags": [0, 0], "rows_eligible": [0, 0], "rows_scanned": [0, 0], "details": [4, 5],
            "messages": ["element 3 of the vector is nan: not finite", "the vector's norm is 2^61: at most 2^60"],
            "values": [3, 2**61], "limits": [0, 2**60]},
            note="the kind of an empty list means nothing: it is in the u64 form, whatever the model's ids are")
        add("split-1", {"query_count": 2, "first_query": 0}, {
            "result_offsets": [0, 1, 2], "ids": numbers(4, 5), "scores": [f32(2), f32(1)], "statuses": [0, 0],
            "query_flags": [1, 1], "rows_eligible": [8, 8], "rows_scanned": [8, 8]}, flags=0)
        add("split-2", {"query_count": 1, "first_query": 2}, {
            **one, "result_offsets": [0, 1], "ids": numbers(6), "scores": [f32(3)]}, follows="recommend-reply-split-1")
        add("columns", {"query_count": 1}, {
            **one, "result_offsets": [0, 3], "ids": texts("a", "b", "c"), "scores": [f32(3), f32(2), f32(1)],
            "columns": [
                column("text", ["REGENCY CAKESTAND 3 TIER", "", "größe"], [True, False, True]),
                column("f64", [f64(12.75), f64(0.0), json_float(0x8000000000000001, "f64")], [True, False, True]),
                column("i64", [json_integer(-2**63), json_integer(2**63 - 1), 0], [True, True, False])]})
        add("columns-nine-rows", {"query_count": 1}, {
            **one, "result_offsets": [0, 9], "ids": numbers(*range(9)), "scores": [f32(9 - i) for i in range(9)],
            "columns": [column("i64", list(range(9)), [index % 3 != 1 for index in range(9)])]})
        add("columns-all-null", {"query_count": 1}, {
            **one, "result_offsets": [0, 2], "ids": numbers(1, 2), "scores": [f32(1), f32(1)],
            "columns": [column("text", ["", ""], [False, False])]})
        add("columns-no-rows", {"query_count": 1}, {
            **one, "result_offsets": [0, 0], "ids": numbers(), "scores": [],
            "columns": [column("f64", []), column("text", [])]})

    def score(self):
        query = self.query
        for name, fixed, sections in (
            ("user", query("USER", k=None), {
                "query_ids": texts("17850"), "candidates": ragged(texts("22423", "nosuch", "85123A"))}),
            ("items-ragged", query("ITEM", count=2, k=None, similarity="DOT", version=2), {
                "model": "m", "query_ids": numbers(1, NUMBER_ID_MAX),
                "candidates": ragged(numbers(1, 1, NUMBER_ID_MAX), [0, 1, 3])}),
            ("vector-over-users", query("VECTOR", "USERS", k=None, similarity="COSINE"), {
                "vectors": [f32(1), f32(0)], "candidates": ragged(texts("17850"))}),
            ("basket", query("BASKET", k=None), {
                "members": ragged(texts("a", "b"), [0, 2]), "weights": [f32(1), f32(-1)],
                "candidates": ragged(texts("c"))}),
        ):
            self.request(f"score-{name}", "SCORE", fixed, sections)
        reply = {"version": 1, "queue_us": 0, "compute_us": U32_MAX}
        self.reply("score-reply", "SCORE", {**reply, "query_count": 1}, {
            "model": "online-retail", "result_offsets": [0, 3], "scores": [f32(0.5), f32(0), f32(-2)],
            "statuses": [0], "found": [0b101]})
        self.reply("score-reply-failed-query", "SCORE", {**reply, "query_count": 2}, {
            "model": "m", "result_offsets": [0, 0, 1], "scores": [f32(1)], "statuses": [259, 0],
            "details": [0, 0], "messages": ["unknown user '9007199254740993'", ""], "found": [1],
            "values": [2**53 + 1, 0], "limits": [0, 0]})
        self.reply("score-reply-all-queries-failed", "SCORE", {**reply, "query_count": 1}, {
            "model": "m", "result_offsets": [0, 0], "scores": [], "statuses": [257], "details": [6],
            "messages": ["the basket is empty: at least 1 member"], "found": [], "values": [0], "limits": [1]})
        self.reply("score-reply-split-1", "SCORE", {**reply, "query_count": 1}, {
            "model": "m", "result_offsets": [0, 9], "scores": [f32(i) for i in range(9)], "statuses": [0],
            "found": [255, 1]}, flags=0)
        self.reply("score-reply-split-2", "SCORE", {**reply, "query_count": 1, "first_query": 1}, {
            "model": "m", "result_offsets": [0, 1], "scores": [f32(0)], "statuses": [0], "found": [0]},
            follows="score-reply-split-1")

    def get_vectors(self):
        items, users = self.enum("side", "ITEMS"), self.enum("side", "USERS")
        self.request("get-vectors-items", "GET_VECTORS", {"side": items}, {"ids": texts("22423", "nosuch")})
        self.request("get-vectors-users-pinned", "GET_VECTORS", {"side": users, "version": 1},
                     {"model": "online-retail", "ids": numbers(1, NUMBER_ID_MAX)})
        self.request("get-vectors-none", "GET_VECTORS", {"side": items}, {"ids": numbers()})
        reply = {"version": 1, "queue_us": 1, "compute_us": 2, "dimension": 2}
        self.reply("get-vectors-reply", "GET_VECTORS", {**reply, "id_count": 3}, {
            "model": "m", "found": [0b101],
            "vectors": [f32(0.5), json_float(0x80000000), json_float(0x00000001), json_float(0x7F7FFFFF)]})
        self.reply("get-vectors-reply-nothing-found", "GET_VECTORS", {**reply, "id_count": 2}, {
            "model": "m", "found": [0], "vectors": []})
        self.reply("get-vectors-reply-no-ids", "GET_VECTORS", {**reply, "id_count": 0}, {
            "model": "m", "found": [], "vectors": []})
        self.reply("get-vectors-reply-split-1", "GET_VECTORS", {**reply, "id_count": 1}, {
            "model": "m", "found": [1], "vectors": [f32(1), f32(2)]}, flags=0)
        self.reply("get-vectors-reply-split-2", "GET_VECTORS", {**reply, "id_count": 1, "first_id": 1}, {
            "model": "m", "found": [1], "vectors": [f32(3), f32(4)]}, follows="get-vectors-reply-split-1")

    def lookalike(self):
        def opening(size_kind, value=0, **fixed):
            return {"scorer": 1, "size_kind": self.enum("size_kind", size_kind), "size_value": value, **fixed}

        def data(name, index, ids, scores=None, flags=0, direction="client", **extra):
            sections = {"ids": ids, "scores": scores}
            sections = {key: value for key, value in sections.items() if value is not None}
            self.request(name, "DATA", {"first_index": index}, sections, flags=flags, direction=direction,
                         request_id=9, **extra)

        self.request("lookalike-count", "LOOKALIKE", opening("COUNT", 100), {"seeds": texts("17850", "13047")})
        self.request("lookalike-count-greatest", "LOOKALIKE", opening("COUNT", U64_MAX), {"seeds": numbers(1)})
        self.request("lookalike-share", "LOOKALIKE", opening("SHARE", 10000, similarity=1, options=2, version=4),
                     {"model": "m", "seeds": numbers(0, NUMBER_ID_MAX)})
        self.request("lookalike-share-whole", "LOOKALIKE", opening("SHARE", 1000000, options=1), {"seeds": texts("1")})
        self.request("lookalike-min-score", "LOOKALIKE",
                     opening("MIN_SCORE", similarity=2, min_score=f32(0.5)), {"seeds": texts("17850")})
        self.request("lookalike-min-score-negative-zero", "LOOKALIKE",
                     opening("MIN_SCORE", min_score=json_float(0x80000000)), {"seeds": texts("17850")})
        self.request("lookalike-window-greatest", "LOOKALIKE", opening("COUNT", 1, window_bytes=64 << 20),
                     {"seeds": texts("17850")})
        self.request("lookalike-window-smallest", "LOOKALIKE", opening("COUNT", 1, window_bytes=1),
                     {"seeds": texts("17850")})
        self.request("lookalike-open", "LOOKALIKE", opening("COUNT", 5), flags=0, request_id=9)
        self.request("lookalike-open-with-seeds", "LOOKALIKE", opening("COUNT", 5), {"seeds": texts("17850")},
                     flags=0, request_id=9)
        opened = {"before": ["lookalike-open"]}
        data("data-seeds-text", 0, texts("17850", "é"), **opened)
        data("data-seeds-number-last", 0, numbers(1, 2, NUMBER_ID_MAX), flags=END, **opened)
        data("data-seeds-follow-the-open", 1, texts("13047"), flags=END, before=["lookalike-open-with-seeds"])
        data("data-seeds-empty-last", 2, numbers(), flags=END, before=["lookalike-open", "data-seeds-text"])
        data("data-seeds-none-last", 2, None, flags=END, before=["lookalike-open", "data-seeds-text"], canonical=False,
             note="without ids: as with an empty list of them")
        data("data-seeds-none", 0, None, canonical=False, note="changes nothing", **opened)
        data("data-seeds-with-scores", 0, texts("17850", "é"), [f32(1), json_float(0x7FC00000)], **opened,
             note="their values are ignored")
        for name, limit in (("zero", 0), ("raised", 8 << 20)):
            self.request(f"window-{name}", "WINDOW", {"limit_bytes": limit}, flags=0, request_id=9, **opened)
        self.request("window-for-a-stream-that-ended", "WINDOW", {"limit_bytes": U64_MAX}, flags=0, request_id=1,
                     note="request 1 was HELLO, which has ended: ignored")
        self.request("cancel", "CANCEL", flags=0, request_id=9, **opened)
        self.request("cancel-for-a-request-that-ended", "CANCEL", flags=0, request_id=1)
        data("data-rows-text", 0, texts("a", "b"), [f32(0.9), f32(0.5)], direction="server")
        data("data-rows-number", 2**40, numbers(NUMBER_ID_MAX), [json_float(0xFF7FFFFF)], direction="server")
        data("data-rows-without-scores", 2, texts("c"), direction="server")
        summary = {
            "flags": 1, "checksum": 0xCBF43926, "version": 1, "rows": 43, "seeds_received": 52,
            "seeds_matched": 47, "seeds_duplicate": 2, "seeds_unmatched": 3, "rows_eligible": 4287,
            "rows_scanned": 4334, "queue_us": 5, "compute_us": 900}
        self.reply("lookalike-summary", "LOOKALIKE", summary,
                   {"model": "online-retail", "unmatched_examples": texts("x", "y", "z")}, request_id=9)
        self.reply("lookalike-summary-number", "LOOKALIKE", {**summary, "checksum": U32_MAX},
                   {"model": "m", "unmatched_examples": numbers(7, NUMBER_ID_MAX)}, request_id=9)
        self.reply("lookalike-summary-unmatched-of-both-kinds", "LOOKALIKE", summary,
                   {"model": "m", "unmatched_examples": texts("x", "17")}, request_id=9,
                   note="17 came as a number: where one of them is a text, all are")
        self.reply("lookalike-summary-no-unmatched", "LOOKALIKE",
                   {**summary, "rows": 0, "checksum": 0, "seeds_unmatched": 0}, {"model": "m"}, request_id=9)

    def models(self):
        self.request("model-list", "MODEL_LIST")
        self.request("model-list-one", "MODEL_LIST", {}, {"model": "online-retail"})
        one = {
            "names": ["online-retail"], "active": [2], "previous": [1], "pinned": [0], "dimension": [64],
            "metric": [1], "flags": [1], "items": [3659], "users": [4334], "item_id_kind": [2],
            "user_id_kind": [2], "fingerprints": ["00112233445566778899aabbccddeeff"], "training_ids": ["als-7"],
            "loaded": [1, 2], "loaded_offsets": [0, 2], "refused": [3], "refused_offsets": [0, 1],
            "refusal_reasons": ["items.safetensors has 12 bytes, the manifest says 936"],
            "item_columns": ["description", "price"], "item_columns_offsets": [0, 2],
            "user_columns": ["country"], "user_columns_offsets": [0, 1],
            "available": [1, 2, 3, 4], "available_offsets": [0, 4], "available_state": [2, 2, 5, 3],
            "available_dimension": [64, 64, 0, 32], "available_items": [3600, 3659, 0, 3700],
            "available_users": [4334, 4334, 0, 0],
            "available_item_columns": ["description", "description", "price", "brand"],
            "available_item_columns_offsets": [0, 1, 3, 3, 4], "available_user_columns": ["country"],
            "available_user_columns_offsets": [0, 0, 1, 1, 1], "item_column_types": [3, 2], "user_column_types": [3],
            "remarks": [""]}
        self.reply("model-list-reply", "MODEL_LIST", {"model_count": 1}, one)
        nothing = {name: [] for name in one}
        for name in one:
            if name.endswith("_offsets"):
                nothing[name] = [0]
        self.reply("model-list-reply-empty", "MODEL_LIST", {"model_count": 0}, nothing)
        self.reply("model-list-reply-empty-with-a-remark", "MODEL_LIST", {"model_count": 0},
                   {**nothing, "repository_remark": "the folder has no models"})
        two = {
            "names": ["a", "b"], "active": [0, U64_MAX], "previous": [0, 0], "pinned": [0, 7], "dimension": [0, 4096],
            "metric": [1, 2], "flags": [0, 1], "items": [0, U64_MAX], "users": [0, 0], "item_id_kind": [0, 1],
            "user_id_kind": [0, 0], "fingerprints": ["", "ff" * 16], "training_ids": ["", ""],
            "loaded": [7], "loaded_offsets": [0, 0, 1], "refused": [1, 2], "refused_offsets": [0, 2, 2],
            "refusal_reasons": ["reason one", "reason two"], "item_columns": ["x"],
            "item_columns_offsets": [0, 0, 1], "user_columns": [], "user_columns_offsets": [0, 0, 0],
            "available": [9], "available_offsets": [0, 0, 1], "available_state": [1], "available_dimension": [8],
            "available_items": [0], "available_users": [5], "available_item_columns": [],
            "available_item_columns_offsets": [0, 0], "available_user_columns": ["y"],
            "available_user_columns_offsets": [0, 1], "item_column_types": [1], "user_column_types": [],
            "remarks": ["the folder cannot be read", "version 7 is pinned"]}
        self.reply("model-list-reply-one-not-ready", "MODEL_LIST", {"model_count": 2}, two)
        self.request("model-load", "MODEL_LOAD", {"version": 0})
        self.request("model-load-version", "MODEL_LOAD", {"version": 2}, {"model": "online-retail"})
        self.reply("model-load-reply", "MODEL_LOAD", model_status(2, 1))
        self.request("model-activate-latest", "MODEL_ACTIVATE", {"version": 0}, {"model": "no-such-model"})
        self.request("model-activate-version-expected", "MODEL_ACTIVATE",
                     {"version": U64_MAX, "expected_active": 1}, {"model": "no-such-model"})
        self.reply("model-activate-reply", "MODEL_ACTIVATE", model_status(1, 2, 1))
        self.request("model-rollback", "MODEL_ROLLBACK", {}, {"model": "no-such-model"})
        self.request("model-rollback-expected", "MODEL_ROLLBACK", {"expected_active": 2}, {"model": "no-such-model"})
        self.reply("model-rollback-reply", "MODEL_ROLLBACK", model_status(U64_MAX, U64_MAX, U64_MAX))
        self.reply("model-rollback-reply-not-remembered", "MODEL_ROLLBACK", {**model_status(1, 2, 1), "flags": 1})
        self.request("stats", "STATS")
        self.reply("stats-reply", "STATS", {}, {"names": ["requests", "queries"], "values": [0, json_integer(U64_MAX)]})
        self.reply("stats-reply-empty", "STATS", {}, {"names": [], "values": []})
        self.request("health", "HEALTH")
        for state in ("SERVING", "NOT_READY", "DRAINING"):
            ready = 0 if state == "NOT_READY" else 1
            self.reply(f"health-reply-{state.lower().replace('_', '-')}", "HEALTH",
                       {"state": self.enum("health", state), "models_ready": ready})

    def errors(self):
        self.error("error-unknown-model", "RECOMMEND", "UNKNOWN_MODEL", text="unknown model 'nosuch'")
        self.error("error-k-is-zero", "RECOMMEND", "INVALID_ARGUMENT", "K_IS_ZERO", "k is 0: at least 1",
                   value=0, limit=1)
        self.error("error-number-id-too-large", "GET_VECTORS", "INVALID_ARGUMENT", "NUMBER_ID_TOO_LARGE",
                   value=2**63, limit=NUMBER_ID_MAX)
        self.error("error-overloaded", "SCORE", "OVERLOADED", text="try again", retry_after_ms=20)
        self.error("error-internal", "STATS", "INTERNAL", reference=U64_MAX, text="internal error")
        self.error("error-draining", "RECOMMEND", "DRAINING", retry_after_ms=1000)
        self.error("error-dimension-mismatch", "RECOMMEND", "DIMENSION_MISMATCH", value=3, limit=4)
        self.error("error-limit-exceeded", "RECOMMEND", "LIMIT_EXCEEDED", value=1001, limit=1000)
        self.error("error-version-gone", "SCORE", "VERSION_GONE", value=9, limit=2)
        self.error("error-unknown-number", "GET_VECTORS", "UNKNOWN_ID", value=17850)
        self.error("error-unsupported-tag", "PING", "UNSUPPORTED_TAG", value=300)
        self.error("error-deadline-exceeded", "RECOMMEND", "DEADLINE_EXCEEDED", value=300)
        self.error("error-slow-consumer", "LOOKALIKE", "SLOW_CONSUMER", value=4096, request_id=9)
        self.error("error-conflict", "MODEL_ACTIVATE", "CONFLICT", value=2, limit=1, text="version 2 is active, not 1")
        self.error("error-version-on-disk", "RECOMMEND", "VERSION_GONE", "VERSION_ON_DISK", value=1, limit=2)
        self.error("error-no-previous-version", "MODEL_ROLLBACK", "CONFLICT", "NO_PREVIOUS_VERSION")
        self.error("error-no-known-seed", "LOOKALIKE", "UNKNOWN_ID", "NO_KNOWN_SEED", value=50)
        self.error("error-cancelled", "LOOKALIKE", "CANCELLED", request_id=9)
        self.error("error-unauthenticated", "HELLO", "UNAUTHENTICATED", request_id=1)
        self.error("error-no-model-ready", "HEALTH", "NO_MODEL_READY", retry_after_ms=U32_MAX)
        self.error("error-message-longest", "PING", "INTERNAL", text="m" * 1024)
        self.error("error-reply-to-unknown-type", "PING", "UNSUPPORTED_TYPE", value=0x44, frame_type=0xC4,
                   note="the reply to type 0x44: its type is 0x44 with the reply bit")
        self.error("error-unknown-status", "PING", None, arg=0x0001_0142, canonical=False,
                   note="status 0x0142 is not known here: its class (caller) and its flags (RETRYABLE) are")

    def common_sections(self):
        """Every request accepts a model's name, critical or not, even if it has no use for it."""
        def not_critical(body):
            body.section(1).flags = 0

        opened = {"before": ["lookalike-open"], "request_id": 9, "flags": 0}
        special = {"HELLO": {"before": [], "request_id": 1}, "GOAWAY": {"request_id": 0, "flags": 0},
                   "WINDOW": opened, "CANCEL": opened, "DATA": opened}
        used_by = next(spec for spec in self.schema["sections_common"] if spec["name"] == "model")["used_by"]
        for message in self.schema["messages"]:
            name, options = message.lower().replace("_", "-"), special.get(message, {})
            fixed, sections = least_request(message)
            sections = {"model": "no-such-model", **sections}
            note = None if message in used_by else "ignored"
            for suffix, mutate in (("", None), ("-not-critical", not_critical)):
                extra = {**options, "note": note} if note else options
                self.request(f"{name}-model{suffix}", message, fixed, sections, mutate=mutate, **extra)

    def tolerated(self):
        """Parts that a receiver skips or ignores."""
        user, ids = self.query("USER"), {"query_ids": texts("17850")}

        def longer(extra):
            def mutate(body):
                body.fixed += extra
                body.fixed[0:2] = len(body.fixed).to_bytes(2, "little")
            return mutate

        def insert(*sections):
            def mutate(body):
                body.sections = sorted(body.sections + list(sections), key=lambda section: section.tag)
            return mutate

        def section_flags(body):
            for section in body.sections:
                section.flags ^= 0xFE

        def not_critical(body):
            for section in body.sections:
                section.flags = 0

        def critical(body):
            for section in body.sections:
                section.flags = 1

        self.request("tolerated-longer-fixed-part", "RECOMMEND", user, ids, mutate=longer(bytes(range(1, 9))))
        self.request("tolerated-much-longer-fixed-part", "PING", {"opaque": 5}, mutate=longer(b"\xff" * 4096))
        self.request("tolerated-unknown-section-first", "RECOMMEND", user, ids, mutate=insert(Section(2, 0, b"trace")))
        self.request("tolerated-unknown-section-last", "RECOMMEND", user, ids, mutate=insert(Section(65535, 4, b"")))
        self.request("tolerated-unknown-section-unknown-type", "RECOMMEND", user, ids,
                     mutate=insert(Section(63, 200, b"123"), Section(200, 255, b"\xff" * 17)))
        self.request("tolerated-section-in-a-body-without-any", "STATS", mutate=insert(Section(99, 1, b"x")))
        self.request("tolerated-unused-section-flags", "RECOMMEND", user, ids, mutate=section_flags)
        self.request("tolerated-critical-bit-not-set", "RECOMMEND", user, ids, mutate=not_critical)
        self.request("tolerated-critical-bit-on-a-known-tag", "HELLO", {}, {"client_name": "x"}, mutate=critical,
                     request_id=1, before=[])
        self.request("tolerated-unused-header-flags", "PING", {"opaque": 1}, flags=0x0FFF)
        self.request("tolerated-reserved-header-fields", "PING", {"opaque": 1}, reserved=(U32_MAX, 1))
        self.request("tolerated-zero-fields-not-zero", "PING", {"opaque": 1},
                     mutate=lambda body: body.fixed.__setitem__(slice(2, 8), b"\xff" * 6))
        self.reply("tolerated-reply-longer-fixed-part", "HEALTH", {"state": 1, "models_ready": 1},
                   mutate=longer(b"\x01" * 16))
        self.reply("tolerated-reply-unknown-section", "STATS", {}, {"names": ["a"], "values": [1]},
                   mutate=insert(Section(300, 0, b"later")))
        self.reply("tolerated-reply-unknown-query-status", "RECOMMEND", {"query_count": 1, "version": 1}, {
            "model": "m", "result_offsets": [0, 0], "ids": numbers(), "scores": [], "statuses": [0x0142],
            "query_flags": [0xFFF8], "rows_eligible": [0], "rows_scanned": [0], "details": [65535],
            "messages": ["of a later version"], "values": [0], "limits": [0]})
        self.error("tolerated-error-longer-fixed-part", "PING", "OVERLOADED", mutate=longer(bytes(8)))
