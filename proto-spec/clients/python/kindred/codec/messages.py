"""The layouts of all messages, in the notation of layout.py."""

from .layout import Layout
from .protocol import DATA, GOAWAY

MODEL = "model 1 utf8!"
NOTHING = "6x"
QUERY = "query_kind u8, target u8, similarity u8, unknown_id_policy u8, options u16, query_count u32"
QUERIES = ("query_ids 64 ids!", "vectors 68 f32!", "members 72 ragged_ids!", "weights 76 f32!")
BLENDS = ("blend_users 96 ragged_ids!", "blend_user_weights 100 f32!", "blend_vectors 101 f32!",
          "blend_vector_offsets 102 u32!", "blend_vector_weights 103 f32!")
FILTER = ("filter 104 utf8!", "parameter_names 106 texts!", "parameter_types 108 u8!", "parameter_numbers 109 u64!",
          "parameter_texts 110 texts!")
RANK = ("boost_filters 112 texts!", "boost_effects 114 u8!", "boost_values 115 f64!", "cap_columns 116 texts!",
        "cap_counts 118 u32!", "offset 120 u32!", "pool 121 u32!", "diversity 122 f64!",
        "query_filters 124 texts!")
ANSWER = "2x, query_count u32, version u64, queue_us u32, compute_us u32, first_query u32, 4x"
SWITCHED = Layout("flags u16, 4x, active u64, previous u64, pinned u64")

TYPES = {
    "HELLO": 0x01, "PING": 0x03, "GOAWAY": GOAWAY, "WINDOW": 0x05, "CANCEL": 0x06, "DATA": DATA, "RECOMMEND": 0x10,
    "SCORE": 0x11, "GET_VECTORS": 0x12, "FILTER": 0x13, "LOOKALIKE": 0x20, "MODEL_LIST": 0x40, "MODEL_LOAD": 0x41,
    "MODEL_ACTIVATE": 0x42, "MODEL_ROLLBACK": 0x43, "STATS": 0x45, "HEALTH": 0x46,
}
REQUESTS = {
    "HELLO": Layout("minor u16, 4x, features_wanted u64", MODEL, "client_name 64 utf8", "token 65 raw"),
    "PING": Layout("6x, opaque u64", MODEL),
    "GOAWAY": Layout("status u16, grace_ms u32, last_request_id u64, reconnect_after_ms u32, 4x", MODEL,
                     "message 64 utf8"),
    "WINDOW": Layout("6x, limit_bytes u64", MODEL),
    "CANCEL": Layout(NOTHING, MODEL),
    "DATA": Layout("6x, first_index u64", MODEL, "ids 64 ids!", "scores 72 f32"),
    "RECOMMEND": Layout(QUERY + ", k u32, version u64", MODEL, *QUERIES, "exclusions 80 ragged_ids!",
                        "candidates 84 ragged_ids!", "min_scores 88 f32!", "columns 92 texts!", *BLENDS, *FILTER,
                        *RANK),
    "SCORE": Layout(QUERY + ", 4x, version u64", MODEL, *QUERIES, "candidates 84 ragged_ids!", *BLENDS, *FILTER),
    "GET_VECTORS": Layout("side u8, 5x, version u64", MODEL, "ids 64 ids!"),
    "FILTER": Layout("side u8, 5x, version u64", MODEL, *FILTER),
    "LOOKALIKE": Layout("scorer u8, similarity u8, size_kind u8, 1x, options u16, size_value u64, version u64, "
                        "window_bytes u64, min_score f32, 4x", MODEL, "seeds 64 ids!"),
    "MODEL_LIST": Layout(NOTHING, MODEL),
    "MODEL_LOAD": Layout("6x, version u64", MODEL),
    "MODEL_ACTIVATE": Layout("6x, version u64, expected_active u64", MODEL),
    "MODEL_ROLLBACK": Layout("6x, expected_active u64", MODEL),
    "STATS": Layout(NOTHING, MODEL),
    "HEALTH": Layout(NOTHING, MODEL),
}
REPLIES = {
    "HELLO": Layout(
        "minor u16, body_bytes_max u32, features_granted u64, seeds_max u64, window_bytes_default u64, "
        "window_bytes_max u64, requests_in_flight_max u32, queries_per_batch_max u32, k_max u32, "
        "results_per_request_max u32, dimension_max u32, basket_members_max u32, excluded_ids_max u32, "
        "candidates_max u32, vector_ids_max u32, vector_elements_per_request_max u32, columns_per_request_max u32, "
        "streams_per_connection_max u32, data_body_bytes_max u32, timeout_ms_max u32, idle_ms u32, "
        "stream_progress_ms u32, stream_progress_bytes_min u32, stream_ms_max u32, id_bytes_max u32, 4x, "
        "timeout_ms_default u32, queue_ms_max u32, pending_queries_max u32, streams_max u32, "
        "listed_ids_per_request_max u64, stream_bytes_held_max u64, connection_bytes_held_max u64, "
        "frame_progress_ms u32, frame_progress_bytes_min u32, frame_ms u32, reply_ms u32, "
        "reply_bytes_max u32, 4x, filter_bytes_max u32, filter_nodes_max u32, filter_depth_max u32, "
        "filter_values_max u32, boosts_max u32, caps_max u32, pool_max u32, 4x",
        "server_name 64 utf8", "default_model 65 utf8", least=120),
    "PING": Layout("6x, opaque u64"),
    "RECOMMEND": Layout(
        ANSWER, "model 64 utf8", "result_offsets 66 u32", "ids 68 ids", "scores 72 f32", "statuses 73 u16",
        "query_flags 74 u16", "rows_eligible 75 u64", "rows_scanned 76 u64", "details 77 u16", "messages 78 texts",
        "values 81 u64", "limits 82 u64", "unknown_ids 83 u32", "because 84 ids", "because_found 87 u8",
        "rows_taken 88 u64", "columns 128 columns"),
    "SCORE": Layout(
        ANSWER, "model 64 utf8", "result_offsets 66 u32", "scores 72 f32", "statuses 73 u16", "details 77 u16",
        "messages 78 texts", "found 80 u8", "values 81 u64", "limits 82 u64"),
    "GET_VECTORS": Layout(
        "2x, id_count u32, version u64, dimension u32, first_id u32, queue_us u32, compute_us u32",
        "model 64 utf8", "found 66 u8", "vectors 68 f32"),
    "FILTER": Layout("flags u16, 4x, version u64, rows u64, rows_passing u64, evaluate_us u32, 12x", "model 64 utf8"),
    "LOOKALIKE": Layout(
        "flags u16, checksum u32, version u64, rows u64, seeds_received u64, seeds_matched u64, seeds_duplicate u64, "
        "seeds_unmatched u64, rows_eligible u64, rows_scanned u64, queue_us u32, compute_us u32, 8x",
        "model 64 utf8", "unmatched_examples 66 ids"),
    "MODEL_LIST": Layout(
        "2x, model_count u32", "names 64 texts", "active 66 u64", "previous 67 u64", "pinned 68 u64",
        "dimension 69 u32", "metric 70 u8", "flags 71 u8", "items 72 u64", "users 73 u64", "item_id_kind 74 u8",
        "user_id_kind 75 u8", "fingerprints 76 blobs", "training_ids 78 texts", "loaded 80 u64",
        "loaded_offsets 81 u32", "refused 82 u64", "refused_offsets 83 u32", "refusal_reasons 84 texts",
        "item_columns 86 texts", "item_columns_offsets 88 u32", "user_columns 90 texts",
        "user_columns_offsets 92 u32", "available 94 u64", "available_offsets 95 u32", "available_state 96 u8",
        "available_dimension 97 u32", "available_items 98 u64", "available_users 99 u64",
        "available_item_columns 100 texts", "available_item_columns_offsets 102 u32",
        "available_user_columns 104 texts", "available_user_columns_offsets 106 u32", "item_column_types 108 u8",
        "user_column_types 109 u8", "remarks 110 texts", "repository_remark 112 utf8"),
    "MODEL_LOAD": SWITCHED, "MODEL_ACTIVATE": SWITCHED, "MODEL_ROLLBACK": SWITCHED,
    "STATS": Layout(NOTHING, "names 64 texts", "values 66 u64"),
    "HEALTH": Layout("state u8, 1x, models_ready u32"),
}
ERROR = Layout("detail u16, retry_after_ms u32, reference u64, value u64, limit u64, 8x", "message 64 utf8")
