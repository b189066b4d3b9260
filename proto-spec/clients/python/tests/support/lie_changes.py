"""Calls of a client, and changes to the true frames that answer them."""

import struct
import zlib

from kindred import codec
from tests.support.lying_server import END, ROWS, Frame, checksum, data, floats, section


def recommend(**options):
    return lambda client: client.recommend(**{"user": "u01", "k": 5, **options})


def batch(**options):
    return lambda client: client.recommend_batch(**{"users": ["u01", "u02", "u03"], "k": 2, **options})


def score(client):
    return client.score(user="u01", candidates=["i05", "nosuch", "i01"])


def vectors(client):
    return client.vectors(items=["i01", "i02", "i03"])


def lookalike(**options):
    return lambda client: client.lookalike(**{"seeds": ["u03", "u03", "x"], "size": 25, **options})


def changed(index=0, fixed=None, lists=None, **attributes):
    """The true frames with one changed. A value of `fixed`, `lists` or an attribute may be a function of the true
    value."""
    def told(frames):
        frame = frames[index]
        for name, value in (fixed or {}).items():
            frame.fixed[name] = value(frame.fixed.get(name, 0)) if callable(value) else value
        for name, value in (lists or {}).items():
            frame.lists[name] = value(frame.lists.get(name)) if callable(value) else value
        for name, value in attributes.items():
            setattr(frame, name, value(getattr(frame, name)) if callable(value) else value)
        return frames
    return told


def with_rows(ids, scores, eligible=ROWS - 1):
    """Other rows for a single query."""
    return changed(lists={"ids": ids, "scores": floats(scores), "result_offsets": [0, len(ids)],
                          "rows_eligible": [eligible]})


def split(at=1, change=lambda first, second: None):
    """The true answer to three queries in two frames, after `change` has changed them."""
    def told(frames):
        whole, parts = frames[0], []
        for start, end in ((0, at), (at, 3)):
            offsets = whole.lists["result_offsets"]
            low, high = offsets[start], offsets[end]
            lists = {name: whole.lists[name][start:end]
                     for name in ("statuses", "query_flags", "rows_eligible", "rows_scanned")}
            lists.update(model="m", result_offsets=[offset - low for offset in offsets[start:end + 1]],
                         ids=whole.lists["ids"][low:high], scores=whole.lists["scores"][low:high])
            parts.append(Frame("RECOMMEND", whole.layout, whole.request_id, {
                "query_count": end - start, "first_query": start, "version": 3}, lists, flags=0 if end < 3 else END))
        change(*parts)
        return parts
    return told


PADDING = 3 << 20  # bytes of an unknown section, which a reply may have


def padded(frames):
    for frame in frames:
        frame.extra = section(999, 0, bytes(PADDING))
    return frames


def part(frame, query):
    """The answer to one of the queries, padded to a large frame."""
    lists = {name: frame.lists[name][query:query + 1]
             for name in ("statuses", "query_flags", "rows_eligible", "rows_scanned")}
    start, end = frame.lists["result_offsets"][query:query + 2]
    lists.update(model="m", result_offsets=[0, end - start], ids=frame.lists["ids"][start:end],
                 scores=frame.lists["scores"][start:end])
    last = query + 1 == frame.fixed["query_count"]
    return padded([Frame("RECOMMEND", frame.layout, frame.request_id, {
        "query_count": 1, "first_query": query, "version": 3}, lists, flags=END if last else 0)])[0]


def setting(**values):
    """A change of fields or lists of the second part."""
    def change(_, second):
        for name, value in values.items():
            (second.fixed if name in second.fixed else second.lists)[name] = value
    return change


def end_of(frame):
    frame.flags = END
    return frame


def endless(frame):
    """The same frame again and again, in blocks."""
    block = frame.encoded()
    block *= max(1, (64 << 10) // len(block))
    while True:
        yield block


def summary_of(frames, rows):
    """The summary of the first rows, with their checksum."""
    ids = [name for frame in frames[:-1] for name in frame.lists["ids"]][:rows]
    frames[-1].fixed.update(rows=len(ids), checksum=checksum(ids))
    return frames[-1]


def more_rows(frames, wanted):
    """Adds a row after the last, with a summary that fits."""
    frames.insert(-1, data(frames[0].request_id, wanted, ["u48"], [0.001]))
    return frames[:-1] + [summary_of(frames, wanted + 1)]


def rows_for_ever(request_id):
    first = 0
    while True:
        yield data(request_id, first, [f"v{n:08}" for n in range(first, first + 500)], [1.0] * 500)
        first += 500


def repeated_user(frames):
    frames[1].lists["ids"] = [*frames[1].lists["ids"][:-1], "u00"]
    return frames[:-1] + [summary_of(frames, ROWS)]


def seed_among(frames):
    frames[0].lists["ids"] = ["u03" if name == "u04" else name for name in frames[0].lists["ids"]]
    return frames[:-1] + [summary_of(frames, ROWS)]


def low_row(frames):
    frames[-2].lists["scores"] = floats([*frames[-2].lists["scores"][:-1], 0.49])
    return frames


def pong(frames):
    return Frame("PING", codec.REPLIES["PING"], frames[0].request_id - 1, {"opaque": 1})


def of_request(frame, request_id):
    frame.request_id = request_id
    return frame


def refusal(frames, **options):
    true = frames[0]
    frame = Frame("PING", codec.ERROR, true.request_id, {}, {"message": "no"}, arg=1281, **options)
    frame.type = true.type
    return frame


def flipped(frames, position):
    told = bytearray(frames[0].encoded())
    told[position] ^= 1
    return bytes(told)


def resealed(frames, position, value):
    """A header with another byte and a CRC that fits it."""
    told = bytearray(frames[0].encoded())
    told[position] = value
    told[28:32] = struct.pack("<I", zlib.crc32(told[:28]))
    return bytes(told)


def lying_length(frames, length):
    """A header that announces a long body, and then that body in blocks."""
    told = bytearray(frames[0].encoded()[:32])
    told[:4] = struct.pack("<I", length)
    told[28:32] = struct.pack("<I", zlib.crc32(told[:28]))
    yield bytes(told)
    block = bytes(1 << 20)
    for _ in range(length >> 20):
        yield block


def bytewise(frames):
    told = frames[0].encoded()
    return (told[index:index + 1] for index in range(len(told)))
