"""Tests of rules against a server with the shop of `mall`, whose answers are plain statements over the raw data."""

import os
import unittest

import kindred
from tests.support.mall import Mall
from tests.support.scratch import Scratch

SEED = int(os.environ.get("KINDRED_TEST_SEED", "20261129"))
mall = Mall()


def pack(scratch):
    """The shop, another one for pages, one without what rules need, and one without a catalog."""
    mall.pack(scratch)
    mall.pack(scratch, "bare", seen=False, popularity=False, fold_in=False)
    mall.pack(scratch, "pages")
    scratch.pack("shop", scratch.items_npy, scratch.item_ids, scratch.users_npy, scratch.user_ids)


def vector(user):
    return mall.user[user]["vector"]


class RuleTests(unittest.TestCase):
    """Each class has a client of the shop. A module of tests calls `serve` as it begins."""

    maxDiff = None
    scratch = address = None

    @staticmethod
    def serve():
        """Packs and serves the models; both end with the calling module."""
        RuleTests.scratch, RuleTests.address = Scratch.served(pack)

    def setUp(self):
        self.client = kindred.connect(self.address, model="mall")
        self.addCleanup(self.client.close)

    def check(self, found, query, **rules):
        """Results of the expected rows, scores and number of eligible rows."""
        rows, eligible = mall.expected(query, **rules)
        pairs = [(row["id"], row["score"]) if isinstance(row, dict) else row for row in found]
        self.assertEqual(pairs, rows)
        self.assertEqual((found.eligible, found.exact, found.model), (eligible, True, "mall"))

    def check_user(self, user, *, sent=None, **rules):
        """A query by user with arguments `sent`, whose rules as functions are `rules`."""
        window = {name: rules[name] for name in ("k", "offset") if name in rules}
        self.check(self.client.recommend(user=user, **window, **(sent or {})), vector(user), **rules)
