"""The processes that attack."""

from collections import Counter

from bench.siege_attacks.processes.task_process import STOP, TaskProcess

LOWEST_PRIORITY = 19


class Attacker(TaskProcess):
    """One attacking process."""

    def __init__(self, number):
        super().__init__(f"attacker {number}", LOWEST_PRIORITY)

    def work(self, swarm):
        if swarm is None:
            while not self.told_to_stop():
                sum(range(10_000))  # uses processor time only
            return Counter()
        return swarm.run(self.told_to_stop)


class Attackers:
    """Processes of the lowest priority. They rest until `burn` or `attack`."""

    def __init__(self, count):
        self.processes = [Attacker(number) for number in range(count)]

    def burn(self):
        """Each uses the processor time that other processes leave, and does nothing else."""
        for process in self.processes:
            process.begin(None)

    def attack(self, swarms):
        """Starts one swarm in each."""
        for process, swarm in zip(self.processes, swarms):
            process.begin(swarm)

    def stop(self):
        """Ends the attack and closes all connections: the sum of all counts."""
        busy = [process for process in self.processes if process.busy]
        for process in busy:
            process.pipe.send(STOP)
        return sum((process.result() for process in busy), Counter())

    def close(self):
        for process in self.processes:
            process.close()
