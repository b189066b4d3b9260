"""Numbers of the protocol: preface, frame header, flags, enumerations."""

import struct

MAGIC = bytes.fromhex("894b4e440d0a1a0a")
MAJOR, MINOR = 1, 0
PREFACE = MAGIC + bytes([MAJOR, MAJOR]) + bytes(6)  # of a client (2.1)
HEADER = struct.Struct("<IBBHQIIII")
END, REPLY, CRITICAL = 1, 0x80, 1  # a frame's flag, a bit of its type, a section's flag
DATA, GOAWAY = 0x07, 0x04

QUERY_KINDS = {"user": 1, "item": 2, "vector": 3, "basket": 4, "blend": 5, "fold_in": 6}
UNKNOWN_POLICIES = {"strict": 0, "skip": 1, "fallback": 2}
PARAMETER_TYPES = {"null": 0, "integer": 1, "real": 2, "text": 3}
BOOST_EFFECTS = {"multiply": 1, "add": 2}
SIDES = {"items": 1, "users": 2}
SIMILARITIES = {None: 0, "dot": 1, "cosine": 2}
METRICS = {1: "dot", 2: "cosine"}
ID_KINDS = {0: None, 1: "number", 2: "text"}
COLUMN_TYPES = {1: "integers", 2: "reals", 3: "text"}
VERSION_STATES = {1: "on disk", 2: "loaded", 3: "waiting", 4: "loading", 5: "refused"}
HEALTH_STATES = {1: "serving", 2: "not ready", 3: "draining"}
REFUSALS = {0: "none", 1: "version", 2: "draining", 3: "overloaded", 4: "too many connections"}  # in the preface

WITHOUT_SCORES, INCLUDE_MEMBERS, INCLUDE_SEEDS = 1, 2, 2  # options of requests
EXCLUDE_SEEN, BECAUSE, DISTINCT = 4, 8, 16  # options of RECOMMEND
EXACT, FALLBACK, PARTIAL = 1, 2, 4  # flags of answers
KEPT = 1  # flag of a reply to FILTER
NOT_REMEMBERED = 1  # flag of a reply to MODEL_LOAD, MODEL_ACTIVATE, MODEL_ROLLBACK
COUNT, SHARE, MIN_SCORE = 1, 2, 3  # size_kind of LOOKALIKE
