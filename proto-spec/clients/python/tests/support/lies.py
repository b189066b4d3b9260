"""Every lie by name. Each is the only wrong thing in an otherwise true answer."""

import struct

from tests.support.lie_changes import (PADDING, batch, bytewise, changed, end_of, endless, flipped, lookalike, low_row,
                                       lying_length, more_rows, of_request, padded, part, pong, recommend, refusal,
                                       repeated_user, resealed, rows_for_ever, score, seed_among, setting, split,
                                       summary_of, vectors, with_rows)
from tests.support.lying_server import (CLOSE, CRITICAL, END, REPLY, SCORES, TYPES, Lie, column, data, floats, goaway,
                                        reply, section)

NAN, INFINITY = float("nan"), float("inf")
LIES = {}
BAD, MALFORMED, UNEXPECTED = ("BAD_REPLY",), ("MALFORMED_BODY",), ("UNEXPECTED_FRAME",)
LATE, LOST = ("DEADLINE_EXCEEDED",), ("CONNECTION_LOST",)


def lie(name, call, told, names=BAD, **options):
    if name in LIES:
        raise ValueError(f"two lies are named {name!r}")
    LIES[name] = Lie(name, call, told, names, **options)


FIVE = ["i00", "i01", "i02", "i03", "i04"]
TRUE = SCORES[:5]

# One query.
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

# Rules. Of the queries below, "x" is unknown.
POPULAR = recommend(user="x", unknown="fallback")
NEAR = recommend(user=None, item="i09", because=True)
SEEN = recommend(because=True, exclude_seen=True)
lie("popular rows that nobody asked for", recommend(), changed(lists={"query_flags": [3]}))
lie("popular rows where unknown ids are left out", recommend(user=None, basket=["i09"], unknown="skip"),
    changed(lists={"query_flags": [3]}))
lie("popular rows for a known user", recommend(unknown="fallback"), changed(lists={"query_flags": [3]}))
lie("popular rows for a basket that is known in part", recommend(user=None, basket=["i09", "x"], unknown="fallback"),
    changed(lists={"query_flags": [3]}))
lie("popular rows for a vector", recommend(user=None, vector=[1.0, 2.0], unknown="fallback"),
    changed(lists={"query_flags": [3]}))
lie("rows of the model for an unknown user", POPULAR, changed(lists={"query_flags": [1]}))
lie("popular rows that ascend", POPULAR, changed(lists={"scores": floats(TRUE[::-1])}))
lie("fewer popular rows than eligible ones", POPULAR, with_rows(FIVE[:3], TRUE[:3], 40))
lie("more unknown ids than the query has", recommend(user=None, clicks=["i09", "x"], unknown="skip"),
    changed(lists={"unknown_ids": [3]}))
lie("an unknown id of a vector", recommend(user=None, vector=[1.0, 2.0], unknown="skip"),
    changed(lists={"unknown_ids": [1]}))
lie("rows for a basket of which nothing is known", recommend(user=None, basket=["i09", "i08"], unknown="skip"),
    changed(lists={"unknown_ids": [2]}))
lie("a count of unknown ids that nobody asked for", recommend(), changed(lists={"unknown_ids": [0]}))
lie("no count of unknown ids", recommend(unknown="skip"), changed(lists={"unknown_ids": None}))
lie("counts of unknown ids too many", recommend(unknown="skip"), changed(lists={"unknown_ids": [0, 0]}), MALFORMED)
lie("because that nobody asked for", recommend(), changed(lists={"because": [], "because_found": b"\0"}))
lie("no because", NEAR, changed(lists={"because": None, "because_found": None}))
lie("because without its bits", NEAR, changed(lists={"because_found": None}), MALFORMED)
lie("bits without because", NEAR, changed(lists={"because": None}), MALFORMED)
lie("because too few", NEAR, changed(lists={"because": ["i09"] * 4}), MALFORMED)
lie("because bits that are short", NEAR, changed(lists={"because_found": b""}), MALFORMED)
lie("because of another item", NEAR, changed(lists={"because": ["i09"] * 4 + ["i10"]}))
lie("because of an item that is not in the basket", recommend(user=None, basket=["i09", "i08"], because=True),
    changed(lists={"because": ["i08", "i09", "i10", "i08", "i09"]}))
lie("because of an item that is no member of the blend", recommend(
    user=None, blend=[("user", "u01", 1.0), ("item", "i09", 1.0)], because=True),
    changed(lists={"because": ["u01"] * 5}))
lie("because for some of the rows", NEAR, changed(lists={"because": ["i09"] * 4, "because_found": b"\x0f"}))
lie("because for none of the rows", NEAR, changed(lists={"because": [], "because_found": b"\0"}))
lie("because of a vector", recommend(user=None, blend=[("vector", [1.0], 1.0)], because=True),
    changed(lists={"because": ["i09"] * 5, "because_found": b"\x1f"}))
lie("because for popular rows", recommend(user="x", unknown="fallback", because=True),
    changed(lists={"because": ["i09"] * 5, "because_found": b"\x1f"}))
lie("a row that the user has seen", SEEN, changed(lists={"because": ["i40"] * 4 + ["i02"]}))
lie("more rows than are left behind the offset", recommend(offset=45), changed(lists={"rows_eligible": [49]}))
lie("fewer rows than are left behind the offset", recommend(offset=3), with_rows(FIVE[:2], TRUE[:2], 10))
lie("an offset beyond all eligible rows", recommend(offset=2**32 - 1), with_rows(FIVE, TRUE))
lie("a score that is no number, with diversity", recommend(diversity=0.5), with_rows(FIVE, [0.9, NAN, 0.7, 0.6, 0.5]))
lie("a list with diversity that does not begin with its best", recommend(diversity=0.5),
    with_rows(FIVE, [0.8, 0.9, 0.7, 0.6, 0.5]))
lie("a row for two queries", batch(distinct=True), changed(lists={"ids": ["i00", "i01", "i02", "i00", "i04", "i05"]}))
lie("more taken rows than earlier queries have", batch(distinct=True), changed(lists={"rows_taken": [0, 3, 4]}))
lie("taken rows of the first query", batch(distinct=True), changed(lists={"rows_taken": [1, 2, 4]}))
lie("no counts of taken rows", batch(distinct=True), changed(lists={"rows_taken": None}))
lie("counts of taken rows that nobody asked for", batch(), changed(lists={"rows_taken": [0, 0, 0]}))
lie("a count of taken rows too few", batch(distinct=True), changed(lists={"rows_taken": [0, 2]}), MALFORMED)
COUNT = lambda client: client.filter_count(where="price < 5")  # noqa: E731
lie("more rows that pass than there are", COUNT, changed(fixed={"rows_passing": 51}))
lie("2^64 - 1 rows that pass", COUNT, changed(fixed={"rows_passing": 2**64 - 1}))
lie("a filter that was kept and took time", COUNT, changed(fixed={"flags": 1}))
lie("a filter of another version", lambda client: client.filter_count(where="price < 5", version=2),
    changed(fixed={"version": 3}))
lie("a filter of another model", lambda client: client.filter_count(where="price < 5", model="m"),
    changed(lists={"model": "other"}))
lie("a filter of no model", COUNT, changed(lists={"model": None}), MALFORMED)

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

# Batches, and replies in several frames.
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
# A client that has sent its seeds before this arrives sees an audience, and then frames after its end.
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

# Time: endless or missing bytes.
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
