"""LOOKALIKE: sends seeds, reads an audience chunk by chunk, and grants the server window."""

import itertools
import os
import time
import zlib

from .answers import Summary
from .codec.consistency import check_rows, require
from .codec.decoding import Body
from .codec.messages import REQUESTS
from .codec.protocol import DATA, END, EXACT
from .errors import Error, ProtocolError, bad_reply, lost
from .limits import REMEMBERED_MAX, ROW_BYTES_MAX, TEXT_ID_BYTES_MAX, WAITING_BYTES_MAX
from .questions import IdSet


class AudienceStream:
    """An audience in chunks, lists of (id, score), best first. `summary` is set once it is exhausted, else None.

    It occupies the connection until it is exhausted or closed. The server sends at most the window ahead of the
    reader. A context manager; `close()` cancels the rest. Raises DEADLINE_EXCEEDED where `timeout` passes before
    64 KiB more (or the window, or the end) have arrived; time that the reader spends between two chunks does not
    count. In a forked child it raises WRONG_PROCESS.
    """

    def __init__(self, shared, connection, request_id, timeout, left, window, question):
        self.shared, self.connection, self.request_id = shared, connection, request_id
        self.timeout, self.window, self.question = timeout, window, question
        self.pace = min(connection.limits["stream_progress_bytes_min"] or 1, window)
        self.granted, self.granted_at = window, time.monotonic()  # body bytes of DATA that the server may send in all
        self.grant_seconds = connection.limits["stream_progress_ms"] / 1000 / 10
        self.left, self.progress = left, 0  # seconds left for the next `pace` bytes
        self.received = self.checksum = 0
        self.summary = None
        self.open = True

    def __iter__(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __reduce__(self):
        raise TypeError("an AudienceStream reads from this process's connection: pass on the rows instead")

    def __next__(self):
        if not self.open:
            raise StopIteration
        try:
            deadline = time.monotonic() + self.left
            header, data = self.connection.frame(self.request_id, deadline)
            early = self.question.early and (header.type == DATA or not header.arg & 0xFFFF)
            if early:
                raise bad_reply("before the last seed was sent", "a refusal or nothing")
            if header.type == DATA:
                return self.chunk(data, deadline)
            self.summary = self.summarised(self.connection.decode_reply("LOOKALIKE", header, data), header)
        except BaseException as error:
            self.finish(failure=error)
            raise
        self.finish()
        raise StopIteration

    def chunk(self, data, deadline):
        body = Body(REQUESTS["DATA"], data)
        check_rows(body)
        require(body, scores=None)
        ids, scores = body.lists["ids"], body.lists["scores"]
        if self.received + len(data) > self.granted:
            raise ProtocolError("FLOW_CONTROL", f"{len(data)} bytes of rows: at most {self.granted - self.received}, "
                                "what is left of the window")
        self.question.check_chunk(body.fixed["first_index"], ids, scores)
        self.checksum = zlib.crc32(body.payload(66) if body.payload(64) is None else body.payload(64), self.checksum)
        self.received += len(data)
        self.grant(deadline)
        self.progress += len(data)
        self.left = deadline - time.monotonic()
        if self.progress >= self.pace:
            self.left, self.progress = self.timeout, 0
        return list(zip(ids, scores))

    def grant(self, deadline):
        """Sends WINDOW when half the window was read, when the longest row might not fit, or when the last one is long
        ago: a server that may send nothing takes the reader for stalled (9.6).

        Sends none once the server has closed its side: it would reset the connection and lose bytes on their way.
        Ignores an error of sending: the rest may have arrived already, and the next read tells.
        """
        limit, now = self.received + self.window, time.monotonic()
        if (self.granted - self.received >= ROW_BYTES_MAX and limit - self.granted < self.window // 2
                and now < self.granted_at + self.grant_seconds):
            return
        # Twice the rest of the window, for the frame headers.
        if not self.connection.pull(2 * (self.granted - self.received) + WAITING_BYTES_MAX):
            return
        self.granted, self.granted_at = limit, now
        try:
            self.connection.send("WINDOW", {"limit_bytes": limit}, flags=0, request_id=self.request_id,
                                 deadline=deadline)
        except Error as error:
            if error.name != "CONNECTION_LOST":
                raise

    def summarised(self, body, header):
        if not header.flags & END:
            raise ProtocolError("UNEXPECTED_FRAME", "a summary without END")
        self.question.check_summary(body, self.checksum)
        fixed = body.fixed
        return Summary(
            body.lists["model"], fixed["version"], bool(fixed["flags"] & EXACT), fixed["rows"],
            fixed["seeds_received"], fixed["seeds_matched"], fixed["seeds_duplicate"], fixed["seeds_unmatched"],
            body.lists.get("unmatched_examples", []), fixed["rows_eligible"], fixed["rows_scanned"],
            fixed["checksum"], fixed["queue_us"], fixed["compute_us"])

    def finish(self, failure=None):
        if self.open:
            self.open = False
            self.shared.release(self.connection, failure)

    def close(self):
        """Cancels the rest without waiting. Never raises."""
        if self.open:
            if self.connection.pid == os.getpid():
                self.connection.cancel(self.request_id)
            self.finish()

    def __del__(self):
        if getattr(self, "open", False):
            self.finish(lost("the stream was dropped before its end"))


def upload(connection, fixed, question, seeds, timeout, left):
    """Sends a LOOKALIKE and its seeds in one or more frames. Returns the request id and the seconds left to wait.

    Each frame may take `left` seconds, then `timeout` + 1. Time that the iterator of seeds takes does not count.
    """
    arg = connection.timeout_ms(timeout)
    step = max(1, connection.limits["data_body_bytes_max"] // (TEXT_ID_BYTES_MAX + 8))  # so that the longest ids fit
    request_id, remembered, ended = None, [], False
    question.seeds = IdSet(remembered)
    while not ended:
        part = list(itertools.islice(seeds, step))
        ended = len(part) < step
        deadline = time.monotonic() + left
        flags = END if ended else 0
        if request_id is None:
            request_id = connection.send("LOOKALIKE", fixed, {"model": question.model, "seeds": part}, flags=flags,
                                         arg=arg, deadline=deadline)
        else:
            try:
                connection.send("DATA", {"first_index": question.sent}, {"ids": part}, flags=flags,
                                request_id=request_id, deadline=deadline)
            except Error as error:
                if error.name != "CONNECTION_LOST":
                    raise
                question.early = True
                break  # the server may have sent the reason before it closed: read it next
        question.sent += len(part)
        remembered += part[:REMEMBERED_MAX - len(remembered)]
        if not ended and connection.answered_early(request_id):
            question.early = True
            break  # no answer is due before the last seed, so this is a refusal: read it next
        left = deadline - time.monotonic() if ended else timeout + 1
    return request_id, left
