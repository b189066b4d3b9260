"""One connection to a server: bytes, frames, replies, and what GOAWAY announces."""

import os
import socket
import time

from . import forks
from .codec.consistency import check_reply
from .codec.decoding import Body, decode_error
from .codec.encoding import encode_body
from .codec.frames import decode_header, encode_frame
from .codec.messages import REPLIES, REQUESTS, TYPES
from .codec.protocol import DATA, END, GOAWAY, HEADER, MAGIC, MAJOR, MINOR, REFUSALS, REPLY
from .errors import Error, ProtocolError, bad_reply, lost, timed_out
from .limits import (BODY_BYTES_BEFORE_HELLO_MAX, CANCEL_SECONDS, GOAWAYS_MAX, LATER_LIMITS, LIMITS, NEEDED_LIMITS,
                     WAITING_BYTES_MAX)
from .sockets import open_socket, remaining
from .statuses import NOT_PROCESSED, RETRYABLE, RETRYABLE_ENDS, status_name


class Connection:
    """A socket after preface and HELLO. Every wait ends at a deadline, a time of `time.monotonic`.

    It belongs to the process that opened it. A forked child closes its copy of the descriptor, which sends nothing;
    any use in the child raises WRONG_PROCESS.
    """

    def __init__(self, address, name, deadline):
        self.pid = os.getpid()
        self.body_bytes_max = BODY_BYTES_BEFORE_HELLO_MAX
        self.buffer = bytearray()  # bytes received and not yet decoded
        self.last_id = 0
        self.pending = False  # whether a request still lacks its END reply
        self.cancelled = None  # the id of a cancelled request whose END has not arrived
        self.goodbyes, self.going_away, self.reconnect_after = 0, None, 0.0
        self.accepted_id = 2**64  # the server has not begun requests above it, by GOAWAY
        self.goodbye_flags, self.goodbye_name = RETRYABLE, "CONNECTION_LOST"
        self.socket = open_socket(address, deadline)
        forks.living.add(self)
        try:
            self.handshake(name, deadline)
        except BaseException:
            self.close()
            raise

    def close(self):
        """Ends the connection at once. Wakes a thread that waits on it."""
        if self.pid == os.getpid():
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the connection has ended already
        self.socket.close()

    def after_fork(self):
        """In a child: closes its copy of the descriptor and nothing else."""
        self.socket.close()
        self.buffer = bytearray()

    def check_process(self):
        if os.getpid() != self.pid:
            raise Error("WRONG_PROCESS", f"this call or audience began in process {self.pid} and its answer goes "
                        f"there: ask again in this process, {os.getpid()}")

    def handshake(self, name, deadline):
        self.send_bytes(MAGIC + bytes([MAJOR, MAJOR]) + bytes(6), deadline)
        hello = self.send("HELLO", {"minor": MINOR}, {"client_name": name}, deadline=deadline)
        answer = self.receive_bytes(16, deadline)
        if answer[:8] != MAGIC:
            raise ProtocolError("BAD_MAGIC", f"the server sent {answer!r}: it does not speak Kindred's protocol")
        if not answer[8]:
            reason, wait_ms = REFUSALS.get(answer[11], answer[11]), int.from_bytes(answer[12:], "little")
            raise Error("CONNECTION_LOST", f"the server refused the connection: {reason}", retry_after=wait_ms / 1000,
                        flags=0 if answer[11] == 1 else RETRYABLE)
        if answer[8] != MAJOR:
            raise bad_reply(f"with protocol version {answer[8]}", MAJOR)
        reply = self.reply("HELLO", hello, deadline)
        if reply.fixed["minor"] > MINOR or reply.fixed["features_granted"]:
            raise bad_reply(f"HELLO with minor version {reply.fixed['minor']} and features "
                            f"{reply.fixed['features_granted']:#x}", f"at most version {MINOR} and no features")
        announced = {**LATER_LIMITS, **reply.fixed}
        self.limits = {name: min(announced[name], most) for name, most in LIMITS.items()}
        self.limits.update({name: announced[name] for name in LATER_LIMITS if name not in LIMITS})
        for name in NEEDED_LIMITS:
            if not self.limits[name]:
                raise bad_reply(f"HELLO with {name} 0", f"1 to {LIMITS[name]}")
        self.body_bytes_max = self.limits["body_bytes_max"]

    def timeout_ms(self, timeout):
        """The field `arg` of a request: its timeout in milliseconds, within the server's limit."""
        return max(1, min(int(timeout * 1000), self.limits["timeout_ms_max"]))

    # -- bytes

    def send_bytes(self, data, deadline):
        self.check_process()
        left = memoryview(data)
        try:
            while left:
                self.socket.settimeout(remaining(deadline, "the server did not take the request in time"))
                left = left[self.socket.send(left):]
        except socket.timeout:
            raise timed_out("the server did not take the request in time") from None
        except OSError as error:
            raise self.broken(f"the connection broke while sending: {error}") from None

    def broken(self, how):
        """The error of a connection that has ended. The reason is GOAWAY's if there was one, else `how`."""
        return lost(self.going_away or how, self.goodbye_flags, self.reconnect_after)

    def receive_bytes(self, count, deadline):
        """Exactly `count` bytes. The buffer grows as they arrive, never ahead of them."""
        self.check_process()
        while len(self.buffer) < count:
            try:
                self.socket.settimeout(remaining(deadline, "no answer in time"))
                part = self.socket.recv(min(max(count - len(self.buffer), 1 << 14), 1 << 18))
            except socket.timeout:
                raise timed_out("no answer in time") from None
            except OSError as error:
                raise self.broken(f"the connection broke: {error}") from None
            if not part:
                raise self.broken(f"the server closed the connection after {len(self.buffer)} of {count} bytes")
            self.check_process()
            self.buffer += part
        return self.taken(count)

    def taken(self, count):
        """Removes `count` bytes from the buffer."""
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def pull(self, most=WAITING_BYTES_MAX):
        """Reads without waiting until about `most` bytes are in the buffer. False if the connection has ended."""
        self.check_process()
        try:
            self.socket.settimeout(0)
            while len(self.buffer) < most:
                part = self.socket.recv(1 << 14)
                if not part:
                    return False
                self.buffer += part
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True

    # -- frames

    def send(self, message, fixed=None, lists=None, *, deadline, flags=END, arg=0, request_id=None):
        """Sends a request under a new id, or one more frame of request `request_id`. Returns the id."""
        body = encode_body(REQUESTS[message], fixed, lists)
        if len(body) > self.body_bytes_max:
            raise Error("LIMIT_EXCEEDED", f"a request of {len(body)} bytes: at most {self.body_bytes_max}",
                        flags=NOT_PROCESSED, value=len(body), limit=self.body_bytes_max)
        if request_id is not None:
            self.send_bytes(encode_frame(TYPES[message], request_id, body, flags, arg), deadline)
            return request_id
        self.last_id += 1
        self.pending = True
        try:
            self.send_bytes(encode_frame(TYPES[message], self.last_id, body, flags, arg), deadline)
        except Error as error:
            error.not_processed = True  # the server does nothing with part of a frame
            raise
        return self.last_id

    def frame(self, request_id, deadline):
        """The header and body of the request's next frame. Notes GOAWAY; any other frame is an error."""
        while True:
            header = decode_header(self.receive_bytes(32, deadline), self.body_bytes_max)
            data = self.receive_bytes(header.body_len, deadline)
            if header.type == GOAWAY:
                self.note_goodbye(header, data)
                if request_id > self.accepted_id:
                    raise self.not_begun()
                continue
            if header.request_id != request_id:
                raise ProtocolError("UNEXPECTED_FRAME", f"a frame of request {header.request_id}: expected one of "
                                    f"{request_id}, which was asked")
            if header.type & REPLY and header.flags & END:
                self.pending = False
                self.check_unasked()
            return header, data

    def note_goodbye(self, header, data):
        """Notes a GOAWAY (10.2): no further request is sent on this connection."""
        self.goodbyes += 1
        if self.goodbyes > GOAWAYS_MAX:
            raise ProtocolError("EXCESSIVE_CONTROL", f"GOAWAY for the {self.goodbyes}th time: at most {GOAWAYS_MAX}")
        if header.request_id:
            raise ProtocolError("UNEXPECTED_FRAME", f"GOAWAY with request id {header.request_id}: expected 0")
        goodbye = Body(REQUESTS["GOAWAY"], data)
        status, text = goodbye.fixed["status"], goodbye.lists.get("message", "")
        name = f" {status_name(status)}" if status else ""
        self.going_away = f"the server closes the connection:{name} {text}".rstrip(": ")
        self.goodbye_name = "DRAINING" if status_name(status) == "DRAINING" else "CONNECTION_LOST"
        self.reconnect_after = goodbye.fixed["reconnect_after_ms"] / 1000
        self.accepted_id = min(self.accepted_id, goodbye.fixed["last_request_id"])
        if status >> 8 == 6 and status_name(status) not in RETRYABLE_ENDS:
            self.goodbye_flags = 0  # this client's mistake: a retry would repeat it

    def not_begun(self):
        """The error of a request that the server has not begun, by GOAWAY."""
        return Error(self.goodbye_name, self.going_away, flags=self.goodbye_flags | NOT_PROCESSED,
                     retry_after=self.reconnect_after)

    def check_unasked(self):
        """Handles complete frames in the buffer while no request is open: notes GOAWAY, refuses any other."""
        while len(self.buffer) >= HEADER.size:
            header = decode_header(self.buffer[:HEADER.size], self.body_bytes_max)
            if header.type != GOAWAY:
                raise ProtocolError("UNEXPECTED_FRAME", f"a frame of type {header.type:#04x} for request "
                                    f"{header.request_id}, which has ended: expected nothing")
            if len(self.buffer) < HEADER.size + header.body_len:
                return
            self.note_goodbye(header, self.taken(HEADER.size + header.body_len)[HEADER.size:])

    def settle(self, deadline):
        """Called before a request: reads the rest of a cancelled one, and notes whether the server has closed."""
        if self.cancelled is not None:
            now = time.monotonic()
            deadline = now + min((deadline - now) / 2, CANCEL_SECONDS)
            try:
                while self.frame(self.cancelled, deadline)[0].type == DATA:
                    pass
            except Error as error:
                self.going_away = error.message  # no caller needs these frames: use a new connection
                return
            self.cancelled = None
        stands = self.pull()
        self.check_unasked()
        if not stands:
            self.going_away = self.going_away or "the server closed the connection"

    def answered_early(self, request_id):
        """Whether a reply, or the connection's end, has arrived before the whole request was sent."""
        stands = self.pull()
        while len(self.buffer) >= HEADER.size:
            header = decode_header(self.buffer[:HEADER.size], self.body_bytes_max)
            if header.type != GOAWAY:
                return True
            if len(self.buffer) < HEADER.size + header.body_len:
                break
            self.note_goodbye(header, self.taken(HEADER.size + header.body_len)[HEADER.size:])
            if request_id > self.accepted_id:
                raise self.not_begun()
        return not stands

    def cancel(self, request_id):
        """Sends CANCEL without waiting. `settle` reads the rest of the reply before the next request."""
        body = encode_body(REQUESTS["CANCEL"])
        data = encode_frame(TYPES["CANCEL"], request_id, body, flags=0)
        try:
            self.socket.settimeout(0)
            if self.socket.send(data) == len(data):
                self.pending, self.cancelled = False, request_id
        except OSError:
            pass  # the request stays pending, so the connection is closed

    # -- replies

    def decode_reply(self, message, header, data):
        """The body of a reply. Raises the Error that the reply holds."""
        if header.type != TYPES[message] | REPLY:
            raise ProtocolError("UNEXPECTED_FRAME", f"a frame of type {header.type:#04x} in answer to {message}")
        status = header.arg & 0xFFFF
        if status:
            error = decode_error(status, header.arg >> 16, data)
            if not header.flags & END:
                raise ProtocolError("UNEXPECTED_FRAME", f"{error.name} without END, in answer to {message}")
            raise error
        body = Body(REPLIES[message], data)
        check_reply(message, body)
        return body

    def reply(self, message, request_id, deadline):
        """The body of a reply in one frame."""
        header, data = self.frame(request_id, deadline)
        body = self.decode_reply(message, header, data)
        if not header.flags & END:
            raise ProtocolError("UNEXPECTED_FRAME", f"the reply to {message} goes on, which it cannot")
        return body

    def replies(self, message, request_id, deadline, total, first, count):
        """The bodies of a reply in one or more frames, all of one model and version.

        `first` and `count` name the fields with a frame's first answer and its count; all frames make `total`.
        """
        done, origin, size = 0, None, 0
        most = 2 * self.limits["reply_bytes_max"]  # twice: a server counts answers, without offsets and padding
        while True:
            header, data = self.frame(request_id, deadline)
            size += len(data)
            if size > most:
                raise bad_reply(f"with {size} bytes or more", f"at most {most}, twice its own reply_bytes_max")
            body = self.decode_reply(message, header, data)
            came, ended = body.fixed[count], bool(header.flags & END)
            if body.fixed[first] != done:
                raise bad_reply(f"with a frame that begins with {body.fixed[first]}", done)
            if done + came > total or not (came or total == 0):
                raise bad_reply(f"{done} and {came} more answers", f"{total} in all")
            origin = origin or (body.lists["model"], body.fixed["version"])
            if origin != (body.lists["model"], body.fixed["version"]):
                raise bad_reply("from two models or versions", f"all from version {origin[1]} of {origin[0]!r}")
            done += came
            if ended != (done == total):
                raise bad_reply(f"{done} answers {'and END' if ended else 'without END'}", f"{total} and END")
            yield body
            if ended:
                return
