"""Requests that are expensive to plan."""

from array import array

from bench.siege_attacks.attacks.attack import Attack, divided
from bench.siege_attacks.frames import body
from bench.siege_attacks.plans import RequestPlans
from bench.siege_attacks.repository import SHIPPED, WIDE, WIDE_ITEMS

MEMBERS = 512  # basket_members_max
TIMEOUT_MS = 60_000


class BasketsAttack(Attack):
    """Batches of the largest baskets, many at once. Each connection asks once and reads its answers."""

    name = "baskets"
    server_arguments = ("--default-model", SHIPPED)

    def models(self):
        models = self.repository.new_models("baskets-models")
        self.repository.add_wide(models)
        return models

    def swarms(self, address, count):
        baskets, each = self.scale.baskets_per_request, self.scale.requests_per_basket_connection
        members = array("Q", [1 + (7 * number) % WIDE_ITEMS for number in range(MEMBERS * baskets)])
        offsets = list(range(0, MEMBERS * baskets + 1, MEMBERS))
        kinds = [("RECOMMEND", body("RECOMMEND", {"query_kind": 4, "target": 1, "query_count": baskets, "k": 10}, {
            "model": WIDE, "members": (members, offsets)}))]
        return divided(address, self.scale.basket_connections, count, RequestPlans(kinds, each, each, TIMEOUT_MS),
                       reads=True, replaces=False)

    def hold(self, verdicts, counts, server, during):
        answered = int(counts["answers OK"])
        verdicts.hold("heavy requests that were answered", answered > 0, f"{answered:,}", "at least 1")
        verdicts.note("processor seconds for each answered", during["processor_seconds"] / max(answered, 1))
