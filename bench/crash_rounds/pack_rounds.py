"""kill -9 of `kindred pack` at random moments."""

import collections
import subprocess

from bench.crash_rounds.population import LARGE, SMALL, Training
from bench.support.failure import BenchFailure


class PackRounds:
    """Kills packs. After each, the next server must serve a whole version."""

    def __init__(self, scratch, seed, source):
        self.scratch, self.seed, self.source = scratch, seed, source
        self.found = collections.Counter()
        self.seconds = {}

    def prepare(self):
        """Packs version 1 of both models and measures how long an undisturbed pack takes."""
        for population in (SMALL, LARGE):
            training = Training(population, f"{self.seed} first")
            _, self.seconds[population] = self.scratch.pack(training)
            self.scratch.answers[population.name, 1] = training.answers()

    def run(self, number):
        """One round. True if the pack was killed before it had finished.

        Four of five rounds kill the pack of the large model, which takes longer.
        """
        scratch = self.scratch
        population = SMALL if number % 5 == 4 else LARGE
        training = Training(population, f"{self.seed} pack {number}")
        before = scratch.newest(population.name)
        moment = self.source.uniform(0, 1.1 * self.seconds[population])
        process = subprocess.Popen(
            scratch.pack_command(training), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            _, errors = process.communicate(timeout=moment)
            if process.returncode != 0:
                raise BenchFailure(f"pack ended with status {process.returncode}, wanted 0: {errors.decode()}")
            self.found["had finished"] += 1
            was_killed = False
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.found["killed"] += 1
            was_killed = True

        after = scratch.newest(population.name)
        if after not in (before, before + 1):
            raise BenchFailure(f"{population.name}: version {after} is the newest, wanted {before} or {before + 1}")
        self.found["new version" if after > before else "old version"] += 1
        self.found["left a folder behind"] += bool(scratch.leftovers(population.name))
        if after > before:
            scratch.answers[population.name, after] = training.answers()
        scratch.verify()
        address = scratch.start_server()
        for each in (SMALL, LARGE):
            scratch.check_served(address, each)
        scratch.kill_server()
        scratch.remove_old_versions(population.name)
        return was_killed

    def finish(self):
        """The next undisturbed pack must remove the remains of the killed ones."""
        for population in (SMALL, LARGE):
            training = Training(population, f"{self.seed} last")
            folder, _ = self.scratch.pack(training)
            self.scratch.answers[population.name, int(folder.name)] = training.answers()
            if self.scratch.leftovers(population.name):
                raise BenchFailure(f"{population.name}: a pack left {self.scratch.leftovers(population.name)} behind")
        self.scratch.verify()

    def summary(self):
        found = self.found
        return (f"pack: {found['killed']} killed, {found['had finished']} had finished; the next start served the old "
                f"version {found['old version']} times, the new one {found['new version']} times; "
                f"{found['left a folder behind']} left a folder behind, none of it was loaded")
