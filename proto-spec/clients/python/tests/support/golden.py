"""The golden vectors, and their JSON in the form of the codec's values."""

import array
import json
import pathlib

from kindred import codec

PYTHON = pathlib.Path(__file__).resolve().parents[2]
FOLDER = PYTHON.parents[1]

SCHEMA = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))


def load(name):
    return json.loads((FOLDER / "vectors" / name).read_text(encoding="utf-8"))["vectors"]


VALID = load("valid.json")
INVALID = load("invalid.json")
BY_NAME = {vector["name"]: vector for vector in VALID}


def layout(vector):
    """The layout of a frame's body."""
    if vector["kind"] == "error":
        return codec.ERROR
    return (codec.REPLIES if vector["kind"] == "reply" else codec.REQUESTS)[vector["message"]]


def check(vector, body):
    """Refuses a decoded frame of a server whose lists disagree."""
    if vector["kind"] == "reply":
        codec.check_reply(vector["message"], body)
    elif vector["message"] == "DATA" and vector["direction"] == "server":
        codec.check_rows(body)


def from_bits(kind, values):
    """An array of floats from their JSON, bit for bit."""
    raw = array.array("I" if kind == "f32" else "Q", [int(value["bits"], 16) for value in values])
    return array.array("f" if kind == "f32" else "d", raw.tobytes())


def fixed_value(value):
    if isinstance(value, dict):
        return from_bits("f32", [value])[0]
    return int(value)


def id_values(value):
    return [int(item) if value["kind"] == "number" else item for item in value["values"]]


def list_value(form, value):
    """A list of a vector in the form of the codec; floats and integers as arrays."""
    if form == "ids":
        return id_values(value)
    if form == "ragged_ids":
        return id_values(value), value["offsets"]
    if form in ("texts", "utf8"):
        return value
    if form == "raw":
        return bytes.fromhex(value)
    if form == "blobs":
        return [bytes.fromhex(item) for item in value]
    if form == "columns":
        return [column_value(column) for column in value]
    if form in ("f32", "f64"):
        return from_bits(form, value)
    return array.array(codec.ELEMENTS[form][2], [int(item) for item in value])


def column_value(column):
    bitmap = bytearray((len(column["valid"]) + 7) // 8)
    for index, valid in enumerate(column["valid"]):
        bitmap[index // 8] |= valid << index % 8
    values = column["values"]
    if column["type"] == "f64":
        values = from_bits("f64", values).tolist()
    elif column["type"] == "i64":
        values = [int(value) for value in values]
    return column["type"], values, bytes(bitmap)


def decoded(vector):
    """The expected fields and lists of a vector's body."""
    values, shape = vector["decoded"], layout(vector)
    fixed = {name: fixed_value(value) for name, value in values["fixed"].items() if name != "fixed_len"}
    forms = {name: form for name, _, form, _ in shape.lists}
    return fixed, {name: list_value(forms[name], value) for name, value in values["sections"].items()}


def comparable(value):
    """Arrays as bytes, so that NaN equals itself and -0 differs from 0."""
    if isinstance(value, array.array):
        return value.typecode, value.tobytes()
    if isinstance(value, float):
        return array.array("d", [value]).tobytes()
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    return value
