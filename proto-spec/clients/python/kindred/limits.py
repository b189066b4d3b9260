"""The limits of the protocol (11.1) and those that this client sets itself."""

TEXT_ID_BYTES_MAX = 256
NUMBER_ID_MAX = 2**63 - 1
FLOAT32_MAX = (2 - 2**-23) * 2.0**127
BODY_BYTES_MAX = 4 << 20
BODY_BYTES_BEFORE_HELLO_MAX = 16 << 10
ROW_BYTES_MAX = 312  # a DATA body with one row and the longest id (9.5)

# The largest values that a server may announce. A larger announcement counts as the value here.
LIMITS = {
    "body_bytes_max": BODY_BYTES_MAX, "seeds_max": 10_000_000, "window_bytes_default": 4 << 20,
    "window_bytes_max": 64 << 20, "requests_in_flight_max": 1024, "queries_per_batch_max": 1024, "k_max": 10_000,
    "results_per_request_max": 100_000, "dimension_max": 4096, "basket_members_max": 512, "excluded_ids_max": 10_000,
    "candidates_max": 100_000, "vector_ids_max": 10_000, "vector_elements_per_request_max": 4 << 20,
    "columns_per_request_max": 16, "streams_per_connection_max": 2, "data_body_bytes_max": 256 << 10,
    "timeout_ms_max": 60_000, "timeout_ms_default": 60_000, "listed_ids_per_request_max": 10_000_000,
    "idle_ms": 600_000, "stream_progress_ms": 30_000, "frame_progress_ms": 10_000,
    "frame_progress_bytes_min": 64 << 10, "frame_ms": 60_000, "reply_ms": 600_000, "reply_bytes_max": 64 << 20,
    "stream_progress_bytes_min": 64 << 10, "stream_ms_max": 3_600_000, "id_bytes_max": TEXT_ID_BYTES_MAX,
}

# Limits that must not be 0: with a 0 here the server could answer nothing.
NEEDED_LIMITS = (
    "body_bytes_max", "queries_per_batch_max", "results_per_request_max", "dimension_max", "vector_ids_max",
    "vector_elements_per_request_max", "data_body_bytes_max", "timeout_ms_max", "window_bytes_default",
)

# Defaults of section 11, for the limits that an older server does not announce.
LATER_LIMITS = {
    "timeout_ms_default": 60_000, "queue_ms_max": 500, "pending_queries_max": 65_536, "streams_max": 64,
    "listed_ids_per_request_max": 10_000_000, "stream_bytes_held_max": 192 << 20,
    "connection_bytes_held_max": 128 << 20, "frame_progress_ms": 10_000, "frame_progress_bytes_min": 64 << 10,
    "frame_ms": 60_000, "reply_ms": 600_000, "reply_bytes_max": 64 << 20, "filter_bytes_max": 16 << 10,
    "filter_nodes_max": 4_096, "filter_depth_max": 64, "filter_values_max": 256, "boosts_max": 8, "caps_max": 4,
    "pool_max": 2_000,
}

# Limits of this client.
TIMEOUT_SECONDS_MAX = 86_400
GOAWAYS_MAX = 8  # GOAWAY frames per connection
WAITING_BYTES_MAX = 64 << 10  # bytes that are read ahead between requests
CANCEL_SECONDS = 1.0  # wait for the end of a cancelled audience; then the connection is closed
ROWS_MAX = 2**32 - 1  # rows of an audience whose size is a share or a minimum score
REMEMBERED_MAX = 100_000  # seeds and rows of a streamed audience that later rows are compared with
MESSAGE_CHARACTERS_MAX = 1024
