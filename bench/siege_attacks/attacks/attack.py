"""The interface and the defaults of an attack."""

from bench.siege_attacks.processes.swarm import Swarm


class Attack:
    """One way to harm other clients. Subclasses override its parts."""

    name = ""
    server_arguments = ()

    def __init__(self, scale, repository, attackers):
        self.scale, self.repository, self.attackers = scale, repository, attackers

    # ---- The server's options

    def models(self):
        """The folder of models that the server serves."""
        return self.repository.models

    def descriptors(self):
        """RLIMIT_NOFILE of the server."""
        return 20_000

    def enclosure(self):
        """A MemoryEnclosure, or None."""
        return None

    def operator_client(self, address):
        """A client that the operator connected before the attack; None: a new connection for each call."""
        return None

    # ---- The attack

    def seconds(self):
        """Duration of the attack beside the bystander."""
        return self.scale.attack_seconds

    def swarms(self, address, count):
        """A Swarm for each of `count` attackers."""
        return []

    def begin(self, server):
        count = len(self.attackers.processes)
        self.attackers.attack(self.swarms(server.address, count))

    def hold(self, verdicts, counts, server, during):
        """Adds verdicts beyond those of every attack. `during` is the dict of measurements during the attack."""


def divided(address, total, count, plans, **arguments):
    """`total` peers, divided into `count` swarms."""
    return [Swarm(address, total // count + (number < total % count), plans, number, **arguments)
            for number in range(count)]
