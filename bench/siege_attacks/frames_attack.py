"""Connections whose frames never end."""

import resource

from .attack import Attack, divided
from .plans import UnfinishedFramePlans

DESCRIPTORS_BESIDE = 400  # of a server that are no attacker's: its own, the bystander's, the operator's


class FramesAttack(Attack):
    """As many connections as the server allows, each with an unfinished frame of the greatest size.

    Each sends as much of the body as the server takes; every other one then adds a byte a second.
    """

    name = "frames"

    def descriptors(self):
        return self.scale.frames_connections + DESCRIPTORS_BESIDE

    def swarms(self, address, count):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        allowed = min(self.scale.frames_connections, count * (hard - DESCRIPTORS_BESIDE))
        return divided(address, allowed, count, UnfinishedFramePlans(drips=True))

    def hold(self, verdicts, counts, server, during):
        verdicts.note("connections wanted", self.scale.frames_connections)
