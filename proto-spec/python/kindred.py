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
import decimal
import itertools
import operator
import select
import socket
import struct
import sys
import threading
import time
import zlib
from collections import namedtuple

try:
    import numpy
except ImportError:
    numpy = None

__all__ = ["connect", "Client", "Error", "Results", "Audience", "AudienceStream", "Summary"]

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
DATA, GOAWAY = 0x07, 0x04

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
EXACT = 1
COUNT, SHARE, MIN_SCORE = 1, 2, 3

STATUSES = {
    0: "OK", 257: "INVALID_ARGUMENT", 258: "UNKNOWN_MODEL", 259: "UNKNOWN_ID", 260: "DIMENSION_MISMATCH",
    261: "LIMIT_EXCEEDED", 262: "UNSUPPORTED_TYPE", 263: "UNSUPPORTED_TAG", 264: "UNSUPPORTED_ENCODING",
    265: "DUPLICATE_REQUEST_ID", 266: "VERSION_GONE", 267: "MALFORMED_BODY", 513: "UNAUTHENTICATED",
    514: "PERMISSION_DENIED", 769: "OVERLOADED", 770: "RATE_LIMITED", 771: "DEADLINE_EXCEEDED",
    772: "NO_MODEL_READY", 773: "DRAINING", 774: "SLOW_CONSUMER", 1025: "CANCELLED", 1026: "CONFLICT",
    1281: "INTERNAL", 1282: "MODEL_CORRUPT", 1537: "BAD_MAGIC", 1538: "BAD_HEADER_CRC", 1540: "FRAME_TOO_LARGE",
    1541: "BAD_LENGTH", 1542: "UNEXPECTED_FRAME", 1543: "FLOW_CONTROL", 1544: "HANDSHAKE_TIMEOUT",
    1545: "IDLE_TIMEOUT", 1546: "EXCESSIVE_CONTROL", 1547: "UNSUPPORTED_FLAG",
}
CODES = {name: code for code, name in STATUSES.items()}
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

    name        the status, e.g. "UNKNOWN_ID"; or "CONNECTION_LOST", "CONNECTION_BUSY", found by the client itself
    code        the status code; 0 for the client's own
    detail      what exactly, e.g. "K_IS_ZERO"; "NONE" where the name says it all
    retryable   whether the same request may succeed later
    not_processed  whether the server certainly did nothing
    message     a sentence with the offending value and what would be right
    value, limit   the offending number and what would be right, where they are numbers; else 0
    reference   to be found in the server's log; 0 = none
    retry_after seconds to wait before a retry
    """

    def __init__(self, name, message, *, code=None, detail="NONE", flags=0, value=0, limit=0, reference=0,
                 retry_after=0.0):
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


class ProtocolError(Error):
    """Bytes that violate the protocol; the connection is closed."""


def malformed(message):
    return ProtocolError("MALFORMED_BODY", message)


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
    """A body's fixed part and the lists that its sections make."""

    def __init__(self, fixed, *sections):
        self.names, self.limits, codes = [], {}, "<H"
        for field in fixed.split(", "):
            name, _, kind = field.partition(" ")
            codes += STRUCT_CODES[kind] if kind else name
            if kind:
                self.names.append(name)
                if kind.startswith("u"):
                    self.limits[name] = 2 ** int(kind[1:]) - 1
        self.struct = struct.Struct(codes)
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
        "stream_progress_ms u32, stream_progress_bytes_min u32, stream_ms_max u32, id_bytes_max u32, 4x",
        "server_name 64 utf8", "default_model 65 utf8"),
    "PING": Layout("6x, opaque u64"),
    "RECOMMEND": Layout(
        ANSWER, "model 64 utf8", "result_offsets 66 u32", "ids 68 ids", "scores 72 f32", "statuses 73 u16",
        "query_flags 74 u16", "rows_eligible 75 u64", "rows_scanned 76 u64", "details 77 u16", "messages 78 texts",
        "columns 128 columns"),
    "SCORE": Layout(
        ANSWER, "model 64 utf8", "result_offsets 66 u32", "scores 72 f32", "statuses 73 u16", "details 77 u16",
        "messages 78 texts", "found 80 u8"),
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


def encode_fixed(layout, fixed):
    for name, limit in layout.limits.items():
        if not 0 <= fixed.get(name, 0) <= limit:
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
        if fixed_len % 8 or fixed_len < layout.struct.size or fixed_len > len(data):
            raise malformed(f"a fixed part of {fixed_len} bytes: a multiple of 8 from {layout.struct.size} "
                            f"to the body's {len(data)}")
        self.fixed = dict(zip(layout.names, layout.struct.unpack_from(data)[1:]))
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

    def ids(self, tag):
        numbers, parts = self.array(tag), self.slices(tag + 1, tag + 2)
        if numbers is not None and parts is not None:
            raise malformed(f"sections {tag} and {tag + 1} are both there")
        if numbers is not None:
            largest = max(numbers, default=0)
            if largest > NUMBER_ID_MAX:
                first = next(number for number in numbers if number > NUMBER_ID_MAX)
                raise ProtocolError("INVALID_ARGUMENT", f"numeric id {first}: at most 2^63 - 1",
                                    detail="NUMBER_ID_TOO_LARGE", value=first, limit=NUMBER_ID_MAX)
            return numbers.tolist()
        return None if parts is None else text_ids(*parts)

    def ragged_ids(self, tag):
        ids, offsets = self.ids(tag), self.array(tag + 3)
        if offsets is not None:
            if ids is None:
                raise malformed(f"section {tag + 3} has no ids")
            check_offsets(offsets, len(ids), tag + 3)
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


# ---- One connection ---------------------------------------------------------------------------------------

def lost(message):
    return Error("CONNECTION_LOST", message, flags=RETRYABLE)


class Connection:
    """A socket after preface and HELLO. Every wait ends at a deadline, a time of `time.monotonic`."""

    def __init__(self, address, name, deadline):
        self.body_bytes_max = BODY_BYTES_MAX
        self.last_id = 0
        self.pending = False  # whether a request has no END reply yet
        self.going_away = None
        try:
            self.socket = socket.create_connection(address, timeout=remaining(deadline))
        except socket.timeout:
            raise timed_out(f"no connection to {address[0]}:{address[1]} in time") from None
        except OSError as error:
            raise lost(f"no connection to {address[0]}:{address[1]}: {error}") from None
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.handshake(name, deadline)
        except BaseException:
            self.close()
            raise

    def close(self):
        self.socket.close()

    def handshake(self, name, deadline):
        self.send_bytes(MAGIC + bytes([MAJOR, MAJOR]) + bytes(6), deadline)
        hello = self.send("HELLO", {"minor": MINOR}, {"client_name": name}, deadline=deadline)
        answer = self.receive_bytes(16, deadline)
        if answer[:8] != MAGIC:
            raise ProtocolError("BAD_MAGIC", f"the server sent {answer!r}: it does not speak Kindred's protocol")
        if answer[8] != MAJOR:
            reason, wait_ms = REFUSALS.get(answer[11], answer[11]), int.from_bytes(answer[12:], "little")
            raise Error("CONNECTION_LOST", f"the server refused the connection: {reason}", retry_after=wait_ms / 1000,
                        flags=0 if answer[11] == 1 else RETRYABLE | NOT_PROCESSED)
        reply = self.reply("HELLO", hello, deadline)
        self.limits = reply.fixed
        self.body_bytes_max = reply.fixed["body_bytes_max"]

    def send_bytes(self, data, deadline):
        try:
            self.socket.settimeout(remaining(deadline))
            self.socket.sendall(data)
        except socket.timeout:
            raise timed_out("the server did not take the request in time") from None
        except OSError as error:
            raise lost(f"the connection broke while sending: {error}") from None

    def receive_bytes(self, count, deadline):
        """Exactly `count` bytes; the buffer grows as they come."""
        data = bytearray()
        while len(data) < count:
            try:
                self.socket.settimeout(remaining(deadline))
                part = self.socket.recv(min(count - len(data), 1 << 18))
            except socket.timeout:
                raise timed_out("no answer in time") from None
            except OSError as error:
                raise lost(f"the connection broke: {error}") from None
            if not part:
                raise lost(self.going_away or f"the server closed the connection after {len(data)} of {count} bytes")
            data += part
        return bytes(data)

    def send(self, message, fixed=None, lists=None, *, deadline, flags=END, arg=0, request_id=None):
        """Sends a request under a new id, or a frame of the given one; gives the id."""
        body = encode_body(REQUESTS[message], fixed, lists)
        if len(body) > self.body_bytes_max:
            raise Error("LIMIT_EXCEEDED", f"a request of {len(body)} bytes: at most {self.body_bytes_max}",
                        value=len(body), limit=self.body_bytes_max)
        if request_id is None:
            self.last_id += 1
            request_id = self.last_id
            self.pending = True
        self.send_bytes(encode_frame(TYPES[message], request_id, body, flags, arg), deadline)
        return request_id

    def frame(self, request_id, deadline):
        """The next frame of the request: its header and body. GOAWAY is noted on the way."""
        while True:
            header = decode_header(self.receive_bytes(32, deadline), self.body_bytes_max)
            data = self.receive_bytes(header.body_len, deadline)
            if header.type == GOAWAY:
                goodbye = Body(REQUESTS["GOAWAY"], data)
                status, text = status_name(goodbye.fixed["status"]), goodbye.lists.get("message", "")
                self.going_away = f"the server closes the connection: {status} {text}".rstrip()
            elif header.request_id == request_id:
                self.pending = self.pending and not (header.type & REPLY and header.flags & END)
                return header, data
            elif not 0 < header.request_id < request_id:
                raise ProtocolError("UNEXPECTED_FRAME", f"a frame of request {header.request_id}, which was never made")

    def decode_reply(self, message, header, data):
        """The body of a reply, or its error raised."""
        if header.type != TYPES[message] | REPLY:
            raise ProtocolError("UNEXPECTED_FRAME", f"a frame of type {header.type:#04x} in answer to {message}")
        status = header.arg & 0xFFFF
        if status:
            raise decode_error(status, header.arg >> 16, data)
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
        """The reply in as many frames as it takes; `first` and `count` are the fields that number its parts."""
        parts, done = [], 0
        while True:
            header, data = self.frame(request_id, deadline)
            body = self.decode_reply(message, header, data)
            ended = header.flags & END
            if body.fixed[first] != done or not (body.fixed[count] or ended):
                raise malformed(f"a frame that begins with {body.fixed[first]}, expected {done}")
            done += body.fixed[count]
            parts.append(body)
            if ended or done > total:
                if done != total:
                    raise malformed(f"{done} answers to {total} queries")
                return parts


def remaining(deadline):
    """Seconds until the deadline, never 0 (which would mean: do not wait at all)."""
    return max(deadline - time.monotonic(), 0.001)


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
    what has been read. A context manager; `close()` cancels what is left.
    """

    def __init__(self, client, connection, request_id, deadline, timeout, window):
        self.client, self.connection, self.request_id = client, connection, request_id
        self.deadline, self.timeout, self.window = deadline, timeout, window
        self.received = self.rows = self.checksum = 0
        self.summary = None
        self.open = True

    def __iter__(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __next__(self):
        if not self.open:
            raise StopIteration
        try:
            header, data = self.connection.frame(self.request_id, self.deadline)
            if header.type == DATA:
                return self.chunk(data)
            body = self.connection.decode_reply("LOOKALIKE", header, data)
            self.check(body.fixed)
        except BaseException as error:
            self.finish(failure=error)
            raise
        fixed = body.fixed
        self.summary = Summary(
            body.lists["model"], fixed["version"], bool(fixed["flags"] & EXACT), fixed["rows"],
            fixed["seeds_received"], fixed["seeds_matched"], fixed["seeds_duplicate"], fixed["seeds_unmatched"],
            body.lists.get("unmatched_examples", []), fixed["rows_eligible"], fixed["rows_scanned"],
            fixed["checksum"], fixed["queue_us"], fixed["compute_us"])
        self.finish()
        raise StopIteration

    def chunk(self, data):
        body = Body(REQUESTS["DATA"], data)
        require(body, ids=None)
        ids, scores = body.lists["ids"], body.lists.get("scores")
        require(body, scores=len(ids))
        if body.fixed["first_index"] != self.rows:
            raise malformed(f"rows from {body.fixed['first_index']}, expected {self.rows}")
        self.checksum = zlib.crc32(body.payload(66) if body.payload(64) is None else body.payload(64), self.checksum)
        self.rows += len(ids)
        self.received += len(data)
        self.deadline = time.monotonic() + self.timeout
        self.connection.send("WINDOW", {"limit_bytes": self.received + self.window}, flags=0,
                             request_id=self.request_id, deadline=self.deadline)
        return list(zip(ids, scores))

    def check(self, fixed):
        if fixed["rows"] != self.rows:
            raise malformed(f"{self.rows} rows came, the summary says {fixed['rows']}")
        if fixed["checksum"] != self.checksum:
            raise malformed(f"the checksum of the ids is {self.checksum:08x}, the summary says {fixed['checksum']:08x}")

    def finish(self, failure=None):
        if self.open:
            self.open = False
            self.client.release(self.connection, failure)

    def close(self):
        """Cancels what is left: reads on for at most 5 s, else gives the connection up. Never raises."""
        if not self.open:
            return
        failure = None
        try:
            deadline = time.monotonic() + 5
            self.connection.send("CANCEL", flags=0, request_id=self.request_id, deadline=deadline)
            while self.connection.frame(self.request_id, deadline)[0].type == DATA:
                pass
        except Error as error:
            failure = lost(error.message)
        self.finish(failure)

    def __del__(self):
        if self.open:
            self.finish(lost("the stream was dropped before its end"))


# ---- Client -----------------------------------------------------------------------------------------------

def connect(address, timeout=10.0, model=None, name=CLIENT_NAME):
    """Connects to "host:port" and gives a Client; `timeout` in seconds and `model` are defaults of its calls."""
    return Client(address, timeout, model, name)


class Client:
    """A connection to a server. May be shared by threads; requests go one at a time.

    A call ends within its timeout (and one second for the server's own answer to arrive) or raises Error; an
    audience within its timeout from one chunk to the next. After Error CONNECTION_LOST or DEADLINE_EXCEEDED the next
    call connects again.
    """

    def __init__(self, address, timeout=10.0, model=None, name=CLIENT_NAME):
        self.address = parsed_address(address)
        self.timeout, self.model, self.name = timeout, model, name
        self.lock = threading.Lock()
        self.connection = None
        self.release(self.acquire(timeout))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes the connection. A later call opens a new one."""
        connection, self.connection = self.connection, None
        if connection:
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
            **{PLURALS[kind]: [query]}, k=k, exclude=exclude, candidates=candidates, min_score=min_score, over=over,
            similarity=similarity, columns=columns, model=model, version=version, include_members=include_members,
            timeout=timeout, raise_errors=True)[0]

    def recommend_batch(self, *, users=None, items=None, vectors=None, baskets=None, k=10, exclude=None,
                        candidates=None, min_score=None, over="items", similarity=None, columns=None, model=None,
                        version=0, include_members=False, timeout=None, raise_errors=False):
        """A list with the Results of each query, in order; arguments as for `recommend`, for all queries alike.

        A query that failed alone has its Error in its place; with raise_errors the first such is raised. A batch above
        the server's limits goes out in several requests, so its parts may come from two versions during a swap:
        each Results says which, and `version` pins one.
        """
        kind, queries = one_of(user=users, item=items, vector=vectors, basket=baskets)
        queries, k = as_list(queries), operator.index(k)
        lists = {
            "exclusions": None if exclude is None else (as_list(exclude), None),
            "candidates": None if candidates is None else (as_list(candidates), None),
            "min_scores": None if min_score is None else [min_score],
            "columns": None if columns is None else list(columns),
        }
        answers = []
        with self.exchange(timeout) as call:
            limits = call.connection.limits
            step = max(1, min(limits["queries_per_batch_max"], limits["results_per_request_max"] // max(k, 1)))
            for start in range(0, len(queries), step):
                part = queries[start:start + step]
                fixed = query_fields(kind, len(part), over, similarity, version)
                fixed.update(k=k, options=INCLUDE_MEMBERS if include_members else 0)
                frames = call.batch("RECOMMEND", fixed, {**query_lists(kind, part), **lists}, model, len(part))
                for frame in frames:
                    answers += results_of(frame, lists["columns"] or [])
        return raised(answers) if raise_errors else answers

    def score(self, *, user=None, item=None, vector=None, basket=None, candidates, over="items", similarity=None,
              model=None, version=0, timeout=None):
        """The score of each candidate for one query, None where the model does not have it."""
        kind, query = one_of(user=user, item=item, vector=vector, basket=basket)
        fixed = query_fields(kind, 1, over, similarity, version)
        lists = {**query_lists(kind, [query]), "candidates": (as_list(candidates), None)}
        with self.exchange(timeout) as call:
            frame = call.batch("SCORE", fixed, lists, model, 1)[0]
        raised([query_error(frame, 0)])
        scores, found = frame.lists["scores"], frame.lists["found"]
        return [score if bit(found, index) else None for index, score in enumerate(scores)]

    def vectors(self, *, items=None, users=None, model=None, version=0, timeout=None):
        """The stored vectors of ids, all of one version, in their order.

        With numpy a float32 array [ids, dimension] whose rows of unknown ids are NaN; without it a list of lists of
        floats, None for unknown ids.
        """
        side, ids = one_of(items=items, users=users)
        ids, rows = as_list(ids), []
        with self.exchange(timeout) as call:
            step = max(1, call.connection.limits["vector_elements_per_request_max"]
                       // max(call.connection.limits["dimension_max"], 1))
            for start in range(0, max(len(ids), 1), step):
                part = ids[start:start + step]
                fixed = {"side": SIDES[side], "version": version}
                frames = call.batch("GET_VECTORS", fixed, {"ids": part}, model, len(part), "first_id", "id_count")
                version = frames[0].fixed["version"]
                for frame in frames:
                    rows += vectors_of(frame)
                dimension = frames[0].fixed["dimension"]
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
        fixed = {"scorer": 1, "similarity": SIMILARITIES[similarity], "version": version, "window_bytes": window,
                 "options": INCLUDE_SEEDS if include_seeds else 0, **audience_size(size)}
        timeout = self.timeout if timeout is None else timeout
        connection = self.acquire(timeout)
        try:
            request_id, deadline = upload(connection, fixed, model or self.model, seeds, timeout)
            window = window or connection.limits["window_bytes_default"]
            chunks = AudienceStream(self, connection, request_id, deadline, timeout + 1, window)
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
        """What the server knows of each model, or of one alone: a list of dicts.

        `versions` are those on disk, with their `state` ("on disk", "loaded", "waiting", "loading" or "refused") and
        what their manifests say; `remark` is for people, and says why something else than `pinned` serves.
        """
        body = self.call("MODEL_LIST", model=name, timeout=timeout)
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
        return [{
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
        } for i in range(count)]

    def load(self, name=None, version=0, timeout=None):
        """Looks at the repository now; `version` must be loaded afterwards. A dict of active, previous, pinned, and
        remembered: False where a restart will not know of what was chosen."""
        return switched(self.call("MODEL_LOAD", {"version": version}, model=name, timeout=timeout))

    def activate(self, name, version, expected=None, timeout=None):
        """Serves and pins a version, or "latest" and follows newer ones; CONFLICT unless `expected` is active."""
        number = 0 if version == "latest" else operator.index(version)
        if version != "latest" and number < 1:
            raise ValueError(f"version {version}: a positive number or 'latest'")
        fixed = {"version": number, "expected_active": expected or 0}
        return switched(self.call("MODEL_ACTIVATE", fixed, model=name, timeout=timeout))

    def rollback(self, name, expected=None, timeout=None):
        """Serves and pins the version that served before; CONFLICT unless `expected` is active."""
        fixed = {"expected_active": expected or 0}
        return switched(self.call("MODEL_ROLLBACK", fixed, model=name, timeout=timeout))

    def stats(self, timeout=None):
        """Named counters and gauges of the server: a dict."""
        lists = self.call("STATS", timeout=timeout).lists
        return dict(zip(lists["names"], lists["values"]))

    def health(self, timeout=None):
        """A dict of state ("serving", "not ready", "draining") and models_ready."""
        fixed = self.call("HEALTH", timeout=timeout).fixed
        return {"state": HEALTH_STATES.get(fixed["state"], str(fixed["state"])), "models_ready": fixed["models_ready"]}

    def ping(self, timeout=None):
        """Seconds to the server and back."""
        opaque, start = time.perf_counter_ns() & (2**53 - 1), time.perf_counter()
        answer = self.call("PING", {"opaque": opaque}, timeout=timeout)
        if answer.fixed["opaque"] != opaque:
            raise malformed("the answer to PING has other bytes")
        return time.perf_counter() - start

    # -- requests, one at a time

    def call(self, message, fixed=None, *, model=None, timeout=None):
        """One request whose reply is one frame."""
        with self.exchange(timeout) as call:
            request_id = call.send(message, fixed or {}, {}, model)
            return call.connection.reply(message, request_id, call.deadline)

    def exchange(self, timeout):
        return Exchange(self, self.timeout if timeout is None else timeout)

    def acquire(self, timeout):
        """The connection, for one caller until `release`; opened if it is not. Waits for both together."""
        deadline = time.monotonic() + timeout
        if not self.lock.acquire(timeout=max(timeout, 0)):
            raise Error("CONNECTION_BUSY", "another request or an open audience uses this connection",
                        flags=RETRYABLE | NOT_PROCESSED)
        try:
            if self.connection is None:
                self.connection = Connection(self.address, self.name, deadline)
            return self.connection
        except BaseException:
            self.lock.release()
            raise

    def release(self, connection, failure=None):
        """Gives the connection back; drops it where a reply is outstanding or the bytes made no sense."""
        if connection.pending or connection.going_away or isinstance(failure, ProtocolError):
            connection.close()
            if self.connection is connection:
                self.connection = None
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

    def send(self, message, fixed, lists, model):
        arg = timeout_arg(self.timeout, self.connection)
        # A list of all models is asked for by naming none.
        name = model if model is not None or message == "MODEL_LIST" else self.client.model
        return self.connection.send(message, fixed, {**lists, "model": name}, arg=arg, deadline=self.deadline)

    def batch(self, message, fixed, lists, model, total, first="first_query", count="query_count"):
        """A request whose reply may come in several frames: their bodies."""
        request_id = self.send(message, fixed, lists, model)
        return self.connection.replies(message, request_id, self.deadline, total, first, count)


# ---- Arguments and answers in between ---------------------------------------------------------------------

PLURALS = {"user": "users", "item": "items", "vector": "vectors", "basket": "baskets"}


def parsed_address(address):
    host, separator, port = address.rpartition(":")
    if not separator or address.endswith("]"):
        host, port = address, str(DEFAULT_PORT)
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"address {address!r}: expected host:port")
    return host.strip("[]") or "127.0.0.1", int(port)


def timeout_arg(timeout, connection):
    return max(1, min(int(timeout * 1000), connection.limits["timeout_ms_max"]))


def one_of(**choices):
    given = [(name, value) for name, value in choices.items() if value is not None]
    if len(given) != 1:
        raise TypeError(f"give exactly one of {', '.join(choices)}")
    return given[0]


def as_list(values):
    if isinstance(values, (str, bytes)):
        raise TypeError(f"expected a list, not {values!r}")
    if numpy is not None and isinstance(values, numpy.ndarray):
        return values
    return list(values)


def query_fields(kind, count, over, similarity, version):
    if over not in SIDES:
        raise ValueError(f"over {over!r}: 'items' or 'users'")
    if similarity not in SIMILARITIES:
        raise ValueError(f"similarity {similarity!r}: 'dot', 'cosine' or None")
    return {"query_kind": QUERY_KINDS[kind], "target": SIDES[over], "similarity": SIMILARITIES[similarity],
            "query_count": count, "version": version}


def query_lists(kind, queries):
    """The sections that the queries of one kind need (7.3)."""
    if kind in ("user", "item"):
        return {"query_ids": queries}
    if kind == "vector":
        if numpy is not None and isinstance(queries, numpy.ndarray):
            if queries.ndim != 2:
                raise ValueError(f"vectors of shape {queries.shape}: expected [queries, dimension]")
            return {"vectors": queries}
        elements, lengths = array.array("f"), set()
        for query in queries:
            elements.extend(array.array("f", query))
            lengths.add(len(query))
        if len(lengths) > 1:
            raise ValueError(f"vectors of different dimensions: {sorted(lengths)}")
        if 0 in lengths:
            raise ValueError("a vector of no elements: expected as many as the model has dimensions")
        return {"vectors": elements}
    members, weights, offsets = [], [], [0]
    for basket in queries:
        pairs = basket.items() if isinstance(basket, dict) else basket
        for pair in pairs:
            member, weight = pair if isinstance(pair, (tuple, list)) else (pair, 1.0)
            members.append(member)
            weights.append(weight)
        offsets.append(len(members))
    return {"members": (members, offsets), "weights": None if all(w == 1 for w in weights) else weights}


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
        return share(decimal.Decimal(repr(size)), size)
    count = operator.index(size)
    if not 0 <= count < 2**64:
        raise ValueError(f"size {size!r}: a count from 1")
    return {"size_kind": COUNT, "size_value": count}


def share(value, given):
    parts = value * 1_000_000 if value.is_finite() else decimal.Decimal(-1)
    if not 1 <= parts <= 1_000_000:
        raise ValueError(f"size {given!r}: a share from one millionth to the whole")
    return {"size_kind": SHARE, "size_value": int(parts.to_integral_value())}


def upload(connection, fixed, model, seeds, timeout):
    """Opens a stream and sends its seeds, in as many frames as it takes: the request id and the deadline."""
    arg = timeout_arg(timeout, connection)
    step = max(1, connection.limits["data_body_bytes_max"] // (TEXT_ID_BYTES_MAX + 8))  # the longest ids fit
    request_id, sent, seeds, ended = None, 0, iter(seeds), False
    while not ended:
        part = list(itertools.islice(seeds, step))
        ended = len(part) < step
        deadline = time.monotonic() + timeout + 1
        flags = END if ended else 0
        if request_id is None:
            request_id = connection.send("LOOKALIKE", fixed, {"model": model, "seeds": part}, flags=flags, arg=arg,
                                         deadline=deadline)
        else:
            connection.send("DATA", {"first_index": sent}, {"ids": part}, flags=flags, request_id=request_id,
                            deadline=deadline)
        sent += len(part)
        if not ended and select.select([connection.socket], [], [], 0)[0]:
            break  # nothing is due before the last seed, so this is a refusal: it is read next
    return request_id, deadline


def query_error(frame, index):
    """The Error of a frame's query, or None."""
    status = frame.lists["statuses"][index]
    if not status:
        return None
    details, messages = frame.lists.get("details"), frame.lists.get("messages")
    return Error(status_name(status), messages[index] if messages else "", code=status,
                 detail=detail_name(details[index]) if details else "NONE")


def raised(answers):
    for answer in answers:
        if isinstance(answer, Error):
            raise answer
    return answers


def results_of(frame, names):
    """The Results or Error of each of a frame's queries."""
    fixed, lists = frame.fixed, frame.lists
    columns = lists.get("columns", ())
    if len(columns) != len(names):
        raise malformed(f"{len(columns)} columns came, {len(names)} were asked for")
    if "scores" not in lists:
        raise malformed("the reply has no scores")
    ids, scores, offsets = lists["ids"], lists["scores"], lists["result_offsets"]
    answers = []
    for index in range(fixed["query_count"]):
        failure = query_error(frame, index)
        if failure is not None:
            answers.append(failure)
            continue
        span = range(offsets[index], offsets[index + 1])
        if names:
            rows = [{"id": ids[row], "score": scores[row], **{
                name: values[row] if bit(valid, row) else None
                for name, (_, values, valid) in zip(names, columns)}} for row in span]
        else:
            rows = [(ids[row], scores[row]) for row in span]
        answers.append(Results(rows, lists["model"], fixed["version"], bool(lists["query_flags"][index] & EXACT),
                               lists["rows_eligible"][index], lists["rows_scanned"][index]))
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
