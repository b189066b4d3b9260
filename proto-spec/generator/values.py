"""JSON values of the golden vectors' cases."""

from .encoder import json_integer

NUMBER_ID_MAX = 2**63 - 1
REQUEST_ID_MAX = 2**53 - 1
U32_MAX = 2**32 - 1
U64_MAX = 2**64 - 1


def numbers(*values):
    return {"kind": "number", "values": [json_integer(value) for value in values]}


def texts(*values):
    return {"kind": "text", "values": list(values)}


def ragged(ids, offsets=None):
    return {**ids, "offsets": offsets}


def column(etype, values, valid=None):
    return {"type": etype, "values": values, "valid": valid or [True] * len(values)}


def model_status(active, previous=0, pinned=0):
    return {"flags": 0, "active": active, "previous": previous, "pinned": pinned}


def least_request(message):
    """The fixed part and sections of the smallest valid request of a message."""
    query = {"query_kind": 1, "target": 1, "query_count": 1}
    ids = {"query_ids": numbers(1)}
    return {
        "RECOMMEND": ({**query, "k": 1}, ids),
        "SCORE": (query, {**ids, "candidates": ragged(numbers(1))}),
        "GET_VECTORS": ({"side": 1}, {"ids": numbers(1)}),
        "FILTER": ({"side": 1}, {"filter": "price < 5"}),
        "LOOKALIKE": ({"scorer": 1, "size_kind": 1, "size_value": 1}, {"seeds": numbers(1)}),
        "DATA": ({}, {"ids": numbers(1)}),
    }.get(message, ({}, {}))
