"""The processes that attack."""

from collections import Counter

from bench.siege_attacks.processes.task_process import STOP, TaskProcess

LOWEST_PRIORITY = 19


class Attacker(TaskProcess):
    """One of them."""

    def __init__(self, number):
        super().__init__(f"attacker {number}", LOWEST_PRIORITY)

    def work(self, swarm):
        if swarm is None:
            while not self.told_to_stop():
                sum(range(10_000))  # nothing but processor time
            return Counter()
        return swarm.run(self.told_to_stop)


class Attackers:
    """As many as are told, all of the lowest priority; they rest until they are told to burn or to attack."""

    def __init__(self, count):
        self.processes = [Attacker(number) for number in range(count)]

    def burn(self):
        """Each takes what processor time nobody else wants, and touches nothing."""
        for process in self.processes:
            process.begin(None)

    def attack(self, swarms):
        """One swarm for each."""
        for process, swarm in zip(self.processes, swarms):
            process.begin(swarm)

    def stop(self):
        """They let go of everything: the counts of all."""
        busy = [process for process in self.processes if process.busy]
        for process in busy:
            process.pipe.send(STOP)
        return sum((process.result() for process in busy), Counter())

    def close(self):
        for process in self.processes:
            process.close()
