"""Little memory."""

from bench.siege_attacks.attacks.attack import Attack, divided
from bench.siege_attacks.plans import UnfinishedFramePlans
from bench.siege_attacks.processes.memory_enclosure import MemoryEnclosure

MEMORY_BYTES = 512 << 20


class ContainerAttack(Attack):
    """Unfinished frames that are together as large as the memory that the server may use."""

    name = "container"

    def enclosure(self):
        return MemoryEnclosure(MEMORY_BYTES)

    def swarms(self, address, count):
        return divided(address, self.scale.container_frames, count, UnfinishedFramePlans(drips=False))
