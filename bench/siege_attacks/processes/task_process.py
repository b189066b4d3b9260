"""A process that runs tasks until it is told to stop."""

import multiprocessing
import os
import signal
import time
import traceback

from bench.siege_attacks.processes.limits_of_processes import end_with_parent
from bench.support.failure import BenchFailure

PATIENCE_SECONDS = 60
STOP = "stop"
FORK = multiprocessing.get_context("fork")


class TaskProcess:
    """A forked process with a priority (nice). `work` runs there and ends soon after `told_to_stop` is True."""

    def __init__(self, name, priority):
        self.name, self.priority = name, priority
        self.pipe, inner = FORK.Pipe()
        self.process = FORK.Process(target=self.live, args=(inner, self.pipe), daemon=True)
        self.process.start()
        inner.close()
        self.busy = False

    # ---- In the parent

    def begin(self, *arguments):
        """Starts `work` with these arguments."""
        self.pipe.send(arguments)
        self.busy = True

    def stop(self):
        """Ends `work` and returns its result."""
        self.pipe.send(STOP)
        return self.result()

    def result(self, goes_on=False):
        """The next message of the process. With `goes_on`, `work` continues after it."""
        if not self.pipe.poll(PATIENCE_SECONDS):
            raise BenchFailure(f"the {self.name} said nothing within {PATIENCE_SECONDS} s")
        try:
            kind, value = self.pipe.recv()
        except EOFError:
            raise BenchFailure(f"the {self.name} ended by itself") from None
        self.busy = goes_on and kind != "failed"
        if kind == "failed":
            raise BenchFailure(f"the {self.name} failed:\n{value}")
        return value

    def close(self):
        if self.process.is_alive():
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()
        self.pipe.close()

    # ---- In the child

    def live(self, pipe, outer):
        end_with_parent()
        outer.close()
        self.pipe = pipe
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
        os.nice(self.priority)
        try:
            self.prepare()
            while True:
                arguments = pipe.recv()
                if arguments == STOP:
                    continue  # meant for a task that has failed already
                self.stopped = False
                try:
                    answer = self.work(*arguments)
                except Exception:
                    pipe.send(("failed", traceback.format_exc()))
                    continue
                while not self.told_to_stop():
                    time.sleep(0.01)
                pipe.send(("done", answer))
        except EOFError:
            pass  # the parent has ended

    def told_to_stop(self):
        if not self.stopped and self.pipe.poll():
            self.pipe.recv()
            self.stopped = True
        return self.stopped

    def prepare(self):
        """Runs once, before the first task."""

    def work(self, *arguments):
        raise NotImplementedError
