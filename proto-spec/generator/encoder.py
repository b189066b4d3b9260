"""Turns JSON values into frames, by schema.json alone.

It shares no code with any client or server, so that a vector tests them against the schema and not against themselves.
"""

import struct
import zlib

INTEGERS = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q", "i8": "<b", "i64": "<q"}
FLOATS = {"f32": ("<f", "<I", 8), "f64": ("<d", "<Q", 16)}
CRITICAL = 1
END = 1
REPLY = 0x80


def json_integer(value):
    """An integer in the form of a vector file: a decimal string beyond 2^53."""
    return str(value) if abs(int(value)) > 2**53 else int(value)


def json_float(bits, etype="f32"):
    """A float in the form of a vector file: its bit pattern in hex, and its value."""
    float_format, bits_format, digits = FLOATS[etype]
    value = struct.unpack(float_format, struct.pack(bits_format, bits))[0]
    if value != value:
        value = "NaN"
    elif value in (float("inf"), float("-inf")):
        value = "Infinity" if value > 0 else "-Infinity"
    return {"bits": f"{bits:0{digits}x}", "value": value}


def f32(value):
    """A Python number, rounded to float32."""
    return json_float(struct.unpack("<I", struct.pack("<f", value))[0])


def f64(value):
    """A Python number as a float64."""
    return json_float(struct.unpack("<Q", struct.pack("<d", value))[0], "f64")


def json_list(spec, value):
    """The value of one list or scalar in the form of a vector file."""
    if spec["form"] == "array" and spec["etype"] in INTEGERS:
        return [json_integer(element) for element in value]
    if spec["form"] in ("ids", "ragged_ids") and value["kind"] == "number":
        return {**value, "values": [json_integer(element) for element in value["values"]]}
    if spec["form"] == "column_block":
        return [{**column, "values": [json_integer(element) for element in column["values"]]}
                if column["type"] == "i64" else column for column in value]
    return value


class Section:
    """One section. `byte_len` and `padding`, where set, replace the true ones."""

    def __init__(self, tag, etype, payload, critical=False):
        self.tag = tag
        self.etype = etype
        self.flags = CRITICAL if critical else 0
        self.payload = payload
        self.byte_len = None
        self.padding = None

    def encoded(self):
        length = len(self.payload) if self.byte_len is None else self.byte_len
        padding = bytes(-len(self.payload) % 8) if self.padding is None else self.padding
        return struct.pack("<HBBI", self.tag, self.etype, self.flags, length) + self.payload + padding


class Body:
    """A fixed part and sections, before they are joined."""

    def __init__(self, fixed, sections):
        self.fixed = bytearray(fixed)
        self.sections = sections

    def section(self, tag):
        return next(section for section in self.sections if section.tag == tag)

    def encoded(self):
        return bytes(self.fixed) + b"".join(section.encoded() for section in self.sections)


class Encoder:
    """Encodes messages by the schema."""

    def __init__(self, schema):
        self.schema = schema
        self.etypes = {name: entry["code"] for name, entry in schema["element_types"].items()}

    def layout(self, message, kind):
        """The schema's description of a body: kind is request, reply or error."""
        return self.schema["error_reply"] if kind == "error" else self.schema["messages"][message][kind]

    def header(self, message_type, body_len, request_id, flags=END, arg=0, version=None, reserved=(0, 0)):
        """The 32 bytes of a header."""
        version = self.schema["major"] if version is None else version
        head = struct.pack(
            "<IBBHQIII", body_len, version, message_type, flags, request_id, reserved[0], arg, reserved[1])
        return head + struct.pack("<I", zlib.crc32(head))

    def frame_type(self, message, kind):
        base = self.schema["messages"][message]["type"]
        return base if kind == "request" else base | REPLY

    def status_arg(self, name):
        """The header's `arg` in a reply with this status."""
        entry = self.schema["statuses"][name]
        bits = sum(self.schema["header"]["status_flags"][flag] for flag in entry["flags"])
        return entry["code"] | bits << 16

    def lists(self, message, kind):
        """The schema's lists and scalars of a body, the common ones first."""
        common = self.schema["sections_common"] if kind == "request" else []
        return common + self.layout(message, kind)["sections"]

    def body(self, message, kind, values):
        """A body from {"fixed": ..., "sections": ...}."""
        layout = self.layout(message, kind)
        sections = []
        specs = self.lists(message, kind)
        for spec in specs:
            if spec["name"] in values["sections"]:
                sections += self.expand(spec, values["sections"][spec["name"]])
        unknown = set(values["sections"]) - {spec["name"] for spec in specs}
        if unknown:
            raise ValueError(f"{message} {kind} has no sections {sorted(unknown)}")
        return Body(self.fixed(layout, values["fixed"]), sections)

    def fixed(self, layout, values):
        data = bytearray(layout["fixed_len"])
        names = {field["name"] for field in layout["fixed"]}
        if set(values) - names:
            raise ValueError(f"no fixed fields {sorted(set(values) - names)}")
        for field in layout["fixed"]:
            value = layout["fixed_len"] if field["name"] == "fixed_len" else values.get(field["name"])
            if value is None:
                continue
            encoded = self.elements(field["type"], [value])
            data[field["offset"]:field["offset"] + len(encoded)] = encoded
        return data

    def elements(self, etype, values):
        """The bytes of typed elements."""
        if etype in INTEGERS:
            return b"".join(struct.pack(INTEGERS[etype], int(value)) for value in values)
        if etype in FLOATS:
            return b"".join(struct.pack(FLOATS[etype][1], int(value["bits"], 16)) for value in values)
        raise ValueError(f"no elements of type {etype} here")

    def expand(self, spec, value):
        """The sections of one list or scalar."""
        tag, critical, form = spec["tag"], spec.get("critical", False), spec["form"]

        def section(offset, etype, payload):
            return Section(tag + offset, self.etypes[etype], payload, critical)

        if form == "scalar":
            raw = bytes.fromhex(value) if spec["etype"] == "bytes" else value.encode()
            return [section(0, spec["etype"], raw)]
        if form == "array":
            return [section(0, spec["etype"], self.elements(spec["etype"], value))]
        if form == "texts":
            etype = spec.get("etype", "utf8")
            texts = [bytes.fromhex(text) if etype == "bytes" else text.encode() for text in value]
            return [section(0, "u32", text_offsets(texts)), section(1, etype, b"".join(texts))]
        if form in ("ids", "ragged_ids"):
            if value["kind"] == "number":
                sections = [section(0, "u64", self.elements("u64", value["values"]))]
            else:
                texts = [text.encode() for text in value["values"]]
                sections = [section(1, "u32", text_offsets(texts)), section(2, "utf8", b"".join(texts))]
            if form == "ragged_ids" and value["offsets"] is not None:
                sections.append(section(3, "u32", self.elements("u32", value["offsets"])))
            return sections
        if form == "column_block":
            sections = []
            for index, column in enumerate(value):
                sections += self.column(tag + 4 * index, column)
            return sections
        raise ValueError(f"unknown form {form}")

    def column(self, tag, column):
        bitmap = bytearray((len(column["valid"]) + 7) // 8)
        for index, valid in enumerate(column["valid"]):
            bitmap[index // 8] |= int(valid) << index % 8
        if column["type"] == "text":
            texts = [text.encode() for text in column["values"]]
            sections = [
                Section(tag + 1, self.etypes["u32"], text_offsets(texts)),
                Section(tag + 2, self.etypes["utf8"], b"".join(texts)),
            ]
        else:
            payload = self.elements(column["type"], column["values"])
            sections = [Section(tag, self.etypes[column["type"]], payload)]
        return sections + [Section(tag + 3, self.etypes["u8"], bytes(bitmap))]

    def preface(self, side, values):
        """The 16 bytes that open a connection."""
        data = bytearray(self.schema["preface"]["bytes"])
        for field in self.schema["preface"][side]:
            value = values.get(field["name"])
            if field["name"] == "magic":
                encoded = bytes.fromhex(self.schema["preface"]["magic"])
            elif value is None:
                continue
            else:
                encoded = self.elements(field["type"], [value])
            data[field["offset"]:field["offset"] + len(encoded)] = encoded
        return bytes(data)


def text_offsets(texts):
    """The n + 1 offsets of n byte strings, beginning with 0."""
    offsets, total = [0], 0
    for text in texts:
        total += len(text)
        offsets.append(total)
    return struct.pack(f"<{len(offsets)}I", *offsets)


def shown_header(frame):
    """The header's fields in the form of a vector file."""
    names = ("body_len", "version", "type", "flags", "request_id", "reserved_a", "arg", "reserved_b", "header_crc")
    fields = dict(zip(names, struct.unpack("<IBBHQIIII", frame[:32])))
    return {name: json_integer(value) for name, value in fields.items()}
