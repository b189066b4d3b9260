"""Requests and answers of faiss behind gRPC: the fewest bytes with the same content as Kindred's."""

from __future__ import annotations

import struct

import numpy

SERVICE = "bench.Recommend"
METHOD = "ByUser"
REQUEST = struct.Struct("<QI")


def request(user: int, k: int) -> bytes:
    """A request: a user's id, and K."""
    return REQUEST.pack(user, k)


def answer(ids: numpy.ndarray, scores: numpy.ndarray) -> bytes:
    """Ids as int64, then scores as float32."""
    return ids.astype("<i8").tobytes() + scores.astype("<f4").tobytes()


def ids_of(reply: bytes) -> numpy.ndarray:
    """The ids of an answer."""
    return numpy.frombuffer(reply, dtype="<i8", count=len(reply) // 12)
