"""A client for Kindred: recommendations and look-alike audiences over its binary protocol.

    import kindred
    with kindred.connect("127.0.0.1:7411") as k:
        for item, score in k.recommend(user="17850", k=10):
            print(item, score)
        audience = k.lookalike(seeds=["17850", "13047"], size=0.01)

Python 3.9 or newer, standard library only; numpy is used where it is installed. SPEC.md in proto-spec describes the
protocol; numbers such as (9.5) in comments are its sections.
"""

from . import codec  # noqa: F401  for tools and tests that write or read single frames
from .answers import Audience, FilterCount, Models, Results, Summary
from .audience import AudienceStream
from .client import Client, connect
from .errors import Error, ProtocolError

__all__ = ["connect", "Client", "Error", "ProtocolError", "Results", "Audience", "AudienceStream", "Summary",
           "FilterCount", "Models"]

# Tracebacks and pickles name these kindred.Error and so on, so that modules may move.
for _public in (connect, Client, Error, ProtocolError, Results, Audience, AudienceStream, Summary, FilterCount, Models):
    _public.__module__ = __name__
