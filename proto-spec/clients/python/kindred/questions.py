"""Compares replies with the request that they answer.

The server is not trusted: a reply that does not fit is a ProtocolError BAD_REPLY.
"""

import array
import dataclasses
import math
import operator
import re

from . import arrays
from .codec.protocol import COUNT, EXACT, FALLBACK, MIN_SCORE, PARTIAL, SHARE
from .errors import bad_reply, malformed
from .limits import FLOAT32_MAX, ROWS_MAX

DECIMAL = re.compile("0|[1-9][0-9]{0,18}")
MODEL_NAME = re.compile("[a-z0-9][a-z0-9_-]{0,62}")


def check_origin(body, model, version):
    """The answering model and version are those of the request. Model None and version 0 accept any."""
    name, version_found = body.lists["model"], body.fixed["version"]
    if model is not None and name != model:
        raise bad_reply(f"from model {name!r}", repr(model))
    if model is None and not MODEL_NAME.fullmatch(name):
        raise bad_reply(f"from model {name!r}", "a model's name")
    if version_found != (version or version_found) or not version_found:
        raise bad_reply(f"from version {version_found}", version or "a positive number")


def check_distinct(name, values):
    if len(set(values)) != len(values):
        raise bad_reply(f"with a repeated {name}", f"{len(values)} different ones")


def check_names(body):
    """MODEL_LIST and STATS contain each name once."""
    check_distinct("name", body.lists["names"])


def check_finite(name, values):
    """`values`: an array of floats."""
    numpy = arrays.numpy
    finite = all(map(math.isfinite, values)) if numpy is None else numpy.isfinite(numpy.asarray(values)).all()
    if not finite:
        raise bad_reply(f"with {name} that are not finite", "finite numbers")


def descend(scores):
    """Whether every score is less than the one before. False if one is NaN."""
    numpy = arrays.numpy
    if numpy is None or len(scores) < 64:
        return all(map(operator.gt, scores, scores[1:]))
    values = numpy.asarray(scores)
    return bool((values[:-1] > values[1:]).all())


def check_ranked(ids, scores):
    """Refuses rows out of the documented order (A.3): finite scores that descend, equal ones by ascending id.

    Python compares texts by code points, which is the order of their UTF-8 bytes.
    """
    if not ids or (-FLOAT32_MAX <= scores[-1] and scores[0] <= FLOAT32_MAX and descend(scores)):
        return
    for index, score in enumerate(scores):  # the order is wrong, or scores are equal
        if not math.isfinite(score):
            raise bad_reply(f"the score {score} for {ids[index]!r}", "a finite number")
        if index:
            check_after((ids[index - 1], scores[index - 1]), (ids[index], score))


def check_after(first, second):
    """Refuses two adjacent rows (id, score) out of order."""
    if first[1] < second[1] or (first[1] == second[1] and not first[0] < second[0]):
        raise bad_reply(f"{second} after {first}", "descending scores, equal ones by ascending id")


def as_number(value):
    """The number that an id is or spells in decimal (4.9); None for any other text."""
    if isinstance(value, str):
        return int(value) if DECIMAL.fullmatch(value) else None
    return operator.index(value)


def of_kind(ids, kind):
    """Ids of a request as a reply of this id kind, int or str, spells them."""
    if kind is int:
        return [number for number in map(as_number, ids) if number is not None]
    return [value if isinstance(value, str) else str(operator.index(value)) for value in ids]


class IdSet:
    """Ids of a request, for lookup of ids in replies of either kind."""

    def __init__(self, ids):
        self.ids, self.sets = ids, {}

    def of(self, kind):
        if kind not in self.sets:
            self.sets[kind] = frozenset(of_kind(self.ids, kind))
        return self.sets[kind]


@dataclasses.dataclass
class Rules:
    """The rules of a RECOMMEND that change what its answer may look like."""

    offset: int = 0
    capped: bool = False
    reordered: bool = False
    without_seen: bool = False
    because: bool = False
    distinct: bool = False
    unknown: str = "strict"
    pool: int = None  # None without diversity


@dataclasses.dataclass
class Asked:
    """What one query asks for. ids: how many of its ids may be unknown · weighted: how many of these have a weight other
    than 0 · has_vectors: whether it has vectors with such a weight beside them · own: its own items, or None where the
    request does not tell them: what a user has seen"""

    ids: int
    weighted: int
    has_vectors: bool
    own: object


def asked(kind, query):
    """What a query of `query_list` asks for."""
    if kind in ("basket", "clicks"):
        return Asked(len(query), weighted(query), False, [member for member, _ in query])
    if kind == "blend":
        return Asked(len(query["user"]) + len(query["item"]), weighted(query["user"]) + weighted(query["item"]),
                     weighted(query["vector"]) > 0, [member for member, _ in query["item"]])
    if kind == "vector":
        return Asked(0, 0, True, [])
    return Asked(1, 1, False, [query] if kind == "item" else None)


def weighted(members):
    """How many members have a weight other than 0, as float32."""
    return sum(weight != 0 for weight in array.array("f", [weight for _, weight in members]))


class RecommendQuestion:
    """The arguments of a RECOMMEND; refuses frames and results that do not fit them.

    exclude, candidates: IdLists, or None · members: for each query the ids that must not be in its answer, or None ·
    floor: the minimum score as float32, or None · kind, queries: as `query_list` has them · over: the side of the
    results
    """

    def __init__(self, model, version, k, exclude, candidates, min_score, columns, members, rules=None, kind="vector",
                 queries=(), over="items"):
        self.model, self.version, self.k, self.columns, self.members = model, version, k, columns, members
        self.rules, self.returned = rules or Rules(), set()
        self.kind, self.queries, self.over = kind, queries, over
        self.excluded, self.allowed = exclude, candidates
        self.floor = None if min_score is None else array.array("f", [min_score])[0]
        self.column_kinds = None

    def check_frame(self, frame):
        check_origin(frame, self.model, self.version)
        if "scores" not in frame.lists:
            raise malformed("the reply has no scores")
        kinds = [kind for kind, _, _ in frame.lists.get("columns", ())]
        for name, asked in (("because", self.rules.because), ("rows_taken", self.rules.distinct),
                            ("unknown_ids", self.rules.unknown != "strict")):
            if (name in frame.lists) != asked:
                raise bad_reply(f"{'with' if name in frame.lists else 'without'} {name}", "as the request asks")
        if len(kinds) != len(self.columns):
            raise bad_reply(f"{len(kinds)} columns", f"{len(self.columns)}, as many as were asked for")
        if self.column_kinds is None:
            self.column_kinds = kinds
        elif kinds != self.column_kinds:
            raise bad_reply(f"columns of types {kinds} after {self.column_kinds}", "one type for each column")

    def check(self, query, ids, scores, flags, eligible, unknown=None, taken=None, because=None):
        """Checks the results of one query. `because`: for each of them an item or None."""
        count, rules = len(ids), self.rules
        is_popular = bool(flags & FALLBACK)
        if is_popular and rules.unknown != "fallback":
            raise bad_reply("with popular rows", f"none, since unknown ids are {rules.unknown!r}")
        if unknown is not None:
            self.check_unknown(asked(self.kind, self.queries[query]), unknown, is_popular, count)
        if taken is not None and taken > len(self.returned):
            raise bad_reply(f"that {taken} rows are taken", f"at most {len(self.returned)}, which came before")
        if because:
            self.check_because(asked(self.kind, self.queries[query]), unknown or 0, is_popular, ids, because)
        most = min(self.k, max(0, eligible - rules.offset))
        if count > most:
            raise bad_reply(f"{count} results of {eligible} eligible rows", f"at most {most}")
        must = not rules.capped and (self.floor is None or is_popular)
        if flags & (EXACT | PARTIAL) == EXACT and must and count < most:
            raise bad_reply(f"{count} results of {eligible} eligible rows", f"the first {most}")
        if not count:
            return
        if rules.reordered and not is_popular:
            check_finite("scores", scores)
            if not rules.offset and scores[0] < max(scores):
                raise bad_reply(f"{scores[0]} before {max(scores)}", "the greatest score first")
        else:
            check_ranked(ids, scores)
        found, kind = set(ids), type(ids[0])
        if rules.distinct:
            if not found.isdisjoint(self.returned):
                raise bad_reply(f"{min(found & self.returned)!r} for two queries", "each row once")
            self.returned |= found
        if len(found) != count:
            check_distinct("id", ids)
        if self.floor is not None and not is_popular and min(scores) < self.floor:
            raise bad_reply(f"the score {min(scores)}", f"at least {self.floor}")
        excluded, allowed = (ids and ids.set_of(query).of(kind) for ids in (self.excluded, self.allowed))
        if excluded is not None and not found.isdisjoint(excluded):
            raise bad_reply(f"{min(found & excluded)!r}, which is excluded", "other ids")
        if allowed is not None and not found <= allowed:
            raise bad_reply(f"{min(found - allowed)!r}, which is no candidate", "candidates only")
        if self.members is not None and not is_popular and not found.isdisjoint(of_kind(self.members[query], kind)):
            raise bad_reply("a member of the query itself", "others, since include_members is not set")

    @staticmethod
    def check_unknown(asked, unknown, is_popular, count):
        """Compares the number of unknown ids with the query's own, and with where its rows come from."""
        if unknown > asked.ids:
            raise bad_reply(f"that {unknown} ids are unknown", f"at most {asked.ids}, which the query has")
        # Which ids are unknown is not told: those with a weight may be among them.
        may_be_nothing = unknown >= asked.weighted and not asked.has_vectors
        nothing_known = may_be_nothing and (unknown == asked.ids or not asked.weighted)
        if is_popular and not may_be_nothing:
            raise bad_reply("with popular rows", "rows of the model, which knows some of the query's ids")
        if count and nothing_known and not is_popular:
            raise bad_reply("with rows of the model", "none, since it knows none of the query's ids")

    def check_because(self, asked, unknown, is_popular, ids, because):
        """All results of a query name one of its own items, or none does."""
        named = {item for item in because if item is not None}
        if named and None in because:
            raise bad_reply(f"{because.count(None)} of {len(because)} results without because", "all or none")
        if is_popular and named:
            raise bad_reply(f"because {min(named)!r} for popular rows", "none")
        if asked.own is None:
            if self.rules.without_seen and not named.isdisjoint(ids):
                raise bad_reply(f"{min(named.intersection(ids))!r}, which the user has seen", "other ids")
        elif named:
            own = of_kind(asked.own, type(min(named)))
            if not named <= set(own):
                raise bad_reply(f"because {min(named - set(own))!r}", "one of the query's own items")
        elif self.over == "items" and not is_popular and len(asked.own) > unknown:
            raise bad_reply("results without because", "one of the query's own items for each")


class AudienceQuestion:
    """The arguments of a LOOKALIKE; refuses chunks and a summary that do not fit them.

    most: the most rows that may arrive · floor: the minimum score as float32, or None · remembered: how many rows are
    kept to find repetitions, or None for all
    """

    def __init__(self, model, version, size, include_seeds, remembered):
        self.model, self.version, self.size, self.include_seeds = model, version, size, include_seeds
        self.most = size["size_value"] if size["size_kind"] == COUNT else ROWS_MAX
        self.floor = array.array("f", [size["min_score"]])[0] if size["size_kind"] == MIN_SCORE else None
        self.remembered, self.rows, self.last, self.seen = remembered, 0, None, set()
        self.sent, self.early, self.seeds = 0, False, None  # set by `upload`

    def check_chunk(self, first_index, ids, scores):
        if not ids:
            raise bad_reply("DATA without rows", "at least one row")
        if first_index != self.rows:
            raise bad_reply(f"rows from {first_index}", f"from {self.rows}")
        self.rows += len(ids)
        if self.rows > self.most:
            raise bad_reply(f"{self.rows} rows and perhaps more", f"at most {self.most}")
        check_ranked(ids, scores)
        if self.last is not None:
            if type(self.last[0]) is not type(ids[0]):
                raise bad_reply("ids of two kinds", "numbers only or texts only")
            check_after(self.last, (ids[0], scores[0]))
        self.last = ids[-1], scores[-1]
        if self.floor is not None and scores[-1] < self.floor:
            raise bad_reply(f"the score {scores[-1]}", f"at least {self.floor}")
        found = set(ids)
        if len(found) != len(ids) or not found.isdisjoint(self.seen):
            raise bad_reply("a user twice", "every user once")
        if not self.include_seeds and not found.isdisjoint(self.seeds.of(type(ids[0]))):
            raise bad_reply(f"{min(found & self.seeds.of(type(ids[0])))!r}, which is a seed", "others than the seeds")
        if self.remembered is None or len(self.seen) < self.remembered:
            self.seen |= found

    def check_summary(self, body, checksum):
        fixed, examples = body.fixed, body.lists.get("unmatched_examples", [])
        check_origin(body, self.model, self.version)
        rows, eligible, matched = fixed["rows"], fixed["rows_eligible"], fixed["seeds_matched"]
        if rows != self.rows:
            raise bad_reply(f"{self.rows} rows and a summary that says {rows}", "as many as it says")
        if fixed["checksum"] != checksum:
            raise bad_reply(f"ids with the checksum {checksum:08x}", f"{fixed['checksum']:08x}, as the summary says")
        if fixed["seeds_received"] != self.sent:
            raise bad_reply(f"that it received {fixed['seeds_received']} seeds", f"{self.sent}, which were sent")
        parts = matched, fixed["seeds_duplicate"], fixed["seeds_unmatched"]
        if sum(parts) != self.sent or not matched:
            raise bad_reply("{} matched, {} duplicate and {} unmatched seeds".format(*parts),
                            f"{self.sent} in all, one of them matched")
        if len(examples) > fixed["seeds_unmatched"]:
            raise bad_reply(f"{len(examples)} examples of {fixed['seeds_unmatched']} unmatched seeds", "no more")
        check_distinct("unmatched example", examples)
        if self.sent == len(self.seeds.ids):  # all seeds are remembered
            texts = self.seeds.of(str)
            if matched > len(texts):
                raise bad_reply(f"{matched} distinct matched seeds", f"at most {len(texts)}")
            if not texts.issuperset(map(str, examples)):
                raise bad_reply("an unmatched example that was never sent", "seeds only")
        wanted = self.wanted(eligible + (0 if self.include_seeds else matched))
        if rows > min(wanted, eligible) or (
                fixed["flags"] & (EXACT | PARTIAL) == EXACT and self.floor is None and rows < min(wanted, eligible)):
            raise bad_reply(f"{rows} rows of {eligible} eligible ones", min(wanted, eligible))

    def wanted(self, users):
        """The requested size in rows, given the number of users (9.3)."""
        if self.size["size_kind"] == SHARE:
            return max(1, self.size["size_value"] * users // 1_000_000)
        return self.most
