"""Frames: a header of 32 bytes and a body (5.1)."""

import struct
import zlib
from collections import namedtuple

from ..errors import ProtocolError
from .protocol import END, HEADER, MAJOR

Header = namedtuple("Header", "body_len version type flags request_id reserved_a arg reserved_b crc")


def encode_frame(message_type, request_id, body, flags=END, arg=0):
    """A whole frame. `arg` is the header's field: a request's timeout in milliseconds."""
    head = struct.pack("<IBBHQIII", len(body), MAJOR, message_type, flags, request_id, 0, arg, 0)
    return head + struct.pack("<I", zlib.crc32(head)) + body


def decode_header(data, body_bytes_max):
    """The header in 32 bytes, checked in the order of 5.1."""
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
