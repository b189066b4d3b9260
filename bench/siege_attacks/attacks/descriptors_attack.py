"""More connections than the server has descriptors."""

import time

from bench.siege_attacks.attacks.attack import Attack, divided
from bench.siege_attacks.plans import WaitingPlans
from bench.siege_attacks.processes.operator_calls import PATIENCE_SECONDS
from bench.support.client import kindred

DESCRIPTORS = 64
SHARE_MAX = 0.25  # of one processor, the bystander's requests included


class DescriptorsAttack(Attack):
    """Connections to a server whose descriptors are all in use; it must not spin until one is free.

    The operator has connected before.
    """

    name = "descriptors"

    def descriptors(self):
        return DESCRIPTORS

    def operator_client(self, address):
        return kindred.connect(address, timeout=PATIENCE_SECONDS)

    def swarms(self, address, count):
        return divided(address, self.scale.waiting_connections, count, WaitingPlans())

    def hold(self, verdicts, counts, server, during):
        share = during["processor_seconds"] / during["seconds"]
        verdicts.at_most("processor time of the server", 100 * share, 100 * SHARE_MAX, "% of one processor")
        start = time.monotonic()
        try:
            kindred.connect(server.address, timeout=PATIENCE_SECONDS).close()
            verdicts.at_most("a new connection afterwards", time.monotonic() - start, 2.0, "s")
        except kindred.Error as error:
            verdicts.hold("a new connection afterwards", False, str(error), "at most 2.0 s")
