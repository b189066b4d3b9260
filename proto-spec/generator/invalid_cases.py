"""Building blocks of the invalid vectors."""

import struct

from .encoder import END, json_integer, shown_header
from .values import texts

U32, U64, BYTES, F32, UTF8 = 3, 4, 0, 8, 10


def offsets(*values):
    return struct.pack(f"<{len(values)}I", *values)


class InvalidCases:
    """Collects vectors in `entries`. A case is a valid frame and one change to its fixed part, sections or header."""

    def __init__(self, encoder):
        self.encoder = encoder
        self.schema = encoder.schema
        self.entries = []

    def user(self, **changes):
        return {"query_kind": 1, "target": 1, "query_count": 1, "k": 10, **changes}

    def frame(self, message, fixed, sections, mutate=None, raw=None, *, request_id=7, flags=END, arg=0,
              frame_type=None, version=None, body_len=None, kind="request", corrupt=None):
        """A whole frame; `mutate` changes the body, `raw` replaces its bytes, `corrupt` flips a header byte."""
        body = self.encoder.body(message, kind, {"fixed": fixed, "sections": sections})
        if mutate:
            mutate(body)
        payload = body.encoded() if raw is None else raw
        length = len(payload) if body_len is None else body_len
        frame_type = self.encoder.frame_type(message, kind) if frame_type is None else frame_type
        header = bytearray(self.encoder.header(frame_type, length, request_id, flags, arg, version))
        if corrupt is not None:
            header[corrupt] ^= 0x01
        return bytes(header) + payload

    def add(self, name, message, status, fixed=None, sections=None, mutate=None, *, detail="NONE", layer="body",
            level="request", direction="client", value=None, limit=None, before=None, note=None, step=None, **options):
        frame = self.frame(message, fixed or {}, sections or {}, mutate, **options)
        entry = {
            "name": name, "direction": direction, "message": message, "kind": options.get("kind", "frame"),
            "layer": layer, "level": level, "status": status, "detail": detail}
        if layer == "body":
            entry["step"] = step or self.step
        if message == "HELLO" and level == "request" and direction == "client":
            entry["closes"] = True
        value, limit = (None if number is None else json_integer(number) for number in (value, limit))
        optional = {"value": value, "limit": limit, "before": before, "note": note}
        entry.update({key: item for key, item in optional.items() if item is not None})
        self.entries.append({**entry, "header": shown_header(frame), "hex": frame.hex()})

    def recommend(self, name, status, fixed=None, sections=None, mutate=None, **options):
        sections = {"query_ids": texts("17850")} if sections is None else sections
        self.add(name, "RECOMMEND", status, self.user(**(fixed or {})), sections, mutate, **options)

    def connection(self, name, message, status, fixed=None, sections=None, mutate=None, **options):
        options.setdefault("layer", "header")
        self.add(name, message, status, fixed, sections, mutate, level="connection", **options)

    def preface(self, name, data, note, **extra):
        self.entries.append({
            "name": name, "direction": "client", "message": "PREFACE", "kind": "preface", "layer": "preface",
            "level": "connection", **extra, "note": note, "hex": data.hex()})
