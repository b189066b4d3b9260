"""Very many MODEL_LOADs."""

from bench.siege_attacks.attacks.attack import Attack, divided
from bench.siege_attacks.frames import body
from bench.siege_attacks.plans import RequestPlans
from bench.siege_attacks.repository import SHIPPED

CONNECTIONS = 8
TIMEOUT_MS = 1


class LoadsAttack(Attack):
    """MODEL_LOADs with a tiny timeout, from several connections, as many at a time as permitted."""

    name = "loads"

    def seconds(self):
        return self.scale.loads_seconds

    def swarms(self, address, count):
        kinds = [("MODEL_LOAD", body("MODEL_LOAD", {}, {"model": SHIPPED}))]
        plans = RequestPlans(kinds, self.scale.loads // CONNECTIONS, 1_024, TIMEOUT_MS)
        return divided(address, CONNECTIONS, count, plans, reads=True, replaces=False)
