"""The golden vectors that every implementation must accept. The encoder makes their bytes."""

from .encoder import Section, json_integer
from .valid_rules import RuleVectors
from .values import NUMBER_ID_MAX, REQUEST_ID_MAX, U32_MAX, U64_MAX, least_request, model_status, numbers, texts


class ValidVectors(RuleVectors):
    """All valid vectors, in the order of the schema's messages."""

    def __init__(self, encoder):
        super().__init__(encoder)
        self.prefaces()
        self.connection()
        self.recommend_requests()
        self.recommend_replies()
        self.score()
        self.get_vectors()
        self.rule_requests()
        self.rule_replies()
        self.filters()
        self.lookalike()
        self.models()
        self.errors()
        self.common_sections()
        self.tolerated()

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
                   "reply_ms": 1, "reply_bytes_max": 8, "filter_bytes_max": 0, "filter_nodes_max": 1, "filter_depth_max": 1,
                   "filter_values_max": 0, "boosts_max": 0, "caps_max": 0, "pool_max": 1}
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
        self.error("error-limit-exceeded", "RECOMMEND", "LIMIT_EXCEEDED", value=10001, limit=10000)
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
