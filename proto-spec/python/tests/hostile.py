"""A server that lies: every lie of LIES by name, each the one thing that is wrong in an otherwise true answer.

The frames are well-formed (sizes, CRC) unless that is the lie. `LyingServer(None)` tells the truth about a small model:
50 items and 50 users, whose scores are 0.98, 0.96 and so on; the model `numbers` has the same with numbers for ids.
"""

import array
import pathlib
import socket
import struct
import sys
import threading
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from vectors import kindred  # noqa: E402

ROWS = 50
SCORES = [1 - (row + 1) / 50 for row in range(ROWS)]
NAN, INFINITY = float("nan"), float("inf")
TYPES, REPLY, END, CRITICAL = kindred.TYPES, kindred.REPLY, kindred.END, kindred.CRITICAL
LIES = {}


class Frame:
    """A frame to be sent; `fixed`, `lists`, `flags` and so on may be changed until it is."""

    def __init__(self, message, layout, request_id, fixed=None, lists=None, flags=END, arg=0):
        self.type = TYPES[message] | (0 if message in ("DATA", "GOAWAY") else REPLY)
        self.layout, self.request_id, self.flags, self.arg = layout, request_id, flags, arg
        self.fixed, self.lists, self.extra = dict(fixed or {}), dict(lists or {}), b""
        self.body = None

    def encoded(self):
        body = kindred.encode_body(self.layout, self.fixed, self.lists) if self.body is None else self.body
        return kindred.encode_frame(self.type, self.request_id, body + self.extra, self.flags, self.arg)


class ModelsFrame(Frame):
    """A MODEL_LIST with fingerprints, which a client has no need to encode."""

    def encoded(self):
        tags = {name: tag for name, tag, _, _ in self.layout.lists}
        before = {name: value for name, value in self.lists.items() if tags[name] < 76}
        after = {name: value for name, value in self.lists.items() if tags[name] > 77}
        self.body = (kindred.encode_body(self.layout, self.fixed, before)
                     + section(76, 3, kindred.typed("u32", [0, 16, 32])) + section(77, 0, bytes(32))
                     + kindred.encode_body(self.layout, {}, after)[8:])
        return super().encoded()


def section(tag, kind, payload, flags=0):
    return struct.pack("<HBBI", tag, kind, flags, len(payload)) + payload + bytes(-len(payload) % 8)


def reply(message, header, fixed=None, lists=None, **options):
    return Frame(message, kindred.REPLIES[message], header.request_id, fixed, lists, **options)


def goaway(last_request_id=2**53 - 1, status=773):
    return Frame("GOAWAY", kindred.REQUESTS["GOAWAY"], 0,
                 {"status": status, "last_request_id": last_request_id, "reconnect_after_ms": 250}, flags=0)


def floats(values):
    return array.array("f", values)


# ---- The truth --------------------------------------------------------------------------------------------

def names(side, model):
    return list(range(100, 100 + ROWS)) if model == "numbers" else [f"{side[0]}{row:02}" for row in range(ROWS)]


def recommended(header, body):
    fixed, lists = body.fixed, body.lists
    model, side = lists.get("model", "m"), "items" if fixed["target"] == 1 else "users"
    ids, offsets, answers, eligible = [], [0], [], []
    for query in range(fixed["query_count"]):
        out = set(map(str, lists.get("exclusions", ([], None))[0]))
        if not fixed["options"] & kindred.INCLUDE_MEMBERS:
            if fixed["query_kind"] in (1, 2) and (fixed["query_kind"] == 2) == (side == "items"):
                out.add(str(lists["query_ids"][query]))
            if fixed["query_kind"] == 4 and side == "items":
                out.update(map(str, lists["members"][0]))
        allowed = set(map(str, lists["candidates"][0])) if "candidates" in lists else None
        rows = [row for row, name in enumerate(names(side, model)) if str(name) not in out
                and (allowed is None or str(name) in allowed)]
        eligible.append(len(rows))
        floor = lists["min_scores"][0] if "min_scores" in lists else -INFINITY
        rows = [row for row in rows[:fixed["k"]] if floats([SCORES[row]])[0] >= floor]
        answers += rows
        offsets.append(len(answers))
    ids = [names(side, model)[row] for row in answers]
    count = fixed["query_count"]
    columns = [column([f"title of {name}" for name in ids]) for _ in lists.get("columns", ())]
    frame = reply("RECOMMEND", header, {"query_count": count, "version": fixed["version"] or 3}, {
        "model": model, "result_offsets": offsets, "ids": ids, "scores": floats([SCORES[row] for row in answers]),
        "statuses": [0] * count, "query_flags": [1] * count, "rows_eligible": eligible, "rows_scanned": eligible})
    frame.extra = b"".join(
        block for index, make in enumerate(columns) for block in make(128 + 4 * index)) if columns else b""
    return [frame]


def column(texts, valid=None):
    """The sections of a text column, from a tag on."""
    def make(tag):
        offsets, data = kindred.encode_texts([text.encode() for text in texts])
        bitmap = bytes([255] * ((len(texts) + 7) // 8)) if valid is None else valid
        return (section(tag + 1, 3, kindred.typed("u32", offsets)), section(tag + 2, 10, data),
                section(tag + 3, 1, bitmap))
    return make


def scored(header, body):
    candidates = body.lists["candidates"][0]
    known = dict(zip(names("items", body.lists.get("model", "m")), SCORES))
    bitmap = bytearray((len(candidates) + 7) // 8)
    for index, name in enumerate(candidates):
        bitmap[index // 8] |= (name in known) << index % 8
    return [reply("SCORE", header, {"query_count": 1, "version": body.fixed["version"] or 3}, {
        "model": body.lists.get("model", "m"), "result_offsets": [0, len(candidates)],
        "scores": floats([known.get(name, 0.0) for name in candidates]), "statuses": [0], "found": bytes(bitmap)})]


def got_vectors(header, body):
    ids = body.lists["ids"]
    bitmap = bytearray((len(ids) + 7) // 8)
    for index in range(len(ids)):
        bitmap[index // 8] |= 1 << index % 8
    return [reply("GET_VECTORS", header, {"id_count": len(ids), "version": body.fixed["version"] or 3, "dimension": 2},
                  {"model": body.lists.get("model", "m"), "found": bytes(bitmap),
                   "vectors": floats([0.5] * 2 * len(ids))})]


def data(request_id, first, ids, scores):
    return Frame("DATA", kindred.REQUESTS["DATA"], request_id, {"first_index": first},
                 {"ids": ids, "scores": floats(scores)}, flags=0)


def expanded(header, opening, seeds):
    """Rows in chunks of 10 and the summary."""
    fixed, model = opening.fixed, opening.lists.get("model", "m")
    users = names("users", model)
    known = [seed for seed in seeds if seed in users]
    unmatched = [seed for seed in seeds if seed not in users]
    rows = [row for row in range(ROWS) if users[row] not in known or fixed["options"] & kindred.INCLUDE_SEEDS]
    eligible = len(rows)
    if fixed["size_kind"] == kindred.MIN_SCORE:
        rows = [row for row in rows if floats([SCORES[row]])[0] >= fixed["min_score"]]
    else:
        rows = rows[:fixed["size_value"] if fixed["size_kind"] == 1 else max(1, fixed["size_value"] * ROWS // 10**6)]
    ids = [users[row] for row in rows]
    frames = [data(header.request_id, first, ids[first:first + 10], [SCORES[row] for row in rows[first:first + 10]])
              for first in range(0, len(ids), 10)]
    return frames + [reply("LOOKALIKE", header, {
        "flags": 1, "checksum": checksum(ids), "version": fixed["version"] or 3, "rows": len(ids),
        "seeds_received": len(seeds), "seeds_matched": len(set(known)),
        "seeds_duplicate": len(known) - len(set(known)), "seeds_unmatched": len(unmatched), "rows_eligible": eligible,
    }, {"model": model, "unmatched_examples": list(dict.fromkeys(unmatched))[:10] or None})]


def checksum(ids):
    return zlib.crc32(b"".join(name.encode() if isinstance(name, str) else struct.pack("<Q", name) for name in ids))


def models(header, _):
    texts = {"names": ["m", "numbers"], "training_ids": ["", ""], "remarks": ["", ""],
             **dict.fromkeys(("refusal_reasons", "item_columns", "user_columns", "available_item_columns",
                              "available_user_columns"), [])}
    lists = {name: [3, 3] for name in ("active", "previous", "pinned")}
    lists.update(dimension=[2, 2], metric=bytes([1, 1]), flags=bytes([1, 0]), items=[ROWS] * 2, users=[ROWS] * 2,
                 item_id_kind=bytes([2, 1]), user_id_kind=bytes([2, 1]), loaded=[3, 3], loaded_offsets=[0, 1, 2],
                 refused=[], refused_offsets=[0, 0, 0], item_columns_offsets=[0, 0, 0],
                 user_columns_offsets=[0, 0, 0], item_column_types=b"", user_column_types=b"", available=[3, 3],
                 available_offsets=[0, 1, 2], available_state=bytes([2, 2]), available_dimension=[2, 2],
                 available_items=[ROWS] * 2, available_users=[ROWS] * 2, available_item_columns_offsets=[0, 0, 0],
                 available_user_columns_offsets=[0, 0, 0], **texts)
    return [ModelsFrame("MODEL_LIST", kindred.REPLIES["MODEL_LIST"], header.request_id, {"model_count": 2}, lists)]


def switched(message, header, body):
    version = body.fixed.get("version", 2)
    return [reply(message, header, {"active": version or 3, "previous": 1, "pinned": version})]


OTHERS = {
    "PING": lambda header, body: [reply("PING", header, {"opaque": body.fixed["opaque"]})],
    "HEALTH": lambda header, body: [reply("HEALTH", header, {"state": 1, "models_ready": 2})],
    "STATS": lambda header, body: [reply("STATS", header, {}, {"names": ["a", "b"], "values": [1, 2]})],
    "MODEL_LIST": models, "RECOMMEND": recommended, "SCORE": scored, "GET_VECTORS": got_vectors,
    "MODEL_ACTIVATE": lambda header, body: switched("MODEL_ACTIVATE", header, body),
    "MODEL_ROLLBACK": lambda header, body: switched("MODEL_ROLLBACK", header, body),
}


# ---- The server -------------------------------------------------------------------------------------------

class Lie:
    """name · call: what a client does · told: frames or bytes in place of the true frames, or an iterable of bytes
    without end · names: of the Error that is right · honest: whether the same call has a true answer
    """

    def __init__(self, name, call, told, names, hello=None, preface=None, honest=True, when=None):
        self.name, self.call, self.told, self.names = name, call, told, names
        self.hello, self.preface, self.honest, self.when = hello, preface, honest, when


class LyingServer:
    """One thread for each connection, at port 0. `stop` ends those that send without end."""

    def __init__(self, lie=None):
        self.lie, self.stopping = lie, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.threads, self.sockets, self.connections = [], [], 0
        self.windows = []  # the limits of each WINDOW
        thread = threading.Thread(target=self.accept, daemon=True)
        thread.start()
        self.threads.append(thread)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for one in [self.listener, *self.sockets]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        for thread in self.threads:
            thread.join(5)

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.sockets.append(connection)
            thread = threading.Thread(target=self.serve, args=(connection,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def serve(self, connection):
        try:
            with connection:
                self.answer_all(connection)
        except (OSError, EOFError):
            pass

    def send(self, connection, told):
        """Bytes, frames, or an iterable of them that may never end."""
        if isinstance(told, Frame):
            told = told.encoded()
        if isinstance(told, (bytes, bytearray)):
            connection.sendall(told)
            return
        for part in told:
            if part is CLOSE:
                raise EOFError
            if isinstance(part, float):
                if self.stopping.wait(part):
                    raise EOFError
                continue
            self.send(connection, part)
            if self.stopping.is_set():
                raise EOFError

    def answer_all(self, connection):
        lie = self.lie
        receive(connection, 16)
        preface = kindred.MAGIC + bytes([1, 1, 1]) + bytes(5)
        if lie and lie.preface:
            self.send(connection, lie.preface(preface))
        else:
            connection.sendall(preface)
        opening, seeds = None, []
        while True:
            header, body = request(connection)
            if header.type == TYPES["HELLO"]:
                frame = reply("HELLO", header, {**kindred.LIMITS, "minor": 0}, {"server_name": "hostile"})
                self.send(connection, lie.hello(frame) if lie and lie.hello else frame)
                continue
            if header.type in (TYPES["WINDOW"], TYPES["CANCEL"]):
                self.windows += [body.fixed["limit_bytes"]] if header.type == TYPES["WINDOW"] else []
                continue
            if header.type in (TYPES["LOOKALIKE"], TYPES["DATA"]):
                if header.type == TYPES["LOOKALIKE"]:
                    opening, seeds = body, []
                seeds += body.lists.get("seeds", body.lists.get("ids", []))
                if lie and lie.when == "before the last seed" and not header.flags & END:
                    self.send(connection, lie.told(expanded(header, opening, seeds)))
                if not header.flags & END:
                    continue
                frames = expanded(header, opening, seeds)
            else:
                message = next(name for name, code in TYPES.items() if code == header.type)
                frames = OTHERS[message](header, body)
            told = lie.told(frames) if lie and lie.told else frames
            self.send(connection, told if told is not None else frames)


CLOSE = object()  # in place of bytes: the server closes the connection


def request(connection):
    header = kindred.decode_header(receive(connection, 32), kindred.BODY_BYTES_MAX)
    message = next(name for name, code in TYPES.items() if code == header.type)
    return header, kindred.Body(kindred.REQUESTS[message], receive(connection, header.body_len))


def receive(connection, count):
    found = b""
    while len(found) < count:
        part = connection.recv(count - len(found))
        if not part:
            raise EOFError
        found += part
    return found


# ---- The calls --------------------------------------------------------------------------------------------

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


# ---- The lies ---------------------------------------------------------------------------------------------

BAD, MALFORMED, UNEXPECTED = ("BAD_REPLY",), ("MALFORMED_BODY",), ("UNEXPECTED_FRAME",)
LATE, LOST = ("DEADLINE_EXCEEDED",), ("CONNECTION_LOST",)


def lie(name, call, told, names=BAD, **options):
    if name in LIES:
        raise ValueError(f"two lies are named {name!r}")
    LIES[name] = Lie(name, call, told, names, **options)


def changed(index=0, fixed=None, lists=None, **attributes):
    """The true frames, of which one is changed. A list is a value, or what a function makes of the true one."""
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
    """The true answer to three queries in two frames, after a change."""
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


PADDING = 3 << 20  # bytes of a section that nobody knows, which a reply may have


def padded(frames):
    for frame in frames:
        frame.extra = section(999, 0, bytes(PADDING))
    return frames


def part(frame, query):
    """One of the queries, padded to a large frame."""
    lists = {name: frame.lists[name][query:query + 1]
             for name in ("statuses", "query_flags", "rows_eligible", "rows_scanned")}
    start, end = frame.lists["result_offsets"][query:query + 2]
    lists.update(model="m", result_offsets=[0, end - start], ids=frame.lists["ids"][start:end],
                 scores=frame.lists["scores"][start:end])
    last = query + 1 == frame.fixed["query_count"]
    return padded([Frame("RECOMMEND", frame.layout, frame.request_id, {
        "query_count": 1, "first_query": query, "version": 3}, lists, flags=END if last else 0)])[0]


def setting(**values):
    """A change of the second part."""
    def change(_, second):
        for name, value in values.items():
            (second.fixed if name in second.fixed else second.lists)[name] = value
    return change


def end_of(frame):
    frame.flags = END
    return frame


def endless(frame):
    """Blocks of the same frame again and again."""
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
    """One row after the last, and a summary that fits them."""
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
    return Frame("PING", kindred.REPLIES["PING"], frames[0].request_id - 1, {"opaque": 1})


def of_request(frame, request_id):
    frame.request_id = request_id
    return frame


def refusal(frames, **options):
    true = frames[0]
    frame = Frame("PING", kindred.ERROR, true.request_id, {}, {"message": "no"}, arg=1281, **options)
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
    """A header that announces a long body, and then that body, in blocks."""
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


FIVE = ["i00", "i01", "i02", "i03", "i04"]
TRUE = SCORES[:5]

# Of one query.
lie("more rows than k", recommend(), with_rows(FIVE + ["i05"], SCORES[:6]))
lie("fewer rows than k though more are eligible", recommend(), with_rows(FIVE[:4], TRUE[:4]))
lie("more rows than are eligible", recommend(), changed(lists={"rows_eligible": [4]}))
lie("another model", recommend(model="m"), changed(lists={"model": "other"}))
lie("no name of a model", recommend(), changed(lists={"model": "../m"}))
lie("another version", recommend(version=2), changed(fixed={"version": 3}))
lie("version 0", recommend(), changed(fixed={"version": 0}))
lie("a score that is no number", recommend(), with_rows(FIVE, [0.9, NAN, 0.7, 0.6, 0.5]))
lie("the only score is no number", recommend(k=1), with_rows(["i00"], [NAN]))
lie("an infinite score", recommend(), with_rows(FIVE, [INFINITY, 0.8, 0.7, 0.6, 0.5]))
lie("an infinitely low score", recommend(), with_rows(FIVE, [0.9, 0.8, 0.7, 0.6, -INFINITY]))
lie("ascending scores", recommend(), with_rows(FIVE, [0.9, 0.8, 0.7, 0.6, 0.65]))
lie("a tie with descending texts", recommend(), with_rows(["i00", "i02", "i01", "i03", "i04"], [0.9, 0.8, 0.8, 0.7, 0]))
lie("a tie with texts in the order of numbers", recommend(k=2), with_rows(["9", "10"], [0.5, 0.5]))
lie("a tie with numbers in the order of texts", recommend(k=2, user=1, model="numbers"),
    with_rows([10, 9], [0.5, 0.5]))
lie("an id twice, with another score", recommend(), with_rows(["i00", "i01", "i00", "i03", "i04"], TRUE))
lie("an id twice, with the same score", recommend(), with_rows(["i00", "i01", "i01", "i03", "i04"],
                                                              [0.9, 0.8, 0.8, 0.7, 0.6]))
lie("an excluded id", recommend(exclude=["i02"]), with_rows(FIVE, TRUE))
lie("an excluded id of the other kind", recommend(user=1, model="numbers", exclude=["102"]),
    with_rows([100, 101, 102, 103, 104], TRUE))
lie("an id that is no candidate", recommend(candidates=FIVE), with_rows(FIVE[:4] + ["i09"], TRUE, 5))
lie("the item itself", recommend(user=None, item="i02"), with_rows(FIVE, TRUE))
lie("the user itself", recommend(user="u02", over="users"), with_rows(["u00", "u01", "u02", "u03", "u04"], TRUE))
lie("a member of the basket", recommend(user=None, basket={"i04": 2.0}), with_rows(FIVE, TRUE))
lie("a score below the minimum", recommend(min_score=0.93), with_rows(FIVE, [0.98, 0.96, 0.94, 0.92, 0.9]))
lie("no scores", recommend(), changed(lists={"scores": None}), MALFORMED)
lie("fewer scores than ids", recommend(), changed(lists={"scores": floats(TRUE[:4])}), MALFORMED)
lie("offsets that descend", batch(), changed(lists={"result_offsets": [0, 4, 2, 6]}), MALFORMED)
lie("offsets that end too early", recommend(), changed(lists={"result_offsets": [0, 4]}), MALFORMED)
lie("offsets beyond the results", recommend(), changed(lists={"result_offsets": [0, 4_000_000_000]}), MALFORMED)
lie("no statuses", recommend(), changed(lists={"statuses": None}), MALFORMED)
lie("a status too many", recommend(), changed(lists={"statuses": [0, 0]}), MALFORMED)
lie("results of a query that failed", batch(), changed(lists={"statuses": [0, 259, 0]}))
lie("a text id of 0 bytes", recommend(k=1), with_rows([""], [0.5]), ("INVALID_ARGUMENT",))
lie("a text id of 257 bytes", recommend(k=1), with_rows(["i" * 257], [0.5]), ("INVALID_ARGUMENT",))
lie("a text id that is no UTF-8", recommend(), lambda frames: frames[0].encoded().replace(b"i00i01", b"i0\xffi01"),
    ("INVALID_ARGUMENT",))
lie("a number id of 2^63", recommend(user=1, model="numbers"), lambda frames: frames[0].encoded().replace(
    struct.pack("<Q", 104), struct.pack("<Q", 2**63)), ("INVALID_ARGUMENT",))

# Columns.
COLUMN = recommend(columns=["title"])
lie("a column is missing", COLUMN, changed(extra=b""))
lie("a column too many", recommend(), changed(extra=b"".join(column(["x"] * 5)(128))))
lie("a column with a value too many", COLUMN, changed(extra=b"".join(column(["x"] * 6)(128))), MALFORMED)
lie("a column with a value too few", COLUMN, changed(extra=b"".join(column(["x"] * 4)(128))), MALFORMED)
lie("a column without its validity", COLUMN, changed(extra=b"".join(column(["x"] * 5)(128)[:2])), MALFORMED)
lie("a validity bitmap that is short", COLUMN, changed(extra=b"".join(column(["x"] * 5, b"")(128))), MALFORMED)
lie("a column of an element type that it cannot have", COLUMN,
    changed(extra=section(128, 8, bytes(20)) + section(131, 1, b"\x1f")), ("UNSUPPORTED_ENCODING",))

# Batches and frames that go on.
lie("a query too many", batch(), changed(
    fixed={"query_count": 4}, lists={name: lambda value: list(value) + [value[-1]] for name in (
        "result_offsets", "statuses", "query_flags", "rows_eligible", "rows_scanned")}))
lie("a query too few", batch(), lambda frames: [end_of(split(2)(frames)[0])])
lie("END too early", batch(), split(change=lambda first, _: setattr(first, "flags", END)))
lie("END is missing", batch(), changed(flags=0))
lie("a second part that begins elsewhere", batch(), split(change=setting(first_query=0)))
lie("a second part of another version", batch(), split(change=setting(version=4)))
lie("a second part of another model", batch(), split(change=setting(model="other")))
lie("a column of another type in the second part", batch(columns=["title"]), split(
    change=lambda first, second: (setattr(first, "extra", b"".join(column(["x"] * 2)(128))),
                                  setattr(second, "extra", section(128, 11, bytes(32)) + section(131, 1, b"\x0f")))))
lie("a reply of more bytes than the server's own limit, in two parts", batch(), lambda frames: padded(split()(frames)),
    hello=lambda frame: changed(fixed={"reply_bytes_max": PADDING})([frame]))
lie("a reply of more bytes than a server may have, in parts", batch(users=["u01"] * 200), lambda frames: (
    part(frames[0], query) for query in range(200)))
lie("parts without queries, endless", batch(), lambda frames: endless(reply(
    "RECOMMEND", frames[0], {"version": 3}, {
        "model": "m", "result_offsets": [0], "ids": [], "scores": floats([]), "statuses": [], "query_flags": [],
        "rows_eligible": [], "rows_scanned": []}, flags=0)))

# Scores and vectors.
lie("fewer scores than candidates", score, changed(lists={
    "scores": floats([0.5, 0]), "result_offsets": [0, 2]}))
lie("more scores than candidates", score, changed(lists={
    "scores": floats([0.5, 0, 0.5, 0.5]), "result_offsets": [0, 4]}))
lie("a candidate's score that is no number", score, changed(lists={"scores": floats([0.5, 0, NAN])}))
lie("found bits that are short", score, changed(lists={"found": b""}), MALFORMED)
lie("scores of a query that failed", score, changed(lists={"statuses": [259]}))
lie("scores of another version", lambda client: client.score(user="u01", candidates=["i01"], version=2),
    changed(fixed={"version": 3}))
lie("scores of another model", lambda client: client.score(user="u01", candidates=["i01"], model="m"),
    changed(lists={"model": "other"}))
lie("a vector too few", vectors, changed(lists={"vectors": floats([0.5] * 4)}), MALFORMED)
lie("ids too few", vectors, changed(fixed={"id_count": 2}, lists={"found": b"\3", "vectors": floats([0.5] * 4)}))
lie("vectors of four billion elements", vectors, changed(
    fixed={"dimension": 2**32 - 1}, lists={"found": b"\0", "vectors": floats([])}))
lie("vectors of no dimension", vectors, changed(fixed={"dimension": 0}, lists={"vectors": floats([])}))
lie("a vector that is not finite", vectors, changed(lists={"vectors": floats([0.5, NAN] * 3)}))
lie("vectors of another version", lambda client: client.vectors(items=["i01"], version=2),
    changed(fixed={"version": 3}))

# Look-alikes.
lie("an audience of more rows than asked", lookalike(size=10), lambda frames: more_rows(frames, 10))
lie("an audience without end", lookalike(size=10), lambda frames: rows_for_ever(frames[0].request_id))
lie("a stream without end", lambda client: list(client.lookalike(seeds=["u03"], size=10, stream=True)),
    lambda frames: rows_for_ever(frames[0].request_id))
lie("more rows than the share", lookalike(size=0.1), lambda frames: more_rows(frames, 5))
lie("fewer rows than asked", lookalike(), lambda frames: [*frames[:-2], summary_of(frames, 20)])
lie("DATA without rows", lookalike(), lambda frames: [data(frames[0].request_id, 0, [], []), *frames],
    MALFORMED)
lie("DATA without rows, endless", lookalike(), lambda frames: endless(data(frames[0].request_id, 0, [], [])),
    MALFORMED)
lie("rows with a gap", lookalike(), changed(1, fixed={"first_index": 11}))
lie("rows that begin again", lookalike(), changed(1, fixed={"first_index": 0}))
lie("a row's score that is no number", lookalike(), changed(lists={"scores": lambda true: floats([NAN, *true[1:]])}))
lie("rows that ascend from part to part", lookalike(), changed(1, lists={
    "scores": lambda true: floats([0.99, *true[1:]])}))
lie("a user in two parts", lookalike(), lambda frames: repeated_user(frames))
lie("a seed among the rows", lookalike(), lambda frames: seed_among(frames))
lie("a row below the minimum score", lookalike(size=">=0.5"), lambda frames: low_row(frames))
lie("rows without scores", lookalike(), changed(lists={"scores": None}), MALFORMED)
lie("a score too few", lookalike(), changed(lists={"scores": lambda true: true[1:]}), MALFORMED)
lie("ids of two kinds", lookalike(), changed(1, lists={"ids": list(range(10))}))
lie("rows beyond the window", lookalike(window=64), lambda frames: frames, ("FLOW_CONTROL",), honest=False)
lie("another checksum", lookalike(), changed(-1, fixed={"checksum": 1}))
lie("another number of rows", lookalike(), changed(-1, fixed={"rows": 24}))
lie("another number of seeds", lookalike(), changed(-1, fixed={"seeds_received": 4, "seeds_unmatched": 2}))
lie("seeds that do not add up", lookalike(), changed(-1, fixed={"seeds_matched": 2}))
lie("an audience of no seed", lookalike(), changed(-1, fixed={"seeds_matched": 0, "seeds_unmatched": 2}))
lie("an unmatched seed that was not sent", lookalike(), changed(-1, lists={"unmatched_examples": ["y"]}))
lie("more examples than unmatched seeds", lookalike(), changed(-1, lists={"unmatched_examples": ["x", "u03"]}))
lie("more matched seeds than different ones", lookalike(), changed(-1, fixed={
    "seeds_matched": 3, "seeds_duplicate": 0, "seeds_unmatched": 0}, lists={"unmatched_examples": None}))
lie("an audience of another version", lookalike(version=2), changed(-1, fixed={"version": 3}))
lie("an audience of another model", lookalike(model="m"), changed(-1, lists={"model": "other"}))
lie("a summary without END", lookalike(), changed(-1, flags=0), UNEXPECTED)
# A client that is done with its seeds before any of this comes finds an audience, and frames after its end.
lie("an audience before the last seed", lookalike(seeds=(f"s{n}" for n in range(5000))), lambda frames: frames,
    BAD + UNEXPECTED, when="before the last seed", honest=False)

# Operation.
lie("a pong of another ping", lambda client: client.ping(), changed(fixed={"opaque": lambda true: true ^ 1}))
lie("serving without a model", lambda client: client.health(), changed(fixed={"models_ready": 0}))
lie("not ready with models", lambda client: client.health(), changed(fixed={"state": 2}))
lie("more names than values", lambda client: client.stats(), changed(lists={"names": ["a", "b", "c"]}), MALFORMED)
lie("a counter twice", lambda client: client.stats(), changed(lists={"names": ["a", "a"]}))
lie("another version became active", lambda client: client.activate("m", 2), changed(fixed={"active": 3}))
lie("another version was pinned", lambda client: client.activate("m", 2), changed(fixed={"pinned": 0}))
lie("a pin after following the newest", lambda client: client.activate("m", "latest"), changed(fixed={"pinned": 2}))
lie("a rollback that pins another", lambda client: client.rollback("m"), changed(fixed={"pinned": 1}))
lie("a model twice", lambda client: client.models(), changed(lists={"names": ["m", "m"]}))
lie("a column of the list of models that is short", lambda client: client.models(),
    changed(lists={"active": [3]}), MALFORMED)
lie("offsets of the list of models that go astray", lambda client: client.models(),
    changed(lists={"loaded_offsets": [0, 7, 2]}), MALFORMED)

# Frames.
lie("a reply of another type", recommend(), changed(type=TYPES["SCORE"] | REPLY), UNEXPECTED)
lie("rows in answer to a recommendation", recommend(), changed(type=TYPES["DATA"]), UNEXPECTED)
lie("a reply to an older request", recommend(), changed(request_id=1), UNEXPECTED)
lie("a reply to a request never made", recommend(), changed(request_id=99), UNEXPECTED)
lie("a reply to nobody", recommend(), changed(request_id=0), UNEXPECTED)
lie("two replies", lambda client: (client.ping(), client.ping()), lambda frames: b"".join(
    2 * [frames[0].encoded()]), UNEXPECTED)
lie("two replies, the second late", lambda client: (client.ping(), client.ping()), lambda frames: [
    frames[0], 0.01, frames[0]], UNEXPECTED)
lie("a pong that nobody asked for", recommend(), lambda frames: [pong(frames), *frames], UNEXPECTED)
lie("an error without END", recommend(), lambda frames: [refusal(frames, flags=0)], UNEXPECTED)
lie("GOAWAY of a request", recommend(), lambda frames: [of_request(goaway(), 2), *frames], UNEXPECTED)
lie("another CRC", recommend(), lambda frames: flipped(frames, 29), ("BAD_HEADER_CRC",))
lie("another version of frames", recommend(), lambda frames: resealed(frames, 4, 2), UNEXPECTED)
lie("a flag that is refused", recommend(), lambda frames: resealed(frames, 7, 0x80), ("UNSUPPORTED_FLAG",))
lie("a body of 9 bytes", recommend(), lambda frames: resealed(frames, 0, 9), ("BAD_LENGTH",))
lie("a body of two gigabytes", recommend(), lambda frames: resealed(frames, 3, 0x7F), ("FRAME_TOO_LARGE",))
lie("a critical section that nobody knows", recommend(), changed(
    extra=section(999, 0, b"", CRITICAL)), ("UNSUPPORTED_TAG",))
lie("a section that is longer than the body", recommend(), changed(
    extra=struct.pack("<HBBI", 999, 0, 0, 2**32 - 1)), MALFORMED)
lie("padding that is not zero", recommend(), changed(
    extra=struct.pack("<HBBI", 999, 0, 0, 1) + b"\0\1\0\0\0\0\0\0"), MALFORMED)
lie("the server closes in the middle of a frame", recommend(), lambda frames: [frames[0].encoded()[:50], CLOSE], LOST)

# HELLO.
PING = lambda client: client.ping()  # noqa: E731
lie("HELLO that raises body_bytes_max, and a body that uses it", PING,
    lambda frames: lying_length(frames, 1 << 30), ("FRAME_TOO_LARGE",),
    hello=lambda frame: changed(fixed={"body_bytes_max": 2**32 - 8})([frame]))
lie("HELLO that allows nothing", PING, None, BAD, hello=lambda frame: changed(fixed={"body_bytes_max": 0})([frame]))
lie("HELLO with batches of no query", PING, None, BAD,
    hello=lambda frame: changed(fixed={"queries_per_batch_max": 0})([frame]))
lie("HELLO with features nobody wanted", PING, None, BAD,
    hello=lambda frame: changed(fixed={"features_granted": 1})([frame]))
lie("HELLO of a later version", PING, None, BAD, hello=lambda frame: changed(fixed={"minor": 7})([frame]))
lie("HELLO of another request", PING, None, UNEXPECTED, hello=lambda frame: changed(request_id=5)([frame]))
lie("HELLO without END", PING, None, UNEXPECTED, hello=lambda frame: changed(flags=0)([frame]))
lie("HELLO of more than 16 KiB", PING, None, ("FRAME_TOO_LARGE",),
    hello=lambda frame: changed(extra=section(999, 0, bytes(1 << 20)))([frame]))
lie("another magic", PING, None, ("BAD_MAGIC",), preface=lambda true: b"HTTP/1.1" + true[8:])
lie("a version that was not offered", PING, None, BAD, preface=lambda true: true[:8] + b"\x09" + true[9:])

# Time. What has no end, or never comes.
lie("silence", PING, lambda frames: b"", LATE)
lie("a byte now and then", PING, lambda frames: ([byte, 0.05] for byte in bytewise(frames)), LATE)
lie("silence instead of a preface", PING, None, LATE, preface=lambda true: b"", hello=lambda frame: b"")
lie("a preface byte by byte", PING, None, LATE, preface=lambda true: ([true[i:i + 1], 0.2] for i in range(16)))
lie("silence instead of HELLO", PING, None, LATE, hello=lambda frame: b"")
lie("GOAWAY without end in place of HELLO", PING, None, ("EXCESSIVE_CONTROL",),
    hello=lambda frame: endless(goaway()))
lie("GOAWAY without end", PING, lambda frames: endless(goaway()), ("EXCESSIVE_CONTROL",))
lie("frames of an old request without end", PING, lambda frames: endless(of_request(pong(frames), 1)), UNEXPECTED)
lie("pongs without end", PING, lambda frames: endless(of_request(pong(frames), 7)), UNEXPECTED)
lie("rows one by one, slowly", lookalike(size=1.0), lambda frames: (
    [data(frames[0].request_id, n, [f"v{n:06}"], [1.0]), 0.03] for n in range(10**6)), LATE)
lie("a server that does not read", lambda client: client.lookalike(seeds=(f"{n:0256}" for n in range(10**6)), size=5),
    lambda frames: (60.0 for _ in range(60)), LATE, when="before the last seed", honest=False)
