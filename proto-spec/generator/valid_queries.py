"""Valid requests for recommendations, scores, vectors and look-alikes, and their replies."""

from .encoder import END, f32, f64, json_float, json_integer
from .valid_cases import ValidCases
from .values import NUMBER_ID_MAX, U32_MAX, U64_MAX, column, numbers, ragged, texts


class QueryVectors(ValidCases):
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
