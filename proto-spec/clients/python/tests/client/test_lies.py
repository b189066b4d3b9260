"""kindred.Client against a lying server: every lie of lies.py is an Error, in time, within bounded memory."""

import os
import random
import struct
import time
import tracemalloc
import unittest
import zlib

import kindred
from tests.support import lie_changes, lies
from tests.support.lies import LIES
from tests.support.lying_server import CLOSE, Lie, LyingServer

TIMEOUT, TIMEOUT_OF_LATE = 5, 0.4
# A call ends one second after its timeout, for the server's own answer; the rest allows for a busy machine.
SECONDS_MORE = 1 + 1.5
SEED = int(os.environ.get("KINDRED_TEST_SEED", "20261128"))
CHANGES = 200  # changed frames of each message
CLOSE_SECONDS_MAX = 0.5
# Includes the memory of the lying server. 4 MiB is the largest body.
BYTES_MAX = 24 << 20


class Lies(unittest.TestCase):
    def told(self, lie, timeout):
        """The client's error for a lie, or None, and the time it took."""
        client = None
        with LyingServer(lie) as server:
            start = time.monotonic()
            try:
                client = kindred.connect(server.address, timeout=timeout)
                lie.call(client)
                error = None
            except kindred.Error as caught:
                error = caught
            taken = time.monotonic() - start
            if client is not None:
                self.assertTrue(not isinstance(error, kindred.ProtocolError) or client.shared.connection is None,
                                "the connection goes on after a lie")
                start = time.monotonic()
                client.close()
                self.assertLess(time.monotonic() - start, CLOSE_SECONDS_MAX, "close() waits")
        return error, taken

    def test_every_lie_is_an_error(self):
        self.assertGreater(len(LIES), 100)
        for name, lie in LIES.items():
            with self.subTest(name):
                timeout = TIMEOUT_OF_LATE if lie.names == lies.LATE else TIMEOUT
                tracemalloc.start()
                try:
                    error, taken = self.told(lie, timeout)
                    _, peak = tracemalloc.get_traced_memory()
                finally:
                    tracemalloc.stop()
                self.assertIsNotNone(error, "the lie was returned as an answer")
                self.assertIn(error.name, lie.names, error)
                self.assertLess(taken, timeout + SECONDS_MORE)
                self.assertLess(peak, BYTES_MAX)

    def test_the_same_calls_have_true_answers(self):
        for name, lie in LIES.items():
            if lie.honest:
                with self.subTest(name), LyingServer() as server:
                    with kindred.connect(server.address, timeout=10) as client:
                        lie.call(client)
                        client.ping()
                    self.assertEqual(server.connections, 1)

    def test_a_stream_that_floods_is_closed_at_once(self):
        with LyingServer(LIES["an audience without end"]) as server:
            with kindred.connect(server.address, timeout=TIMEOUT) as client:
                stream = client.lookalike(seeds=["u03"], size=1.0, stream=True)
                next(stream)
                start = time.monotonic()
                stream.close()
                self.assertLess(time.monotonic() - start, CLOSE_SECONDS_MAX)
                # The next request reads the rest for one second at most, then opens another connection.
                with self.assertRaises(kindred.Error):
                    client.lookalike(seeds=["u03"], size=10)
                self.assertEqual(server.connections, 2)

    def test_two_versions_of_one_answer_in_two_requests(self):
        """Vectors of more ids than one request takes must all have the version of the first request."""
        versions = iter([3, 4])

        def told(frames):
            frames[0].fixed["version"] = next(versions)
            return frames
        lie = Lie("", lambda client: client.vectors(items=range(1500)), told, ())
        error, _ = self.told(lie, TIMEOUT)
        self.assertEqual(error.name, "BAD_REPLY")


class Truncations(unittest.TestCase):
    CALLS = {
        "PING": lambda client: client.ping(), "STATS": lambda client: client.stats(),
        "MODEL_LIST": lambda client: client.models(), "RECOMMEND": lie_changes.recommend(k=2),
        "SCORE": lie_changes.score, "GET_VECTORS": lie_changes.vectors, "LOOKALIKE": lie_changes.lookalike(size=3),
        "FILTER": lambda client: client.filter_count(where="price < 5"),
    }
    # In the frames of these, no section at the end is optional.
    WHOLE = ("PING", "STATS", "MODEL_LIST", "RECOMMEND", "SCORE", "GET_VECTORS", "FILTER")

    def frames_of(self, message):
        kept = []

        def told(frames):
            kept.extend(frame.encoded() for frame in frames)
            return frames
        with LyingServer(Lie("", None, told, ())) as server, kindred.connect(server.address) as client:
            self.CALLS[message](client)
        return kept

    def outcome(self, message, told):
        with LyingServer(Lie("", None, told, ())) as server, kindred.connect(server.address, timeout=5) as client:
            with self.assertRaises(kindred.Error) as caught:
                self.CALLS[message](client)
        return caught.exception

    def test_a_connection_that_ends_at_any_byte(self):
        for message in self.CALLS:
            length = sum(map(len, self.frames_of(message)))
            for cut in range(0, length, 1 if length < 200 else 7):
                with self.subTest(message=message, cut=cut):
                    error = self.outcome(message, lambda frames: [
                        b"".join(frame.encoded() for frame in frames)[:cut], CLOSE])
                    self.assertEqual((error.name, error.retryable, error.not_processed),
                                     ("CONNECTION_LOST", True, False))

    def test_a_body_that_is_shorter_than_it_was(self):
        for message in self.WHOLE:
            whole = self.frames_of(message)[0]
            for length in range(0, len(whole) - 32, 8):
                head = struct.pack("<I", length) + whole[4:28]
                told = head + struct.pack("<I", zlib.crc32(head)) + whole[32:32 + length]
                with self.subTest(message=message, length=length):
                    self.assertIsInstance(self.outcome(message, lambda frames: told), kindred.ProtocolError)

    def test_bytes_that_changed(self):
        """Any bytes of a body lead to an answer or an Error, and to nothing else."""
        source = random.Random(SEED)
        for message in self.CALLS:
            for number in range(CHANGES):
                def told(frames):
                    changed = bytearray(frames[-1].encoded())
                    for _ in range(source.choice((1, 1, 2, 8))):
                        changed[source.randrange(32, len(changed))] = source.choice((0, 1, 2, 127, 128, 255))
                    return [*frames[:-1], bytes(changed)]
                with self.subTest(message=message, number=number, seed=SEED):
                    with LyingServer(Lie("", None, told, ())) as server:
                        with kindred.connect(server.address, timeout=5) as client:
                            try:
                                self.CALLS[message](client)
                            except kindred.Error as error:
                                self.assertNotIn(error.name, ("CONNECTION_LOST", "DEADLINE_EXCEEDED"))


if __name__ == "__main__":
    unittest.main()
