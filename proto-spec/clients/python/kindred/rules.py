"""Checks the rules of a request and converts them to lists of the codec (7.14 to 7.22)."""

import array
import collections.abc
import math
import operator
import re
import struct

from .arguments import BYTES_LIKE, number, refuse_no_list, shown
from .codec.encoding import whole
from .limits import LATER_LIMITS, LIMITS
from .codec.protocol import BOOST_EFFECTS, PARAMETER_TYPES, UNKNOWN_POLICIES

# The default pool of diversity, for each row of offset + k (7.18).
POOL_ROWS_PER_RESULT = 10

PARAMETER_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
PARAMETER_LISTS = "parameter_names", "parameter_types", "parameter_numbers", "parameter_texts"
# A literal, a quoted name or a comment, which may have no end; or a name of a value.
TOKEN = re.compile(r"""'(?:[^']|'')*'?|"(?:[^"]|"")*"?|--[^\n]*|/\*.*?(?:\*/|$)|:([A-Za-z_][A-Za-z0-9_]*)""",
                   re.ASCII | re.DOTALL)


def filter_lists(where, params, boosts=()):
    """The lists of a filter, of boosts' filters, and of the values of their names.

    A value is None (NULL), a bool (1 or 0), an int of 64 bits, a float that is no NaN, or a str.
    """
    lists = {"filter": None if where is None else expression("where", where)}
    if params:
        lists.update(parameters(params))
    if boosts:
        lists.update(boost_lists(boosts))
    return lists


def expression(name, text):
    if not isinstance(text, str):
        raise TypeError(f"{name} {shown(text)}: expected a str such as 'median_price < :most'")
    return text


class QueryFilters:
    """A filter, or none, for each query of a batch, and the values of their names.

    A request must have the values that its own filters name, and no others. So each part of a batch takes those of its
    filters and of the boosts. Values that nothing names go with every part, whose refusal names them.
    """

    def __init__(self, filters, params, boosts):
        self.filters, self.params = filters, params
        self.named = [parameter_names(text) for text in filters]
        of_boosts = set().union(*(parameter_names(where) for where, _, _ in boosts))
        self.of_all = of_boosts | (set(params) - of_boosts.union(*self.named))

    @classmethod
    def of(cls, where, params, boosts, count):
        """None for one filter or none. `where` is a list with a str or None for each query."""
        if where is None or isinstance(where, str):
            return None
        if not isinstance(where, (list, tuple)):
            expression("where", where)
        filters = ["" if text is None else expression(f"where[{index}]", text) for index, text in enumerate(where)]
        if len(filters) != count:
            raise ValueError(f"where: {len(filters)} filters for {count} queries: expected one str, or one for each query")
        filter_lists(None, params, boosts)  # raises for wrong ones
        return cls(filters, dict(params or {}), boosts)

    def end(self, start, end, limits):
        """The end of the queries from `start` that fit one request, at most `end`: of the bytes of all their filters, and
        of the number of values that they name."""
        size, names = 0, set(self.of_all)
        for query in range(start, end):
            size += len(self.filters[query].encode())
            names |= self.named[query]
            if query > start and (size > limits["filter_bytes_max"] or len(names) > limits["filter_values_max"]):
                return query
        return end

    def part(self, start, end):
        """The lists of some queries."""
        names = self.of_all.union(*self.named[start:end])
        values = {name: value for name, value in self.params.items() if name in names}
        lists = parameters(values) if values else dict.fromkeys(PARAMETER_LISTS)
        return {"query_filters": self.filters[start:end], **lists}


def parts_of(count, step, filters, limits):
    """The requests of a batch of so many queries, at most `step` in each, as pairs of a start and an end."""
    start = 0
    while start < count:
        end = min(start + step, count)
        if filters is not None:
            end = filters.end(start, end, limits)
        yield start, end
        start = end


def parameter_names(text):
    """The names of the values of a filter. Literals, quoted names and comments have none."""
    return {match[1] for match in TOKEN.finditer(text) if match[1]}


def parameters(params):
    if not isinstance(params, collections.abc.Mapping):
        raise TypeError(f"params {shown(params)}: expected a dict such as {{'today': 700}}")
    names, types, numbers, texts = [], [], [], []
    for name, value in params.items():
        if not isinstance(name, str) or not PARAMETER_NAME.fullmatch(name):
            raise ValueError(f"params: {name!r} is no name: expected letters, digits and _, without the colon")
        kind, bits, text = parameter(name, value)
        names.append(name)
        types.append(PARAMETER_TYPES[kind])
        numbers.append(bits)
        texts.append(text)
    return {"parameter_names": names, "parameter_types": types, "parameter_numbers": numbers,
            "parameter_texts": texts if PARAMETER_TYPES["text"] in types else None}


def parameter(name, value):
    """The type, the bits and the text of one value."""
    if value is None:
        return "null", 0, ""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"params: :{name} is {shown(value)}: expected a text that can be written in UTF-8") from None
        return "text", 0, value
    try:
        integer = operator.index(value)
    except TypeError:
        try:
            real = number(name, value)
        except TypeError:
            several = "; a list has a name for each value, as in IN (:a, :b)" if is_several(value) else ""
            raise TypeError(f"params: :{name} is {shown(value)}, of {type(value).__name__}: expected None, a bool, an "
                            f"int, a float or a str{several}") from None
        if math.isnan(real):
            raise ValueError(f"params: :{name} is NaN: expected a number, or None for NULL") from None
        return "real", struct.unpack("<Q", struct.pack("<d", real))[0], ""
    if not -2**63 <= integer < 2**63:
        raise ValueError(f"params: :{name} is {integer}: an integer has 64 bits; give a float")
    return "integer", integer % 2**64, ""


def is_several(value):
    return isinstance(value, collections.abc.Iterable) and not isinstance(value, BYTES_LIKE)


def boost_lists(boosts):
    """Triples (where, "multiply" or "add", value)."""
    refuse_no_list("boosts", boosts, '[("season = \'winter\'", "multiply", 1.5)]')
    filters, effects, values = [], [], array.array("d")
    for entry in boosts:
        if not isinstance(entry, (tuple, list)) or len(entry) != 3:
            raise TypeError(f"boosts: {shown(entry)} is no boost: expected (where, 'multiply' or 'add', value)")
        where, effect, value = entry
        if effect not in BOOST_EFFECTS:
            raise ValueError(f"boosts: {effect!r} is no effect: expected 'multiply' or 'add'")
        filters.append(expression("boosts: the filter", where))
        effects.append(BOOST_EFFECTS[effect])
        values.append(number("boosts: the value", value))
    return {"boost_filters": filters, "boost_effects": effects, "boost_values": values}


def rank_lists(caps, diversity, pool, offset):
    """The lists of caps, diversity and the offset."""
    lists = {}
    if caps:
        if not isinstance(caps, collections.abc.Mapping):
            raise TypeError(f"caps {shown(caps)}: expected a dict such as {{'brand': 2}}")
        for column, count in caps.items():
            if not isinstance(column, str):
                raise TypeError(f"caps: {column!r} is no column's name: expected a str")
            if not 0 <= whole(f"caps: the cap of {column!r}", count) < 2**32:
                raise ValueError(f"caps: {count} of {column!r}: 1 to {2**32 - 1}")
        lists.update(cap_columns=list(caps), cap_counts=[whole("caps", count) for count in caps.values()])
    if not 0 <= whole("offset", offset) < 2**32:
        raise ValueError(f"offset {offset}: at least 0; offset + k is at most {LIMITS['k_max']}")
    if offset:
        lists["offset"] = [whole("offset", offset)]
    if diversity is not None:
        lists["diversity"] = [number("diversity", diversity)]
    if pool is not None:
        if diversity is None:
            raise ValueError(f"pool {pool} without diversity: give diversity=0.3, say, or no pool")
        if not 0 < whole("pool", pool) < 2**32:
            raise ValueError(f"pool {pool}: offset + k to {LATER_LIMITS['pool_max']}")
        lists["pool"] = [whole("pool", pool)]
    return lists


def unknown_policy(unknown, policies=tuple(UNKNOWN_POLICIES)):
    if unknown not in policies:
        raise ValueError(f"unknown {unknown!r}: {' or '.join(map(repr, policies))}")
    return UNKNOWN_POLICIES[unknown]
