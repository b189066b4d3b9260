"""kill -9 of a server at random moments around the publication of a version."""

import collections
import os
import threading
import time

from bench.crash_rounds.load import Load
from bench.crash_rounds.population import LARGE, SMALL, Training
from bench.support.client import kindred
from bench.support.failure import BenchFailure
from bench.support.server_process import PATIENCE_SECONDS

LOADS = 2
WATCH_SECONDS = 1.0  # a server's period of reading its repository


class SwapRounds:
    """Kills servers. After each, the next server must serve the newest whole version."""

    def __init__(self, scratch, seed, source):
        self.scratch, self.seed, self.source = scratch, seed, source
        self.found = collections.Counter()
        self.waiting = scratch.folder / "waiting"  # packed versions, published later by a rename
        self.waiting.mkdir()
        self.load_seconds = {}

    def prepare(self):
        """Starts a server and measures how long MODEL_LOAD of a version of each model takes."""
        self.address = self.scratch.start_server()
        for population in (SMALL, LARGE):
            version, _ = self.pack_aside(population, "prepare")
            self.publish(population, version)
            start = time.monotonic()
            with kindred.connect(self.address, timeout=PATIENCE_SECONDS) as client:
                client.load(population.name)
            self.load_seconds[population] = time.monotonic() - start

    def pack_aside(self, population, label):
        """Packs the next version outside the repository. Returns its number and the seconds it took."""
        version = self.scratch.newest(population.name) + 1
        # A pack takes the number after the highest folder's.
        (self.waiting / population.name / str(version - 1)).mkdir(parents=True, exist_ok=True)
        training = Training(population, f"{self.seed} swap {label}")
        folder, seconds = self.scratch.pack(training, models=self.waiting)
        if folder.name != str(version):
            raise BenchFailure(f"the pack made {folder}, wanted version {version}")
        self.scratch.answers[population.name, version] = training.answers()
        return version, seconds

    def publish(self, population, version):
        """Renames a packed version into the repository."""
        os.rename(self.waiting / population.name / str(version), self.scratch.models / population.name / str(version))

    def run(self, number):
        """One round. In every other round the server gets a MODEL_LOAD; in the rest it finds the version by itself."""
        scratch = self.scratch
        population = SMALL if number % 5 == 4 else LARGE
        name, before = population.name, scratch.newest(population.name)
        version, _ = self.pack_aside(population, number)
        loads = [Load(scratch, self.address, population) for _ in range(LOADS)]
        for load in loads:
            load.start()

        asks = number % 2 == 0
        # A load takes longer beside requests than in `prepare`.
        span = 3 * self.load_seconds[population] + (0 if asks else WATCH_SECONDS)
        moment = self.source.uniform(-0.1, 1) * span
        asker = threading.Thread(target=self.ask_to_load, args=(name,), daemon=True)
        if moment < 0:  # killed before the new version is published
            self.kill(loads)
            self.publish(population, version)
        else:
            self.publish(population, version)
            start = time.monotonic()
            if asks:
                asker.start()
            time.sleep(max(0, start + moment - time.monotonic()))
            self.kill(loads)
        if asker.ident:
            asker.join(timeout=PATIENCE_SECONDS)
        answered = self.judge(loads, before, version)
        self.found["new version" if answered == version else "old version"] += 1
        self.found["answers"] += sum(load.answered for load in loads)

        scratch.verify()
        self.address = scratch.start_server()
        for each in (SMALL, LARGE):
            scratch.check_served(self.address, each)
        self.found["served after"] += 1
        scratch.remove_old_versions(name)
        return True

    def kill(self, loads):
        for load in loads:
            load.server_is_dying.set()
        self.scratch.kill_server()

    def ask_to_load(self, name):
        try:
            with kindred.connect(self.address) as client:
                client.load(name)
        except (kindred.Error, OSError):
            pass  # the server may be killed first; its answers show which version served

    def judge(self, loads, before, version):
        """The newest version that answered before the kill. Raises BenchFailure if a load saw an error."""
        for load in loads:
            load.join(timeout=PATIENCE_SECONDS)
            if load.is_alive():
                raise BenchFailure(f"a request still waits {PATIENCE_SECONDS} s after the server was killed")
            if load.failure:
                raise BenchFailure(load.failure)
        newest = max(load.newest for load in loads)
        if newest not in (0, before, version):
            raise BenchFailure(f"version {newest} answered, wanted {before} or {version}")
        return newest

    def finish(self):
        """Stops the last server with SIGTERM."""
        self.scratch.stop_server()
        self.scratch.verify()

    def summary(self):
        found = self.found
        return (f"swap: {found['served after']} killed while {LOADS} connections asked ({found['answers']:,} answers, "
                f"each of one version); the last answers were the old version's {found['old version']} times, the new "
                f"one's {found['new version']} times; each next start served the new version")
