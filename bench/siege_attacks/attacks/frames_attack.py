"""Unfinished frames."""

from bench.siege_attacks.attacks.attack import Attack, divided
from bench.siege_attacks.plans import UnfinishedFramePlans
from bench.siege_attacks.processes.limits_of_processes import descriptors_allowed

DESCRIPTORS_BESIDE = 400  # descriptors for the server itself, the bystander and the operator


class FramesAttack(Attack):
    """As many connections as the server allows, each with an unfinished frame of the greatest size.

    Each sends as much of the body as the server takes; every other one then adds a byte a second.
    """

    name = "frames"

    def descriptors(self):
        return self.scale.frames_connections + DESCRIPTORS_BESIDE

    def swarms(self, address, count):
        allowed = descriptors_allowed(self.descriptors()) - DESCRIPTORS_BESIDE
        return divided(address, allowed, count, UnfinishedFramePlans(drips=True))

    def hold(self, verdicts, counts, server, during):
        verdicts.note("connections wanted", self.scale.frames_connections)
