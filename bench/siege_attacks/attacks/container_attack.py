"""A server with little memory."""

from bench.siege_attacks.attacks.attack import Attack, divided
from bench.siege_attacks.plans import UnfinishedFramePlans
from bench.siege_attacks.processes.memory_enclosure import MemoryEnclosure

MEMORY_BYTES = 512 << 20


class ContainerAttack(Attack):
    """Unfinished frames with as many bytes as the server's memory limit."""

    name = "container"

    def enclosure(self):
        return MemoryEnclosure(MEMORY_BYTES)

    def swarms(self, address, count):
        return divided(address, self.scale.container_frames, count, UnfinishedFramePlans(drips=False))
