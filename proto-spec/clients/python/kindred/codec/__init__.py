"""The protocol's bytes: layouts of all messages, encoding, decoding, and the checks within one reply.

The client uses it, and tests and tools do that write or read single frames.
"""

from .consistency import check_reply, check_rows, require
from .decoding import Body, bit, check_offsets, decode_error
from .encoding import encode_body, encode_ids, encode_texts, typed
from .frames import Header, decode_header, encode_frame
from .layout import ELEMENTS, Layout
from .messages import ERROR, REPLIES, REQUESTS, TYPES
from .protocol import (BECAUSE, COUNT, CRITICAL, DATA, DISTINCT, END, EXACT, EXCLUDE_SEEN, FALLBACK, GOAWAY,
                       INCLUDE_MEMBERS, INCLUDE_SEEDS, KEPT, MAGIC, MAJOR, MIN_SCORE, MINOR, PARTIAL, PREFACE, REPLY,
                       SHARE)

__all__ = [
    "check_reply", "check_rows", "require", "Body", "bit", "check_offsets", "decode_error", "encode_body",
    "encode_ids", "encode_texts", "typed", "Header", "decode_header", "encode_frame", "ELEMENTS", "Layout", "ERROR",
    "REPLIES", "REQUESTS", "TYPES", "BECAUSE", "COUNT", "CRITICAL", "DATA", "DISTINCT", "END", "EXACT", "EXCLUDE_SEEN",
    "FALLBACK", "GOAWAY", "INCLUDE_MEMBERS", "INCLUDE_SEEDS", "KEPT", "MAGIC", "MAJOR", "MIN_SCORE", "MINOR", "PARTIAL",
    "PREFACE", "REPLY", "SHARE",
]
