"""The memory of a server, looked at all the time."""

import threading

SAMPLE_SECONDS = 0.05


class MemoryWatch(threading.Thread):
    """Knows the greatest VmRSS so far, in MiB, and kills a server that has twice the ceiling.

    At the ceiling an attack is given up: it has failed, and the machine belongs to others too.
    """

    def __init__(self, server, ceiling):
        super().__init__(daemon=True)
        self.server, self.ceiling = server, ceiling
        self.greatest, self.killed = 0.0, False
        self.ended = threading.Event()

    @property
    def is_beyond(self):
        return self.greatest > self.ceiling

    def run(self):
        while True:
            found = self.server.resident_mib()
            self.greatest = max(self.greatest, found)
            if found > 2 * self.ceiling and not self.killed:
                self.killed = True
                self.server.process.kill()
            if self.ended.wait(SAMPLE_SECONDS):
                return

    def finish(self):
        """The last look."""
        if self.is_alive():
            self.ended.set()
            self.join()
