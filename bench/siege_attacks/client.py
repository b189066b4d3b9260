"""The Python client of this repository, whose codec makes the frames here, by its path."""

import importlib.util
import struct
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT_FILE = ROOT / "proto-spec" / "python" / "kindred.py"


def load_client():
    spec = importlib.util.spec_from_file_location("kindred", CLIENT_FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


kindred = load_client()

HEAD = struct.Struct("<IBBHQIII")
FLAG_END = 1
OPENING = kindred.MAGIC + bytes([1, 1]) + bytes(6) + kindred.encode_frame(
    kindred.TYPES["HELLO"], 1, kindred.encode_body(kindred.REQUESTS["HELLO"], {}, {"client_name": "siege"}))


def header(message, request_id, body_bytes, timeout_ms=0):
    """A request's header of 32 bytes, for a body of so many bytes."""
    head = HEAD.pack(body_bytes, 1, kindred.TYPES[message], FLAG_END, request_id, 0, timeout_ms, 0)
    return head + zlib.crc32(head).to_bytes(4, "little")


def body(message, fixed=None, lists=None):
    """A request's body."""
    return kindred.encode_body(kindred.REQUESTS[message], fixed, lists)


def parsed(address):
    """The pair (host, port) of "host:port"."""
    host, _, port = address.rpartition(":")
    return host, int(port)
