"""A client for Kindred: recommendations and look-alike audiences over its binary protocol.

    import kindred
    with kindred.connect("127.0.0.1:7411") as k:
        for item, score in k.recommend(user="17850", k=10):
            print(item, score)
        audience = k.lookalike(seeds=["17850", "13047"], size=0.01)

One file, Python 3.9 or later, standard library only; numpy is used when it is installed. The protocol is described
in SPEC.md beside this folder; section numbers in comments are that file's.
"""

import array
import collections.abc
import decimal
import io
import itertools
import math
import operator
import os
import re
import socket
import struct
import sys
import threading
import time
import weakref
import zlib
from collections import namedtuple

try:
    import numpy
except ImportError:
    numpy = None

__all__ = ["connect", "Client", "Error", "ProtocolError", "Results", "Audience", "AudienceStream", "Summary",
           "Models"]

DEFAULT_PORT = 7411
CLIENT_NAME = "kindred-python/1.0"


# ---- Numbers of the protocol ------------------------------------------------------------------------------

MAGIC = bytes.fromhex("894b4e440d0a1a0a")
MAJOR, MINOR = 1, 0
HEADER = struct.Struct("<IBBHQIIII")
END, REPLY, CRITICAL = 1, 0x80, 1
RETRYABLE, NOT_PROCESSED = 1, 2
TEXT_ID_BYTES_MAX = 256
NUMBER_ID_MAX = 2**63 - 1
BODY_BYTES_MAX = 4 << 20
BODY_BYTES_BEFORE_HELLO_MAX = 16 << 10
DATA, GOAWAY = 0x07, 0x04
LIMITS = {  # A server announces these or lower ones (11.1); a greater one is taken as the one here.
    "body_bytes_max": BODY_BYTES_MAX, "seeds_max": 10_000_000, "window_bytes_default": 4 << 20,
    "window_bytes_max": 64 << 20, "requests_in_flight_max": 1024, "queries_per_batch_max": 1024, "k_max": 1000,
    "results_per_request_max": 100_000, "dimension_max": 4096, "basket_members_max": 512, "excluded_ids_max": 10_000,
    "candidates_max": 100_000, "vector_ids_max": 10_000, "vector_elements_per_request_max": 4 << 20,
    "columns_per_request_max": 16, "streams_per_connection_max": 2, "data_body_bytes_max": 256 << 10,
    "timeout_ms_max": 60_000, "timeout_ms_default": 60_000, "listed_ids_per_request_max": 10_000_000,
    "idle_ms": 600_000, "stream_progress_ms": 30_000, "frame_progress_ms": 10_000,
    "frame_progress_bytes_min": 64 << 10, "frame_ms": 60_000, "reply_ms": 600_000, "reply_bytes_max": 64 << 20,
    "stream_progress_bytes_min": 64 << 10, "stream_ms_max": 3_600_000, "id_bytes_max": TEXT_ID_BYTES_MAX,
}
NEEDED_LIMITS = (  # A server that announces 0 of these answers nothing.
    "body_bytes_max", "queries_per_batch_max", "results_per_request_max", "dimension_max", "vector_ids_max",
    "vector_elements_per_request_max", "data_body_bytes_max", "timeout_ms_max", "window_bytes_default",
)

# What this client sets itself.
TIMEOUT_SECONDS_MAX = 86_400
GOAWAYS_MAX = 8  # of one connection
WAITING_BYTES_MAX = 64 << 10  # taken at once of what comes while nothing was asked
CANCEL_SECONDS = 1.0  # for the end of a cancelled audience; after it, the connection is given up
ROWS_MAX = 2**32 - 1  # rows of an audience where nothing tells how many users there are
ROW_BYTES_MAX = 312  # of DATA with one row, whose id is the longest (9.5)
REMEMBERED_MAX = 100_000  # seeds, and rows of a streamed audience, that later rows are compared with
MESSAGE_CHARACTERS_MAX = 1024
FLOAT32_MAX = (2 - 2**-23) * 2.0**127
DECIMAL = re.compile("0|[1-9][0-9]{0,18}")
MODEL_NAME = re.compile("[a-z0-9][a-z0-9_-]{0,62}")

QUERY_KINDS = {"user": 1, "item": 2, "vector": 3, "basket": 4}
SIDES = {"items": 1, "users": 2}
SIMILARITIES = {None: 0, "dot": 1, "cosine": 2}
ID_KINDS = {0: None, 1: "number", 2: "text"}
COLUMN_TYPES = {1: "integers", 2: "reals", 3: "text"}
VERSION_STATES = {1: "on disk", 2: "loaded", 3: "waiting", 4: "loading", 5: "refused"}
NOT_REMEMBERED = 1
HEALTH_STATES = {1: "serving", 2: "not ready", 3: "draining"}
REFUSALS = {0: "none", 1: "version", 2: "draining", 3: "overloaded", 4: "too many connections"}
WITHOUT_SCORES, INCLUDE_MEMBERS, INCLUDE_SEEDS = 1, 2, 2
EXACT, PARTIAL = 1, 4
COUNT, SHARE, MIN_SCORE = 1, 2, 3

STATUSES = {
    0: "OK", 257: "INVALID_ARGUMENT", 258: "UNKNOWN_MODEL", 259: "UNKNOWN_ID", 260: "DIMENSION_MISMATCH",
    261: "LIMIT_EXCEEDED", 262: "UNSUPPORTED_TYPE", 263: "UNSUPPORTED_TAG", 264: "UNSUPPORTED_ENCODING",
    265: "DUPLICATE_REQUEST_ID", 266: "VERSION_GONE", 267: "MALFORMED_BODY", 513: "UNAUTHENTICATED",
    514: "PERMISSION_DENIED", 769: "OVERLOADED", 770: "RATE_LIMITED", 771: "DEADLINE_EXCEEDED",
    772: "NO_MODEL_READY", 773: "DRAINING", 774: "SLOW_CONSUMER", 1025: "CANCELLED", 1026: "CONFLICT",
    1281: "INTERNAL", 1282: "MODEL_CORRUPT", 1537: "BAD_MAGIC", 1538: "BAD_HEADER_CRC", 1540: "FRAME_TOO_LARGE",
    1541: "BAD_LENGTH", 1542: "UNEXPECTED_FRAME", 1543: "FLOW_CONTROL", 1544: "HANDSHAKE_TIMEOUT",
    1545: "IDLE_TIMEOUT", 1546: "EXCESSIVE_CONTROL", 1547: "UNSUPPORTED_FLAG", 1548: "SLOW_PEER",
}
CODES = {name: code for code, name in STATUSES.items()}
RETRYABLE_ENDS = ("HANDSHAKE_TIMEOUT", "IDLE_TIMEOUT", "SLOW_PEER")  # of class 6: of time, which may not come again
DETAILS = (
    "NONE", "K_IS_ZERO", "NO_QUERIES", "UNKNOWN_VALUE", "VECTOR_NOT_FINITE", "NORM_TOO_LARGE", "EMPTY_BASKET",
    "WEIGHT_NOT_FINITE", "WEIGHTS_CANCEL", "ZERO_VECTOR_UNDER_COSINE", "SEEDS_CANCEL", "MIN_SCORE_NOT_FINITE",
    "NUMBER_FOR_TEXT_IDS", "TEXT_FOR_NUMBER_IDS", "TEXT_ID_LENGTH", "TEXT_ID_NOT_UTF8", "NUMBER_ID_TOO_LARGE",
    "UNKNOWN_COLUMN", "SIDE_MISSING", "MODEL_NAME_MALFORMED", "SIZE_IS_ZERO", "SHARE_TOO_LARGE", "NO_SEEDS",
    "NO_CANDIDATES", "WINDOW_TOO_LARGE", "NO_KNOWN_CANDIDATE", "NO_KNOWN_SEED", "NO_PREVIOUS_VERSION",
    "VERSION_ON_DISK",
)


# ---- Errors -----------------------------------------------------------------------------------------------

class Error(Exception):
    """Why a request, or one query of it, was not answered.

    name        the status, e.g. "UNKNOWN_ID"; or one of the client's own: "CONNECTION_LOST", "CONNECTION_BUSY",
                "WRONG_PROCESS" (an audience or a call that began before a fork), "BAD_REPLY" (ProtocolError)
    code        the status code; 0 for the client's own
    detail      what exactly, e.g. "K_IS_ZERO"; "NONE" where the name says it all
    retryable   whether the same request may succeed later
    not_processed  whether the server certainly did nothing, so that even a change may be repeated
    message     a sentence with the offending value and what would be right
    value, limit   the offending number and what would be right, where they are numbers; else 0
    reference   to be found in the server's log; 0 = none
    retry_after seconds to wait before a retry
    """

    def __init__(self, name, message, *, code=None, detail="NONE", flags=0, value=0, limit=0, reference=0,
                 retry_after=0.0):
        message = plain(message)
        super().__init__(f"{name}: {message}" if message else name)
        self.name = name
        self.code = CODES.get(name, 0) if code is None else code
        self.detail = detail
        self.retryable = bool(flags & RETRYABLE)
        self.not_processed = bool(flags & NOT_PROCESSED)
        self.message = message
        self.value = value
        self.limit = limit
        self.reference = reference
        self.retry_after = retry_after

    def __reduce__(self):
        """Errors go from process to process whole."""
        return rebuilt_error, (type(self), self.args, self.__dict__)


class ProtocolError(Error):
    """Bytes that violate the protocol, or a reply that does not fit what was asked; the connection is closed."""


def rebuilt_error(kind, args, attributes):
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


def plain(message):
    """A message of a length that fits a log, on one line, without characters that steer a terminal."""
    cut = message[:MESSAGE_CHARACTERS_MAX]
    return cut if cut.isprintable() else "".join(part if part.isprintable() else "\ufffd" for part in cut)


def malformed(message):
    return ProtocolError("MALFORMED_BODY", message)


def bad_reply(what, expected):
    """The error for a reply that can be read and does not fit what was asked."""
    return ProtocolError("BAD_REPLY", f"the server answered {what}: expected {expected}")


def invalid(detail, message, value=0, limit=0):
    return Error("INVALID_ARGUMENT", message, detail=detail, value=value, limit=limit)


def status_name(code):
    """A status code's name; a later version's by its class."""
    classes = {1: "CALLER", 2: "IDENTITY", 3: "CAPACITY", 4: "STATE", 5: "SERVER", 6: "PROTOCOL"}
    return STATUSES.get(code) or f"{classes.get(code >> 8, 'UNKNOWN')}_{code:04X}"


def detail_name(code):
    return DETAILS[code] if code < len(DETAILS) else f"DETAIL_{code}"


# ---- Layouts of the messages ------------------------------------------------------------------------------
# "name type" for fixed fields, "Nx" for bytes that are sent 0; "name tag form" for sections, with ! where sent
# CRITICAL. A form is an element type (an array), utf8 or raw (one string), texts, blobs, ids, ragged_ids, columns.

ELEMENTS = {  # name: (etype, width, array typecode)
    "bytes": (0, 1, "B"), "u8": (1, 1, "B"), "u16": (2, 2, "H"), "u32": (3, 4, "I"), "u64": (4, 8, "Q"),
    "f32": (8, 4, "f"), "f64": (9, 8, "d"), "utf8": (10, 1, "B"), "i64": (11, 8, "q"),
}
STRUCT_CODES = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "f32": "f"}
COLUMN_BLOCKS_MAX = 16


class Layout:
    """A body's fixed part and the lists that its sections make. `least`: bytes of the fixed part that must be there,
    where a sender that knows fewer fields sends fewer (4.1)."""

    def __init__(self, fixed, *sections, least=None):
        self.names, self.ends, self.limits, codes = [], [], {}, "<H"
        for field in fixed.split(", "):
            name, _, kind = field.partition(" ")
            codes += STRUCT_CODES[kind] if kind else name
            if kind:
                self.names.append(name)
                self.ends.append(struct.calcsize(codes))
                if kind.startswith("u"):
                    self.limits[name] = 2 ** int(kind[1:]) - 1
        self.struct = struct.Struct(codes)
        self.least = least or self.struct.size
        self.lists = []
        self.elements = {}  # tag: the element types it may have
        for section in sections:
            name, tag, form = section.rstrip("!").split(" ")
            self.lists.append((name, int(tag), form, section.endswith("!")))
            for offset, kinds in enumerate(form_elements(form)):
                if kinds:
                    self.elements[int(tag) + offset] = kinds


def form_elements(form):
    """The element types of a form's sections, from its tag on; () where it has no section."""
    if form in ("ids", "ragged_ids"):
        return (("u64",), ("u32",), ("utf8",)) + ((("u32",),) if form == "ragged_ids" else ())
    if form == "columns":
        return (("i64", "f64"), ("u32",), ("utf8",), ("u8",)) * COLUMN_BLOCKS_MAX
    return {"texts": (("u32",), ("utf8",)), "blobs": (("u32",), ("bytes",)), "raw": (("bytes",),)}.get(form, ((form,),))


MODEL = "model 1 utf8!"
NOTHING = "6x"
QUERY = "query_kind u8, target u8, similarity u8, unknown_id_policy u8, options u16, query_count u32"
QUERIES = ("query_ids 64 ids!", "vectors 68 f32!", "members 72 ragged_ids!", "weights 76 f32!")
ANSWER = "2x, query_count u32, version u64, queue_us u32, compute_us u32, first_query u32, 4x"
SWITCHED = Layout("flags u16, 4x, active u64, previous u64, pinned u64")

TYPES = {
    "HELLO": 0x01, "PING": 0x03, "GOAWAY": GOAWAY, "WINDOW": 0x05, "CANCEL": 0x06, "DATA": DATA, "RECOMMEND": 0x10,
    "SCORE": 0x11, "GET_VECTORS": 0x12, "LOOKALIKE": 0x20, "MODEL_LIST": 0x40, "MODEL_LOAD": 0x41,
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
                        "candidates 84 ragged_ids!", "min_scores 88 f32!", "columns 92 texts!"),
    "SCORE": Layout(QUERY + ", 4x, version u64", MODEL, *QUERIES, "candidates 84 ragged_ids!"),
    "GET_VECTORS": Layout("side u8, 5x, version u64", MODEL, "ids 64 ids!"),
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
        "reply_bytes_max u32, 4x",
        "server_name 64 utf8", "default_model 65 utf8", least=120),
    "PING": Layout("6x, opaque u64"),
    "RECOMMEND": Layout(
        ANSWER, "model 64 utf8", "result_offsets 66 u32", "ids 68 ids", "scores 72 f32", "statuses 73 u16",
        "query_flags 74 u16", "rows_eligible 75 u64", "rows_scanned 76 u64", "details 77 u16", "messages 78 texts",
        "values 81 u64", "limits 82 u64", "columns 128 columns"),
    "SCORE": Layout(
        ANSWER, "model 64 utf8", "result_offsets 66 u32", "scores 72 f32", "statuses 73 u16", "details 77 u16",
        "messages 78 texts", "found 80 u8", "values 81 u64", "limits 82 u64"),
    "GET_VECTORS": Layout(
        "2x, id_count u32, version u64, dimension u32, first_id u32, queue_us u32, compute_us u32",
        "model 64 utf8", "found 66 u8", "vectors 68 f32"),
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
LATER_LIMITS = {  # of servers that do not say them: the defaults of section 11
    "timeout_ms_default": 60_000, "queue_ms_max": 500, "pending_queries_max": 65_536, "streams_max": 64,
    "listed_ids_per_request_max": 10_000_000, "stream_bytes_held_max": 192 << 20,
    "connection_bytes_held_max": 128 << 20, "frame_progress_ms": 10_000, "frame_progress_bytes_min": 64 << 10,
    "frame_ms": 60_000, "reply_ms": 600_000, "reply_bytes_max": 64 << 20,
}
ERROR = Layout("detail u16, retry_after_ms u32, reference u64, value u64, limit u64, 8x", "message 64 utf8")


# ---- Values to bytes --------------------------------------------------------------------------------------

def typed(kind, values):
    """The little-endian bytes of typed elements; arrays and numpy arrays are taken as they are."""
    if numpy is not None and isinstance(values, numpy.ndarray):
        return numpy.ascontiguousarray(values, {"f32": "<f4", "u64": "<u8", "u32": "<u4"}[kind]).tobytes()
    if not isinstance(values, array.array):
        values = array.array(ELEMENTS[kind][2], values)
    if sys.byteorder == "big":
        values = array.array(values.typecode, values)
        values.byteswap()
    return values.tobytes()


def text_bytes(text):
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise invalid("TEXT_ID_NOT_UTF8", f"{text!r} is not a text that UTF-8 can hold") from None


def encode_texts(texts):
    """Offsets and bytes of byte strings (4.6)."""
    offsets, total = array.array("I", [0]), 0
    for text in texts:
        total += len(text)
        offsets.append(total)
    return typed("u32", offsets), b"".join(texts)


def encode_ids(ids):
    """The sections of a list of ids, relative to its tag: numbers if all are, else texts (4.5)."""
    if numpy is not None and isinstance(ids, numpy.ndarray):
        ids = ids.tolist()
    if any(isinstance(value, str) for value in ids):
        offsets, data = encode_texts([text_bytes(v if isinstance(v, str) else str(number_id(v))) for v in ids])
        return [(1, "u32", offsets), (2, "utf8", data)]
    return [(0, "u64", typed("u64", [number_id(value) for value in ids]))]


def number_id(value):
    """A numeric id as an int in range."""
    if isinstance(value, bool):
        raise TypeError(f"an id is a str or an int, not {value!r}")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"an id is a str or an int, not {value!r}") from None
    if not 0 <= number <= NUMBER_ID_MAX:
        raise invalid("NUMBER_ID_TOO_LARGE", f"numeric id {number}: 0 to 2^63 - 1", limit=NUMBER_ID_MAX)
    return number


def encode_list(form, value):
    """The sections of a list, as (offset from its tag, element type, payload)."""
    if form == "ids":
        return encode_ids(value)
    if form == "ragged_ids":
        ids, offsets = value
        return encode_ids(ids) + ([] if offsets is None else [(3, "u32", typed("u32", offsets))])
    if form == "texts":
        offsets, data = encode_texts([text.encode() for text in value])
        return [(0, "u32", offsets), (1, "utf8", data)]
    if form == "utf8":
        return [(0, "utf8", value.encode())]
    if form == "raw":
        return [(0, "bytes", value)]
    return [(0, form, typed(form, value))]


def whole(name, value):
    """An int, also of numpy's kinds."""
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} {value!r}: expected an int") from None


def encode_fixed(layout, fixed):
    for name, limit in layout.limits.items():
        if not 0 <= whole(name, fixed.get(name, 0)) <= limit:
            raise ValueError(f"{name} {fixed[name]}: 0 to {limit}")
    return layout.struct.pack(layout.struct.size, *(fixed.get(name, 0) for name in layout.names))


def encode_body(layout, fixed=None, lists=None):
    """A body from its fields and lists; lists that are None or missing are absent."""
    lists = lists or {}
    parts = [encode_fixed(layout, fixed or {})]
    for name, tag, form, critical in layout.lists:
        value = lists.get(name)
        if value is None:
            continue
        for offset, kind, payload in encode_list(form, value):
            flags = CRITICAL if critical else 0
            parts.append(struct.pack("<HBBI", tag + offset, ELEMENTS[kind][0], flags, len(payload)))
            parts += (payload, bytes(-len(payload) % 8))
    return b"".join(parts)


def encode_frame(message_type, request_id, body, flags=END, arg=0):
    """A whole frame."""
    head = struct.pack("<IBBHQIII", len(body), MAJOR, message_type, flags, request_id, 0, arg, 0)
    return head + struct.pack("<I", zlib.crc32(head)) + body


# ---- Bytes to values --------------------------------------------------------------------------------------

Header = namedtuple("Header", "body_len version type flags request_id reserved_a arg reserved_b crc")


def decode_header(data, body_bytes_max):
    """The header in 32 bytes, judged in the order of 5.1."""
    header = Header(*HEADER.unpack(data))
    if zlib.crc32(data[:28]) != header.crc:
        raise ProtocolError("BAD_HEADER_CRC", "the header's CRC is not that of its bytes")
    if header.version != MAJOR:
        raise ProtocolError("UNEXPECTED_FRAME", f"a frame of version {header.version}: expected {MAJOR}")
    if header.flags & 0xF000:
        raise ProtocolError("UNSUPPORTED_FLAG", f"flags {header.flags:#06x}: bits 12 to 15 must be 0")
    if header.body_len % 8:
        raise ProtocolError("BAD_LENGTH", f"a body of {header.body_len} bytes: no multiple of 8")
    if header.body_len > body_bytes_max:
        raise ProtocolError("FRAME_TOO_LARGE", f"a body of {header.body_len} bytes: at most {body_bytes_max}",
                            value=header.body_len, limit=body_bytes_max)
    return header


def untyped(kind, payload):
    """An array of typed elements."""
    values = array.array(ELEMENTS[kind][2])
    values.frombytes(payload)
    if sys.byteorder == "big":
        values.byteswap()
    return values


class Body:
    """A decoded body: `fixed` fields and `lists`, absent ones missing. Judged in the order of 5.4, steps 1 to 4."""

    def __init__(self, layout, data):
        if len(data) < 8 or len(data) % 8:
            raise malformed(f"a body of {len(data)} bytes: a positive multiple of 8")
        fixed_len = int.from_bytes(data[:2], "little")
        if fixed_len % 8 or fixed_len < layout.least or fixed_len > len(data):
            raise malformed(f"a fixed part of {fixed_len} bytes: a multiple of 8 from {layout.least} "
                            f"to the body's {len(data)}")
        values = layout.struct.unpack(data[:min(fixed_len, layout.struct.size)].ljust(layout.struct.size, b"\0"))
        self.fixed = {name: value for name, end, value in zip(layout.names, layout.ends, values[1:])
                      if end <= fixed_len}
        self.payloads = self.walk(layout, data, fixed_len)
        self.kinds = {}
        for tag, (etype, payload) in self.payloads.items():
            kinds = [kind for kind in layout.elements[tag] if ELEMENTS[kind][0] == etype]
            if not kinds:
                raise ProtocolError("UNSUPPORTED_ENCODING", f"section {tag} has element type {etype}", value=tag)
            if len(payload) % ELEMENTS[kinds[0]][1]:
                raise malformed(f"section {tag} has {len(payload)} bytes, no whole number of elements")
            self.kinds[tag] = kinds[0]
        self.lists = {}
        for name, tag, form, _ in layout.lists:
            value = self.list(form, tag)
            if value is not None:
                self.lists[name] = value

    @staticmethod
    def walk(layout, data, position):
        """The payloads of known sections by tag."""
        found, previous = {}, 0
        while position < len(data):
            tag, etype, flags, length = struct.unpack_from("<HBBI", data, position)
            position += 8
            if tag <= previous:
                raise malformed(f"section {tag} after section {previous}")
            if length > len(data) - position:
                raise malformed(f"section {tag} has {length} bytes, {len(data) - position} remain")
            end = position + length
            position = end + -end % 8
            if any(data[end:position]):
                raise malformed(f"the padding of section {tag} is not zero")
            if tag in layout.elements:
                found[tag] = (etype, data[end - length:end])
            elif flags & CRITICAL:
                raise ProtocolError("UNSUPPORTED_TAG", f"critical section {tag} is not known here", value=tag)
            previous = tag
        return found

    def payload(self, tag):
        return self.payloads[tag][1] if tag in self.payloads else None

    def array(self, tag):
        payload = self.payload(tag)
        return None if payload is None else untyped(self.kinds[tag], payload)

    def list(self, form, tag):
        if form == "ids":
            return self.ids(tag)
        if form == "ragged_ids":
            return self.ragged_ids(tag)
        if form in ("texts", "blobs"):
            return self.texts(tag, tag + 1, form == "texts")
        if form == "columns":
            return self.columns(tag)
        if form in ("utf8", "raw"):
            payload = self.payload(tag)
            return decoded(payload, tag) if form == "utf8" and payload is not None else payload
        return self.array(tag)

    def slices(self, offsets_tag, bytes_tag):
        """Offsets and bytes, checked (4.6), or None where both are absent."""
        offsets, data = self.array(offsets_tag), self.payload(bytes_tag)
        if offsets is None and data is None:
            return None
        if offsets is None or data is None:
            raise malformed(f"one of the sections {offsets_tag} and {bytes_tag} is missing")
        check_offsets(offsets, len(data), offsets_tag)
        return offsets, data

    def texts(self, offsets_tag, bytes_tag, is_text):
        parts = self.slices(offsets_tag, bytes_tag)
        if parts is None:
            return None
        offsets, data = parts
        pieces = [data[start:end] for start, end in zip(offsets, offsets[1:])]
        return [decoded(piece, bytes_tag) for piece in pieces] if is_text else pieces

    def ids(self, tag, list_offsets=None):
        numbers, parts = self.array(tag), self.slices(tag + 1, tag + 2)
        if numbers is not None and parts is not None:
            raise malformed(f"sections {tag} and {tag + 1} are both there")
        if list_offsets is not None:
            if numbers is None and parts is None:
                raise malformed(f"section {tag + 3} has no ids")
            check_offsets(list_offsets, len(parts[0]) - 1 if numbers is None else len(numbers), tag + 3)
        if numbers is not None:
            largest = max(numbers, default=0)
            if largest > NUMBER_ID_MAX:
                first = next(number for number in numbers if number > NUMBER_ID_MAX)
                raise ProtocolError("INVALID_ARGUMENT", f"numeric id {first}: at most 2^63 - 1",
                                    detail="NUMBER_ID_TOO_LARGE", value=first, limit=NUMBER_ID_MAX)
            return numbers.tolist()
        return None if parts is None else text_ids(*parts)

    def ragged_ids(self, tag):
        offsets = self.array(tag + 3)
        ids = self.ids(tag, offsets)
        return None if ids is None else (ids, None if offsets is None else offsets.tolist())

    def columns(self, tag):
        """Blocks of four sections: [(kind, values, validity bitmap)] or None."""
        blocks = []
        for base in range(tag, tag + 4 * COLUMN_BLOCKS_MAX, 4):
            values, texts, valid = self.array(base), self.texts(base + 1, base + 2, True), self.payload(base + 3)
            if values is None and texts is None and valid is None:
                break
            if valid is None or (values is None) == (texts is None):
                raise malformed(f"the column at section {base} needs values of one form and their validity")
            blocks.append(("text", texts, valid) if values is None else (self.kinds[base], values.tolist(), valid))
        return blocks or None


def check_offsets(offsets, total, tag):
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != total:
        raise malformed(f"the offsets of section {tag} do not go from 0 to {total}")
    if any(map(operator.gt, offsets, offsets[1:])):
        raise malformed(f"the offsets of section {tag} descend")


def decoded(data, tag):
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise malformed(f"section {tag} is not UTF-8") from None


def text_ids(offsets, data):
    """Text ids, each 1 to 256 bytes of UTF-8 on its own."""
    ids = []
    ascii_text = data.decode("ascii") if data.isascii() else None
    for start, end in zip(offsets, offsets[1:]):
        if not 0 < end - start <= TEXT_ID_BYTES_MAX:
            raise ProtocolError("INVALID_ARGUMENT", f"a text id of {end - start} bytes: 1 to 256",
                                detail="TEXT_ID_LENGTH", value=end - start, limit=TEXT_ID_BYTES_MAX)
        if ascii_text is not None:
            ids.append(ascii_text[start:end])
            continue
        try:
            ids.append(data[start:end].decode())
        except UnicodeDecodeError:
            raise ProtocolError("INVALID_ARGUMENT", f"text id {data[start:end]!r} is not UTF-8",
                                detail="TEXT_ID_NOT_UTF8") from None
    return ids


def switched(body):
    """What serves after a switch, as a dict."""
    versions = {name: body.fixed[name] for name in ("active", "previous", "pinned")}
    return {**versions, "remembered": not body.fixed["flags"] & NOT_REMEMBERED}


def bit(bitmap, index):
    return bool(bitmap[index // 8] >> index % 8 & 1)


def decode_error(status, flags, data):
    """The error in a reply whose status is not OK (6.1)."""
    body = Body(ERROR, data)
    fixed = body.fixed
    return Error(status_name(status), body.lists.get("message", ""), code=status, flags=flags,
                 detail=detail_name(fixed["detail"]), value=fixed["value"], limit=fixed["limit"],
                 reference=fixed["reference"], retry_after=fixed["retry_after_ms"] / 1000)


# ---- Counts that must agree (8.3) -------------------------------------------------------------------------

def require(body, **counts):
    """Every named list is there and has so many elements; None: any number."""
    for name, count in counts.items():
        found = body.lists.get(name)
        if found is None:
            raise malformed(f"the reply has no {name}")
        if count is not None and len(found) != count:
            raise malformed(f"the reply has {len(found)} {name}, expected {count}")


def check_reply(message, body):
    """Refuses a reply whose lists disagree."""
    fixed, lists = body.fixed, body.lists
    if message in ("RECOMMEND", "SCORE"):
        count = fixed["query_count"]
        require(body, model=None, result_offsets=count + 1, statuses=count)
        results = len(lists.get("ids" if message == "RECOMMEND" else "scores", ()))
        check_offsets(lists["result_offsets"], results, 66)
        if "details" in lists or "messages" in lists:
            require(body, details=count, messages=count)
        if "values" in lists or "limits" in lists:
            require(body, details=count, values=count, limits=count)
        if message == "SCORE":
            require(body, scores=results, found=(results + 7) // 8)
            return
        require(body, ids=results, query_flags=count, rows_eligible=count, rows_scanned=count)
        if "scores" in lists:
            require(body, scores=results)
        for index, (_, values, valid) in enumerate(lists.get("columns", ())):
            if len(values) != results or len(valid) != (results + 7) // 8:
                raise malformed(f"column {index} has {len(values)} values for {results} results")
    elif message == "GET_VECTORS":
        count = fixed["id_count"]
        require(body, model=None, found=(count + 7) // 8)
        require(body, vectors=sum(bit(lists["found"], i) for i in range(count)) * fixed["dimension"])
    elif message == "STATS":
        require(body, names=None)
        require(body, values=len(lists["names"]))
    elif message == "LOOKALIKE":
        require(body, model=None)
    elif message == "MODEL_LIST":
        count = fixed["model_count"]
        plain = ("names active previous pinned dimension metric flags items users item_id_kind user_id_kind "
                 "fingerprints training_ids remarks")
        require(body, **dict.fromkeys(plain.split(), count))
        def parts(names, count):
            for name in names:
                require(body, **{name: None, name + "_offsets": count + 1})
                check_offsets(lists[name + "_offsets"], len(lists[name]), 0)
        parts(("loaded", "refused", "item_columns", "user_columns", "available"), count)
        versions = len(lists["available"])
        parts(("available_item_columns", "available_user_columns"), versions)
        require(body, refusal_reasons=len(lists["refused"]), available_state=versions, available_dimension=versions,
                available_items=versions, available_users=versions, item_column_types=len(lists["item_columns"]),
                user_column_types=len(lists["user_columns"]))


def check_rows(body):
    """Refuses a DATA of a server without ids, or with another number of scores."""
    require(body, ids=None)
    ids = body.lists["ids"]
    if not ids:
        raise malformed("a DATA without rows")
    if "scores" in body.lists:
        require(body, scores=len(ids))


# ---- Replies against what was asked -----------------------------------------------------------------------

def check_origin(body, model, version):
    """The model and the version that answered are those asked for; None and 0: any."""
    name, version_found = body.lists["model"], body.fixed["version"]
    if model is not None and name != model:
        raise bad_reply(f"from model {name!r}", repr(model))
    if model is None and not MODEL_NAME.fullmatch(name):
        raise bad_reply(f"from model {name!r}", "a model's name")
    if version_found != (version or version_found) or not version_found:
        raise bad_reply(f"from version {version_found}", version or "a positive number")


def check_distinct(name, values):
    if len(set(values)) != len(values):
        raise bad_reply(f"with a repeated {name}", f"{len(values)} different ones")


def check_names(body):
    """MODEL_LIST and STATS name everything once."""
    check_distinct("name", body.lists["names"])


def check_finite(name, values):
    """`values`: an array of floats."""
    finite = all(map(math.isfinite, values)) if numpy is None else numpy.isfinite(numpy.asarray(values)).all()
    if not finite:
        raise bad_reply(f"with {name} that are not finite", "finite numbers")


def descend(scores):
    """Whether every score is less than the one before; not where one is no number."""
    if numpy is None or len(scores) < 64:
        return all(map(operator.gt, scores, scores[1:]))
    values = numpy.asarray(scores)
    return bool((values[:-1] > values[1:]).all())


def check_ranked(ids, scores):
    """The documented order (A.3): finite scores that descend, equal ones by ascending id. Python compares texts by
    code points, which is the order of their UTF-8 bytes."""
    if not ids or (-FLOAT32_MAX <= scores[-1] and scores[0] <= FLOAT32_MAX and descend(scores)):
        return
    for index, score in enumerate(scores):  # it is wrong, or has ties
        if not math.isfinite(score):
            raise bad_reply(f"the score {score} for {ids[index]!r}", "a finite number")
        if index:
            check_after((ids[index - 1], scores[index - 1]), (ids[index], score))


def check_after(first, second):
    """Two rows, (id, score), may follow each other."""
    if first[1] < second[1] or (first[1] == second[1] and not first[0] < second[0]):
        raise bad_reply(f"{second} after {first}", "descending scores, equal ones by ascending id")


def as_number(value):
    """The number that an id is or spells (4.9); None for another text."""
    if isinstance(value, str):
        return int(value) if DECIMAL.fullmatch(value) else None
    return operator.index(value)


def of_kind(ids, kind):
    """Ids that were asked with, as the ids of a reply would spell them; `kind` is int or str."""
    if kind is int:
        return [number for number in map(as_number, ids) if number is not None]
    return [value if isinstance(value, str) else str(operator.index(value)) for value in ids]


class IdSet:
    """Ids that were asked with, to be found among those of replies."""

    def __init__(self, ids):
        self.ids, self.sets = ids, {}

    def of(self, kind):
        if kind not in self.sets:
            self.sets[kind] = frozenset(of_kind(self.ids, kind))
        return self.sets[kind]


class RecommendQuestion:
    """What a RECOMMEND asked for; `check` refuses what does not fit it.

    members: for each query the ids that must not come back, or None · floor: the minimum score as float32, or None
    """

    def __init__(self, model, version, k, exclude, candidates, min_score, columns, members):
        self.model, self.version, self.k, self.columns, self.members = model, version, k, columns, members
        self.excluded = None if exclude is None else IdSet(exclude)
        self.allowed = None if candidates is None else IdSet(candidates)
        self.floor = None if min_score is None else array.array("f", [min_score])[0]
        self.column_kinds = None

    def check_frame(self, frame):
        check_origin(frame, self.model, self.version)
        if "scores" not in frame.lists:
            raise malformed("the reply has no scores")
        kinds = [kind for kind, _, _ in frame.lists.get("columns", ())]
        if len(kinds) != len(self.columns):
            raise bad_reply(f"{len(kinds)} columns", f"{len(self.columns)}, as many as were asked for")
        if self.column_kinds is None:
            self.column_kinds = kinds
        elif kinds != self.column_kinds:
            raise bad_reply(f"columns of types {kinds} after {self.column_kinds}", "one type for each column")

    def check(self, query, ids, scores, flags, eligible):
        """The results of a query."""
        count = len(ids)
        if count > min(self.k, eligible):
            raise bad_reply(f"{count} results of {eligible} eligible rows", f"at most k = {self.k} and no more rows")
        if flags & (EXACT | PARTIAL) == EXACT and self.floor is None and count < min(self.k, eligible):
            raise bad_reply(f"{count} results of {eligible} eligible rows", f"the first {min(self.k, eligible)}")
        if not count:
            return
        check_ranked(ids, scores)
        found, kind = set(ids), type(ids[0])
        if len(found) != count:
            check_distinct("id", ids)
        if self.floor is not None and scores[-1] < self.floor:
            raise bad_reply(f"the score {scores[-1]}", f"at least {self.floor}")
        if self.excluded is not None and not found.isdisjoint(self.excluded.of(kind)):
            raise bad_reply(f"{min(found & self.excluded.of(kind))!r}, which is excluded", "other ids")
        if self.allowed is not None and not found <= self.allowed.of(kind):
            raise bad_reply(f"{min(found - self.allowed.of(kind))!r}, which is no candidate", "candidates only")
        if self.members is not None and not found.isdisjoint(of_kind(self.members[query], kind)):
            raise bad_reply("a member of the query itself", "others, since include_members is not set")


class AudienceQuestion:
    """What a LOOKALIKE asked for; refuses what does not fit it, chunk by chunk and at the end.

    most: rows at most · floor: the minimum score as float32, or None · remembered: None, or how many rows later ones
    are compared with
    """

    def __init__(self, model, version, size, include_seeds, remembered):
        self.model, self.version, self.size, self.include_seeds = model, version, size, include_seeds
        self.most = size["size_value"] if size["size_kind"] == COUNT else ROWS_MAX
        self.floor = array.array("f", [size["min_score"]])[0] if size["size_kind"] == MIN_SCORE else None
        self.remembered, self.rows, self.last, self.seen = remembered, 0, None, set()
        self.sent, self.early, self.seeds = 0, False, None  # `upload` fills these

    def check_chunk(self, first_index, ids, scores):
        if not ids:
            raise bad_reply("DATA without rows", "at least one row")
        if first_index != self.rows:
            raise bad_reply(f"rows from {first_index}", f"from {self.rows}")
        self.rows += len(ids)
        if self.rows > self.most:
            raise bad_reply(f"{self.rows} rows and perhaps more", f"at most {self.most}")
        check_ranked(ids, scores)
        if self.last is not None:
            if type(self.last[0]) is not type(ids[0]):
                raise bad_reply("ids of two kinds", "numbers only or texts only")
            check_after(self.last, (ids[0], scores[0]))
        self.last = ids[-1], scores[-1]
        if self.floor is not None and scores[-1] < self.floor:
            raise bad_reply(f"the score {scores[-1]}", f"at least {self.floor}")
        found = set(ids)
        if len(found) != len(ids) or not found.isdisjoint(self.seen):
            raise bad_reply("a user twice", "every user once")
        if not self.include_seeds and not found.isdisjoint(self.seeds.of(type(ids[0]))):
            raise bad_reply(f"{min(found & self.seeds.of(type(ids[0])))!r}, which is a seed", "others than the seeds")
        if self.remembered is None or len(self.seen) < self.remembered:
            self.seen |= found

    def check_summary(self, body, checksum):
        fixed, examples = body.fixed, body.lists.get("unmatched_examples", [])
        check_origin(body, self.model, self.version)
        rows, eligible, matched = fixed["rows"], fixed["rows_eligible"], fixed["seeds_matched"]
        if rows != self.rows:
            raise bad_reply(f"{self.rows} rows and a summary that says {rows}", "as many as it says")
        if fixed["checksum"] != checksum:
            raise bad_reply(f"ids with the checksum {checksum:08x}", f"{fixed['checksum']:08x}, as the summary says")
        if fixed["seeds_received"] != self.sent:
            raise bad_reply(f"that it received {fixed['seeds_received']} seeds", f"{self.sent}, which were sent")
        parts = matched, fixed["seeds_duplicate"], fixed["seeds_unmatched"]
        if sum(parts) != self.sent or not matched:
            raise bad_reply("{} matched, {} duplicate and {} unmatched seeds".format(*parts),
                            f"{self.sent} in all, one of them matched")
        if len(examples) > fixed["seeds_unmatched"]:
            raise bad_reply(f"{len(examples)} examples of {fixed['seeds_unmatched']} unmatched seeds", "no more")
        check_distinct("unmatched example", examples)
        if self.sent == len(self.seeds.ids):  # all are remembered
            texts = self.seeds.of(str)
            if matched > len(texts):
                raise bad_reply(f"{matched} distinct matched seeds", f"at most {len(texts)}")
            if not texts.issuperset(map(str, examples)):
                raise bad_reply("an unmatched example that was never sent", "seeds only")
        wanted = self.wanted(eligible + (0 if self.include_seeds else matched))
        if rows > min(wanted, eligible) or (
                fixed["flags"] & (EXACT | PARTIAL) == EXACT and self.floor is None and rows < min(wanted, eligible)):
            raise bad_reply(f"{rows} rows of {eligible} eligible ones", min(wanted, eligible))

    def wanted(self, users):
        """The size in rows, of so many users (9.3)."""
        if self.size["size_kind"] == SHARE:
            return max(1, self.size["size_value"] * users // 1_000_000)
        return self.most


# ---- One connection ---------------------------------------------------------------------------------------

living = weakref.WeakSet()  # clients and connections, which a forked child must part from


def part_after_fork():
    for one in list(living):
        one.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=part_after_fork)


def lost(message, flags=RETRYABLE, retry_after=0.0):
    return Error("CONNECTION_LOST", message, flags=flags, retry_after=retry_after)


def resolved(host, port, deadline):
    """The socket addresses of a host. A name is looked up by a thread, since the system's resolver has no deadline."""
    try:
        return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, 0, socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        found = []  # no address in figures

    def look_up():
        try:
            found.append(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)
    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(remaining(deadline, f"no time to look up {host}"))
    if not found:
        raise timed_out(f"the name {host} was not looked up in time")
    if isinstance(found[0], Exception):
        raise lost(f"no address of {host}: {found[0]}")
    return found[0]


def open_socket(address, deadline):
    """A TCP connection to the first address of the host that takes one."""
    failure = "the host has no address"
    for family, kind, protocol, _, target in resolved(*address, deadline):
        try:
            opened = socket.socket(family, kind, protocol)
        except OSError as error:
            failure = error
            continue
        try:
            opened.settimeout(remaining(deadline, f"no connection to {address[0]}:{address[1]} in time"))
            opened.connect(target)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
        except BaseException as error:
            opened.close()
            if isinstance(error, socket.timeout):
                raise timed_out(f"no connection to {address[0]}:{address[1]} in time") from None
            if not isinstance(error, OSError):
                raise
            failure = error
    raise lost(f"no connection to {address[0]}:{address[1]}: {failure}")


class Connection:
    """A socket after preface and HELLO. Every wait ends at a deadline, a time of `time.monotonic`.

    It belongs to the process that opened it: after a fork the child closes its copy of the descriptor, which sends
    nothing, and any use there is the Error WRONG_PROCESS.
    """

    def __init__(self, address, name, deadline):
        self.pid = os.getpid()
        self.body_bytes_max = BODY_BYTES_BEFORE_HELLO_MAX
        self.buffer = bytearray()  # what has come and was not looked at yet
        self.last_id = 0
        self.pending = False  # whether a request has no END reply yet
        self.cancelled = None  # the id of a cancelled request whose frames are still to come
        self.goodbyes, self.going_away, self.reconnect_after = 0, None, 0.0
        self.accepted_id = 2**64  # requests above were not begun, GOAWAY says
        self.goodbye_flags, self.goodbye_name = RETRYABLE, "CONNECTION_LOST"
        self.socket = open_socket(address, deadline)
        living.add(self)
        try:
            self.handshake(name, deadline)
        except BaseException:
            self.close()
            raise

    def close(self):
        """Ends the connection at once, also for a thread that waits on it."""
        if self.pid == os.getpid():
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended already
        self.socket.close()

    def after_fork(self):
        """In a child: only its copy of the descriptor is closed."""
        self.socket.close()
        self.buffer = bytearray()

    def check_process(self):
        if os.getpid() != self.pid:
            raise Error("WRONG_PROCESS", f"this call or audience began in process {self.pid} and its answer goes "
                        f"there: ask again in this process, {os.getpid()}")

    def handshake(self, name, deadline):
        self.send_bytes(MAGIC + bytes([MAJOR, MAJOR]) + bytes(6), deadline)
        hello = self.send("HELLO", {"minor": MINOR}, {"client_name": name}, deadline=deadline)
        answer = self.receive_bytes(16, deadline)
        if answer[:8] != MAGIC:
            raise ProtocolError("BAD_MAGIC", f"the server sent {answer!r}: it does not speak Kindred's protocol")
        if not answer[8]:
            reason, wait_ms = REFUSALS.get(answer[11], answer[11]), int.from_bytes(answer[12:], "little")
            raise Error("CONNECTION_LOST", f"the server refused the connection: {reason}", retry_after=wait_ms / 1000,
                        flags=0 if answer[11] == 1 else RETRYABLE)
        if answer[8] != MAJOR:
            raise bad_reply(f"with protocol version {answer[8]}", MAJOR)
        reply = self.reply("HELLO", hello, deadline)
        if reply.fixed["minor"] > MINOR or reply.fixed["features_granted"]:
            raise bad_reply(f"HELLO with minor version {reply.fixed['minor']} and features "
                            f"{reply.fixed['features_granted']:#x}", f"at most version {MINOR} and no features")
        announced = {**LATER_LIMITS, **reply.fixed}
        self.limits = {name: min(announced[name], most) for name, most in LIMITS.items()}
        self.limits.update({name: announced[name] for name in LATER_LIMITS if name not in LIMITS})
        for name in NEEDED_LIMITS:
            if not self.limits[name]:
                raise bad_reply(f"HELLO with {name} 0", f"1 to {LIMITS[name]}")
        self.body_bytes_max = self.limits["body_bytes_max"]

    # -- bytes

    def send_bytes(self, data, deadline):
        self.check_process()
        left = memoryview(data)
        try:
            while left:
                self.socket.settimeout(remaining(deadline, "the server did not take the request in time"))
                left = left[self.socket.send(left):]
        except socket.timeout:
            raise timed_out("the server did not take the request in time") from None
        except OSError as error:
            raise self.broken(f"the connection broke while sending: {error}") from None

    def broken(self, how):
        """The error of a connection that has ended: by what GOAWAY said, else `how`."""
        return lost(self.going_away or how, self.goodbye_flags, self.reconnect_after)

    def receive_bytes(self, count, deadline):
        """Exactly `count` bytes; the buffer grows as they come."""
        self.check_process()
        while len(self.buffer) < count:
            try:
                self.socket.settimeout(remaining(deadline, "no answer in time"))
                part = self.socket.recv(min(max(count - len(self.buffer), 1 << 14), 1 << 18))
            except socket.timeout:
                raise timed_out("no answer in time") from None
            except OSError as error:
                raise self.broken(f"the connection broke: {error}") from None
            if not part:
                raise self.broken(f"the server closed the connection after {len(self.buffer)} of {count} bytes")
            self.check_process()
            self.buffer += part
        return self.taken(count)

    def taken(self, count):
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def pull(self, most=WAITING_BYTES_MAX):
        """Takes what has come, without waiting, until about `most` bytes wait: whether the connection still stands."""
        self.check_process()
        try:
            self.socket.settimeout(0)
            while len(self.buffer) < most:
                part = self.socket.recv(1 << 14)
                if not part:
                    return False
                self.buffer += part
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True

    # -- frames

    def send(self, message, fixed=None, lists=None, *, deadline, flags=END, arg=0, request_id=None):
        """Sends a request under a new id, or a frame of the given one; gives the id."""
        body = encode_body(REQUESTS[message], fixed, lists)
        if len(body) > self.body_bytes_max:
            raise Error("LIMIT_EXCEEDED", f"a request of {len(body)} bytes: at most {self.body_bytes_max}",
                        flags=NOT_PROCESSED, value=len(body), limit=self.body_bytes_max)
        if request_id is not None:
            self.send_bytes(encode_frame(TYPES[message], request_id, body, flags, arg), deadline)
            return request_id
        self.last_id += 1
        self.pending = True
        try:
            self.send_bytes(encode_frame(TYPES[message], self.last_id, body, flags, arg), deadline)
        except Error as error:
            error.not_processed = True  # a part of a frame is no request
            raise
        return self.last_id

    def frame(self, request_id, deadline):
        """The next frame of the request: its header and body. GOAWAY is noted on the way; another is an error."""
        while True:
            header = decode_header(self.receive_bytes(32, deadline), self.body_bytes_max)
            data = self.receive_bytes(header.body_len, deadline)
            if header.type == GOAWAY:
                self.note_goodbye(header, data)
                if request_id > self.accepted_id:
                    raise self.not_begun()
                continue
            if header.request_id != request_id:
                raise ProtocolError("UNEXPECTED_FRAME", f"a frame of request {header.request_id}: expected one of "
                                    f"{request_id}, which was asked")
            if header.type & REPLY and header.flags & END:
                self.pending = False
                self.check_unasked()
            return header, data

    def note_goodbye(self, header, data):
        """GOAWAY (10.2): nothing more is asked on this connection."""
        self.goodbyes += 1
        if self.goodbyes > GOAWAYS_MAX:
            raise ProtocolError("EXCESSIVE_CONTROL", f"GOAWAY for the {self.goodbyes}th time: at most {GOAWAYS_MAX}")
        if header.request_id:
            raise ProtocolError("UNEXPECTED_FRAME", f"GOAWAY with request id {header.request_id}: expected 0")
        goodbye = Body(REQUESTS["GOAWAY"], data)
        status, text = goodbye.fixed["status"], goodbye.lists.get("message", "")
        name = f" {status_name(status)}" if status else ""
        self.going_away = f"the server closes the connection:{name} {text}".rstrip(": ")
        self.goodbye_name = "DRAINING" if status_name(status) == "DRAINING" else "CONNECTION_LOST"
        self.reconnect_after = goodbye.fixed["reconnect_after_ms"] / 1000
        self.accepted_id = min(self.accepted_id, goodbye.fixed["last_request_id"])
        if status >> 8 == 6 and status_name(status) not in RETRYABLE_ENDS:
            self.goodbye_flags = 0  # this client's mistake, which would come again

    def not_begun(self):
        """The error of a request that GOAWAY says was not begun."""
        return Error(self.goodbye_name, self.going_away, flags=self.goodbye_flags | NOT_PROCESSED,
                     retry_after=self.reconnect_after)

    def check_unasked(self):
        """Judges whole frames that came while no request is open: GOAWAY is noted, another is an error."""
        while len(self.buffer) >= HEADER.size:
            header = decode_header(self.buffer[:HEADER.size], self.body_bytes_max)
            if header.type != GOAWAY:
                raise ProtocolError("UNEXPECTED_FRAME", f"a frame of type {header.type:#04x} for request "
                                    f"{header.request_id}, which has ended: expected nothing")
            if len(self.buffer) < HEADER.size + header.body_len:
                return
            self.note_goodbye(header, self.taken(HEADER.size + header.body_len)[HEADER.size:])

    def settle(self, deadline):
        """Before a request: reads what a cancelled one left, and notes whether the server has ended the connection."""
        if self.cancelled is not None:
            now = time.monotonic()
            deadline = now + min((deadline - now) / 2, CANCEL_SECONDS)
            try:
                while self.frame(self.cancelled, deadline)[0].type == DATA:
                    pass
            except Error as error:
                self.going_away = error.message  # nobody waits for these frames: a new connection is opened
                return
            self.cancelled = None
        stands = self.pull()
        self.check_unasked()
        if not stands:
            self.going_away = self.going_away or "the server closed the connection"

    def answered_early(self, request_id):
        """Whether a frame of the request, or the connection's end, has come before all of it was sent."""
        stands = self.pull()
        while len(self.buffer) >= HEADER.size:
            header = decode_header(self.buffer[:HEADER.size], self.body_bytes_max)
            if header.type != GOAWAY:
                return True
            if len(self.buffer) < HEADER.size + header.body_len:
                break
            self.note_goodbye(header, self.taken(HEADER.size + header.body_len)[HEADER.size:])
            if request_id > self.accepted_id:
                raise self.not_begun()
        return not stands

    def cancel(self, request_id):
        """Asks to end a request, without waiting. What still comes is read before the next request."""
        body = encode_body(REQUESTS["CANCEL"])
        data = encode_frame(TYPES["CANCEL"], request_id, body, flags=0)
        try:
            self.socket.settimeout(0)
            if self.socket.send(data) == len(data):
                self.pending, self.cancelled = False, request_id
        except OSError:
            pass  # it stays pending, so it is closed

    # -- replies

    def decode_reply(self, message, header, data):
        """The body of a reply, or its error raised."""
        if header.type != TYPES[message] | REPLY:
            raise ProtocolError("UNEXPECTED_FRAME", f"a frame of type {header.type:#04x} in answer to {message}")
        status = header.arg & 0xFFFF
        if status:
            error = decode_error(status, header.arg >> 16, data)
            if not header.flags & END:
                raise ProtocolError("UNEXPECTED_FRAME", f"{error.name} without END, in answer to {message}")
            raise error
        body = Body(REPLIES[message], data)
        check_reply(message, body)
        return body

    def reply(self, message, request_id, deadline):
        """The reply of one frame."""
        header, data = self.frame(request_id, deadline)
        body = self.decode_reply(message, header, data)
        if not header.flags & END:
            raise ProtocolError("UNEXPECTED_FRAME", f"the reply to {message} goes on, which it cannot")
        return body

    def replies(self, message, request_id, deadline, total, first, count):
        """The bodies of a reply in as many frames as it takes; `first` and `count` are the fields that number its
        parts, which make `total`. All are of one model and version."""
        done, origin, size = 0, None, 0
        most = 2 * self.limits["reply_bytes_max"]  # twice: a server counts what it answers, not how it is laid out
        while True:
            header, data = self.frame(request_id, deadline)
            size += len(data)
            if size > most:
                raise bad_reply(f"with {size} bytes or more", f"at most {most}, twice its own reply_bytes_max")
            body = self.decode_reply(message, header, data)
            came, ended = body.fixed[count], bool(header.flags & END)
            if body.fixed[first] != done:
                raise bad_reply(f"with a frame that begins with {body.fixed[first]}", done)
            if done + came > total or not (came or total == 0):
                raise bad_reply(f"{done} and {came} more answers", f"{total} in all")
            origin = origin or (body.lists["model"], body.fixed["version"])
            if origin != (body.lists["model"], body.fixed["version"]):
                raise bad_reply("from two models or versions", f"all from version {origin[1]} of {origin[0]!r}")
            done += came
            if ended != (done == total):
                raise bad_reply(f"{done} answers {'and END' if ended else 'without END'}", f"{total} and END")
            yield body
            if ended:
                return


def remaining(deadline, message):
    """Seconds until the deadline; DEADLINE_EXCEEDED with the message where none remain."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise timed_out(message)
    return left


def timed_out(message):
    return Error("DEADLINE_EXCEEDED", message, flags=RETRYABLE)


# ---- Answers ----------------------------------------------------------------------------------------------

class Results(list):
    """The answer to one query, best first: (id, score), or dicts with id, score and the columns asked for.

    model, version: what answered · exact: whether this is the true top k · eligible: rows that could have been in the
    answer · scanned: rows that were looked at
    """

    def __init__(self, rows, model, version, exact, eligible, scanned):
        super().__init__(rows)
        self.model, self.version, self.exact = model, version, exact
        self.eligible, self.scanned = eligible, scanned


class Models(list):
    """What a server knows of its models, a dict for each; `remark` is for people and says what is wrong with the
    repository as a whole, "" where nothing is."""

    def __init__(self, models, remark):
        super().__init__(models)
        self.remark = remark


class Summary(namedtuple("Summary", (
        "model version exact rows seeds matched duplicate unmatched unmatched_examples eligible scanned checksum "
        "queue_us compute_us"))):
    """How a look-alike expansion went: seeds received and matched (distinct users), rows sent, timings."""

    @property
    def match_rate(self):
        """Matched seeds as a share of the distinct seeds; 0.0 without seeds."""
        distinct = self.seeds - self.duplicate
        return self.matched / distinct if distinct else 0.0


class Audience(list):
    """A whole look-alike audience, best first: (id, score), with its `summary`."""

    def __init__(self, rows, summary):
        super().__init__(rows)
        self.summary = summary


class AudienceStream:
    """An audience in chunks, lists of (id, score), best first; `summary` is there when it is exhausted.

    It occupies the connection until it is exhausted or closed; the server sends no more than the window ahead of
    what has been read. A context manager; `close()` cancels what is left. Waiting ends with DEADLINE_EXCEEDED where
    `timeout` passes before 64 KiB more (or the window, or the end) have come; time between two chunks that the
    reader spends elsewhere does not count. It is of its process: in a forked child it raises WRONG_PROCESS.
    """

    def __init__(self, client, connection, request_id, timeout, left, window, question):
        self.client, self.connection, self.request_id = client, connection, request_id
        self.timeout, self.window, self.question = timeout, window, question
        self.pace = min(connection.limits["stream_progress_bytes_min"] or 1, window)
        self.granted, self.granted_at = window, time.monotonic()  # the server's limit in body bytes of DATA
        self.grant_seconds = connection.limits["stream_progress_ms"] / 1000 / 10
        self.left, self.progress = left, 0  # seconds of waiting until `pace` bytes have come
        self.received = self.checksum = 0
        self.summary = None
        self.open = True

    def __iter__(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __reduce__(self):
        raise TypeError("an AudienceStream reads from this process's connection: pass on the rows instead")

    def __next__(self):
        if not self.open:
            raise StopIteration
        try:
            deadline = time.monotonic() + self.left
            header, data = self.connection.frame(self.request_id, deadline)
            early = self.question.early and (header.type == DATA or not header.arg & 0xFFFF)
            if early:
                raise bad_reply("before the last seed was sent", "a refusal or nothing")
            if header.type == DATA:
                return self.chunk(data, deadline)
            self.summary = self.summarised(self.connection.decode_reply("LOOKALIKE", header, data), header)
        except BaseException as error:
            self.finish(failure=error)
            raise
        self.finish()
        raise StopIteration

    def chunk(self, data, deadline):
        body = Body(REQUESTS["DATA"], data)
        check_rows(body)
        require(body, scores=None)
        ids, scores = body.lists["ids"], body.lists["scores"]
        if self.received + len(data) > self.granted:
            raise ProtocolError("FLOW_CONTROL", f"{len(data)} bytes of rows: at most {self.granted - self.received}, "
                                "what is left of the window")
        self.question.check_chunk(body.fixed["first_index"], ids, scores)
        self.checksum = zlib.crc32(body.payload(66) if body.payload(64) is None else body.payload(64), self.checksum)
        self.received += len(data)
        self.grant(deadline)
        self.progress += len(data)
        self.left = deadline - time.monotonic()
        if self.progress >= self.pace:
            self.left, self.progress = self.timeout, 0
        return list(zip(ids, scores))

    def grant(self, deadline):
        """Raises the server's limit where half the window was read, where the longest row might not fit, or where the
        last time is long ago: a server that may send nothing takes it for a reader that takes nothing (9.6). Not more
        often, and not where the server's side has ended: a WINDOW would reset the connection, and what is still on
        its way would be lost. An error of sending says nothing, since all may have come: reading on tells."""
        limit, now = self.received + self.window, time.monotonic()
        if (self.granted - self.received >= ROW_BYTES_MAX and limit - self.granted < self.window // 2
                and now < self.granted_at + self.grant_seconds):
            return
        if not self.connection.pull(2 * (self.granted - self.received) + WAITING_BYTES_MAX):  # twice: headers, too
            return
        self.granted, self.granted_at = limit, now
        try:
            self.connection.send("WINDOW", {"limit_bytes": limit}, flags=0, request_id=self.request_id,
                                 deadline=deadline)
        except Error as error:
            if error.name != "CONNECTION_LOST":
                raise

    def summarised(self, body, header):
        if not header.flags & END:
            raise ProtocolError("UNEXPECTED_FRAME", "a summary without END")
        self.question.check_summary(body, self.checksum)
        fixed = body.fixed
        return Summary(
            body.lists["model"], fixed["version"], bool(fixed["flags"] & EXACT), fixed["rows"],
            fixed["seeds_received"], fixed["seeds_matched"], fixed["seeds_duplicate"], fixed["seeds_unmatched"],
            body.lists.get("unmatched_examples", []), fixed["rows_eligible"], fixed["rows_scanned"],
            fixed["checksum"], fixed["queue_us"], fixed["compute_us"])

    def finish(self, failure=None):
        if self.open:
            self.open = False
            self.client.release(self.connection, failure)

    def close(self):
        """Cancels what is left, without waiting. Never raises."""
        if self.open:
            if self.connection.pid == os.getpid():
                self.connection.cancel(self.request_id)
            self.finish()

    def __del__(self):
        if getattr(self, "open", False):
            self.finish(lost("the stream was dropped before its end"))


# ---- Client -----------------------------------------------------------------------------------------------

def connect(address, timeout=10.0, model=None, name=CLIENT_NAME):
    """Connects to "host:port" and gives a Client; `timeout` in seconds and `model` are defaults of its calls."""
    return Client(address, timeout, model, name)


class Client:
    """A connection to a server. May be shared by threads; requests go one at a time.

    A call ends within its timeout (and one second for the server's own answer to arrive) or raises Error; an
    audience is given the timeout for each 64 KiB of it. After Error CONNECTION_LOST or DEADLINE_EXCEEDED, and where
    the server has ended the connection since the last call, the next call connects again. In a forked child the next
    call opens a connection of the child's own, and the parent's goes on.

    Every reply is compared with its request; one that does not fit is a ProtocolError and ends the connection.
    """

    def __init__(self, address, timeout=10.0, model=None, name=CLIENT_NAME):
        self.address = parsed_address(address)
        self.timeout, self.model, self.name = seconds(timeout), model_name(model), name
        self.begin()
        living.add(self)
        self.release(self.acquire(self.timeout))

    def begin(self):
        """A lock and no connection, for this process."""
        self.pid, self.lock, self.connection = os.getpid(), threading.Lock(), None

    def after_fork(self):
        """In a child: the parent's lock may be held for ever, and its connection is the parent's."""
        connection = self.connection
        self.begin()
        if connection is not None:
            connection.after_fork()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __reduce__(self):
        raise TypeError("a Client is a connection of this process and cannot be copied or sent to another: "
                        "call kindred.connect there, with {}:{}".format(*self.address))

    def close(self):
        """Closes the connection at once; a call of another thread that waits on it fails with CONNECTION_LOST. A
        later call opens a new one."""
        if self.pid != os.getpid():
            self.after_fork()
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.going_away = connection.going_away or "the client was closed"
            connection.close()

    # -- recommendations

    def recommend(self, *, user=None, item=None, vector=None, basket=None, k=10, exclude=None, candidates=None,
                  min_score=None, over="items", similarity=None, columns=None, model=None, version=0,
                  include_members=False, timeout=None):
        """The best `k` of the items (or users) for one query: Results.

        Give one of user, item (ids), vector (numbers), basket (ids, pairs (id, weight), or a dict of weights).
        exclude: ids that must not appear · candidates: only these may · min_score: inclusive · similarity: "dot",
        "cosine" or the default · columns: catalog columns wanted; the rows are then dicts · version: answer with
        exactly this one · include_members: the query's own id or basket members may appear.
        """
        kind, query = one_of(user=user, item=item, vector=vector, basket=basket)
        return self.recommend_batch(
            **{PLURALS[kind]: [one_query(kind, query)]}, k=k, exclude=exclude, candidates=candidates,
            min_score=min_score, over=over, similarity=similarity, columns=columns, model=model, version=version,
            include_members=include_members, timeout=timeout, raise_errors=True)[0]

    def recommend_batch(self, *, users=None, items=None, vectors=None, baskets=None, k=10, exclude=None,
                        candidates=None, min_score=None, over="items", similarity=None, columns=None, model=None,
                        version=0, include_members=False, timeout=None, raise_errors=False):
        """A list with the Results of each query, in order; arguments as for `recommend`, for all queries alike.

        A query that failed alone has its Error in its place; with raise_errors the first such is raised. A batch above
        the server's limits goes out in several requests, so its parts may come from two versions during a swap:
        each Results says which, and `version` pins one.
        """
        kind, queries = one_of(user=users, item=items, vector=vectors, basket=baskets)
        queries, k, version = query_list(kind, queries), whole("k", k), whole("version", version)
        model = self.model_asked(model)
        exclude = None if exclude is None else listed("exclude", exclude)
        candidates = None if candidates is None else listed("candidates", candidates)
        columns = None if columns is None else column_names(columns)
        lists = {
            "exclusions": None if exclude is None else (exclude, None),
            "candidates": None if candidates is None else (candidates, None),
            "min_scores": None if min_score is None else [number("min_score", min_score)],
            "columns": columns, "model": model,
        }
        answers = []
        with self.exchange(timeout) as call:
            limits = call.connection.limits
            step = max(1, min(limits["queries_per_batch_max"], limits["results_per_request_max"] // max(k, 1)))
            for start in range(0, len(queries), step):
                part = queries[start:start + step]
                fixed = query_fields(kind, len(part), over, similarity, version)
                fixed.update(k=k, options=INCLUDE_MEMBERS if include_members else 0)
                question = RecommendQuestion(
                    model, version, k, exclude, candidates, min_score, columns or [],
                    None if include_members else members_of(kind, part, over))
                for frame in call.batch("RECOMMEND", fixed, {**query_lists(kind, part), **lists}, len(part)):
                    answers += results_of(frame, question)
        return raised(answers) if raise_errors else answers

    def score(self, *, user=None, item=None, vector=None, basket=None, candidates, over="items", similarity=None,
              model=None, version=0, timeout=None):
        """The score of each candidate for one query, None where the model does not have it."""
        kind, query = one_of(user=user, item=item, vector=vector, basket=basket)
        queries, model, version = [one_query(kind, query)], self.model_asked(model), whole("version", version)
        candidates = listed("candidates", candidates)
        fixed = query_fields(kind, 1, over, similarity, version)
        lists = {**query_lists(kind, queries), "candidates": (candidates, None), "model": model}
        with self.exchange(timeout) as call:
            for frame in call.batch("SCORE", fixed, lists, 1):
                check_origin(frame, model, version)
                failure, scores, found = query_error(frame, 0), frame.lists["scores"], frame.lists["found"]
                if len(scores) != (0 if failure else len(candidates)):
                    raise bad_reply(f"{len(scores)} scores", 0 if failure else f"{len(candidates)}, one per candidate")
                check_finite("scores", scores)
                answer = [score if bit(found, index) else None for index, score in enumerate(scores)]
        if failure:
            raise failure
        return answer

    def vectors(self, *, items=None, users=None, model=None, version=0, timeout=None):
        """The stored vectors of ids, all of one version, in their order.

        With numpy a float32 array [ids, dimension] whose rows of unknown ids are NaN; without it a list of lists of
        floats, None for unknown ids.
        """
        side, ids = one_of(items=items, users=users)
        ids, rows, dimension = listed(side, ids), [], None
        version, model = whole("version", version), self.model_asked(model)
        with self.exchange(timeout) as call:
            limits = call.connection.limits
            step = max(1, min(limits["vector_elements_per_request_max"] // limits["dimension_max"],
                              limits["vector_ids_max"]))
            for start in range(0, max(len(ids), 1), step):
                part = ids[start:start + step]
                fixed = {"side": SIDES[side], "version": version}
                for frame in call.batch("GET_VECTORS", fixed, {"ids": part, "model": model}, len(part), "first_id",
                                        "id_count"):
                    check_origin(frame, model, version)
                    version, came = frame.fixed["version"], frame.fixed["dimension"]
                    if not 0 < came <= limits["dimension_max"] or came != (dimension or came):
                        raise bad_reply(f"vectors of dimension {came}", dimension or f"1 to {limits['dimension_max']}")
                    check_finite("vectors", frame.lists["vectors"])
                    dimension = came
                    rows += vectors_of(frame)
        if numpy is None:
            return [None if row is None else row.tolist() for row in rows]
        table = numpy.full((len(rows), dimension), numpy.nan, dtype=numpy.float32)
        for index, row in enumerate(rows):
            if row is not None:
                table[index] = row
        return table

    # -- look-alike

    def lookalike(self, *, seeds, size, similarity=None, include_seeds=False, model=None, version=0, window=0,
                  stream=False, timeout=None):
        """The users most like the seeds: an Audience, or with stream=True an AudienceStream of chunks.

        seeds: any iterable of ids, also of millions · size: an int is a count, a float up to 1.0 a share of all users,
        a str "1%" a share or ">=0.5" every user of at least that score · window: bytes the server may send ahead
        (0: its default).
        """
        wanted = audience_size(size)
        if similarity not in SIMILARITIES:
            raise ValueError(f"similarity {similarity!r}: 'dot', 'cosine' or None")
        refuse_no_list("seeds", seeds)
        seeds = iter(seeds)
        timeout = self.timeout if timeout is None else seconds(timeout)
        question = AudienceQuestion(self.model_asked(model), whole("version", version), wanted, include_seeds,
                                    REMEMBERED_MAX if stream else None)
        fixed = {"scorer": 1, "similarity": SIMILARITIES[similarity], "version": question.version,
                 "window_bytes": window, "options": INCLUDE_SEEDS if include_seeds else 0, **wanted}
        deadline = time.monotonic() + timeout + 1
        connection = self.acquire(timeout)
        try:
            request_id, left = upload(connection, fixed, question, seeds, timeout, deadline - time.monotonic())
            window = window or connection.limits["window_bytes_default"]
            chunks = AudienceStream(self, connection, request_id, timeout + 1, left, window, question)
        except BaseException as error:
            self.release(connection, error)
            raise
        if stream:
            return chunks
        rows = []
        for chunk in chunks:
            rows += chunk
        return Audience(rows, chunks.summary)

    # -- models and operation

    def models(self, name=None, timeout=None):
        """What the server knows of each model, or of one alone: Models, a list of dicts.

        `versions` are those on disk, with their `state` ("on disk", "loaded", "waiting", "loading" or "refused") and
        what their manifests say; `remark` is for people, and says why something else than `pinned` serves. The list
        itself has a `remark` too: what is wrong with the repository as a whole, such as a folder that cannot be read.
        """
        def check(reply):
            check_names(reply)
            if name is not None and list(reply.lists["names"]) != [name]:
                raise bad_reply(f"a list of {len(reply.lists['names'])} models", f"{name!r} alone")
        body = self.call("MODEL_LIST", model=name, timeout=timeout, check=check)
        lists, count = body.lists, body.fixed["model_count"]

        def part(name, index, values=None):
            offsets = lists[name + "_offsets"]
            return list((lists[name] if values is None else values)[offsets[index]:offsets[index + 1]])

        def types(side):
            return [COLUMN_TYPES.get(kind) for kind in lists[side + "_column_types"]]

        versions = [{
            "version": lists["available"][i], "state": VERSION_STATES.get(lists["available_state"][i]),
            "dimension": lists["available_dimension"][i], "items": lists["available_items"][i],
            "users": lists["available_users"][i], "item_columns": part("available_item_columns", i),
            "user_columns": part("available_user_columns", i),
        } for i in range(len(lists["available"]))]
        refusals = list(zip(lists["refused"], lists["refusal_reasons"]))
        return Models([{
            **{name: lists[name][i] for name in ("active", "previous", "pinned", "dimension", "items", "users")},
            "name": lists["names"][i], "default": bool(lists["flags"][i] & 1),
            "metric": {1: "dot", 2: "cosine"}.get(lists["metric"][i]),
            "item_ids": ID_KINDS.get(lists["item_id_kind"][i]), "user_ids": ID_KINDS.get(lists["user_id_kind"][i]),
            "fingerprint": lists["fingerprints"][i].hex(), "training_id": lists["training_ids"][i],
            "loaded": part("loaded", i),
            "refused": [{"version": version, "reason": reason} for version, reason
                        in refusals[lists["refused_offsets"][i]:lists["refused_offsets"][i + 1]]],
            "item_columns": part("item_columns", i), "user_columns": part("user_columns", i),
            "item_column_types": part("item_columns", i, types("item")),
            "user_column_types": part("user_columns", i, types("user")),
            "versions": part("available", i, versions), "remark": lists["remarks"][i],
        } for i in range(count)], lists.get("repository_remark", ""))

    def load(self, name=None, version=0, timeout=None):
        """Looks at the repository now; `version` must be loaded afterwards. A dict of active, previous, pinned, and
        remembered: False where a restart will not know of what was chosen."""
        return switched(self.call("MODEL_LOAD", {"version": version}, model=self.model_asked(name), timeout=timeout))

    def activate(self, name, version, expected=None, timeout=None):
        """Serves and pins a version, or "latest" and follows newer ones; CONFLICT unless `expected` is active."""
        wanted = 0 if isinstance(version, str) and version == "latest" else whole("version", version)
        if version != "latest" and wanted < 1:
            raise ValueError(f"version {version}: a positive number or 'latest'")
        return self.switch("MODEL_ACTIVATE", name, {"version": wanted}, expected, timeout, lambda active, pinned: (
            pinned == wanted and active == (wanted or active)))

    def rollback(self, name, expected=None, timeout=None):
        """Serves and pins the version that served before; CONFLICT unless `expected` is active."""
        return self.switch("MODEL_ROLLBACK", name, {}, expected, timeout, lambda active, pinned: pinned == active > 0)

    def switch(self, message, name, fixed, expected, timeout, fits):
        def check(body):
            if not fits(body.fixed["active"], body.fixed["pinned"]):
                raise bad_reply(f"{message} with active {body.fixed['active']}, pinned {body.fixed['pinned']}",
                                f"the version asked for, {fixed.get('version', 'both alike')}")
        fixed = {**fixed, "expected_active": expected or 0}
        return switched(self.call(message, fixed, model=self.model_asked(name), timeout=timeout, check=check))

    def stats(self, timeout=None):
        """Named counters and gauges of the server: a dict."""
        lists = self.call("STATS", timeout=timeout, check=check_names).lists
        return dict(zip(lists["names"], lists["values"]))

    def health(self, timeout=None):
        """A dict of state ("serving", "not ready", "draining") and models_ready."""
        def check(body):
            state, ready = body.fixed["state"], body.fixed["models_ready"]
            if (state == 1 and not ready) or (state == 2 and ready):
                raise bad_reply(f"{HEALTH_STATES[state]!r} with {ready} models ready", "a state that fits")
        fixed = self.call("HEALTH", timeout=timeout, check=check).fixed
        return {"state": HEALTH_STATES.get(fixed["state"], str(fixed["state"])), "models_ready": fixed["models_ready"]}

    def ping(self, timeout=None):
        """Seconds to the server and back."""
        opaque, start = time.perf_counter_ns() & (2**53 - 1), time.perf_counter()

        def check(body):
            if body.fixed["opaque"] != opaque:
                raise bad_reply(f"PING with {body.fixed['opaque']}", f"{opaque}, the same again")
        self.call("PING", {"opaque": opaque}, timeout=timeout, check=check)
        return time.perf_counter() - start

    # -- requests, one at a time

    def call(self, message, fixed=None, *, model=None, timeout=None, check=None):
        """One request whose reply is one frame, which `check` compares with it."""
        with self.exchange(timeout) as call:
            request_id = call.send(message, fixed or {}, {"model": model})
            body = call.connection.reply(message, request_id, call.deadline)
            if check is not None:
                check(body)
            return body

    def model_asked(self, model):
        return self.model if model is None else model_name(model)

    def exchange(self, timeout):
        return Exchange(self, self.timeout if timeout is None else seconds(timeout))

    def acquire(self, timeout):
        """The connection, for one caller until `release`; opened if it is not. Waits for both together."""
        if self.pid != os.getpid():
            self.after_fork()
        deadline, lock = time.monotonic() + timeout, self.lock
        if not lock.acquire(timeout=timeout):
            raise Error("CONNECTION_BUSY", "another request or an open audience uses this connection",
                        flags=RETRYABLE | NOT_PROCESSED)
        try:
            connection = self.connection = self.usable(deadline)
            return connection
        except BaseException as error:
            if isinstance(error, Error):
                error.not_processed = True  # nothing was asked yet
            lock.release()
            raise

    def usable(self, deadline):
        """The connection, or a new one where the server has ended it."""
        connection = self.connection
        if connection is not None:
            try:
                connection.settle(deadline)
            except BaseException:
                self.drop(connection)
                raise
            if not connection.going_away:
                return connection
            self.drop(connection)
        return Connection(self.address, self.name, deadline)

    def drop(self, connection):
        connection.close()
        if self.connection is connection:
            self.connection = None

    def release(self, connection, failure=None):
        """Gives the connection back; drops it where a reply is outstanding or the bytes made no sense."""
        if connection.pid != os.getpid():
            connection.after_fork()  # the call began before a fork: this process's lock is not held for it
            return
        if connection.pending or connection.going_away or isinstance(failure, ProtocolError):
            self.drop(connection)
        self.lock.release()


class Exchange:
    """The use of a client's connection for one call: `with` takes and gives it back."""

    def __init__(self, client, timeout):
        self.client, self.timeout = client, timeout

    def __enter__(self):
        self.deadline = time.monotonic() + self.timeout + 1
        self.connection = self.client.acquire(self.timeout)
        return self

    def __exit__(self, _, error, __):
        self.client.release(self.connection, error)

    def send(self, message, fixed, lists):
        arg = timeout_arg(self.timeout, self.connection)
        return self.connection.send(message, fixed, lists, arg=arg, deadline=self.deadline)

    def batch(self, message, fixed, lists, total, first="first_query", count="query_count"):
        """A request whose reply may come in several frames: their bodies, one after the other."""
        request_id = self.send(message, fixed, lists)
        return self.connection.replies(message, request_id, self.deadline, total, first, count)


# ---- Arguments and answers in between ---------------------------------------------------------------------

PLURALS = {"user": "users", "item": "items", "vector": "vectors", "basket": "baskets"}
BYTES_LIKE = (bytes, bytearray, memoryview)


def parsed_address(address):
    if not isinstance(address, str):
        raise TypeError(f"address {address!r}: expected a str such as '127.0.0.1:7411'")
    host, separator, port = address.rpartition(":")
    if not separator or address.endswith("]"):
        host, port = address, str(DEFAULT_PORT)
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"address {address!r}: expected host:port")
    return host.strip("[]") or "127.0.0.1", int(port)


def seconds(timeout):
    """A timeout as a finite number of seconds."""
    value = number("timeout", timeout)
    if not 0 <= value <= TIMEOUT_SECONDS_MAX:
        raise ValueError(f"timeout {timeout!r}: 0 to {TIMEOUT_SECONDS_MAX} seconds")
    return value


def number(name, value):
    """A float from any kind of number."""
    if isinstance(value, (str, *BYTES_LIKE)):
        raise TypeError(f"{name} {value!r}: expected a number")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} {value!r}: expected a number") from None


def model_name(model):
    if model is not None and not isinstance(model, str):
        raise TypeError(f"model {model!r}: expected a str such as 'online-retail'")
    return model


def timeout_arg(timeout, connection):
    return max(1, min(int(timeout * 1000), connection.limits["timeout_ms_max"]))


def one_of(**choices):
    given = [(name, value) for name, value in choices.items() if value is not None]
    if len(given) != 1:
        raise TypeError(f"give exactly one of {', '.join(choices)}")
    return given[0]


def shown(value):
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def refuse_no_list(name, values, example='["22423", "85123A"]'):
    """TypeError for what is no list of values, though Python might iterate it: texts, bytes, dicts, files, numbers."""
    if isinstance(values, (str, int)) and not isinstance(values, bool):
        example = f"[{shown(values)}]"
    if isinstance(values, io.IOBase):
        reason, right = "is a file, whose lines end with line breaks", f"{name}=(line.strip() for line in file)"
    elif isinstance(values, collections.abc.Mapping):
        reason, right = "is a dict", f"a list, such as {name}={example}"
    elif isinstance(values, (str, *BYTES_LIKE)) or not isinstance(values, collections.abc.Iterable):
        reason, right = "is no list", f"a list, such as {name}={example}"
    elif numpy is not None and isinstance(values, numpy.ndarray) and values.ndim == 0:
        reason, right = "is an array of no dimension", f"one dimension, such as {name}=numpy.array({example})"
    else:
        return
    raise TypeError(f"{name}={shown(values)} {reason}: expected {right}")


def listed(name, values):
    """The values of an argument that takes a list, iterated once."""
    refuse_no_list(name, values)
    return values.tolist() if numpy is not None and isinstance(values, numpy.ndarray) else list(values)


def column_names(columns):
    refuse_no_list("columns", columns, '["description"]')
    columns = list(columns)
    for name in columns:
        if not isinstance(name, str):
            raise TypeError(f"columns: {name!r} is no column's name: expected str, such as columns=['description']")
        if name in ("id", "score"):
            raise ValueError(f"columns: {name!r} is a key that every row has for itself: give the column another name "
                             "in the catalog and pack it again")
    return list(map(str, columns))


def one_query(kind, query):
    """A single query, as an element of a batch."""
    if kind == "basket":
        return basket_pairs("basket", query)
    if kind == "vector":
        return vector_elements("vector", query)
    return query


def query_list(kind, queries):
    """The queries of a batch: ids, lists of pairs (member, weight), or rows of numbers."""
    name = PLURALS[kind]
    if kind == "basket":
        refuse_no_list(name, queries, '[["22423", "85123A"], {"22423": 2.0}]')
        return [basket_pairs(f"{name}[{index}]", basket) for index, basket in enumerate(queries)]
    if kind == "vector":
        refuse_no_list(name, queries, "[[0.5, -1.0], [0.25, 2.0]]")
        if numpy is not None and isinstance(queries, numpy.ndarray):
            if queries.ndim != 2:
                raise ValueError(f"vectors of shape {queries.shape}: expected [queries, dimension]")
            if queries.dtype.kind not in "fiub":
                raise TypeError(f"vectors of {queries.dtype}: expected numbers")
            return queries
        return [vector_elements(f"{name}[{index}]", vector) for index, vector in enumerate(queries)]
    return listed(name, queries)


def basket_pairs(name, basket):
    """A basket's members with their weights."""
    if isinstance(basket, collections.abc.Mapping):
        return list(basket.items())
    refuse_no_list(name, basket)
    pairs = []
    for entry in basket:
        if not isinstance(entry, (tuple, list)):
            pairs.append((entry, 1.0))
        elif len(entry) == 2:
            pairs.append(tuple(entry))
        else:
            raise TypeError(f"{name}: {shown(entry)} is no member: expected an id or a pair (id, weight)")
    return pairs


def vector_elements(name, vector):
    """A vector's numbers as an array of float32."""
    refuse_no_list(name, vector, "[0.5, -1.0, 2.0]")
    if isinstance(vector, collections.abc.Set):
        raise TypeError(f"{name}={shown(vector)} has no order: expected a list of numbers")
    if numpy is not None and isinstance(vector, numpy.ndarray):
        if vector.ndim != 1 or vector.dtype.kind not in "fiub":
            raise TypeError(f"{name}: {vector.dtype} of shape {vector.shape}: expected numbers of shape [dimension]")
        elements = array.array("f", numpy.ascontiguousarray(vector, numpy.float32).tobytes())
    else:
        try:
            elements = array.array("f", vector)
        except TypeError as error:
            raise TypeError(f"{name}={shown(vector)}: expected numbers; {error}") from None
    if not len(elements):
        raise ValueError("a vector of no elements: expected as many as the model has dimensions")
    return elements


def query_fields(kind, count, over, similarity, version):
    if over not in SIDES:
        raise ValueError(f"over {over!r}: 'items' or 'users'")
    if similarity not in SIMILARITIES:
        raise ValueError(f"similarity {similarity!r}: 'dot', 'cosine' or None")
    return {"query_kind": QUERY_KINDS[kind], "target": SIDES[over], "similarity": SIMILARITIES[similarity],
            "query_count": count, "version": version}


def query_lists(kind, queries):
    """The sections that the queries of one kind need (7.3), as `query_list` gives them."""
    if kind in ("user", "item"):
        return {"query_ids": queries}
    if kind == "vector":
        if numpy is not None and isinstance(queries, numpy.ndarray):
            return {"vectors": queries}
        lengths = {len(query) for query in queries}
        if len(lengths) > 1:
            raise ValueError(f"vectors of different dimensions: {sorted(lengths)}")
        elements = array.array("f")
        for query in queries:
            elements.extend(query)
        return {"vectors": elements}
    members, weights, offsets = [], [], [0]
    for pairs in queries:
        members += [member for member, _ in pairs]
        weights += [number(f"the weight of {member!r}", weight) for member, weight in pairs]
        offsets.append(len(members))
    return {"members": (members, offsets), "weights": None if all(w == 1 for w in weights) else weights}


def members_of(kind, queries, over):
    """For each query the ids that are left out of its answer (7.6), or None where there are none."""
    if kind == "basket" and over == "items":
        return [[member for member, _ in pairs] for pairs in queries]
    return [[query] for query in queries] if PLURALS[kind] == over else None


def audience_size(size):
    """The fields that say how large an audience is to be."""
    if isinstance(size, bool):
        raise TypeError(f"size {size!r}: a count, a share, '1%' or '>=0.5'")
    if isinstance(size, str):
        text = size.strip()
        try:
            if text.startswith(">="):
                score = float(text[2:])
                struct.pack("<f", score)
                return {"size_kind": MIN_SCORE, "min_score": score}
            if text.endswith("%"):
                return share(decimal.Decimal(text[:-1]) / 100, size)
            return {"size_kind": COUNT, "size_value": int(text)}
        except (ValueError, OverflowError, decimal.InvalidOperation):
            raise ValueError(f"size {size!r}: a count, '1%' or '>=0.5'") from None
    if isinstance(size, float):
        return share(decimal.Decimal(repr(float(size))), size)
    count = whole("size", size)
    if not 0 <= count < 2**64:
        raise ValueError(f"size {size!r}: a count from 1")
    return {"size_kind": COUNT, "size_value": count}


def share(value, given):
    parts = value * 1_000_000 if value.is_finite() else decimal.Decimal(-1)
    if not 1 <= parts <= 1_000_000:
        raise ValueError(f"size {given!r}: a share from one millionth to the whole")
    return {"size_kind": SHARE, "size_value": int(parts.to_integral_value())}


def upload(connection, fixed, question, seeds, timeout, left):
    """Opens a stream and sends its seeds, in as many frames as it takes: the request id, and the seconds left to wait.

    Time that the seeds themselves take does not count. `left` is for the first frame and what follows it.
    """
    arg = timeout_arg(timeout, connection)
    step = max(1, connection.limits["data_body_bytes_max"] // (TEXT_ID_BYTES_MAX + 8))  # the longest ids fit
    request_id, remembered, ended = None, [], False
    question.seeds = IdSet(remembered)
    while not ended:
        part = list(itertools.islice(seeds, step))
        ended = len(part) < step
        deadline = time.monotonic() + left
        flags = END if ended else 0
        if request_id is None:
            request_id = connection.send("LOOKALIKE", fixed, {"model": question.model, "seeds": part}, flags=flags,
                                         arg=arg, deadline=deadline)
        else:
            try:
                connection.send("DATA", {"first_index": question.sent}, {"ids": part}, flags=flags,
                                request_id=request_id, deadline=deadline)
            except Error as error:
                if error.name != "CONNECTION_LOST":
                    raise
                question.early = True
                break  # the server may have said why before it closed: that is read next
        question.sent += len(part)
        remembered += part[:REMEMBERED_MAX - len(remembered)]
        if not ended and connection.answered_early(request_id):
            question.early = True
            break  # nothing is due before the last seed, so this is a refusal: it is read next
        left = deadline - time.monotonic() if ended else timeout + 1
    return request_id, left


def query_error(frame, index):
    """The Error of a frame's query, or None."""
    status = frame.lists["statuses"][index]
    if not status:
        return None
    lists = frame.lists
    value, limit = (lists[name][index] if name in lists else 0 for name in ("values", "limits"))
    return Error(status_name(status), lists["messages"][index] if "messages" in lists else "", code=status,
                 detail=detail_name(lists["details"][index]) if "details" in lists else "NONE",
                 value=value, limit=limit)


def raised(answers):
    for answer in answers:
        if isinstance(answer, Error):
            raise answer
    return answers


def results_of(frame, question):
    """The Results or Error of each of a frame's queries."""
    question.check_frame(frame)
    fixed, lists = frame.fixed, frame.lists
    columns, names = lists.get("columns", ()), question.columns
    all_ids, all_scores, offsets = lists["ids"], lists["scores"], lists["result_offsets"]
    answers = []
    for index in range(fixed["query_count"]):
        start, end = offsets[index], offsets[index + 1]
        failure = query_error(frame, index)
        if failure is not None:
            if start != end:
                raise bad_reply(f"{end - start} results and {failure.name} for one query", "one or the other")
            answers.append(failure)
            continue
        ids, scores = all_ids[start:end], all_scores[start:end]
        flags, eligible = lists["query_flags"][index], lists["rows_eligible"][index]
        question.check(fixed["first_query"] + index, ids, scores, flags, eligible)
        if names:
            rows = [{"id": all_ids[row], "score": all_scores[row], **{
                name: values[row] if bit(valid, row) else None
                for name, (_, values, valid) in zip(names, columns)}} for row in range(start, end)]
        else:
            rows = list(zip(ids, scores))
        answers.append(Results(rows, lists["model"], fixed["version"], bool(flags & EXACT), eligible,
                               lists["rows_scanned"][index]))
    return answers


def vectors_of(frame):
    """The vector, or None, of each of a frame's ids."""
    elements, dimension, rows, position = frame.lists["vectors"], frame.fixed["dimension"], [], 0
    for index in range(frame.fixed["id_count"]):
        if bit(frame.lists["found"], index):
            rows.append(elements[position:position + dimension])
            position += dimension
        else:
            rows.append(None)
    return rows
