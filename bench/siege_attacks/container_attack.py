"""Little memory."""

from .attack import Attack, divided
from .memory_enclosure import MemoryEnclosure
from .plans import UnfinishedFramePlans

MEMORY_BYTES = 512 << 20


class ContainerAttack(Attack):
    """Unfinished frames that are together as large as the memory that the server may use."""

    name = "container"

    def enclosure(self):
        return MemoryEnclosure(MEMORY_BYTES)

    def swarms(self, address, count):
        return divided(address, self.scale.container_frames, count, UnfinishedFramePlans(drips=False))

    def hold(self, verdicts, counts, server, during):
        verdicts.note("memory", server.enclosure.kind)
