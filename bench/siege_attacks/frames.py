"""Frames of an attacker, made with the codec of this repository's Python client."""

import struct
import zlib

from bench.support.client import codec

HEAD = struct.Struct("<IBBHQIII")
OPENING = codec.PREFACE + codec.encode_frame(
    codec.TYPES["HELLO"], 1, codec.encode_body(codec.REQUESTS["HELLO"], {}, {"client_name": "siege"}))


def header(message, request_id, body_bytes, timeout_ms=0):
    """A request's header for a body of `body_bytes` bytes."""
    head = HEAD.pack(body_bytes, 1, codec.TYPES[message], codec.END, request_id, 0, timeout_ms, 0)
    return head + zlib.crc32(head).to_bytes(4, "little")


def body(message, fixed=None, lists=None):
    """A request's body."""
    return codec.encode_body(codec.REQUESTS[message], fixed, lists)


def parsed(address):
    """The pair (host, port) of "host:port"."""
    host, _, port = address.rpartition(":")
    return host, int(port)
