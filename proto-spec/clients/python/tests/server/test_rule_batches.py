"""Batches with rules against a real server: filters of their own, distinct rows, and each answer as that of its query alone.

Needs KINDRED_BINARY, the path of the `kindred` command: a scratch repository is packed and served with it.
"""

import random
import unittest

import kindred
from tests.support.rule_tests import SEED, RuleTests, mall, vector


def setUpModule():
    RuleTests.serve()


class Batches(RuleTests):
    def test_distinct(self):
        users = list(mall.user)[:12]
        for k, rules, statement in ((3, {}, {}), (9, {"caps": {"brand": 2}}, {"caps": {"brand": 2}}),
                                    (20, {"where": "day > 705"}, {"where": lambda r: r["day"] > 705})):
            answers = self.client.recommend_batch(users=users, k=k, distinct=True, exclude_seen=True, **rules)
            taken = set()
            for user, found in zip(users, answers):
                seen = mall.user[user]["seen"]
                self.check(found, vector(user), k=k, left_out=seen | taken, **statement)
                passes = statement.get("where", lambda r: True)
                self.assertEqual(found.taken, sum(passes(mall.item[name]) for name in taken - seen))
                taken |= {name for name, _ in found}
        self.assertIsNone(self.client.recommend(user="u 1").taken)

    def test_a_filter_for_each_query(self):
        cheap = "price < :most", lambda r: r["price"] is not None and r["price"] < 5
        filters = [cheap, (None, lambda r: True), ("'gift' IN tags", lambda r: "gift" in r["tags"]), cheap]
        users = ["u 1", "u 2", "u 3", "u 4"]
        answers = self.client.recommend_batch(
            users=users, where=[where for where, _ in filters], params={"most": 5}, k=6, distinct=True)
        taken = set()
        for user, (_, passes), found in zip(users, filters, answers):
            self.check(found, vector(user), k=6, where=passes, left_out=frozenset(taken))
            taken |= {name for name, _ in found}
        own = [self.client.recommend(user=user, where=f"country = seed.country OR day > {day}", k=6)
               for user, day in (("u 1", 705), ("u 2", 720))]
        both = self.client.recommend_batch(
            users=["u 1", "u 2"], k=6, where=[f"country = seed.country OR day > {day}" for day in (705, 720)])
        self.assertEqual(both, own)
        for count in (1, 3):
            with self.assertRaisesRegex(ValueError, f"{count} filters for 2 queries"):
                self.client.recommend_batch(users=["u 1", "u 2"], where=["price < 5"] * count)

    def test_a_filter_for_each_query_of_a_large_batch(self):
        """Several requests: each has the filters, candidates, exclusions and values of its own queries."""
        source = random.Random(SEED)
        filters = [("price < :most", {"most": 5}), (None, {}), ("'gift' IN tags", {}), ("note = ':most' OR day > :day", {"day": 715}),
                   ("country = seed.country -- :most", {}), ('"day" >= :first AND day < :day', {"day": 715, "first": 705})]
        params = {name: value for _, values in filters for name, value in values.items()} | {"bonus": 0.5}
        items, users = list(mall.item), [*mall.user, "nobody"]
        lists = [[], items[:30], items[10:70:3]]
        queries = [(source.choice(users), source.choice(filters[:2] if number < 1_000 else filters), source.choice(lists),
                    source.choice(lists[1:])) for number in range(3_000)]
        queries[2_999] = (queries[2_999][0], filters[5], *queries[2_999][2:])
        boosts = [("day > 700 + :bonus", "add", 0.25)]
        answers = self.client.recommend_batch(
            users=[user for user, _, _, _ in queries], where=[where for _, (where, _), _, _ in queries], params=params,
            exclude=[excluded for _, _, excluded, _ in queries], candidates=[allowed for _, _, _, allowed in queries],
            boosts=iter(boosts), k=3)
        self.assertEqual(len(answers), len(queries))
        alone = {}
        for (user, (where, values), excluded, allowed), found in zip(queries, answers):
            key = user, where, len(excluded), len(allowed)
            if key not in alone:
                alone[key], = self.client.recommend_batch(
                    users=[user], where=where, params={**values, "bonus": 0.5}, exclude=excluded, candidates=allowed, k=3,
                    boosts=boosts)
            if user == "nobody":
                self.assertEqual((found.name, found.message), (alone[key].name, alone[key].message))
            else:
                self.assertEqual((found, found.eligible), (alone[key], alone[key].eligible), key)
        self.assertGreater(len(alone), 300)

    def test_a_filter_that_is_wrong_in_a_large_batch(self):
        where = [None] * 3_000
        where[2_500] = "prize < 5"
        with self.assertRaisesRegex(kindred.Error, r'^INVALID_ARGUMENT: queries 2049 to 3000 of 3000: no column "prize" at byte 0'):
            self.client.recommend_batch(users=["u 1"] * 3_000, where=where, k=1)
        where[2_500:2_502] = "day < 5", "'x' IN brand"
        with self.assertRaises(kindred.Error) as caught:
            self.client.recommend_batch(users=["u 1"] * 3_000, where=where, k=1)
        self.assertIn('the filter of query 454 of 952: at byte 7, "brand" is a column, not a table of values', caught.exception.message)
        self.assertEqual(caught.exception.detail, "FILTER_SET")
        with self.assertRaises(kindred.Error) as caught:
            self.client.recommend_batch(users=["u 1"] * 3_000, where=["day < :day"] * 3_000, params={"day": 5, "dya": 5}, k=1)
        self.assertEqual(caught.exception.detail, "PARAMETER_UNUSED")
        with self.assertRaisesRegex(TypeError, r"^where\[2\] 5: expected a str"):
            self.client.recommend_batch(users=["u 1"] * 3, where=[None, "day < 5", 5])

    def test_more_values_than_one_request_takes(self):
        days = [700 + number % 35 + number / 1_000 for number in range(600)]
        answers = self.client.recommend_batch(
            users=["u 1"] * 600, where=[f"day < :day{number}" for number in range(600)], k=90,
            params={f"day{number}": day for number, day in enumerate(days)})
        self.assertEqual(len(answers), len(days))
        for day, found in zip(days, answers):
            self.assertEqual(found.eligible, sum(row["day"] < day for row in mall.items))
        long = "/*" + "x" * 9_000 + "*/ day < "
        answers = self.client.recommend_batch(users=["u 1"] * 6, where=[f"{long}{705 + number}" for number in range(6)], k=90)
        self.assertEqual([found.eligible for found in answers],
                         [sum(row["day"] < 705 + number for row in mall.items) for number in range(6)])

    def test_a_distinct_batch_is_one_request(self):
        with self.assertRaises(kindred.Error) as caught:
            self.client.recommend_batch(users=["u 1"] * 1_025, k=1, distinct=True)
        self.assertEqual((caught.exception.name, caught.exception.value, caught.exception.limit), ("LIMIT_EXCEEDED", 1_025, 1_024))

    def test_a_query_without_members_is_a_popular_one(self):
        rules = {"where": "day > 705", "k": 7}
        for empty in ({"clicks": []}, {"basket": []}, {"blend": []}):
            with self.subTest(empty):
                found = self.client.recommend(**empty, unknown="fallback", **rules)
                self.check(found, "popular", where=lambda r: r["day"] > 705, k=7)
                self.assertEqual((found.origin, len(self.client.recommend(**empty, unknown="skip", **rules))), ("popular", 0))
                with self.assertRaises(kindred.Error) as caught:
                    self.client.recommend(**empty)
                self.assertEqual(caught.exception.detail, "EMPTY_BASKET")

    def test_a_batch_is_its_queries_alone(self):
        rules = {"where": "price < 9 OR 'gift' IN tags", "boosts": [("day > 720", "multiply", 2.0)], "caps": {"brand": 3},
                 "diversity": 0.4, "offset": 2, "k": 6, "exclude_seen": True, "because": True, "unknown": "fallback"}
        users = [*mall.user, "nobody"] * 3
        alone = {user: self.client.recommend(user=user, **rules) for user in {*users}}
        answers = self.client.recommend_batch(users=users, **rules)
        self.assertEqual(answers, [alone[user] for user in users])
        self.assertEqual([found.eligible for found in answers], [alone[user].eligible for user in users])

    def test_random_combinations(self):
        source = random.Random(SEED)
        filters = [(None, lambda r: True), ("day > 715", lambda r: r["day"] > 715),
                   ("'gift' IN tags OR 'new' IN tags", lambda r: bool(r["tags"] & {"gift", "new"})),
                   ("brand IS NOT NULL AND stock < 30",
                    lambda r: r["brand"] is not None and r["stock"] is not None and r["stock"] < 30)]
        for number in range(250):
            where, passes = source.choice(filters)
            boosts = [(*source.choice(filters[1:]), *source.choice([("multiply", source.uniform(0.2, 3)),
                                                                    ("add", source.gauss(0, 1))]))
                      for _ in range(source.choice([0, 0, 1, 3]))]
            caps = dict(source.sample([("brand", 2), ("country", 4), ("tags", 3), ("day", 1)], source.choice([0, 0, 1, 2])))
            window = {"k": source.choice([1, 5, 20]), "offset": source.choice([0, 0, 3, 30])}
            diversity = source.choice([None, None, source.random()])
            floor = source.choice([None, None, source.gauss(0, 1)])
            user = source.choice(list(mall.user))
            exclude = source.sample(list(mall.item), source.choice([0, 4]))
            seen = source.random() < 0.5
            with self.subTest(seed=SEED, number=number, where=where, caps=caps, diversity=diversity, window=window):
                found = self.client.recommend(
                    user=user, where=where, boosts=[(text, effect, value) for text, _, effect, value in boosts], caps=caps,
                    diversity=diversity, min_score=floor, exclude=exclude, exclude_seen=seen, **window)
                self.check(found, vector(user), where=passes, boosts=[(f, effect, value) for _, f, effect, value in boosts],
                           caps=caps, diversity=diversity, min_score=floor,
                           left_out=set(exclude) | (mall.user[user]["seen"] if seen else set()), **window)


if __name__ == "__main__":
    unittest.main()
