"""How a connection ends, by GOAWAY or by loss, and the effect on requests and audiences."""

import socket
import threading
import time
import unittest
from unittest import mock

import kindred
from kindred import codec
from kindred.statuses import CODES
from tests.support import lie_changes, lying_server
from tests.support.golden import SCHEMA
from tests.support.lying_server import CLOSE, Lie, LyingServer, close_at_once, serving


class Goodbyes(unittest.TestCase):
    def failure(self, told, call=lambda client: client.ping(), timeout=5):
        with serving(told) as server, kindred.connect(server.address, timeout=timeout) as client:
            with self.assertRaises(kindred.Error) as caught:
                call(client)
        return caught.exception

    def test_a_request_above_the_last_id_was_not_begun(self):
        """HELLO has the id 1 and the request 2. The client does not wait for an answer that cannot come."""
        for end in ([CLOSE], [], [60.0]):
            start = time.monotonic()
            error = self.failure(lambda frames: [lying_server.goaway(1), *end])
            self.assertEqual((error.name, error.retryable, error.not_processed, error.retry_after),
                             ("DRAINING", True, True, 0.25))
            self.assertLess(time.monotonic() - start, 4)

    def test_a_request_up_to_the_last_id_may_have_been_processed(self):
        error = self.failure(lambda frames: [lying_server.goaway(2), CLOSE])
        self.assertEqual((error.name, error.retryable, error.not_processed), ("CONNECTION_LOST", True, False))
        self.assertEqual(error.message, "the server closes the connection: DRAINING")

    def test_a_request_up_to_the_last_id_is_answered(self):
        with serving(lambda frames: [lying_server.goaway(2), *frames]) as server:
            with kindred.connect(server.address) as client:
                client.ping()
                client.ping()
            self.assertEqual(server.connections, 2)

    def test_the_lowest_last_id_counts(self):
        error = self.failure(lambda frames: [lying_server.goaway(2), lying_server.goaway(1), CLOSE])
        self.assertTrue(error.not_processed)
        error = self.failure(lambda frames: [lying_server.goaway(1), lying_server.goaway(2), CLOSE])
        self.assertTrue(error.not_processed)

    def test_goaway_without_a_status(self):
        for last in (1, 2):
            error = self.failure(lambda frames: [lying_server.goaway(last, status=0), CLOSE])
            self.assertEqual((error.name, error.not_processed), ("CONNECTION_LOST", last == 1))
            self.assertNotIn("OK", str(error))

    def test_a_mistake_of_this_client_is_not_retryable(self):
        error = self.failure(lambda frames: [lying_server.goaway(1, status=CODES["BAD_LENGTH"]), CLOSE])
        self.assertEqual((error.name, error.retryable, error.not_processed), ("CONNECTION_LOST", False, True))
        self.assertIn("BAD_LENGTH", error.message)
        error = self.failure(lambda frames: [lying_server.goaway(1, status=CODES["IDLE_TIMEOUT"]), CLOSE])
        self.assertEqual((error.retryable, error.not_processed), (True, True))

    def test_the_status_of_goaway_decides_what_is_retryable(self):
        """An error is retryable if section 6.3 marks its status so, whether the request was begun or not."""
        closing = {name: one for name, one in SCHEMA["statuses"].items() if "CONNECTION_CLOSING" in one["flags"]}
        self.assertGreater(len(closing), 8)
        for name, status in closing.items():
            for last in (1, 2):
                with self.subTest(name, last=last):
                    error = self.failure(lambda frames: [lying_server.goaway(last, status=status["code"]), CLOSE])
                    self.assertEqual(
                        (error.name, error.retryable, error.not_processed, error.retry_after),
                        ("CONNECTION_LOST", "RETRYABLE" in status["flags"], last == 1, 0.25))
                    self.assertIn(name, error.message)

    def test_goaway_among_the_seeds(self):
        """GOAWAY arrives while seeds are sent. The audience is answered all the same."""
        def told(frames):
            return [lying_server.goaway(2)] if first.pop() else frames
        first = [False, True]
        with LyingServer(Lie("", None, told, (), when="before the last seed")) as server:
            with kindred.connect(server.address) as client:
                seeds = (f"s{number}" if number else "u03" for number in range(1200))
                self.assertEqual(len(client.lookalike(seeds=seeds, size=5)), 5)

    def test_a_connection_that_the_server_has_ended_is_replaced_before_a_request(self):
        """No request was open, so no request fails."""
        for end in ([CLOSE], [lying_server.goaway(2), CLOSE], [lying_server.goaway(2)]):
            served = threading.Event()

            def told(frames):
                yield frames[0]
                for part in end:
                    served.set()
                    yield part
            with serving(told) as server, kindred.connect(server.address) as client:
                client.ping()
                served.wait(5)
                before = client.shared.connection
                deadline = time.monotonic() + 5
                while before and before.pull() and not before.buffer and time.monotonic() < deadline:
                    time.sleep(0.001)  # until the end has arrived; None if it arrived with the answer
                client.ping()
                self.assertEqual(server.connections, 2)

    def test_no_connection(self):
        listener = socket.create_server(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % listener.getsockname()[1]
        listener.close()
        with self.assertRaises(kindred.Error) as caught:
            kindred.connect(address)
        self.assertEqual((caught.exception.name, caught.exception.retryable, caught.exception.not_processed),
                         ("CONNECTION_LOST", True, True))

    def test_a_server_that_refuses(self):
        for reason, retryable in ((1, False), (2, True), (3, True), (4, True)):
            refused = codec.MAGIC + bytes([0, 1, 1, reason]) + (1500).to_bytes(4, "little")
            with serving(None, preface=lambda true: refused) as server:
                with self.assertRaises(kindred.Error) as caught:
                    kindred.connect(server.address)
            error = caught.exception
            self.assertEqual((error.name, error.retryable, error.not_processed, error.retry_after),
                             ("CONNECTION_LOST", retryable, True, 1.5))

    def test_an_audience_that_was_sent_whole_outlives_its_connection(self):
        """The server has sent everything and closes at once, so WINDOW reaches no server. The client may notice the
        end before or after it sends WINDOW."""
        for window, seen in ((1500, True), (1500, False), (4 << 20, True)):
            with self.subTest(window=window, seen=seen):
                sent = threading.Event()

                def told(frames):
                    yield b"".join(frame.encoded() for frame in frames)
                    close_at_once(server)
                    sent.set()
                    yield CLOSE
                with serving(told) as server, kindred.connect(server.address) as client:
                    chunks = client.lookalike(seeds=["u03"], size=1.0, window=window, stream=True)
                    self.assertTrue(sent.wait(10))
                    pull = chunks.connection.pull if seen else lambda most: True
                    with mock.patch.object(chunks.connection, "pull", pull):
                        rows = [row for chunk in chunks for row in chunk]
                    self.assertEqual((len(rows), chunks.summary.rows), (lying_server.ROWS - 1, lying_server.ROWS - 1))
                    self.assertEqual(chunks.granted > window, not seen)
                    client.ping()

    def test_a_refusal_among_the_seeds_outlives_its_connection(self):
        asked, sent = threading.Event(), threading.Event()

        def seeds():
            for number in range(3000):
                if number == 2000:
                    asked.set()
                    sent.wait(10)
                yield f"s{number}"

        def told(frames):
            asked.wait(10)
            yield lie_changes.refusal(frames[-1:])
            close_at_once(server)
            sent.set()
            yield CLOSE
        with serving(told, when="before the last seed") as server, kindred.connect(server.address) as client:
            with self.assertRaises(kindred.Error) as caught:
                client.lookalike(seeds=seeds(), size=5)
        self.assertEqual(caught.exception.name, "INTERNAL")

    def test_windows_keep_up_with_the_reader(self):
        """A stream never stalls (9.5), never looks like a stalled reader (9.6), and sends few WINDOWs at full speed."""
        for window in (1, 311, 312, 700, 5000, 100_000, 4 << 20):
            for part in (48, 312, 5000, 256 << 10):
                for pause, parts_most in ((0, None), (2.9, 1), (3.1, 0)):
                    with self.subTest(window=window, part=part, pause=pause), mock.patch.object(
                            kindred.audience, "time", mock.Mock(monotonic=lambda: clock[0])):
                        clock, connection = [100.0], mock.Mock(limits=kindred.limits.LIMITS)
                        stream = kindred.AudienceStream(mock.Mock(), connection, 2, 5, 5, window, None)
                        stream.open, sent, since = False, 0, 0
                        for _ in range(200):
                            clock[0] += pause
                            stream.received += min(part, stream.granted - stream.received)
                            stream.grant(0)
                            self.assertGreaterEqual(stream.granted - stream.received, min(window, 312))
                            since = since + 1 if len(connection.send.call_args_list) == sent else 0
                            sent = len(connection.send.call_args_list)
                            self.assertTrue(parts_most is None or since <= parts_most)
                        limits = [call.args[1]["limit_bytes"] for call in connection.send.call_args_list]
                        self.assertEqual(limits, sorted(set(limits)))
                        if window >= 5000 and not pause:
                            self.assertLessEqual(len(limits), stream.received // (window // 2))

    def test_a_request_that_was_not_sent_whole(self):
        """A server that does not read closes. It does nothing with part of a frame."""
        for timeout, close, name in ((30, True, "CONNECTION_LOST"), (0.3, False, "DEADLINE_EXCEEDED")):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

                def serve():
                    with listener.accept()[0] as peer:
                        lying_server.receive(peer, 16)
                        header, _ = lying_server.request(peer)
                        peer.sendall(codec.MAGIC + bytes([1, 1, 1]) + bytes(5))
                        peer.sendall(lying_server.reply("HELLO", header, kindred.limits.LIMITS, {}).encoded())
                        lying_server.receive(peer, 1)
                        done.wait(0.2 if close else 20)
                done = threading.Event()
                thread = threading.Thread(target=serve)
                thread.start()
                client = kindred.connect("127.0.0.1:%d" % listener.getsockname()[1])
                with self.assertRaises(kindred.Error) as caught:
                    client.recommend(user="u01", exclude=[f"{number:0200}" for number in range(18000)],
                                     timeout=timeout)
                done.set()
                thread.join(10)
                client.close()
            self.assertEqual((caught.exception.name, caught.exception.retryable, caught.exception.not_processed),
                             (name, True, True))


if __name__ == "__main__":
    unittest.main()
