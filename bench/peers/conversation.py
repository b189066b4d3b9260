"""A peer's side of standard input and output.

Says `ready NAME`, then answers each line with one line, until the input ends:

    measure BATCH THREADS K SECONDS   ->  the seconds of one batch of that many queries
    ids COUNT K PATH                  ->  done, once the ids of the first COUNT answers are in PATH as int64
    set NAME VALUE                    ->  done; a parameter of the searches that follow
    facts                             ->  one JSON object: buildSeconds, buildThreads, residentByteCount
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from bench.peers import json_text
from bench.peers.indexes.peer import Peer
from bench.support.failure import BenchFailure

WANTED = "measure BATCH THREADS K SECONDS, ids COUNT K PATH, set NAME VALUE or facts"


def answer(peer: Peer, line: str) -> str:
    """The reply to a line."""
    match line.split(maxsplit=3):
        case ["measure", size, threads, rest] if len(rest.split()) == 2:
            k, seconds = rest.split()
            try:
                numbers = int(size), int(threads), int(k), float(seconds)
            except ValueError as error:
                return f"failed: {error} in {line!r}, wanted {WANTED}"
            if min(numbers) <= 0:
                return f"failed: {min(numbers)} in {line!r}, wanted numbers above 0"
            return repr(peer.measure(*numbers))
        case ["ids", count, k, path] if count.isdecimal() and k.isdecimal():
            if not 0 < int(count) <= len(peer.queries):
                return f"failed: {count} queries, wanted 1 to {len(peer.queries)}"
            peer.ids(int(count), int(k)).tofile(path)
            return "done"
        case ["set", name, value]:
            peer.set(name, value)
            return "done"
        case ["facts"]:
            return json.dumps(json_text.plain(peer.facts))
    return f"failed: unknown request {line!r}, wanted {WANTED}"


def converse(make: Callable[[], Peer]) -> int:
    """Builds a peer and answers until the input ends; 1 where it could not be built."""
    try:
        peer = make()
    except (BenchFailure, OSError, RuntimeError, ValueError) as error:
        print(f"failed: {one_line(error)}", flush=True)
        return 1
    print(f"ready {peer.name}", flush=True)
    for line in sys.stdin:
        try:
            reply = answer(peer, line.strip())
        except (BenchFailure, OSError, RuntimeError, ValueError) as error:
            reply = f"failed: {one_line(error)}"
        print(reply, flush=True)
    return 0


def one_line(error: Exception) -> str:
    """The text of an error on one line."""
    return " ".join(str(error).split()) or type(error).__name__
