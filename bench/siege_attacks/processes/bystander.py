"""A client that has nothing to do with the attack."""

import select
import socket
import time
from collections import Counter

from bench.siege_attacks.frames import OPENING, body, header, parsed
from bench.siege_attacks.processes.task_process import TaskProcess
from bench.siege_attacks.repository import SHIPPED
from bench.support.client import codec, kindred
from bench.support.failure import BenchFailure

CONNECTIONS = 4
REQUESTS_PER_SECOND = 200
USERS_ASKED_FOR = 601  # so that each request repeats after three seconds
K_RANGE = range(5, 25)
LAST_ANSWERS_SECONDS = 5.0  # wait for the last answers
RECONNECT_SECONDS = 0.2


class Bystander(TaskProcess):
    """A process of normal priority that asks for recommendations at a steady rate, over several connections.

    Each request is sent at its time, even while earlier ones are unanswered. These are errors: a request that was not
    sent for lack of a connection, one without an answer at the end, a status other than OK, and a list that differs
    from the same version's answer to the same request before.
    """

    def __init__(self, users):
        self.users = users
        super().__init__("bystander", priority=0)

    def measure(self, address):
        """Begins to ask, once connected. `stop` returns a dict of `answers`, `errors` by kind, and latencies in ms."""
        self.begin(address)
        self.result(goes_on=True)

    def prepare(self):
        self.connections, self.address, self.known = [], None, {}
        self.asked = 0

    def work(self, address):
        if address != self.address:
            for connection in self.connections:
                connection.close()
            self.address, self.known = address, {}
            self.connections = [BystanderConnection(address) for _ in range(CONNECTIONS)]
        self.errors, self.latencies = Counter(), []
        poll = select.poll()
        for connection in self.connections:
            connection.forget()
            connection.watch(poll)
        self.pipe.send(("started", None))
        start, sent = time.perf_counter(), 0
        while not self.told_to_stop():
            now = time.perf_counter()
            while start + sent / REQUESTS_PER_SECOND <= now:
                self.send(self.connections[sent % CONNECTIONS], poll)
                sent += 1
            wait = start + sent / REQUESTS_PER_SECOND - time.perf_counter()
            self.look(poll, max(wait, 0))
        deadline = time.perf_counter() + LAST_ANSWERS_SECONDS
        while any(connection.waiting for connection in self.connections) and time.perf_counter() < deadline:
            self.look(poll, 0.05)
        for connection in self.connections:
            self.lose(connection, "no answer")
        return self.summary()

    def send(self, connection, poll):
        number = self.asked % min(USERS_ASKED_FOR, len(self.users))
        user, k = self.users[number], K_RANGE[number % len(K_RANGE)]
        self.asked += 1
        if connection.socket is None and not connection.reconnect(poll):
            self.errors["no connection"] += 1
            return
        connection.send((user, k), body("RECOMMEND", {"query_kind": 1, "target": 1, "query_count": 1, "k": k},
                                        {"model": SHIPPED, "query_ids": [user]}))

    def look(self, poll, seconds):
        """Reads the answers that come within some seconds."""
        by_number = {connection.number: connection for connection in self.connections}
        for number, events in poll.poll(seconds * 1000):
            connection = by_number.get(number)
            if connection is None:
                continue
            now = time.perf_counter()
            try:
                if events & select.POLLOUT:
                    connection.flush()
                answers = connection.receive()
            except (OSError, EOFError, kindred.Error) as error:
                self.lose(connection, f"connection lost: {error or type(error).__name__}")
                poll.unregister(number)
                connection.close()
                continue
            for asked, sent, frame_header, data in answers:
                self.latencies.append(1000 * (now - sent))
                self.judge(asked, frame_header, data)
        for connection in self.connections:
            connection.watch(poll)

    def judge(self, asked, frame_header, data):
        status = frame_header.arg & 0xFFFF
        if status:
            self.errors[kindred.statuses.status_name(status)] += 1
            return
        answer = codec.Body(codec.REPLIES["RECOMMEND"], data)
        status = answer.lists["statuses"][0]
        if status:
            self.errors[kindred.statuses.status_name(status)] += 1
            return
        key, rows = (answer.fixed["version"], asked), (answer.lists["ids"], answer.lists["scores"])
        if self.known.setdefault(key, rows) != rows:
            self.errors["another answer than before"] += 1

    def lose(self, connection, why):
        """Counts the open requests of a lost connection as unanswered, with their time so far."""
        now = time.perf_counter()
        if connection.waiting:
            self.errors[why] += len(connection.waiting)
            self.latencies += [1000 * (now - sent) for _, sent in connection.waiting.values()]
            connection.waiting.clear()

    def summary(self):
        ordered = sorted(self.latencies)
        rank = {share: ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
                for share in (0.5, 0.99)}
        return {"answers": len(ordered), "errors": dict(self.errors), "p50_ms": rank[0.5], "p99_ms": rank[0.99],
                "greatest_ms": ordered[-1] if ordered else 0.0}


class BystanderConnection:
    """A connection past HELLO. Bytes to send may wait until the server reads."""

    def __init__(self, address):
        self.address = address
        self.socket, self.retry_at = None, 0.0
        self.waiting = {}
        self.open()

    def open(self):
        self.socket = socket.create_connection(parsed(self.address), timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(OPENING)
        self.number, self.registered = self.socket.fileno(), False
        self.out, self.data, self.last_id, self.waiting = bytearray(), bytearray(), 1, {}
        while len(self.data) < 48:
            self.take()
        if self.data[8] != 1:
            raise BenchFailure(f"the server refused the bystander's connection: {self.data[:16].hex()}")
        length = int.from_bytes(self.data[16:20], "little")
        while len(self.data) < 48 + length:
            self.take()
        del self.data[:48 + length]
        self.socket.setblocking(False)

    def reconnect(self, poll):
        if time.perf_counter() < self.retry_at:
            return False
        self.retry_at = time.perf_counter() + RECONNECT_SECONDS
        try:
            self.open()
        except (OSError, EOFError, BenchFailure):
            self.close()
            return False
        self.watch(poll)
        return True

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket, self.number = None, -1

    def forget(self):
        """Drops late answers to an earlier phase."""
        self.waiting.clear()

    def watch(self, poll):
        if self.socket is not None:
            poll.register(self.number, select.POLLIN | (select.POLLOUT if self.out else 0))

    def take(self):
        part = self.socket.recv(1 << 18)
        if not part:
            raise EOFError("the server closed the connection")
        self.data += part

    def send(self, asked, request):
        self.last_id += 1
        self.out += header("RECOMMEND", self.last_id, len(request)) + request
        self.waiting[self.last_id] = (asked, time.perf_counter())
        try:
            self.flush()
        except OSError:
            pass  # the next poll reports it

    def flush(self):
        while self.out:
            try:
                del self.out[:self.socket.send(self.out)]
            except BlockingIOError:
                return

    def receive(self):
        """The complete answers that have arrived: (request, time it was sent, header, body)."""
        try:
            self.take()
        except BlockingIOError:
            return []
        answers, position = [], 0
        while len(self.data) - position >= 32:
            frame_header = codec.decode_header(bytes(self.data[position:position + 32]), kindred.limits.BODY_BYTES_MAX)
            end = position + 32 + frame_header.body_len
            if len(self.data) < end:
                break
            if frame_header.type == codec.GOAWAY:
                raise EOFError("the server says GOAWAY")
            request = self.waiting.pop(frame_header.request_id, None)
            if request:
                answers.append((*request, frame_header, bytes(self.data[position + 32:end])))
            position = end
        del self.data[:position]
        return answers
