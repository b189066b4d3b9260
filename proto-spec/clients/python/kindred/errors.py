"""The errors that a caller sees."""

from .limits import MESSAGE_CHARACTERS_MAX
from .statuses import CODES, NOT_PROCESSED, RETRYABLE


class Error(Exception):
    """Why a request, or one query of a batch, failed.

    name           the status, e.g. "UNKNOWN_ID"; or a name of the client's own: "CONNECTION_LOST", "CONNECTION_BUSY",
                   "WRONG_PROCESS" (an audience or a call that began before a fork), "BAD_REPLY" (ProtocolError)
    code           the status code; 0 for the client's own names
    detail         the exact cause, e.g. "K_IS_ZERO"; "NONE" where the name suffices
    retryable      whether the same request may succeed later
    not_processed  whether the server certainly did nothing, so that a change may be repeated safely
    message        a sentence with the offending value and the expected one
    value, limit   the offending number and the permitted one; 0 where they are no numbers
    reference      number of the entry in the server's log; 0 = none
    retry_after    seconds to wait before a retry
    """

    def __init__(self, name, message, *, code=None, detail="NONE", flags=0, value=0, limit=0, reference=0,
                 retry_after=0.0):
        message = plain(message)
        super().__init__(f"{name}: {message}" if message else name)
        self.name = name
        self.code = CODES.get(name, 0) if code is None else code
        self.detail = detail
        self.retryable = bool(flags & RETRYABLE)
        self.not_processed = bool(flags & NOT_PROCESSED)
        self.message = message
        self.value = value
        self.limit = limit
        self.reference = reference
        self.retry_after = retry_after

    def __reduce__(self):
        """Pickles every attribute, so that an error reaches another process complete."""
        return rebuilt_error, (type(self), self.args, self.__dict__)


class ProtocolError(Error):
    """Bytes that violate the protocol, or a reply that does not fit its request; the connection is closed."""


def rebuilt_error(kind, args, attributes):
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error


def plain(message):
    """A message on one line, cut to a length that fits a log, without control characters."""
    cut = message[:MESSAGE_CHARACTERS_MAX]
    return cut if cut.isprintable() else "".join(part if part.isprintable() else "\ufffd" for part in cut)


def of_part(error, start, part, queries):
    """An Error of one request of several, whose message counts the queries of that request alone."""
    if error.name in ("INVALID_ARGUMENT", "LIMIT_EXCEEDED"):
        error.message = plain(f"queries {start + 1} to {start + len(part)} of {len(queries)}: {error.message}")
        error.args = (f"{error.name}: {error.message}",)
    return error


def of_page(error):
    """An Error of a further page, whose message says what becomes of a list whose version is gone."""
    if error.name == "VERSION_GONE":
        error.message = plain("the version of the first page is no longer loaded: begin again with the first page "
                              f"({error.message.split(': begin')[0]})")
        error.args = (f"{error.name}: {error.message}",)
    return error


def malformed(message):
    return ProtocolError("MALFORMED_BODY", message)


def bad_reply(what, expected):
    """The error for a well-formed reply that does not fit its request."""
    return ProtocolError("BAD_REPLY", f"the server answered {what}: expected {expected}")


def invalid(detail, message, value=0, limit=0):
    return Error("INVALID_ARGUMENT", message, detail=detail, value=value, limit=limit)


def lost(message, flags=RETRYABLE, retry_after=0.0):
    return Error("CONNECTION_LOST", message, flags=flags, retry_after=retry_after)


def timed_out(message):
    return Error("DEADLINE_EXCEEDED", message, flags=RETRYABLE)
