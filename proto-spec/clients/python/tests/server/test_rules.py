"""The rules of recommendations from a real server, each compared with a plain statement over the raw data.

Needs KINDRED_BINARY, the path of the `kindred` command: a scratch repository is packed and served with it.
"""

import itertools
import math
import random
import sqlite3
import unittest

import kindred
from tests.support.mall import ALPHA, COUNTRIES, NOTES, TAGS, cosine, mean
from tests.support.rule_tests import SEED, RuleTests, mall, vector
from tests.support.scratch import DIMENSION


def setUpModule():
    RuleTests.serve()


class Filters(RuleTests):
    def test_each_operator_on_the_raw_values(self):
        cases = {
            "price < 5": lambda r: r["price"] is not None and r["price"] < 5,
            "price < 5 AND brand = 'acme'": lambda r: r["price"] is not None and r["price"] < 5 and r["brand"] == "acme",
            "NOT (brand = 'acme')": lambda r: r["brand"] not in (None, "acme"),
            "brand IS NULL": lambda r: r["brand"] is None,
            "brand IS NOT 'acme'": lambda r: r["brand"] != "acme",
            "brand IN ('acme', 'bolt')": lambda r: r["brand"] in ("acme", "bolt"),
            "brand NOT IN ('acme', 'bolt')": lambda r: r["brand"] not in (None, "acme", "bolt"),
            "stock BETWEEN -5 AND 5": lambda r: r["stock"] is not None and -5 <= r["stock"] <= 5,
            "stock = 9223372036854775807": lambda r: r["stock"] == 2**63 - 1,
            "stock < -9223372036854775807": lambda r: r["stock"] == -2**63,
            "day - 700 >= 2 * 10": lambda r: r["day"] - 700 >= 20,
            "'gift' IN tags": lambda r: "gift" in r["tags"],
            "'gift' IN tags AND NOT 'sale' IN tags": lambda r: "gift" in r["tags"] and "sale" not in r["tags"],
            "'gift' NOT IN tags OR brand = 'dune'": lambda r: "gift" not in r["tags"] or r["brand"] == "dune",
            "id LIKE 'I00%'": lambda r: r["id"].startswith("i00"),
            "id GLOB 'I00*'": lambda r: False,
            "note LIKE '%\\_%' ESCAPE '\\'": lambda r: r["note"] is not None and "_" in r["note"],
            "id = 'o''clock' -- the rest is a comment": lambda r: r["id"] == "o'clock",
            '"id" IN (\'-- no comment\', \'/* nor this\', \'a;b\') /* a comment */':
                lambda r: r["id"] in ("-- no comment", "/* nor this", "a;b"),
            "country = 'DE' OR country IS NULL": lambda r: r["country"] in ("DE", None),
            "TRUE": lambda r: True, "0": lambda r: False, "NULL": lambda r: False,
        }
        for where, passes in cases.items():
            with self.subTest(where):
                self.check_user("u 3", sent={"where": where}, where=passes, k=90)
                self.check(self.client.recommend(vector=vector("u 4"), k=7, where=where), vector("u 4"), where=passes, k=7)
                count = self.client.filter_count(where=where)
                self.assertEqual((count.passing, count.rows), (sum(map(passes, mall.items)), len(mall.items)))

    def test_filters_that_sqlite_runs_on_the_same_file(self):
        """The filter as it stands is what the sqlite3 shell would take."""
        database = sqlite3.connect(self.scratch.folder / "mall.sqlite")
        self.addCleanup(database.close)
        source, values = random.Random(SEED), [1, 2.5, "DE", "acme", "10", None, -2**63]
        atoms = ["price {} :v", "stock {} :v", "brand {} :v", "note {} :v", "day {} 700 + :v", "country {} brand",
                 "price * 2 {} stock", "orders {} price"]
        for number in range(150):
            parts = [source.choice(atoms).format(source.choice(["=", "<>", "<", "<=", ">", ">=", "IS", "IS NOT"]))
                     for _ in range(source.randrange(1, 4))]
            where = f" {source.choice(['AND', 'OR'])} ".join(f"{source.choice(['', 'NOT '])}({part})" for part in parts)
            params = {"v": source.choice(values)} if ":v" in where else {}
            with self.subTest(where=where, params=params, seed=SEED, number=number):
                wanted = {name for name, in database.execute(f"SELECT id FROM items WHERE {where}", params)}
                self.check_user("u 5", sent={"where": where, "params": params}, where=lambda r: r["id"] in wanted, k=90)

    def test_values_of_each_type(self):
        cases = [
            ("price < :most", {"most": 3}, lambda r: r["price"] is not None and r["price"] < 3),
            ("price < :most", {"most": 2.75}, lambda r: r["price"] is not None and r["price"] < 2.75),
            ("price < :most", {"most": math.inf}, lambda r: r["price"] is not None),
            ("price < :most", {"most": None}, lambda r: False),
            ("brand IS :brand", {"brand": None}, lambda r: r["brand"] is None),
            ("stock = :stock", {"stock": 2**63 - 1}, lambda r: r["stock"] == 2**63 - 1),
            ("stock = :stock", {"stock": -2**63}, lambda r: r["stock"] == -2**63),
            ("stock > :yes", {"yes": True}, lambda r: r["stock"] is not None and r["stock"] > 1),
            (":wanted IN tags", {"wanted": "\u2603"}, lambda r: "\u2603" in r["tags"]),
            ("day BETWEEN :today - 7 AND :today", {"today": 725}, lambda r: 718 <= r["day"] <= 725),
            ("brand = :_a AND country = :B2", {"_a": "acme", "B2": "DE"},
             lambda r: r["brand"] == "acme" and r["country"] == "DE"),
        ]
        for where, params, passes in cases:
            with self.subTest(where, params=params):
                self.check_user("u 1", sent={"where": where, "params": params}, where=passes, k=90)

    def test_a_text_is_only_a_text(self):
        """Quotes, semicolons, comments, NUL and characters of four bytes, as a value and as a literal."""
        for note in NOTES:
            with self.subTest(repr(note)):
                def same(row):
                    return note is not None and row["note"] == note
                self.check_user("u 2", sent={"where": "note = :note", "params": {"note": note}}, where=same, k=90)
                if note is not None and "\0" not in note:
                    literal = "note = '{}'".format(note.replace("'", "''"))
                    self.check_user("u 2", sent={"where": literal}, where=same, k=90)
        for item in mall.item:
            found = self.client.recommend(user="u 2", where="id = :id", params={"id": item}, k=1)
            self.assertEqual([name for name, _ in found], [item])
        attempts = ["1 OR 1", "'' OR 1 = 1 --", ":note", "note", "NULL"]
        for text in attempts:
            self.assertEqual(self.client.filter_count(where="note = :note", params={"note": text}).passing, 0)

    def test_columns_of_the_query(self):
        for user in list(mall.user)[:8]:
            own = mall.user[user]
            self.check_user(user, sent={"where": "country = seed.country OR country IS NULL"}, k=90,
                            where=lambda r: r["country"] is None or r["country"] == own["country"])
        for item in list(mall.item)[:20]:
            own = mall.item[item]
            found = self.client.recommend(item=item, where="brand <> seed.brand AND day >= seed.day", k=90)
            self.check(found, own["vector"], score=cosine, left_out={item}, k=90, where=lambda r: (
                None not in (r["brand"], own["brand"]) and r["brand"] != own["brand"] and r["day"] >= own["day"]))
        answers = self.client.recommend_batch(users=list(mall.user), where="country = seed.country", k=5)
        for user, found in zip(mall.user, answers):
            self.check(found, vector(user), k=5, where=lambda r: (
                r["country"] is not None and r["country"] == mall.user[user]["country"]))
        over = self.client.recommend(user="u 3", over="users", where="country = seed.country AND 'vip' IN segments", k=9)
        self.check(over, vector("u 3"), over="users", score=cosine, left_out={"u 3"}, k=9, where=lambda r: (
            r["country"] is not None and r["country"] == mall.user["u 3"]["country"] and "vip" in r["segments"]))

    def test_counts(self):
        first = self.client.filter_count(where="price < :most AND 'new' IN tags", params={"most": 4.0625})
        again = self.client.filter_count(where="price < :most AND 'new' IN tags", params={"most": 4.0625})
        passing = sum(r["price"] is not None and r["price"] < 4.0625 and "new" in r["tags"] for r in mall.items)
        self.assertEqual(first[:2], (passing, len(mall.items)))
        self.assertEqual((first.kept, again.kept and again.seconds), (False, False))
        self.assertGreater(first.seconds, 0.0)
        self.assertEqual((first.model, first.version, again[:2]), ("mall", 1, first[:2]))
        users = self.client.filter_count(where="level > 2 AND 'vip' IN segments", over="users")
        self.assertEqual(users[:2], (sum(r["level"] > 2 and "vip" in r["segments"] for r in mall.users), len(mall.users)))

    def test_scores_of_what_passes(self):
        candidates = [*mall.item, "nothing"]
        found = self.client.score(user="u 6", candidates=candidates, where="price < :most", params={"most": 3})
        scores = dict(mall.expected(vector("u 6"), k=90)[0])
        self.assertEqual(found, [
            scores[name] if name in mall.item and (mall.item[name]["price"] or 9) < 3 and mall.item[name]["price"] is not None
            else None for name in candidates])
        found = self.client.score(item="i003", candidates=list(mall.item), where="brand = seed.brand")
        own = mall.item["i003"]
        self.assertEqual(found, [cosine(own["vector"], r["vector"]) if r["brand"] and r["brand"] == own["brand"] else None
                                 for r in mall.items])


class Ranking(RuleTests):
    def test_boosts(self):
        def is_gift(row):
            return "gift" in row["tags"]

        def is_new(row):
            return row["day"] >= 720
        for effects in itertools.permutations([("multiply", 1.5), ("add", -0.25), ("multiply", 0.1), ("add", 3e-7)], 2):
            sent = [("'gift' IN tags", *effects[0]), ("day >= :new", *effects[1])]
            boosts = [(is_gift, *effects[0]), (is_new, *effects[1])]
            with self.subTest(str(effects)):
                self.check_user("u 4", sent={"boosts": sent, "params": {"new": 720}}, boosts=boosts, k=90)
        boosts = [("day > :d - 0", "multiply", 1.1), ("NULL", "add", 100.0)] * 4
        self.check_user("u 4", sent={"boosts": boosts, "params": {"d": 710}}, k=90,
                        boosts=[(lambda r: r["day"] > 710, "multiply", 1.1)] * 4)
        own = mall.user["u 5"]["country"]
        self.check_user("u 5", sent={"boosts": [("country = seed.country", "add", 2.0)]},
                        boosts=[(lambda r: own is not None and r["country"] == own, "add", 2.0)])

    def test_a_minimum_is_one_of_boosted_scores(self):
        self.check_user("u 4", sent={"boosts": [("'gift' IN tags", "add", 1.0)], "min_score": 1.25}, k=90,
                        boosts=[(lambda r: "gift" in r["tags"], "add", 1.0)], min_score=1.25)

    def test_caps(self):
        for caps in ({"brand": 1}, {"brand": 2, "country": 3}, {"tags": 1}, {"tags": 2, "brand": 1, "country": 2, "day": 1},
                     {"price": 1}, {"brand": 90}):
            with self.subTest(caps):
                self.check_user("u 2", sent={"caps": caps}, caps=caps, k=90)
                self.check_user("u 2", sent={"caps": caps}, caps=caps, k=3, offset=2)
        self.check(self.client.recommend(user="u 2", over="users", caps={"segments": 2}, k=24), vector("u 2"), over="users",
                   score=cosine, left_out={"u 2"}, caps={"segments": 2}, k=24)

    def test_diversity(self):
        for weight in (0, 0.3, 0.7, 1.0):
            for pool in (None, 12, 90):
                with self.subTest(weight=weight, pool=pool):
                    self.check_user("u 7", sent={"diversity": weight, "pool": pool}, diversity=weight, pool=pool, k=9,
                                    offset=3)

    def test_pages(self):
        whole = mall.expected(vector("u 8"), k=90, caps={"brand": 5}, where=lambda r: r["day"] < 730)[0]
        page = self.client.recommend(user="u 8", k=7, caps={"brand": 5}, where="day < 730")
        seen = []
        while page:
            seen += page
            page = page.next_page()
        self.assertEqual(seen, whole)
        for kind, query in (("item", "i004"), ("vector", vector("u 1")), ("basket", {"i004": 1, "a;b": 2.5}),
                            ("clicks", ["i004", ("a,b", 2)]),
                            ("blend", [("user", "u 1", 1.0), ("vector", vector("u 2"), 0.5)])):
            first = self.client.recommend(**{kind: query}, k=5, columns=["brand"])
            self.assertEqual(first.next_page(), self.client.recommend(**{kind: query}, k=10, columns=["brand"])[5:])
        out = [name for name, _ in whole[:3]]
        page = self.client.recommend(user="u 8", k=7, exclude=iter(out), columns=iter(["brand"])).next_page()
        self.assertEqual([row["id"] for row in page], [
            name for name, _ in mall.expected(vector("u 8"), k=7, offset=7, left_out=out)[0]])
        with self.assertRaisesRegex(TypeError, "only the Results of recommend have pages"):
            self.client.recommend_batch(users=["u 1"])[0].next_page()

    def test_pages_keep_their_version(self):
        client = kindred.connect(self.address, model="pages")
        self.addCleanup(client.close)
        page = client.recommend(user="u 1", k=5)
        second = page.next_page()
        for version in (2, 3):
            mall.pack(self.scratch, "pages", training=f"t{version}")
            client.load("pages", version)
            client.activate("pages", version)
            if version == 2:  # version 1 is the one for a rollback, and still there
                again = page.next_page()
                self.assertEqual((again, again.version), (second, 1))
        with self.assertRaises(kindred.Error) as caught:
            page.next_page()
        self.assertEqual(caught.exception.name, "VERSION_GONE")
        self.assertEqual(caught.exception.message, "the version of the first page is no longer loaded: begin again with the "
                                                   "first page (version 1 is on disk but not loaded; version 3 serves)")
        self.assertEqual(client.recommend(user="u 1", k=5).version, 3)


class Visitors(RuleTests):
    def test_seen_items(self):
        for user, row in mall.user.items():
            self.check_user(user, sent={"exclude_seen": True}, left_out=row["seen"], k=90)
            self.check(self.client.recommend(user=user, exclude_seen=True, exclude=["i005"], k=3, where="day < 735"),
                       vector(user), left_out=row["seen"] | {"i005"}, where=lambda r: r["day"] < 735, k=3)
        pair = ["u 1", "u 2"]
        found = self.client.recommend(blend=[("user", user, 1.0) for user in pair], exclude_seen=True, k=90)
        self.check(found, mean([(vector(user), 1.0) for user in pair]), k=90,
                   left_out=set.union(*(mall.user[user]["seen"] for user in pair)))

    def test_because(self):
        for user, row in mall.user.items():
            found = self.client.recommend(user=user, because=True, exclude_seen=True, k=20)
            self.check(found, vector(user), left_out=row["seen"], k=20)
            self.assertEqual([entry["because"] for entry in found], [mall.nearest(entry["id"], row["seen"]) for entry in found])
        own = ["i010", "\u2615 cup", "i020"]
        for kind, query in (("basket", own), ("clicks", own), ("item", own[0]),
                            ("blend", [("item", item, 1.0) for item in own] + [("user", "u 1", 1.0)])):
            found = self.client.recommend(**{kind: query}, because=True, k=20)
            for entry in found:
                self.assertEqual(entry["because"], mall.nearest(entry["id"], own[:1] if kind == "item" else own), kind)

    def test_blends(self):
        blend = [("user", "u 9", 1.0), ("item", "i011", -0.5), ("vector", [0.5, -1.0, 2.0, 0.25], 2.0), ("user", "u 1", 3)]
        # Users in the order of their ids, then items, then vectors.
        query = mean([(vector("u 1"), 3.0), (vector("u 9"), 1.0), (mall.item["i011"]["vector"], -0.5),
                      ([0.5, -1.0, 2.0, 0.25], 2.0)])
        self.check(self.client.recommend(blend=blend, k=90), query, left_out={"i011"}, k=90)
        self.check(self.client.recommend(blend=blend, include_members=True), query)
        self.check(self.client.recommend(blend=blend, over="users", k=24), query, over="users", left_out={"u 1", "u 9"}, k=24)
        batch = self.client.recommend_batch(blends=[blend, [("item", "i012", 1.0)], [("vector", vector("u 3"), 0.1)]], k=4)
        self.check(batch[0], query, left_out={"i011"}, k=4)
        self.check(batch[1], mean([(mall.item["i012"]["vector"], 1.0)]), left_out={"i012"}, k=4)
        self.check(batch[2], mean([(vector("u 3"), 0.1)]), k=4)

    def test_clicks(self):
        """Folded in within rounding: SPEC.md has an order of operations of its own."""
        for clicks in ({"i010": 2.0, "a;b": 1.0}, {"i010": 1.0}, {name: 0.5 for name in list(mall.item)[:12]}):
            with self.subTest(len(clicks)):
                query = mall.folded(clicks)
                wanted, eligible = mall.expected(query, left_out=clicks, k=20)
                found = self.client.recommend(clicks=clicks, k=20)
                self.assertEqual([name for name, _ in found], [name for name, _ in wanted])
                for (_, score), (_, exact) in zip(found, wanted):
                    self.assertAlmostEqual(score, exact, delta=1e-6 * max(1, abs(exact)))
                self.assertEqual(found.eligible, eligible)
        self.assertEqual(self.client.recommend(clicks=["i010", "i010"]), self.client.recommend(clicks={"i010": 2}))
        self.assertNotEqual(self.client.recommend(clicks={"i010": 5, "a;b": 1}),
                            self.client.recommend(clicks={"i010": 1, "a;b": 5}))
        self.assertGreater(ALPHA, 1)

    def test_unknown_ids(self):
        call = self.client.recommend
        for query in ({"user": "nobody"}, {"item": "nothing"}, {"basket": ["nothing"]}, {"clicks": ["nothing", "no"]},
                      {"blend": [("user", "nobody", 1.0), ("item", "nothing", 2.0)]}):
            with self.subTest(str(query)):
                count = len(next(iter(query.values()))) if "user" not in query and "item" not in query else 1
                for unknown in ("strict", None):
                    with self.assertRaises(kindred.Error) as caught:
                        call(**query, **({"unknown": unknown} if unknown else {}))
                    self.assertEqual(caught.exception.name, "UNKNOWN_ID")
                found = call(**query, unknown="skip")
                self.assertEqual((list(found), found.unknown, found.origin), ([], count, "model"))
                found = call(**query, unknown="fallback", k=90)
                self.check(found, "popular", k=90)
                self.assertEqual({row["origin"] for row in found}, {"popular"})
                self.assertEqual((found.origin, found.unknown), ("popular", count))
        # Members of weight 0 say nothing, whether others are unknown or not.
        for query, count in (({"blend": [("item", "nothing", 1), ("user", "u 1", 0)]}, 1), ({"blend": [("user", "u 1", 0)]}, 0),
                             ({"basket": {"nothing": 1, "i010": 0}}, 1), ({"basket": {"i010": 0}}, 0),
                             ({"blend": [("vector", [1.0] * DIMENSION, 0), ("item", "i010", 1e-60)]}, 0)):
            with self.subTest(str(query)):
                found = call(**query, unknown="skip")
                self.assertEqual((list(found), found.unknown), ([], count))
                found = call(**query, unknown="fallback", exclude_seen="blend" in query, k=90)
                self.check(found, "popular", k=90)
                self.assertEqual((found.origin, found.unknown), ("popular", count))
        known = call(basket=["i010", "nothing", "i020"], unknown="skip")
        self.assertEqual((list(known), known.unknown), (list(call(basket=["i010", "i020"])), 1))
        known = call(clicks={"i010": 2, "nothing": 9}, unknown="fallback")
        self.assertEqual([(row["id"], row["score"]) for row in known], call(clicks={"i010": 2}))
        self.assertEqual({row["origin"] for row in known}, {"model"})
        self.assertIsNone(call(user="u 1").unknown)

    def test_popular_rows_under_the_other_rules(self):
        found = self.client.recommend(
            user="nobody", unknown="fallback", where="day >= :d", params={"d": 715}, caps={"brand": 3}, offset=2, k=11,
            exclude=["i030"], boosts=[("TRUE", "add", 9.0)], diversity=0.5, min_score=100.0, exclude_seen=True,
            because=True, columns=["orders"])
        self.check(found, "popular", where=lambda r: r["day"] >= 715, caps={"brand": 3}, offset=2, k=11, left_out={"i030"})
        self.assertEqual([row["because"] for row in found], [None] * len(found))
        self.assertEqual([row["orders"] for row in found], [mall.item[row["id"]]["orders"] for row in found])

    def test_popularity_by_seen_pairs(self):
        counted = kindred.connect(self.address, model="counted")
        self.addCleanup(counted.close)
        mall.pack(self.scratch, "counted", popularity=False)
        counted.load("counted", 1)
        counts = {name: float(sum(name in row["seen"] for row in mall.users)) for name in mall.item}
        wanted = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0].encode()))
        found = counted.recommend(user="nobody", unknown="fallback", k=90)
        self.assertEqual([(row["id"], row["score"]) for row in found], wanted)


class AsWritten(RuleTests):
    """The calls that scripts rely on, each argument by its name."""

    def test_every_argument_at_once(self):
        options = dict(where="price < :most OR day > 700", params={"most": 5}, caps={"country": 20}, diversity=0.3, pool=60,
                       boosts=[("'gift' IN tags", "multiply", 1.5), ("day > 730", "add", 0.1)], offset=10, k=5,
                       exclude_seen=False, because=False, unknown="strict")
        queries = {"user": "u 1", "item": "i010", "vector": [0.5] * DIMENSION, "basket": ["i010"],
                   "clicks": [("i010", 2), "i020"],
                   "blend": [("user", "u 1", 1.0), ("item", "i010", 0.5), ("vector", [0.1] * DIMENSION, 0.2)]}
        for kind, query in queries.items():
            for unknown in ("strict", "skip", "fallback"):
                found = self.client.recommend(**{kind: query}, **{**options, "unknown": unknown})
                self.assertEqual((len(found), found.model), (5, "mall"))
                self.assertEqual(unknown == "fallback", isinstance(found[0], dict))
        batch = self.client.recommend_batch(users=["u 1", "u 2"], distinct=True, k=5)
        self.assertEqual(len({item for found in batch for item, _ in found}), 10)
        self.assertEqual(self.client.filter_count(where="price < :most", params={"most": 5}, over="items").rows, 90)
        self.assertEqual(len(COUNTRIES) + len(TAGS), 8)


if __name__ == "__main__":
    unittest.main()
