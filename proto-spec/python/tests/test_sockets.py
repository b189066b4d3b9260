"""The options of the client's socket, read back from the system."""

import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from test_client import Scripted, golden_reply  # noqa: E402
from vectors import kindred  # noqa: E402


def golden_ping(header, body):
    return golden_reply("ping-reply", header)


class Sockets(unittest.TestCase):
    def test_no_delay(self):
        """A small request goes out at once: Nagle's algorithm would let it wait for an acknowledgement."""
        with Scripted(golden_ping) as server, kindred.connect(server.address) as client:
            self.assertNotEqual(client.connection.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 0)

    def test_no_delay_on_the_next_connection_too(self):
        with Scripted(golden_ping) as server, kindred.connect(server.address) as client:
            client.close()
            client.release(client.acquire(5))
            self.assertEqual(server.connections, 2)
            self.assertNotEqual(client.connection.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 0)


if __name__ == "__main__":
    unittest.main()
