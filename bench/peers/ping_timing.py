"""Times PING on one connection without the bench's code, to check `kindred-bench load`.

    python3 bench/peers/ping_timing.py HOST:PORT [--seconds 5] [--rate REQUESTS_PER_SECOND]

Without --rate the loop is closed: a PING follows each answer. With it the loop is open: each PING has a send time, and
its latency counts from then. Prints the percentiles of the sorted list of all latencies.
"""

import argparse
import ctypes
import math
import select
import socket
import struct
import time
import zlib

HEADER = struct.Struct("<IBBHQIIII")
PREFACE = bytes.fromhex("894b4e440d0a1a0a") + bytes([1, 1]) + bytes(6)
HELLO, PING = 0x01, 0x03
FRAME_BYTES = HEADER.size + 16
PR_SET_TIMERSLACK = 29


def frame(kind: int, request_id: int, body: bytes) -> bytes:
    """A request of one frame, with the checksum of its header."""
    head = HEADER.pack(len(body), 1, kind, 1, request_id, 0, 0, 0, 0)[:-4]
    return head + struct.pack("<I", zlib.crc32(head)) + body


def ping(request_id: int) -> bytes:
    """A PING whose answer has the same length."""
    return frame(PING, request_id, struct.pack("<HHIQ", 16, 0, 0, request_id))


def receive(connection: socket.socket, count: int) -> bytes:
    """Exactly `count` bytes."""
    data = b""
    while len(data) < count:
        part = connection.recv(count - len(data))
        if not part:
            raise ConnectionError(f"the server closed after {len(data)} of {count} bytes")
        data += part
    return data


def connect(address: str) -> socket.socket:
    """A connection whose HELLO was accepted."""
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(PREFACE + frame(HELLO, 1, struct.pack("<HHIQ", 16, 0, 0, 0)))
    receive(connection, 16)
    receive(connection, HEADER.unpack(receive(connection, HEADER.size))[0])
    return connection


def closed(connection: socket.socket, seconds: float) -> list[float]:
    """Seconds of each PING, one after the other."""
    times = []
    request_id, now = 2, time.perf_counter()
    end = now + seconds
    while now < end:
        message = ping(request_id)
        sent = time.perf_counter()
        connection.sendall(message)
        answer = receive(connection, FRAME_BYTES)
        now = time.perf_counter()
        times.append(now - sent)
        if answer[HEADER.size :] != message[HEADER.size :]:
            raise ConnectionError(f"PING {message.hex()} was answered with {answer.hex()}")
        request_id += 1
    return times


def opened(connection: socket.socket, seconds: float, rate: float) -> list[float]:
    """Seconds of each PING from its send time."""
    count = int(seconds * rate)
    times: list[float] = []
    # Encoded before the run, so that encoding does not count.
    messages = [ping(number + 2) for number in range(count)]
    sent, buffer = 0, b""
    start = time.perf_counter()
    while len(times) < count:
        wait = start + sent / rate - time.perf_counter() if sent < count else 10
        if wait <= 0:
            connection.sendall(messages[sent])
            sent += 1
            continue
        if not select.select([connection], [], [], wait)[0]:
            continue
        buffer += connection.recv(65536)
        now = time.perf_counter()
        while len(buffer) >= FRAME_BYTES:
            request_id = HEADER.unpack_from(buffer)[4]
            times.append(now - (start + (request_id - 2) / rate))
            buffer = buffer[FRAME_BYTES:]
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", metavar="HOST:PORT")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float)
    options = parser.parse_args()
    # Makes the system's timers precise.
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)
    connection = connect(options.address)
    if options.rate:
        times = sorted(opened(connection, options.seconds, options.rate))
    else:
        times = sorted(closed(connection, options.seconds))
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    figures = [
        f"{name} {times[max(0, math.ceil(share * len(times)) - 1)] * 1e3:.3f}" for name, share in shares.items()
    ]
    print("  ".join(figures), f"ms  ({len(times)})")


if __name__ == "__main__":
    main()
