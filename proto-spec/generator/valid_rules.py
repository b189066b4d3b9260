"""Valid requests with rules, and their replies."""

from .encoder import f32, f64, json_float, json_integer
from .valid_queries import QueryVectors
from .values import NUMBER_ID_MAX, U32_MAX, U64_MAX, numbers, ragged, texts

NULL, INTEGER, REAL, TEXT = range(4)
MULTIPLY, ADD = 1, 2
EXCLUDE_SEEN, BECAUSE, DISTINCT = 4, 8, 16


def bits_of_integer(value):
    return json_integer(value % 2**64)


def bits_of_real(value):
    return json_integer(int(f64(value)["bits"], 16))


def parameters(*entries):
    """The sections of (name, type, value)."""
    numbers_of = {NULL: lambda value: 0, INTEGER: bits_of_integer, REAL: bits_of_real, TEXT: lambda value: 0}
    sections = {
        "parameter_names": [name for name, _, _ in entries],
        "parameter_types": [kind for _, kind, _ in entries],
        "parameter_numbers": [numbers_of[kind](value) for _, kind, value in entries]}
    if any(kind == TEXT for _, kind, _ in entries):
        sections["parameter_texts"] = [value if kind == TEXT else "" for _, kind, value in entries]
    return sections


class RuleVectors(QueryVectors):
    def rule_requests(self):
        query, limits, user = self.query, self.schema["limits"], {"query_ids": texts("17850")}

        def add(name, fixed, sections, **extra):
            self.request(f"rules-{name}", "RECOMMEND", fixed, sections, **extra)

        add("filter", query("USER"), {**user, "filter": "category = 'mugs' AND median_price < 10"})
        add("filter-of-other-scripts", query("USER"), {**user, "filter": "name = 'größe ☕ 𝄞'"})
        add("filter-empty", query("USER"), {**user, "filter": ""},
            note="the decoder takes it; the server's status is INVALID_ARGUMENT, FILTER_SYNTAX")
        add("filter-longest", query("USER"), {**user, "filter": "1" + " " * (limits["filter_bytes_max"] - 1)})
        every = parameters(
            ("none", NULL, None), ("least", INTEGER, -2**63), ("most", INTEGER, 2**63 - 1), ("zero", REAL, -0.0),
            ("far", REAL, float("-inf")), ("word", TEXT, "o'clock; -- \u0000"), ("_9", TEXT, ""))
        add("parameter-texts-longest", query("USER"), {
            **user, "filter": "category = :a OR category = :b",
            **parameters(("a", TEXT, "x"), ("b", TEXT, "y" * (limits["filter_bytes_max"] - 1)))})
        add("parameters-of-all-types", query("USER"), {
            **user, **every,
            "filter": "a IS :none OR b IN (:least, :most) OR c > :far AND d <> :zero OR e = :word OR e = :_9"})
        add("parameters-without-texts", query("USER"), {
            **user, "filter": "last_day >= :today - 30", **parameters(("today", INTEGER, 700))})
        add("parameters-greatest", query("USER"), {
            **user, "filter": "a IN (" + ", ".join(f":p{index}" for index in range(256)) + ")",
            **parameters(*((f"p{index}", INTEGER, index) for index in range(256)))})
        add("filters-of-each-query", query("USER", count=3), {
            "query_ids": texts("17850", "13047", "17850"), "query_filters": ["price < :most", "", "'gift' IN tags"],
            **parameters(("most", REAL, 5.0))})
        add("filters-of-each-query-longest", query("USER", count=2), {
            "query_ids": texts("17850", "13047"), "query_filters": ["1", "1" + " " * (limits["filter_bytes_max"] - 2)]})
        add("parameters-empty", query("USER"), {**user, **parameters()}, canonical=False)
        add("boosts", query("USER"), {
            **user, "boost_filters": ["season = :now", "margin > 0.3"], "boost_effects": [MULTIPLY, ADD],
            "boost_values": [f64(1.5), f64(-0.25)], **parameters(("now", TEXT, "winter"))})
        add("boosts-greatest", query("USER"), {
            **user, "boost_filters": ["1"] * 8, "boost_effects": [MULTIPLY] * 8,
            "boost_values": [json_float(bits, "f64") for bits in (
                1, 0x0010000000000000, 0x3FF0000000000000, 0x7FEFFFFFFFFFFFFF)] * 2})
        add("caps", query("USER"), {**user, "cap_columns": ["brand", "tags"], "cap_counts": [2, U32_MAX]})
        add("caps-greatest", query("USER"), {**user, "cap_columns": ["a", "b", "a", "n" * 128], "cap_counts": [1] * 4})
        add("diversity", query("USER"), {**user, "diversity": [f64(0.3)]})
        add("diversity-with-a-pool", query("USER"), {**user, "pool": [10], "diversity": [f64(1.0)]})
        add("diversity-of-nothing", query("USER"), {
            **user, "pool": [limits["pool_max"]], "diversity": [json_float(0x8000000000000000, "f64")]})
        add("offset", query("USER"), {**user, "offset": [20]})
        add("offset-greatest", query("USER", k=1), {**user, "offset": [limits["k_max"] - 1]})
        add("seen-because-distinct", query("USER", count=2, options=EXCLUDE_SEEN | BECAUSE | DISTINCT), {
            "query_ids": texts("17850", "13047")})
        for policy in ("SKIP", "FALLBACK"):
            fixed = {**query("BASKET"), "unknown_id_policy": self.enum("unknown_id_policy", policy)}
            add(f"unknown-{policy.lower()}", fixed, {"members": ragged(texts("22423", "nosuch"), [0, 2])})
        add("fold-in", query("FOLD_IN", options=BECAUSE), {
            "members": ragged(texts("22423", "22699", "22423"), [0, 3]), "weights": [f32(2), f32(1), f32(0.5)]})
        add("fold-ins", query("FOLD_IN", count=2), {"members": ragged(numbers(1, 2, 3), [0, 0, 3])},
            note="the first is empty: that query's own status is INVALID_ARGUMENT, EMPTY_BASKET")
        add("blend-empty-fallback", {**query("BLEND"), "unknown_id_policy": self.enum("unknown_id_policy", "FALLBACK")},
            {"members": ragged(numbers(), [0, 0])}, note="popular rows are the answer")
        blend = {
            "members": ragged(texts("22423"), [0, 1]), "weights": [f32(0.5)],
            "blend_users": ragged(numbers(17850, 13047), [0, 2]), "blend_user_weights": [f32(1), f32(-1)],
            "blend_vectors": [f32(value) for value in (0.5, 1, -0.5, 2)], "blend_vector_offsets": [0, 2],
            "blend_vector_weights": [f32(0.25), f32(0)]}
        add("blend", query("BLEND"), blend)
        add("blend-of-users", query("BLEND", options=EXCLUDE_SEEN), {"blend_users": ragged(texts("17850"), [0, 1])})
        add("blend-of-items", query("BLEND"), {"members": ragged(texts("22423"), [0, 1])})
        add("blend-of-vectors", query("BLEND", count=2), {
            "blend_vectors": [f32(1), f32(2)], "blend_vector_offsets": [0, 0, 1]})
        add("blend-of-no-vectors", query("BLEND"), {"blend_vectors": [], "blend_vector_offsets": [0, 0]})
        everything = {
            **blend, "model": "shop", "exclusions": ragged(texts("84029E")), "candidates": ragged(texts("22423", "a")),
            "min_scores": [f32(0.1)], "columns": ["price"], "filter": "price < :most",
            **parameters(("most", REAL, 5.0)), "boost_filters": ["fresh"], "boost_effects": [ADD],
            "boost_values": [f64(0.1)], "cap_columns": ["brand"], "cap_counts": [2], "offset": [5], "pool": [100],
            "diversity": [f64(0.5)]}
        fixed = {**query("BLEND", options=31, version=3, similarity="COSINE"), "unknown_id_policy": 1}
        add("everything", fixed, everything, request_id=2**33, arg=250)

    def rule_replies(self):
        def add(name, fixed, sections, **extra):
            fixed = {"version": 1, "queue_us": 12, "compute_us": 340, "query_count": 2, **fixed}
            self.reply(f"rules-reply-{name}", "RECOMMEND", fixed, {"model": "shop", **sections}, **extra)

        two = {
            "result_offsets": [0, 2, 3], "ids": texts("a", "b", "c"), "scores": [f32(3), f32(2), f32(1)],
            "statuses": [0, 0], "query_flags": [1, 3], "rows_eligible": [9, 8], "rows_scanned": [9, 0]}
        add("fallback", {}, {**two, "unknown_ids": [0, 1]})
        add("unknown-ids-greatest", {}, {**two, "unknown_ids": [U32_MAX, 512]})
        add("because", {}, {**two, "because": texts("x", "y"), "because_found": [0b101]})
        add("because-of-numbers", {}, {**two, "because": numbers(0, NUMBER_ID_MAX), "because_found": [0b110]})
        add("because-of-nothing", {}, {**two, "because": numbers(), "because_found": [0]})
        add("distinct", {}, {**two, "rows_taken": [0, U64_MAX]})
        one = {"statuses": [0], "query_flags": [1], "rows_eligible": [8], "rows_scanned": [8]}
        add("split-1", {"query_count": 1}, {
            **one, "result_offsets": [0, 1], "ids": texts("a"), "scores": [f32(3)], "unknown_ids": [0],
            "because": texts("x"), "because_found": [1], "rows_taken": [0]}, flags=0)
        add("split-2", {"query_count": 1, "first_query": 1}, {
            **one, "result_offsets": [0, 1], "ids": texts("b"), "scores": [f32(2)], "unknown_ids": [2],
            "because": numbers(), "because_found": [0], "rows_taken": [1]}, follows="rules-reply-split-1")
        failing = {
            "result_offsets": [0, 0, 1], "ids": texts("a"), "scores": [f32(1)], "statuses": [257, 0],
            "query_flags": [0, 1], "rows_eligible": [0, 9], "rows_scanned": [0, 9],
            "details": [self.schema["details"]["EMPTY_BASKET"]["code"], 0],
            "messages": ["the basket is empty: at least 1 member", ""], "values": [0, 0], "limits": [1, 0]}
        add("one-query-failed", {}, {
            **failing, "unknown_ids": [0, 0], "because": texts("x"), "because_found": [1], "rows_taken": [0, 3]})

    def filters(self):
        items, users = self.enum("side", "ITEMS"), self.enum("side", "USERS")
        self.request("filter-items", "FILTER", {"side": items}, {"filter": "median_price < 5"})
        self.request("filter-users-pinned", "FILTER", {"side": users, "version": 2}, {
            "model": "online-retail", "filter": "country = :country", **parameters(("country", TEXT, "Germany"))})
        reply = {"version": 1, "rows": 3656, "rows_passing": 41, "evaluate_us": 12}
        self.reply("filter-reply", "FILTER", reply, {"model": "online-retail"})
        self.reply("filter-reply-kept", "FILTER", {**reply, "flags": 1, "evaluate_us": 0}, {"model": "m"})
        self.reply("filter-reply-greatest", "FILTER", {
            "version": U64_MAX, "rows": U64_MAX, "rows_passing": U64_MAX, "evaluate_us": U32_MAX}, {"model": "m"})
        self.request("score-filter", "SCORE", self.query("USER", k=None), {
            "query_ids": texts("17850"), "candidates": ragged(texts("22423")), "filter": "stock > :least",
            **parameters(("least", INTEGER, 0))})
        fixed = {**self.query("BLEND", k=None), "unknown_id_policy": self.enum("unknown_id_policy", "SKIP")}
        self.request("score-blend", "SCORE", fixed, {
            "blend_users": ragged(texts("17850"), [0, 1]), "candidates": ragged(texts("22423"))})
        self.request("score-fold-in", "SCORE", self.query("FOLD_IN", k=None), {
            "members": ragged(texts("22423"), [0, 1]), "candidates": ragged(texts("22699"))})
