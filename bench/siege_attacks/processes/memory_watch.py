"""Samples the memory of a server."""

import threading

SAMPLE_SECONDS = 0.05


class MemoryWatch(threading.Thread):
    """Records the greatest VmRSS in MiB, and kills a server that has twice the ceiling.

    An attack that reaches the ceiling has failed and is stopped, to spare the machine.
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
        """Takes the last sample."""
        if self.is_alive():
            self.ended.set()
            self.join()
