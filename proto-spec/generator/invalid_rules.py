"""Requests whose rules have one defect, by the steps of 5.4."""

from .encoder import Section, f32, f64, json_float
from .invalid_bodies import BodyVectors
from .invalid_cases import BYTES, offsets
from .valid_rules import ADD, BECAUSE, EXCLUDE_SEEN, INTEGER, MULTIPLY, REAL, TEXT, parameters
from .values import U32_MAX, numbers, ragged, texts

NAN = json_float(0x7FF8000000000000, "f64")
USER = {"query_ids": texts("17850")}


def changed(tag, **values):
    def mutate(body):
        for name, value in values.items():
            setattr(body.section(tag), name, value)
    return mutate


def without(tag):
    return lambda body: body.sections.remove(body.section(tag))


class RuleDefects(BodyVectors):
    def rule_forms(self):
        filtered = {**USER, "filter": "a = :x", **parameters(("x", TEXT, "é"))}
        boosted = {**USER, "boost_filters": ["a"], "boost_effects": [ADD], "boost_values": [f64(1)]}
        capped = {**USER, "cap_columns": ["a"], "cap_counts": [1]}
        diverse = {**USER, "pool": [10], "diversity": [f64(0.5)], "offset": [1]}
        blend = {
            "blend_users": ragged(numbers(1), [0, 1]), "blend_user_weights": [f32(1)], "blend_vectors": [f32(1)],
            "blend_vector_offsets": [0, 1], "blend_vector_weights": [f32(1)]}
        by_query = {**USER, "query_filters": ["a"]}
        self.step = 3
        for tags, sections, fixed in (
            ((104, 106, 107, 108, 109, 110, 111), filtered, {}), ((112, 113, 114, 115), boosted, {}),
            ((116, 117, 118), capped, {}), ((120, 121, 122), diverse, {}), ((124, 125), by_query, {}),
            ((96, 99, 100, 101, 102, 103), blend, {"query_kind": 5}),
        ):
            for tag in tags:
                self.recommend(f"rules-etype-{tag}", "UNSUPPORTED_ENCODING", fixed, sections,
                               changed(tag, etype=BYTES), value=tag)
        self.recommend("rules-width-of-a-value", "MALFORMED_BODY", None, boosted, changed(115, payload=bytes(7)))
        self.step = 4
        malformed = "MALFORMED_BODY"
        self.recommend("rules-filter-not-utf8", malformed, None, filtered, changed(104, payload=b"a = '\xff'"))
        self.recommend("rules-parameter-text-not-utf8", malformed, None, filtered, changed(111, payload=b"\xc3("))
        self.recommend("rules-parameter-names-without-bytes", malformed, None, filtered, without(107))
        self.recommend("rules-boost-filter-offsets", malformed, None, boosted, changed(112, payload=offsets(0, 2)))
        self.recommend("rules-query-filter-not-utf8", malformed, None, by_query, changed(125, payload=b"\xff"))
        self.recommend("rules-cap-column-not-utf8", malformed, None, capped, changed(117, payload=b"\xff"))
        kind = {"query_kind": 5}
        for name, payload in (
            ("empty", b""), ("first-not-0", offsets(1, 1)), ("descending", offsets(0, 2, 1)),
        ):
            self.recommend(f"rules-blend-vector-offsets-{name}", malformed, kind, blend, changed(102, payload=payload),
                           step=8)
        large = {"detail": "NUMBER_ID_TOO_LARGE", "value": 2**63, "limit": 2**63 - 1}
        for name, tag in (("exclusions", 80), ("candidates", 84)):
            self.recommend(f"rules-{name}-before-blends", "INVALID_ARGUMENT", kind,
                           {**blend, name: ragged(numbers(2**63))}, changed(102, payload=offsets(1, 1)), **large)
        self.recommend("rules-blend-users-without-ids", malformed, kind, blend, without(96))

    def rule_shapes(self):
        self.step = 8
        malformed = "MALFORMED_BODY"

        def add(name, sections, fixed=None):
            self.recommend(f"rules-shape-{name}", malformed, fixed, sections)

        bound = {**USER, "filter": "a = :x", **parameters(("x", TEXT, "b"))}

        def bound_without(name):
            return {key: value for key, value in bound.items() if key != name}

        add("parameter-types-missing", bound_without("parameter_types"))
        add("parameter-numbers-missing", bound_without("parameter_numbers"))
        add("parameter-texts-missing", bound_without("parameter_texts"))
        add("parameter-names-missing", bound_without("parameter_names"))
        add("parameter-types-more", {**bound, "parameter_types": [TEXT, INTEGER]})
        add("parameter-numbers-fewer", {**bound, "parameter_numbers": []})
        add("parameter-texts-more", {**bound, "parameter_texts": ["b", ""]})
        boosts = {**USER, "boost_filters": ["a"], "boost_effects": [ADD], "boost_values": [f64(1)]}
        for name in ("boost_filters", "boost_effects", "boost_values"):
            add(f"{name.replace('_', '-')}-missing", {key: value for key, value in boosts.items() if key != name})
        add("boost-effects-more", {**boosts, "boost_effects": [ADD, ADD]})
        add("boost-values-none", {**boosts, "boost_values": []})
        add("cap-counts-missing", {**USER, "cap_columns": ["a"]})
        add("cap-columns-missing", {**USER, "cap_counts": [1]})
        add("cap-counts-fewer", {**USER, "cap_columns": ["a", "b"], "cap_counts": [1]})
        add("offset-none", {**USER, "offset": []})
        add("offsets-two", {**USER, "offset": [1, 2]})
        add("diversities-two", {**USER, "diversity": [f64(0), f64(1)]})
        add("pools-two", {**USER, "diversity": [f64(0)], "pool": [10, 10]})
        add("pool-without-diversity", {**USER, "pool": [10]})
        add("query-filters-more", {**USER, "query_filters": ["a", "b"]})
        add("query-filters-none", {**USER, "query_filters": []})
        add("query-filters-beside-a-filter", {**USER, "filter": "a", "query_filters": ["b"]})
        one = ragged(numbers(1), [0, 1])
        add("blend-of-nothing", {}, {"query_kind": 5})
        add("blend-users-of-a-user-query", {**USER, "blend_users": one})
        add("blend-user-weights-of-a-basket", {"members": one, "blend_user_weights": [f32(1)]}, {"query_kind": 4})
        add("blend-vectors-of-a-fold-in", {
            "members": one, "blend_vectors": [f32(1)], "blend_vector_offsets": [0, 1]}, {"query_kind": 6})
        add("blend-users-without-list-offsets", {"blend_users": ragged(numbers(1))}, {"query_kind": 5})
        add("blend-users-fewer", {"blend_users": one}, {"query_kind": 5, "query_count": 2})
        add("blend-user-weights-more", {"blend_users": one, "blend_user_weights": [f32(1)] * 2}, {"query_kind": 5})
        add("blend-user-weights-alone", {"members": one, "blend_user_weights": [f32(1)]}, {"query_kind": 5})
        add("blend-vectors-without-offsets", {"blend_vectors": [f32(1)]}, {"query_kind": 5})
        add("blend-vector-offsets-alone", {"members": one, "blend_vector_offsets": [0, 0]}, {"query_kind": 5})
        add("blend-vector-offsets-more", {
            "blend_vectors": [f32(1)], "blend_vector_offsets": [0, 1, 1]}, {"query_kind": 5})
        add("blend-vectors-not-divisible", {
            "blend_vectors": [f32(1)] * 3, "blend_vector_offsets": [0, 2]}, {"query_kind": 5})
        add("blend-vectors-without-elements", {
            "blend_vectors": [], "blend_vector_offsets": [0, 1]}, {"query_kind": 5})
        add("blend-elements-without-vectors", {
            "blend_vectors": [f32(1)], "blend_vector_offsets": [0, 0]}, {"query_kind": 5})
        add("blend-vector-weights-fewer", {
            "blend_vectors": [f32(1)] * 2, "blend_vector_offsets": [0, 2], "blend_vector_weights": [f32(1)]},
            {"query_kind": 5})
        add("blend-weights-without-items", {"blend_users": one, "weights": [f32(1)]}, {"query_kind": 5})
        add("fold-in-without-members", {}, {"query_kind": 6})
        self.add("filter-without-a-filter", "FILTER", malformed, {"side": 1})
        self.add("filter-value-side-0", "FILTER", "INVALID_ARGUMENT", {"side": 0}, {"filter": "a"}, step=5,
                 detail="UNKNOWN_VALUE", value=0)
        base = {"query_kind": 1, "target": 1, "query_count": 1}
        scored = {**USER, "candidates": ragged(texts("a"))}
        self.add("score-parameter-types-missing", "SCORE", malformed, base,
                 {**scored, "filter": "a", "parameter_names": ["x"], "parameter_numbers": [0]})
        for name, count in (("score-fallback", 1), ("score-fallback-before-counts", 0)):
            self.add(name, "SCORE", "INVALID_ARGUMENT", {**base, "unknown_id_policy": 2, "query_count": count}, scored,
                     step=5, detail="UNKNOWN_VALUE", value=2)

    def rule_limits(self):
        self.step = 7
        kinds = self.schema["enums"]["query_kind"]
        for kind in ("ITEM", "VECTOR", "BASKET", "FOLD_IN"):
            members = {"members": ragged(numbers(1), [0, 1])}
            sections = {"ITEM": USER, "VECTOR": {"vectors": [f32(1)]}}.get(kind, members)
            self.recommend(f"rules-seen-of-{kind.lower().replace('_', '-')}", "INVALID_ARGUMENT",
                           {"query_kind": kinds[kind], "options": EXCLUDE_SEEN}, sections, detail="SEEN_WITHOUT_USER")
        self.recommend("rules-seen-over-users", "INVALID_ARGUMENT", {"target": 2, "options": EXCLUDE_SEEN}, USER,
                       detail="SEEN_WITHOUT_USER")
        self.recommend("rules-because-of-a-vector", "INVALID_ARGUMENT", {"query_kind": 3, "options": BECAUSE},
                       {"vectors": [f32(1)]}, detail="BECAUSE_WITHOUT_ITEMS")
        self.step = 9
        limits, exceeded = self.schema["limits"], "LIMIT_EXCEEDED"

        def add(name, sections, value, limit, fixed=None):
            self.recommend(f"rules-{name}", exceeded, fixed, {**USER, **sections}, value=value, limit=limit)

        longest = limits["filter_bytes_max"]
        add("filter-one-above", {"filter": "1" * (longest + 1)}, longest + 1, longest)
        many = parameters(*((f"p{index}", INTEGER, 0) for index in range(257)))
        add("parameters-one-above", {"filter": "1", **many}, 257, 256)
        words = parameters(("a", TEXT, "x"), ("b", TEXT, "y" * longest))
        add("parameter-texts-one-above", {"filter": "1", **words}, longest + 1, longest)
        add("boosts-one-above", {
            "boost_filters": ["1"] * 9, "boost_effects": [ADD] * 9, "boost_values": [f64(0)] * 9}, 9, 8)
        add("boost-filter-one-above", {
            "boost_filters": ["1", "1" * (longest + 1)], "boost_effects": [ADD] * 2, "boost_values": [f64(0)] * 2},
            longest + 1, longest)
        self.recommend("rules-query-filters-one-above", exceeded, {"query_count": 2}, {
            "query_ids": numbers(1, 2), "query_filters": ["1", "1" * longest]}, value=longest + 1, limit=longest)
        add("caps-one-above", {"cap_columns": ["a"] * 5, "cap_counts": [1] * 5}, 5, 4)
        add("cap-column-one-above", {"cap_columns": ["n" * 129], "cap_counts": [1]}, 129, 128)
        add("offset-one-above", {"offset": [limits["k_max"] - 9]}, limits["k_max"] + 1, limits["k_max"])
        add("offset-greatest-u32", {"offset": [U32_MAX]}, U32_MAX + 10, limits["k_max"])
        add("pool-one-above", {"pool": [2001], "diversity": [f64(0)]}, 2001, limits["pool_max"])
        members = ragged(numbers(*range(512)), [0, 512])
        self.recommend("rules-blend-one-above", exceeded, {"query_kind": 5}, {
            "members": members, "blend_users": ragged(numbers(1), [0, 1])}, value=513, limit=512)
        self.recommend("rules-fold-in-one-above", exceeded, {"query_kind": 6}, {
            "members": ragged(numbers(*range(513)), [0, 513])}, value=513, limit=512)
        self.recommend("rules-blend-dimension-one-above", exceeded, {"query_kind": 5}, {
            "blend_vectors": [f32(0)] * 4097, "blend_vector_offsets": [0, 1]}, value=4097, limit=4096)

    def rule_numbers(self):
        self.step = 10

        def add(name, detail, sections, value=None, limit=None, fixed=None):
            self.recommend(f"rules-{name}", "INVALID_ARGUMENT", fixed, {**USER, **sections}, detail=detail,
                           value=value, limit=limit)

        for index, name in enumerate(("", "9a", "a-b", ":a", "é", "a b", "a\u0000")):
            add(f"parameter-name-{index}", "PARAMETER_NAME", {
                "filter": "1", **parameters(("x", INTEGER, 0), (name, INTEGER, 0))}, value=1)
        add("parameter-repeated", "PARAMETER_REPEATED", {
            "filter": "a = :x", **parameters(("x", INTEGER, 0), ("y", INTEGER, 0), ("x", TEXT, ""))}, value=2)
        add("parameter-nan", "PARAMETER_NOT_A_NUMBER", {
            "filter": "a = :x", "parameter_names": ["x"], "parameter_types": [REAL],
            "parameter_numbers": [str(0x7FF8000000000001)]}, value=0)
        add("parameter-type-4", "UNKNOWN_VALUE", {
            "filter": "a = :x", "parameter_names": ["x"], "parameter_types": [4], "parameter_numbers": [0]}, value=4)

        def boost(effect, value):
            return {"boost_filters": ["1", "1"], "boost_effects": [ADD, effect], "boost_values": [f64(0), value]}

        add("boost-effect-0", "UNKNOWN_VALUE", boost(0, f64(1)), value=0)
        add("boost-effect-3", "UNKNOWN_VALUE", boost(3, f64(1)), value=3)
        for name, value in (("nan", NAN), ("infinity", f64(float("inf"))), ("minus-infinity", f64(float("-inf")))):
            add(f"boost-adds-{name}", "BOOST_VALUE", boost(ADD, value), value=1)
            add(f"boost-multiplies-by-{name}", "BOOST_VALUE", boost(MULTIPLY, value), value=1)
        for name, value in (("0", f64(0)), ("minus-0", f64(-0.0)), ("minus-1", f64(-1))):
            add(f"boost-multiplies-by-{name}", "BOOST_VALUE", boost(MULTIPLY, value), value=1)
        add("cap-0", "CAP_IS_ZERO", {"cap_columns": ["a", "b"], "cap_counts": [1, 0]}, value=1, limit=1)
        for name, value in (("nan", NAN), ("below-0", f64(-5e-324)), ("above-1", json_float(0x3FF0000000000001, "f64"))):
            add(f"diversity-{name}", "DIVERSITY_RANGE", {"diversity": [value]}, limit=1)
        add("pool-too-small", "POOL_TOO_SMALL", {"pool": [29], "diversity": [f64(0)], "offset": [20]}, value=29, limit=30)
        members = {"members": ragged(numbers(1, 2), [0, 2])}
        for name, bits in (("0", 0), ("minus-0", 0x80000000), ("below-0", 0x80000001)):
            self.recommend(f"rules-fold-in-weight-{name}", "INVALID_ARGUMENT", {"query_kind": 6},
                           {**members, "weights": [f32(1), json_float(bits)]}, detail="FOLD_IN_WEIGHT", value=1)
        nan = json_float(0x7FC00000)
        self.recommend("rules-fold-in-weight-nan", "INVALID_ARGUMENT", {"query_kind": 6},
                       {**members, "weights": [f32(0), nan]}, detail="WEIGHT_NOT_FINITE", value=1,
                       note="weights that are not finite come first")
        self.recommend("rules-blend-user-weight-nan", "INVALID_ARGUMENT", {"query_kind": 5}, {
            "blend_users": ragged(numbers(1, 2), [0, 2]), "blend_user_weights": [f32(0), nan]},
            detail="WEIGHT_NOT_FINITE", value=1)
        self.recommend("rules-blend-vector-weight-nan", "INVALID_ARGUMENT", {"query_kind": 5, "query_count": 2}, {
            "blend_vectors": [f32(1)] * 2, "blend_vector_offsets": [0, 1, 2], "blend_vector_weights": [f32(0), nan]},
            detail="WEIGHT_NOT_FINITE", value=0)
        self.recommend("rules-order-weights-before-parameters", "INVALID_ARGUMENT", {"query_kind": 4}, {
            **members, "weights": [f32(0), nan], "filter": "1", **parameters(("", INTEGER, 0))},
            detail="WEIGHT_NOT_FINITE", value=1)
        add("order-parameters-before-boosts", "PARAMETER_NAME", {
            **boost(ADD, NAN), **parameters(("", INTEGER, 0))}, value=0)
        add("order-boosts-before-caps", "BOOST_VALUE", {
            **boost(ADD, NAN), "cap_columns": ["a"], "cap_counts": [0]}, value=1)
        add("order-caps-before-diversity", "CAP_IS_ZERO", {
            "cap_columns": ["a"], "cap_counts": [0], "diversity": [f64(2)]}, value=0, limit=1)

    def rule_replies_refused(self):
        """Replies that a client refuses."""
        one = {
            "model": "m", "result_offsets": [0, 2], "ids": numbers(1, 2), "scores": [f32(2), f32(1)], "statuses": [0],
            "query_flags": [1], "rows_eligible": [2], "rows_scanned": [2]}
        fixed = {"query_count": 1, "version": 1}

        def add(name, sections, mutate=None):
            self.add(f"rules-reply-{name}", "RECOMMEND", "MALFORMED_BODY", fixed, {**one, **sections}, mutate,
                     kind="reply", direction="server")

        self.step = 8
        add("unknown-ids-two", {"unknown_ids": [0, 0]})
        add("because-without-bits", {"because": numbers(1)})
        add("because-bits-without-items", {"because_found": [1]})
        add("because-fewer-than-bits", {"because": numbers(1), "because_found": [0b11]})
        add("because-more-than-bits", {"because": numbers(1, 2), "because_found": [0b01]})
        add("because-bits-of-another-count", {"because": numbers(1), "because_found": [1, 0]})
        add("rows-taken-none", {"rows_taken": []})
        self.add("filter-reply-without-a-model", "FILTER", "MALFORMED_BODY", {"version": 1}, {}, kind="reply",
                 direction="server")
