"""A long list, requested without pause."""

from bench.siege_attacks.attacks.attack import Attack, divided
from bench.siege_attacks.frames import body
from bench.siege_attacks.plans import RequestPlans
from bench.siege_attacks.repository import SHIPPED

CONNECTIONS = 4
WITHOUT_END = 1 << 30


class ListsAttack(Attack):
    """MODEL_LIST over thousands of models, over some connections that read the replies."""

    name = "lists"
    server_arguments = ("--default-model", SHIPPED)

    def models(self):
        models = self.repository.new_models("lists-models")
        self.repository.add_tiny(models, self.scale.models)
        return models

    def swarms(self, address, count):
        plans = RequestPlans([("MODEL_LIST", body("MODEL_LIST"))], WITHOUT_END, 16, 10_000)
        return divided(address, CONNECTIONS, count, plans, reads=True)
