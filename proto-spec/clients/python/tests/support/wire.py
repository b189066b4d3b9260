"""A raw connection: sends any bytes, reads frames; every wait has a deadline."""

import socket
import struct
import time
import unittest

import kindred
from kindred import codec

WAIT = 10.0
PREFACE = codec.MAGIC + bytes([1, 1]) + bytes(6)


def frame(message, request_id, fixed=None, lists=None, **options):
    """A request's bytes."""
    body = codec.encode_body(codec.REQUESTS[message], fixed, lists)
    return codec.encode_frame(codec.TYPES[message], request_id, body, **options)


HELLO = frame("HELLO", 1, {}, {"client_name": "tests"})


class Wire:
    """A socket to the server. With `hello` it sends preface and HELLO first."""

    def __init__(self, address, hello=True):
        self.socket = socket.create_connection(address, timeout=WAIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hello:
            self.send(PREFACE + HELLO)
            preface, (header, _) = self.receive(16), self.frame() or (None, None)
            if preface[:9] != codec.MAGIC + b"\x01" or header is None or (header.type, header.arg) != (0x81, 0):
                raise AssertionError(f"no HELLO_OK: {preface!r}, {header}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends bytes. Ignores that the server has closed already."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def receive(self, count):
        """`count` bytes, or fewer if the server closes."""
        data, deadline = b"", time.monotonic() + WAIT
        while len(data) < count:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                part = self.socket.recv(count - len(data))
            except ConnectionResetError:
                break
            if not part:
                break
            data += part
        return data

    def frame(self):
        """The next frame, or None at the end."""
        data = self.receive(32)
        if len(data) < 32:
            return None
        header = codec.decode_header(data, kindred.limits.BODY_BYTES_MAX)
        return header, self.receive(header.body_len)

    def until(self, wanted):
        """Reads frames until one is wanted. Returns it, or None at the end."""
        while True:
            found = self.frame()
            if found is None or wanted(*found):
                return found

    def end_reply(self, request_id):
        """The END reply to a request."""
        return self.until(lambda header, _: header.request_id == request_id and header.type & 0x80 and header.flags & 1)

    def goodbye(self):
        """Reads to the end of the connection. Returns the status of GOAWAY, or None without one."""
        status = None
        while True:
            found = self.frame()
            if found is None:
                return status
            header, body = found
            if header.type == codec.GOAWAY:
                status = kindred.statuses.status_name(codec.Body(codec.REQUESTS["GOAWAY"], body).fixed["status"])

    def ping(self, request_id):
        """Whether the server still answers on this connection."""
        self.send(frame("PING", request_id, {"opaque": request_id}))
        found = self.end_reply(request_id)
        return found is not None and found[0].arg == 0 and struct.unpack_from("<Q", found[1], 8)[0] == request_id


class WitnessTest(unittest.TestCase):
    """Another client stays connected during each test, and the server answers it afterwards.

    `address`, a pair (host, port), is set by the test module.
    """

    address = None

    def setUp(self):
        self.witness = kindred.connect("%s:%d" % self.address)

    def tearDown(self):
        self.assert_unharmed()
        self.witness.close()

    def assert_unharmed(self):
        self.assertLess(self.witness.ping(), 5)
