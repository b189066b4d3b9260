"""The operator, who switches versions during the attack."""

import threading
import time

from bench.siege_attacks.repository import SHIPPED
from bench.support.client import kindred

PATIENCE_SECONDS = 10.0


class OperatorCalls(threading.Thread):
    """ACTIVATE of the two versions of the shipped model in turn, each over a new connection, from `start` on.

    `slowest` is the time of the slowest call, connecting included; `failure` is the first call without OK. A given
    `client` is used instead of new connections.
    """

    def __init__(self, address, pause_seconds, client=None):
        super().__init__(daemon=True)
        self.address, self.pause_seconds, self.client = address, pause_seconds, client
        self.ended = threading.Event()
        self.calls, self.slowest, self.failure = 0, 0.0, None

    @staticmethod
    def load_both(address):
        """Switches once to each version, so that both are in memory."""
        with kindred.connect(address, timeout=PATIENCE_SECONDS) as client:
            for version in (1, 2):
                client.activate(SHIPPED, version)

    def run(self):
        while not self.ended.wait(self.pause_seconds):
            start = time.monotonic()
            try:
                self.activate(1 + self.calls % 2)
            except kindred.Error as error:
                if not self.ended.is_set():
                    self.failure = self.failure or str(error)
            self.slowest = max(self.slowest, time.monotonic() - start)
            self.calls += 1

    def activate(self, version):
        if self.client:
            self.client.activate(SHIPPED, version)
            return
        with kindred.connect(self.address, timeout=PATIENCE_SECONDS) as client:
            client.activate(SHIPPED, version)

    def finish(self):
        """Waits for the call that is under way and ends."""
        self.ended.set()
        self.join()
