"""The options of the client's socket, read back from the system."""

import socket
import unittest

import kindred
from tests.support.scripted_server import Scripted, golden_reply


def golden_ping(header, body):
    return golden_reply("ping-reply", header)


class Sockets(unittest.TestCase):
    def test_no_delay(self):
        """A small request is sent at once. Nagle's algorithm would delay it until an acknowledgement."""
        with Scripted(golden_ping) as server, kindred.connect(server.address) as client:
            self.assertNotEqual(client.shared.connection.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 0)

    def test_no_delay_on_the_next_connection_too(self):
        with Scripted(golden_ping) as server, kindred.connect(server.address) as client:
            client.close()
            client.shared.release(client.shared.acquire(5))
            self.assertEqual(server.connections, 2)
            self.assertNotEqual(client.shared.connection.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), 0)


if __name__ == "__main__":
    unittest.main()
