"""Bytes to values."""

import array
import operator
import struct
import sys

from ..errors import Error, ProtocolError, malformed
from ..limits import NUMBER_ID_MAX, TEXT_ID_BYTES_MAX
from ..statuses import detail_name, status_name
from .layout import COLUMN_BLOCKS_MAX, ELEMENTS
from .messages import ERROR
from .protocol import CRITICAL


def untyped(kind, payload):
    """An array of elements from their little-endian bytes."""
    values = array.array(ELEMENTS[kind][2])
    values.frombytes(payload)
    if sys.byteorder == "big":
        values.byteswap()
    return values


class Body:
    """A decoded body: dicts of its `fixed` fields and its `lists`; absent ones are missing.

    Checked in the order of 5.4, steps 1 to 4. Raises ProtocolError.
    """

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
        """(element type, payload) of each known section, by tag."""
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
        """Checked offsets (4.6) and bytes, or None where both sections are absent."""
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
        """Columns of four sections each: [(element type, values, validity bitmap)] or None."""
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
    """Refuses offsets that do not ascend from 0 to `total`."""
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
    """Text ids. Each must be 1 to 256 bytes of UTF-8 by itself."""
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


def bit(bitmap, index):
    return bool(bitmap[index // 8] >> index % 8 & 1)


def decode_error(status, flags, data):
    """The Error in the body of a reply whose status is not OK (6.1)."""
    body = Body(ERROR, data)
    fixed = body.fixed
    return Error(status_name(status), body.lists.get("message", ""), code=status, flags=flags,
                 detail=detail_name(fixed["detail"]), value=fixed["value"], limit=fixed["limit"],
                 reference=fixed["reference"], retry_after=fixed["retry_after_ms"] / 1000)
