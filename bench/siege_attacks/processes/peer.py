"""One connection of an attacker."""

import errno
import select
import socket
import struct

from bench.siege_attacks.frames import OPENING

SO_BUFFERS_BYTES = 4_096  # the system's minimum
CHUNK_BYTES = 1 << 16
HEADER_BYTES, PREFACE_BYTES = 32, 16
READ_BYTES = 1 << 18


class Peer:
    """A socket that never blocks: sends preface and HELLO, then what its plan yields.

    A plan is a generator of (bytes to send, requests in them). If it yields None it has nothing to send yet, and `wake`
    asks it again. A peer with `reads` False reads HELLO's reply and nothing after it.
    """

    def __init__(self, address, source, plan, reads):
        self.plan, self.reads = plan, reads
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        if not reads:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SO_BUFFERS_BYTES)
        try:
            self.socket.bind((source, 0))
            code = self.socket.connect_ex(address)
        except OSError:
            self.socket.close()
            raise
        if code not in (0, errno.EINPROGRESS):
            self.socket.close()
            raise OSError(code, "connect")
        self.number = self.socket.fileno()
        self.out = memoryview(OPENING)
        self.greeted, self.planned = False, False
        self.data = bytearray()
        self.skip = 0
        self.in_flight = self.asked = 0
        self.sent_bytes = 0

    def interest(self):
        """The epoll events that it waits for."""
        wanted = select.EPOLLIN if self.reads or not self.greeted else 0
        return wanted | select.EPOLLRDHUP | (select.EPOLLOUT if self.out else 0)

    def push(self):
        """Sends one piece of the waiting bytes."""
        try:
            count = self.socket.send(self.out[:CHUNK_BYTES])
        except BlockingIOError:
            return
        self.sent_bytes += count
        self.out = self.out[count:]
        if not self.out and self.greeted:
            self.wake()

    def wake(self):
        """Takes the next piece of the plan, unless bytes still wait."""
        if self.out or not self.greeted or self.planned:
            return
        step = next(self.plan, False)
        if step is False:
            self.planned = True
        elif step is not None:
            data, requests = step
            self.out = memoryview(data)
            self.in_flight += requests
            self.asked += requests

    def pull(self):
        """Reads once. Returns the statuses of the replies with END that have arrived. Raises EOFError at the end."""
        try:
            part = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return []
        if not part:
            raise EOFError
        self.data += part
        statuses = []
        if not self.greeted:
            if len(self.data) < PREFACE_BYTES + HEADER_BYTES:
                return statuses
            if self.data[8] != 1:
                raise EOFError
            length = int.from_bytes(self.data[PREFACE_BYTES:PREFACE_BYTES + 4], "little")
            if len(self.data) < PREFACE_BYTES + HEADER_BYTES + length:
                return statuses
            del self.data[:PREFACE_BYTES + HEADER_BYTES + length]
            self.greeted = True
            self.wake()
        position, length = 0, len(self.data)
        while True:
            if self.skip:
                step = min(self.skip, length - position)
                self.skip -= step
                position += step
            if self.skip or length - position < HEADER_BYTES:
                break
            body_bytes, _, kind, flags = struct.unpack_from("<IBBH", self.data, position)
            if kind & 0x80 and flags & 1:
                statuses.append(struct.unpack_from("<H", self.data, position + 20)[0])
                self.in_flight -= 1
            position += HEADER_BYTES
            self.skip = body_bytes
        del self.data[:position]
        return statuses

    def close(self):
        self.socket.close()
