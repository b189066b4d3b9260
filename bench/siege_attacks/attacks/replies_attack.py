"""Peers that ask for large replies and read nothing."""

from bench.siege_attacks.attacks.attack import Attack, divided
from bench.siege_attacks.frames import body
from bench.siege_attacks.plans import RequestPlans
from bench.siege_attacks.repository import CROWD, CROWD_USERS, SHIPPED, WIDE, WIDE_COLUMNS, WIDE_ITEMS

REQUESTS_EACH = 1_024  # requests_in_flight_max
TIMEOUT_MS = 60_000


def largest_requests():
    """For each message the request with the largest reply: pairs (message, body)."""
    query = {"query_kind": 2, "target": 1, "query_count": 1}
    items = [1 + number % WIDE_ITEMS for number in range(100_000)]
    strangers = [f"{number:05d}".ljust(256, "x") for number in range(1_024)]
    return [
        ("RECOMMEND", body("RECOMMEND", {**query, "query_count": 100, "k": 1_000}, {
            "model": WIDE, "query_ids": items[:100], "columns": list(WIDE_COLUMNS)})),
        ("SCORE", body("SCORE", query, {"model": WIDE, "query_ids": [1], "candidates": (items, None)})),
        ("GET_VECTORS", body("GET_VECTORS", {"side": 1}, {"model": WIDE, "ids": items[:10_000]})),
        ("MODEL_LIST", body("MODEL_LIST")),
        ("STATS", body("STATS")),
        ("LOOKALIKE", body("LOOKALIKE", {"scorer": 1, "size_kind": 1, "size_value": CROWD_USERS}, {
            "model": CROWD, "seeds": [1, 2, 3]})),
        ("RECOMMEND", body("RECOMMEND", {"query_kind": 1, "target": 1, "query_count": len(strangers), "k": 1}, {
            "model": SHIPPED, "query_ids": strangers})),
    ]


class RepliesAttack(Attack):
    """Peers that ask for the largest replies of each message, as many at a time as permitted, and never read.

    Errors with long messages are among them: a batch of users that the model does not have.
    """

    name = "replies"
    server_arguments = ("--default-model", SHIPPED)

    def models(self):
        models = self.repository.new_models("replies-models")
        self.repository.add_wide(models)
        self.repository.add_crowd(models)
        self.repository.add_tiny(models, self.scale.models)
        return models

    def swarms(self, address, count):
        plans = RequestPlans(largest_requests(), REQUESTS_EACH, REQUESTS_EACH, TIMEOUT_MS)
        return divided(address, self.scale.reply_peers, count, plans)
