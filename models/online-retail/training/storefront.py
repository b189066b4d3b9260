"""The recall of what a server answers under a shop's rules."""

from collections.abc import Callable

import numpy as np

from .als import confidence_matrix
from .evaluation import HeldOut
from .settings import RECALL_AT, Version

MEMBERS_MAX = 512       # of a basket, the protocol's limit
CLICKS = 3              # of a stranger, the products bought last
TOLERANCE = 0.05        # of the trained vector's recall, for folding in
NOBODY = "nobody"       # the id of no product


class RecallFailure(Exception):
    """A recall that is too low: says what was found and what was wanted."""


class Storefront:
    """Asks a server for the products of each customer of a held-out window.

    The server has the version that was trained on the orders before the window.
    """

    def __init__(self, client, version: Version, held_out: HeldOut) -> None:
        lines = held_out.training
        self.client, self.held_out = client, held_out
        self.user_ids = sorted(set(lines["user"].tolist()))
        self.item_ids = sorted(set(lines["item"].tolist()))
        self.column = {item: index for index, item in enumerate(self.item_ids)}
        self.users = [self.user_ids[row] for row in held_out.user_rows]
        self.weights = confidence_matrix(
            lines, self.user_ids, np.array(self.item_ids, dtype=object), version.settings.half_life_days
        )[:, :len(self.item_ids)]
        last = lines.sort_values(["day", "order", "item"], kind="stable").drop_duplicates(["user", "item"], keep="last")
        self.latest = last.groupby("user")["item"].apply(lambda items: items.tolist()[-CLICKS:]).to_dict()

    def measure(self) -> None:
        """Print all figures; raise where folding in is not as good as it has to be."""
        trained = self.show("the trained vector, with exclude_seen", self.of_users())
        self.show("the trained vector, without exclude_seen", self.of_users(exclude_seen=False))
        folded = self.show("folded in from the customer's orders, weighted by age", self.of_products(self.history))
        self.show("folded in from the customer's orders, unweighted", self.of_products(self.unweighted))
        self.show("a basket of the customer's orders, weighted by age", self.of_products(self.history, kind="basket"))
        self.show(f"folded in from the {CLICKS} products bought last", self.of_products(self.clicks))
        self.show(f"a basket of the {CLICKS} products bought last", self.of_products(self.clicks, kind="basket"))
        self.show("popular products, for a visitor of whom nothing is known",
                  self.of_products(lambda row: [(NOBODY, 1.0)]))
        for where in ("recent_orders > 0", "'christmas' IN season", "seed.country IN popular_in", "median_price < 2"):
            passing = self.passing(where)
            reachable = np.mean((passing & self.held_out.wanted).sum(axis=1) / self.held_out.wanted.sum(axis=1))
            self.show(f"the trained vector where {where}", self.of_users(where=where),
                      f": {passing.mean():.0%} of the products pass, {reachable:.0%} of the first purchases")
        self.show("the trained vector, at most 2 of a kind", self.of_users(caps={"kind": 2}))
        self.show("the trained vector, diversity 0.2", self.of_users(diversity=0.2))
        if not folded >= (1 - TOLERANCE) * trained:
            raise RecallFailure(f"folding in reaches {folded:.4f}, wanted is {1 - TOLERANCE} of {trained:.4f}")

    def show(self, what: str, answers: list[list[str]], more: str = "") -> float:
        """Print and return the mean share of the first purchases that the answers have."""
        rows = [[self.column[item] for item in answer] for answer in answers]
        found = np.array([wanted[columns].sum() for wanted, columns in zip(self.held_out.wanted, rows)])
        recall = float(np.mean(found / self.held_out.wanted.sum(axis=1)))
        again = np.mean([seen[columns].mean() for seen, columns in zip(self.held_out.seen, rows) if columns])
        if again:
            more += f": {again:.0%} of the products shown were bought before"
        print(f"  recall@{RECALL_AT} {recall:.4f}  {what}{more}", flush=True)
        return recall

    def passing(self, where: str) -> np.ndarray:
        """Customers by products: whether the product passes the filter."""
        rows = [self.client.score(user=user, candidates=self.item_ids, where=where) for user in self.users]
        return np.array([[score is not None for score in row] for row in rows])

    def of_users(self, exclude_seen: bool = True, **rules) -> list[list[str]]:
        """The answers for the customers' trained vectors."""
        answers = self.client.recommend_batch(
            users=self.users, k=RECALL_AT, exclude_seen=exclude_seen, raise_errors=True, **rules)
        return [[row[0] for row in answer] for answer in answers]

    def of_products(self, members: Callable[[int], list], kind: str = "clicks") -> list[list[str]]:
        """The answers for vectors made of products, without what the customer has bought."""
        answers = []
        for row, seen in zip(self.held_out.user_rows, self.held_out.seen):
            bought = [self.item_ids[column] for column in np.flatnonzero(seen)]
            answer = self.client.recommend(
                **{kind: members(row)}, k=RECALL_AT, exclude=bought, unknown="fallback")
            answers.append([entry["id"] for entry in answer])
        return answers

    def history(self, row: int) -> list[tuple[str, float]]:
        """The customer's products with the training's weights: the heaviest, where there are too many."""
        entries = self.weights.getrow(row)
        pairs = sorted(zip(entries.indices.tolist(), entries.data.tolist()), key=lambda pair: -pair[1])
        return [(self.item_ids[column], weight) for column, weight in pairs[:MEMBERS_MAX]]

    def unweighted(self, row: int) -> list[tuple[str, float]]:
        return [(item, 1.0) for item, _ in self.history(row)]

    def clicks(self, row: int) -> list[tuple[str, float]]:
        return [(item, 1.0) for item in self.latest[self.user_ids[row]]]
