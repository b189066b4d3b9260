"""Values to bytes."""

import array
import operator
import struct
import sys

from .. import arrays
from ..errors import invalid
from ..limits import NUMBER_ID_MAX
from .layout import ELEMENTS
from .protocol import CRITICAL


def typed(kind, values):
    """The little-endian bytes of elements. An array or a numpy array is copied as a whole."""
    numpy = arrays.numpy
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
    """The offsets and the joined bytes of byte strings (4.6)."""
    offsets, total = array.array("I", [0]), 0
    for text in texts:
        total += len(text)
        offsets.append(total)
    return typed("u32", offsets), b"".join(texts)


def encode_ids(ids):
    """The sections of a list of ids, as `encode_list` gives them: numbers if all are numbers, else texts (4.5)."""
    if arrays.numpy is not None and isinstance(ids, arrays.numpy.ndarray):
        ids = ids.tolist()
    if any(isinstance(value, str) for value in ids):
        offsets, data = encode_texts([text_bytes(v if isinstance(v, str) else str(number_id(v))) for v in ids])
        return [(1, "u32", offsets), (2, "utf8", data)]
    return [(0, "u64", typed("u64", [number_id(value) for value in ids]))]


def number_id(value):
    """A numeric id as an int, checked to be in range."""
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
    """The sections of a list, each (offset from the list's tag, element type, payload)."""
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
    """An int from any integer type, numpy's included; a bool is none."""
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise TypeError(f"{name} {value!r}: expected an int")


def encode_fixed(layout, fixed):
    for name, limit in layout.limits.items():
        if not 0 <= whole(name, fixed.get(name, 0)) <= limit:
            raise ValueError(f"{name} {fixed[name]}: 0 to {limit}")
    return layout.struct.pack(layout.struct.size, *(fixed.get(name, 0) for name in layout.names))


def encode_body(layout, fixed=None, lists=None):
    """A body from its fields and lists. A missing field is 0; a list that is None or missing is absent."""
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
