"""How a body is laid out, in a short notation.

Fixed fields: "name type", or "Nx" for N bytes that are sent as 0. Sections: "name tag form", with ! where they are
sent CRITICAL. A form is an element type (an array), utf8 or raw (one string), texts, blobs, ids, ragged_ids, columns.
"""

import struct

ELEMENTS = {  # name: (etype, width, array typecode)
    "bytes": (0, 1, "B"), "u8": (1, 1, "B"), "u16": (2, 2, "H"), "u32": (3, 4, "I"), "u64": (4, 8, "Q"),
    "f32": (8, 4, "f"), "f64": (9, 8, "d"), "utf8": (10, 1, "B"), "i64": (11, 8, "q"),
}
STRUCT_CODES = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "f32": "f"}
COLUMN_BLOCKS_MAX = 16


class Layout:
    """A body's fixed part and its lists, each made of one or more sections.

    `least` is the shortest fixed part that is accepted, in bytes: an older sender may send fewer fields (4.1).
    """

    def __init__(self, fixed, *sections, least=None):
        self.names, self.ends, self.limits, codes = [], [], {}, "<H"
        for field in fixed.split(", "):
            name, _, kind = field.partition(" ")
            codes += STRUCT_CODES[kind] if kind else name
            if kind:
                self.names.append(name)
                self.ends.append(struct.calcsize(codes))
                if kind.startswith("u"):
                    self.limits[name] = 2 ** int(kind[1:]) - 1
        self.struct = struct.Struct(codes)
        self.least = least or self.struct.size
        self.lists = []
        self.elements = {}  # tag: the permitted element types
        for section in sections:
            name, tag, form = section.rstrip("!").split(" ")
            self.lists.append((name, int(tag), form, section.endswith("!")))
            for offset, kinds in enumerate(form_elements(form)):
                if kinds:
                    self.elements[int(tag) + offset] = kinds


def form_elements(form):
    """The permitted element types of each section of a form, from its first tag on; () for a tag without section."""
    if form in ("ids", "ragged_ids"):
        return (("u64",), ("u32",), ("utf8",)) + ((("u32",),) if form == "ragged_ids" else ())
    if form == "columns":
        return (("i64", "f64"), ("u32",), ("utf8",), ("u8",)) * COLUMN_BLOCKS_MAX
    return {"texts": (("u32",), ("utf8",)), "blobs": (("u32",), ("bytes",)), "raw": (("bytes",),)}.get(form, ((form,),))
