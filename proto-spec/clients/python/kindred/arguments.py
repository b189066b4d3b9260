"""Checks a caller's arguments and converts them to fields and lists of the codec.

A wrong type is a TypeError, a wrong value a ValueError; the message names the value and shows a right one.
"""

import array
import collections.abc
import decimal
import io
import math
import struct

from . import arrays
from .codec.encoding import whole
from .codec.protocol import COUNT, MIN_SCORE, QUERY_KINDS, SHARE, SIDES, SIMILARITIES
from .limits import FLOAT32_MAX, TIMEOUT_SECONDS_MAX

DEFAULT_PORT = 7411
PLURALS = {"user": "users", "item": "items", "vector": "vectors", "basket": "baskets", "blend": "blends",
           "clicks": "clicks"}
SINGULARS = {plural: name for name, plural in PLURALS.items()}
BLEND_PARTS = ("user", "item", "vector")
BYTES_LIKE = (bytes, bytearray, memoryview)


def parsed_address(address):
    if not isinstance(address, str):
        raise TypeError(f"address {address!r}: expected a str such as '127.0.0.1:7411'")
    host, separator, port = address.rpartition(":")
    if not separator or address.endswith("]"):
        host, port = address, str(DEFAULT_PORT)
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    # A number alone is a port without a host, and an IPv6 address without brackets has no end before the port.
    is_host = host and not (":" in host and not bracketed) and (separator or not host.isdigit())
    if not is_host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        raise ValueError(f"address {address!r}: expected host or host:port, an IPv6 host in brackets")
    return host, int(port)


def seconds(timeout):
    """A timeout as a float of seconds, 0 to TIMEOUT_SECONDS_MAX."""
    value = number("timeout", timeout)
    if not 0 <= value <= TIMEOUT_SECONDS_MAX:
        raise ValueError(f"timeout {timeout!r}: 0 to {TIMEOUT_SECONDS_MAX} seconds")
    return value


def number(name, value):
    """A float from any numeric type."""
    if isinstance(value, (bool, str, *BYTES_LIKE)):
        raise TypeError(f"{name} {value!r}: expected a number")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} {value!r}: expected a number") from None


def least_score(value):
    """A minimum score as a float; one that is finite fits a float32."""
    score = number("min_score", value)
    if math.isfinite(score) and abs(score) > FLOAT32_MAX:
        raise ValueError(f"min_score {value!r}: scores are float32, from {-FLOAT32_MAX:.8g} to {FLOAT32_MAX:.8g}")
    return score


def flag(name, value):
    """A bool, numpy's included. Any text would be true."""
    numpy = arrays.numpy
    if isinstance(value, bool) or (numpy is not None and isinstance(value, numpy.bool_)):
        return bool(value)
    raise TypeError(f"{name} {shown(value)}: expected True or False")


def row_count(name, value, most):
    """An int that fits its field of 32 bits. The server checks its own limit, which is at most `most`."""
    count = whole(name, value)
    if not 0 <= count < 2**32:
        raise ValueError(f"{name} {count}: 1 to {most}")
    return count


def model_name(model):
    if model is not None and not isinstance(model, str):
        raise TypeError(f"model {model!r}: expected a str such as 'online-retail'")
    return model


def one_of(**choices):
    """The one (name, value) whose value is not None."""
    given = [(name, value) for name, value in choices.items() if value is not None]
    if len(given) != 1:
        raise TypeError(f"give exactly one of {', '.join(choices)}")
    return given[0]


def shown(value):
    """A value in an error message."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


COLUMNS_EXAMPLE = '["description"]'
IDS_EXAMPLE = '["22423", "85123A"]'


def refuse_no_list(name, values, example=IDS_EXAMPLE):
    """Raises TypeError for an argument that is no list of values: a text, bytes, a dict, a file, a number.

    Python could iterate most of these, and the query would be a wrong one.
    """
    numpy = arrays.numpy
    if example in (IDS_EXAMPLE, COLUMNS_EXAMPLE) and isinstance(values, (str, int)) and not isinstance(values, bool):
        example = f"[{shown(values)}]"
    if isinstance(values, io.IOBase):
        reason, right = "is a file, whose lines end with line breaks", f"{name}=(line.strip() for line in file)"
    elif isinstance(values, collections.abc.Mapping):
        reason, right = "is a dict", f"a list, such as {name}={example}"
    elif isinstance(values, (str, *BYTES_LIKE)) or not isinstance(values, collections.abc.Iterable):
        reason, right = "is no list", f"a list, such as {name}={example}"
    elif numpy is not None and isinstance(values, numpy.ndarray) and values.ndim == 0:
        reason, right = "is an array of no dimension", f"one dimension, such as {name}=numpy.array({example})"
    else:
        return
    raise TypeError(f"{name}={shown(values)} {reason}: expected {right}")


def listed(name, values):
    """The values of an argument that takes a list. Iterates it once."""
    refuse_no_list(name, values)
    is_array = arrays.numpy is not None and isinstance(values, arrays.numpy.ndarray)
    return values.tolist() if is_array else list(values)


def column_names(columns, reserved):
    """Names of columns. A row has the keys `reserved` for itself."""
    refuse_no_list("columns", columns, COLUMNS_EXAMPLE)
    columns = list(columns)
    for name in columns:
        if not isinstance(name, str):
            raise TypeError(f"columns: {name!r} is no column's name: expected str, such as columns=['description']")
        if name in reserved:
            other = "" if name == "id" else "; a column of the catalog needs another name, packed again"
            raise ValueError(f"columns: {name!r} is a key that every row of this call has for itself: leave it out{other}")
    return list(map(str, columns))


def one_query(kind, query):
    """A single query as an element of a batch."""
    if kind in ("basket", "clicks"):
        return basket_pairs(kind, query)
    if kind == "blend":
        return blend_parts("blend", query)
    if kind == "vector":
        return vector_elements("vector", query)
    return query


def query_list(kind, queries):
    """The queries of a batch: ids, lists of pairs (member, weight), or rows of numbers."""
    name, numpy = PLURALS[kind], arrays.numpy
    if kind == "basket":
        refuse_no_list(name, queries, '[["22423", "85123A"], {"22423": 2.0}]')
        return [basket_pairs(f"{name}[{index}]", basket) for index, basket in enumerate(queries)]
    if kind == "clicks":
        refuse_no_list(name, queries, '[["22423", "85123A"], {"22423": 2.0}]')
        return [basket_pairs(f"{name}[{index}]", clicks) for index, clicks in enumerate(queries)]
    if kind == "blend":
        refuse_no_list(name, queries, '[[("user", "17850", 1.0), ("item", "22423", 0.5)]]')
        return [blend_parts(f"{name}[{index}]", blend) for index, blend in enumerate(queries)]
    if kind == "vector":
        refuse_no_list(name, queries, "[[0.5, -1.0], [0.25, 2.0]]")
        if numpy is not None and isinstance(queries, numpy.ndarray):
            if queries.ndim != 2:
                raise ValueError(f"vectors of shape {queries.shape}: expected [queries, dimension]")
            if queries.dtype.kind not in "fiub":
                raise TypeError(f"vectors of {queries.dtype}: expected numbers")
            return queries
        return [vector_elements(f"{name}[{index}]", vector) for index, vector in enumerate(queries)]
    return listed(name, queries)


def basket_pairs(name, basket):
    """The (member, weight) pairs of a basket."""
    if isinstance(basket, collections.abc.Mapping):
        return list(basket.items())
    refuse_no_list(name, basket)
    pairs = []
    for entry in basket:
        if not isinstance(entry, (tuple, list)):
            pairs.append((entry, 1.0))
        elif len(entry) == 2:
            pairs.append(tuple(entry))
        else:
            raise TypeError(f"{name}: {shown(entry)} is no member: expected an id or a pair (id, weight)")
    return pairs


def blend_parts(name, blend):
    """The members of a blend by their kind: lists of pairs (id or vector, weight)."""
    refuse_no_list(name, blend, '[("user", "17850", 1.0), ("item", "22423", 0.5)]')
    parts = {kind: [] for kind in BLEND_PARTS}
    for entry in blend:
        if not isinstance(entry, (tuple, list)) or len(entry) != 3:
            raise TypeError(f"{name}: {shown(entry)} is no member: expected ('user', id, weight), ('item', id, weight) "
                            "or ('vector', numbers, weight)")
        kind, member, weight = entry
        if kind not in BLEND_PARTS:
            raise ValueError(f"{name}: {kind!r} is no kind of member: expected 'user', 'item' or 'vector'")
        if kind == "vector":
            member = vector_elements(f"{name}: the vector", member)
        parts[kind].append((member, number(f"{name}: the weight of {shown(member)}", weight)))
    return parts


def vector_elements(name, vector):
    """The numbers of a vector as an array of float32."""
    numpy = arrays.numpy
    refuse_no_list(name, vector, "[0.5, -1.0, 2.0]")
    if isinstance(vector, collections.abc.Set):
        raise TypeError(f"{name}={shown(vector)} has no order: expected a list of numbers")
    if numpy is not None and isinstance(vector, numpy.ndarray):
        if vector.ndim != 1 or vector.dtype.kind not in "fiub":
            raise TypeError(f"{name}: {vector.dtype} of shape {vector.shape}: expected numbers of shape [dimension]")
        elements = array.array("f", numpy.ascontiguousarray(vector, numpy.float32).tobytes())
    else:
        try:
            elements = array.array("f", vector)
        except TypeError as error:
            raise TypeError(f"{name}={shown(vector)}: expected numbers; {error}") from None
    if not len(elements):
        raise ValueError("a vector of no elements: expected as many as the model has dimensions")
    return elements


def again(kind, query):
    """A query of `one_query` as an argument of `recommend`."""
    if kind != "blend":
        return query
    return [(part, member, weight) for part, pairs in query.items() for member, weight in pairs]


def kept(value):
    """An argument that can be read again: an iterator as a list, any other as it is."""
    is_iterator = isinstance(value, collections.abc.Iterator) and not isinstance(value, io.IOBase)
    return list(value) if is_iterator else value


def query_fields(kind, count, over, similarity, version):
    """The fixed fields that RECOMMEND and SCORE share (8.10)."""
    if over not in SIDES:
        raise ValueError(f"over {over!r}: 'items' or 'users'")
    if similarity not in SIMILARITIES:
        raise ValueError(f"similarity {similarity!r}: 'dot', 'cosine' or None")
    kind = "fold_in" if kind == "clicks" else kind
    return {"query_kind": QUERY_KINDS[kind], "target": SIDES[over], "similarity": SIMILARITIES[similarity],
            "query_count": count, "version": version}


def query_lists(kind, queries):
    """The lists that hold queries of one kind (7.3); `queries` as `query_list` returns them."""
    if kind in ("user", "item"):
        return {"query_ids": queries}
    if kind == "vector":
        if arrays.numpy is not None and isinstance(queries, arrays.numpy.ndarray):
            return {"vectors": queries}
        lengths = {len(query) for query in queries}
        if len(lengths) > 1:
            raise ValueError(f"vectors of different dimensions: {sorted(lengths)}")
        elements = array.array("f")
        for query in queries:
            elements.extend(query)
        return {"vectors": elements}
    if kind == "blend":
        return blend_lists(queries)
    members, weights, offsets = joined(queries)
    return {"members": (members, offsets), "weights": weights}


def joined(lists):
    """The members of all lists of pairs, their weights (None where all are 1), and the lists' offsets."""
    members, weights, offsets = [], [], [0]
    for pairs in lists:
        members += [member for member, _ in pairs]
        weights += [number(f"the weight of {member!r}", weight) for member, weight in pairs]
        offsets.append(len(members))
    return members, None if all(w == 1 for w in weights) else weights, offsets


def blend_lists(blends):
    """The lists of blends; those of a kind that no blend has are absent."""
    lists = {}
    items, weights, offsets = joined([parts["item"] for parts in blends])
    if items:
        lists.update(members=(items, offsets), weights=weights)
    users, weights, offsets = joined([parts["user"] for parts in blends])
    if users:
        lists.update(blend_users=(users, offsets), blend_user_weights=weights)
    vectors, weights, offsets = joined([parts["vector"] for parts in blends])
    if vectors or not lists:
        lengths = {len(vector) for vector in vectors}
        if len(lengths) > 1:
            raise ValueError(f"vectors of different dimensions: {sorted(lengths)}")
        elements = array.array("f")
        for vector in vectors:
            elements.extend(vector)
        lists.update(blend_vectors=elements, blend_vector_offsets=offsets, blend_vector_weights=weights)
    return lists


def members_of(kind, queries, over):
    """For each query the ids that its answer leaves out (7.6); None if no query has any."""
    if kind in ("basket", "clicks") and over == "items":
        return [[member for member, _ in pairs] for pairs in queries]
    if kind == "blend":
        return [[member for member, _ in parts["item" if over == "items" else "user"]] for parts in queries]
    return [[query] for query in queries] if PLURALS[kind] == over else None


def audience_size(size):
    """The fixed fields for the size of an audience (9.3)."""
    if isinstance(size, bool):
        raise TypeError(f"size {size!r}: a count, a share, '1%' or '>=0.5'")
    if isinstance(size, str):
        text = size.strip()
        try:
            if text.startswith(">="):
                score = float(text[2:])
                struct.pack("<f", score)
                return {"size_kind": MIN_SCORE, "min_score": score}
            value = decimal.Decimal(text[:-1]) / 100 if text.endswith("%") else int(text)
        except (ValueError, OverflowError, decimal.InvalidOperation):
            raise ValueError(f"size {size!r}: a count, '1%' or '>=0.5'") from None
        if isinstance(value, decimal.Decimal):
            return share(value, size)
    elif isinstance(size, float):
        return share(decimal.Decimal(repr(float(size))), size)
    else:
        value = whole("size", size)
    # The server refuses 0, as it refuses a k of 0.
    if value < 0:
        raise ValueError(f"size {size!r}: a count is at least 1")
    if value >= 2**64:
        raise ValueError(f"size {size!r}: a count is below 2^64")
    return {"size_kind": COUNT, "size_value": value}


def share(value, given):
    """The fields for a share, a Decimal; sent in millionths. `given` is for the message."""
    if value.is_nan():
        raise ValueError(f"size {given!r}: a count, '1%' or '>=0.5'")
    parts = value * 1_000_000
    if parts > 1_000_000:
        raise ValueError(f"size {given!r}: a share is at most {'100%' if isinstance(given, str) else '1.0, the whole'}")
    if parts < 1:
        least = "0.0001%" if isinstance(given, str) else "0.000001"
        raise ValueError(f"size {given!r}: a share is at least {least}, one in a million")
    return {"size_kind": SHARE, "size_value": int(parts.to_integral_value())}
