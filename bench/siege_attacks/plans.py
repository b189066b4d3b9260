"""The bytes that peers send after HELLO."""

from bench.siege_attacks.frames import header
from bench.support.client import kindred

DRIP_BYTES_LEFT = 4_096  # bytes of a body that are sent one by one
CHUNK_BYTES = 1 << 16
FRAMES_PER_STEP = 64


class WaitingPlans:
    """Sends nothing."""

    def plan(self, peer, number):
        return iter(())


class UnfinishedFramePlans:
    """A frame of the greatest size without its last byte.

    Where `drips`, every other peer leaves out some bytes and sends one of them whenever it is woken.
    """

    def __init__(self, drips):
        self.drips = drips

    def plan(self, peer, number):
        size = kindred.limits.BODY_BYTES_MAX
        slow = self.drips and number % 2 == 1
        yield header("RECOMMEND", 2, size), 1
        left = size - (DRIP_BYTES_LEFT if slow else 1)
        chunk = bytes(CHUNK_BYTES)
        while left:
            part = min(left, CHUNK_BYTES)
            yield chunk[:part], 0
            left -= part
        while slow:
            yield None
            yield b"\0", 0


class RequestPlans:
    """Requests of kinds (message, body), in turn from peer to peer.

    Each peer sends `count` in all, at most `in_flight` at a time, each with a timeout in milliseconds.
    """

    def __init__(self, kinds, count, in_flight, timeout_ms):
        self.kinds, self.count, self.in_flight, self.timeout_ms = kinds, count, in_flight, timeout_ms

    def plan(self, peer, number):
        message, request = self.kinds[number % len(self.kinds)]
        step = max(1, min(FRAMES_PER_STEP, CHUNK_BYTES // (len(request) + 32)))
        sent = 0
        while sent < self.count:
            frames = min(step, self.count - sent, self.in_flight - peer.in_flight)
            if frames <= 0 or (frames < step and peer.in_flight and self.count - sent > frames):
                yield None
                continue
            first = sent + 2
            yield b"".join([header(message, first + index, len(request), self.timeout_ms) + request
                            for index in range(frames)]), frames
            sent += frames
