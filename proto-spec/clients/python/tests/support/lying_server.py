"""A server that can lie.

Its frames are well-formed (sizes, CRC) unless that is the lie. `LyingServer(None)` tells the truth about a small model:
50 items and 50 users with the scores 0.98, 0.96 and so on. The model `numbers` is the same with numbers for ids.
"""

import array
import socket
import struct
import threading
import zlib

import kindred
from kindred import codec

ROWS = 50
SCORES = [1 - (row + 1) / 50 for row in range(ROWS)]
INFINITY = float("inf")
TYPES, REPLY, END, CRITICAL = codec.TYPES, codec.REPLY, codec.END, codec.CRITICAL


class Frame:
    """A frame to be sent. `fixed`, `lists`, `flags` and so on may be changed before."""

    def __init__(self, message, layout, request_id, fixed=None, lists=None, flags=END, arg=0):
        self.type = TYPES[message] | (0 if message in ("DATA", "GOAWAY") else REPLY)
        self.layout, self.request_id, self.flags, self.arg = layout, request_id, flags, arg
        self.fixed, self.lists, self.extra = dict(fixed or {}), dict(lists or {}), b""
        self.body = None

    def encoded(self):
        body = codec.encode_body(self.layout, self.fixed, self.lists) if self.body is None else self.body
        return codec.encode_frame(self.type, self.request_id, body + self.extra, self.flags, self.arg)


class ModelsFrame(Frame):
    """A MODEL_LIST with fingerprints, which the client's codec does not encode."""

    def encoded(self):
        tags = {name: tag for name, tag, _, _ in self.layout.lists}
        before = {name: value for name, value in self.lists.items() if tags[name] < 76}
        after = {name: value for name, value in self.lists.items() if tags[name] > 77}
        self.body = (codec.encode_body(self.layout, self.fixed, before)
                     + section(76, 3, codec.typed("u32", [0, 16, 32])) + section(77, 0, bytes(32))
                     + codec.encode_body(self.layout, {}, after)[8:])
        return super().encoded()


def section(tag, kind, payload, flags=0):
    return struct.pack("<HBBI", tag, kind, flags, len(payload)) + payload + bytes(-len(payload) % 8)


def reply(message, header, fixed=None, lists=None, **options):
    return Frame(message, codec.REPLIES[message], header.request_id, fixed, lists, **options)


def goaway(last_request_id=2**53 - 1, status=773):
    return Frame("GOAWAY", codec.REQUESTS["GOAWAY"], 0,
                 {"status": status, "last_request_id": last_request_id, "reconnect_after_ms": 250}, flags=0)


def floats(values):
    return array.array("f", values)


# ---- The truth --------------------------------------------------------------------------------------------

def names(side, model):
    return list(range(100, 100 + ROWS)) if model == "numbers" else [f"{side[0]}{row:02}" for row in range(ROWS)]


def asked(body, query):
    """The ids of one query by their side."""
    kind, lists = body.fixed["query_kind"], body.lists
    if kind in (1, 2):
        return {"users" if kind == 1 else "items": [lists["query_ids"][query]]}
    sides = {}
    for side, name in (("items", "members"), ("users", "blend_users")):
        members, offsets = lists.get(name) or ([], None)
        sides[side] = members[offsets[query]:offsets[query + 1]] if offsets else members
    return sides


def because(own, side, model):
    """The item that each result is near to: the last of the query's own known items, or one that a user has seen."""
    known = [name for name in own.get("items", ()) if name in names("items", model)]
    return None if side == "users" else known[-1] if known else names("items", model)[-1] if "items" not in own else None


def recommended(header, body):
    fixed, lists = body.fixed, body.lists
    model, side = lists.get("model", "m"), "items" if fixed["target"] == 1 else "users"
    ids, offsets, answers, eligible, flags, reasons = [], [0], [], [], [], []
    unknown, taken, returned = [], [], set()
    for query in range(fixed["query_count"]):
        own = asked(body, query)
        out = set(map(str, lists.get("exclusions", ([], None))[0]))
        if not fixed["options"] & codec.INCLUDE_MEMBERS:
            out.update(map(str, own.get(side, ())))
        known = [name for kind, some in own.items() for name in some if name in names(kind, model)]
        count = sum(map(len, own.values()))
        unknown.append(count - len(known))
        is_nothing = bool(fixed["unknown_id_policy"] and count and not known)
        is_popular = is_nothing and fixed["unknown_id_policy"] == 2
        allowed = set(map(str, lists["candidates"][0])) if "candidates" in lists else None
        rows = [row for row, name in enumerate(names(side, model)) if str(name) not in out
                and (allowed is None or str(name) in allowed) and (is_popular or not is_nothing)]
        taken.append(len(returned.intersection(rows)))
        if fixed["options"] & codec.DISTINCT:
            rows = [row for row in rows if row not in returned]
        eligible.append(len(rows))
        floor = lists["min_scores"][0] if "min_scores" in lists and not is_popular else -INFINITY
        rows = [row for row in rows if floats([SCORES[row]])[0] >= floor]
        start = lists["offset"][0] if "offset" in lists else 0
        rows = rows[start:start + fixed["k"]]
        returned.update(rows)
        answers += rows
        offsets.append(len(answers))
        flags.append(3 if is_popular else 1)
        reasons += [None if is_popular else because(own, side, model)] * len(rows)
    ids = [names(side, model)[row] for row in answers]
    count = fixed["query_count"]
    columns = [column([f"title of {name}" for name in ids]) for _ in lists.get("columns", ())]
    told = {"unknown_ids": unknown if fixed["unknown_id_policy"] else None,
            "rows_taken": taken if fixed["options"] & codec.DISTINCT else None}
    if fixed["options"] & codec.BECAUSE:
        found = bytearray((len(ids) + 7) // 8)
        for row, item in enumerate(reasons):
            found[row // 8] |= (item is not None) << row % 8
        told.update(because=[item for item in reasons if item is not None], because_found=bytes(found))
    frame = reply("RECOMMEND", header, {"query_count": count, "version": fixed["version"] or 3}, {
        "model": model, "result_offsets": offsets, "ids": ids, "scores": floats([SCORES[row] for row in answers]),
        "statuses": [0] * count, "query_flags": flags, "rows_eligible": eligible, "rows_scanned": eligible, **told})
    frame.extra = b"".join(
        block for index, make in enumerate(columns) for block in make(128 + 4 * index)) if columns else b""
    return [frame]


def filtered(header, body):
    passing = 20 if body.fixed["side"] == 1 else 5
    return [reply("FILTER", header, {"version": body.fixed["version"] or 3, "rows": ROWS, "rows_passing": passing,
                                     "evaluate_us": 7}, {"model": body.lists.get("model", "m")})]


def column(texts, valid=None):
    """A function that makes the sections of a text column from a tag on."""
    def make(tag):
        offsets, data = codec.encode_texts([text.encode() for text in texts])
        bitmap = bytes([255] * ((len(texts) + 7) // 8)) if valid is None else valid
        return (section(tag + 1, 3, codec.typed("u32", offsets)), section(tag + 2, 10, data),
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
    return Frame("DATA", codec.REQUESTS["DATA"], request_id, {"first_index": first},
                 {"ids": ids, "scores": floats(scores)}, flags=0)


def expanded(header, opening, seeds):
    """Rows in chunks of 10 and the summary."""
    fixed, model = opening.fixed, opening.lists.get("model", "m")
    users = names("users", model)
    known = [seed for seed in seeds if seed in users]
    unmatched = [seed for seed in seeds if seed not in users]
    rows = [row for row in range(ROWS) if users[row] not in known or fixed["options"] & codec.INCLUDE_SEEDS]
    eligible = len(rows)
    if fixed["size_kind"] == codec.MIN_SCORE:
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
    return [ModelsFrame("MODEL_LIST", codec.REPLIES["MODEL_LIST"], header.request_id, {"model_count": 2}, lists)]


def switched(message, header, body):
    version = body.fixed.get("version", 2)
    return [reply(message, header, {"active": version or 3, "previous": 1, "pinned": version})]


OTHERS = {
    "PING": lambda header, body: [reply("PING", header, {"opaque": body.fixed["opaque"]})],
    "HEALTH": lambda header, body: [reply("HEALTH", header, {"state": 1, "models_ready": 2})],
    "STATS": lambda header, body: [reply("STATS", header, {}, {"names": ["a", "b"], "values": [1, 2]})],
    "MODEL_LIST": models, "RECOMMEND": recommended, "SCORE": scored, "GET_VECTORS": got_vectors, "FILTER": filtered,
    "MODEL_ACTIVATE": lambda header, body: switched("MODEL_ACTIVATE", header, body),
    "MODEL_ROLLBACK": lambda header, body: switched("MODEL_ROLLBACK", header, body),
}


# ---- The server -------------------------------------------------------------------------------------------

class Lie:
    """name · call: the client's call · told: a function from the true frames to the frames, bytes or endless
    iterable that are sent · names: the names of the right Error · honest: whether the same call has a true answer"""

    def __init__(self, name, call, told, names, hello=None, preface=None, honest=True, when=None):
        self.name, self.call, self.told, self.names = name, call, told, names
        self.hello, self.preface, self.honest, self.when = hello, preface, honest, when


class LyingServer:
    """One thread for each connection, at port 0. The end of the `with` stops endless senders."""

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
        """Sends bytes, frames, or an iterable of them, which may be endless."""
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
        preface = codec.MAGIC + bytes([1, 1, 1]) + bytes(5)
        if lie and lie.preface:
            self.send(connection, lie.preface(preface))
        else:
            connection.sendall(preface)
        opening, seeds = None, []
        while True:
            header, body = request(connection)
            if header.type == TYPES["HELLO"]:
                frame = reply("HELLO", header, {**kindred.limits.LIMITS, "minor": 0}, {"server_name": "hostile"})
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


def serving(told, **options):
    """A server that sends `told` in place of the true frames."""
    return LyingServer(Lie("", None, told, (), **options))


def close_at_once(server):
    """Ends the server's last connection with a reset, before this returns."""
    server.sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.sockets[-1].close()


CLOSE = object()  # in place of bytes: closes the connection


def request(connection):
    header = codec.decode_header(receive(connection, 32), kindred.limits.BODY_BYTES_MAX)
    message = next(name for name, code in TYPES.items() if code == header.type)
    return header, codec.Body(codec.REQUESTS[message], receive(connection, header.body_len))


def receive(connection, count):
    found = b""
    while len(found) < count:
        part = connection.recv(count - len(found))
        if not part:
            raise EOFError
        found += part
    return found
