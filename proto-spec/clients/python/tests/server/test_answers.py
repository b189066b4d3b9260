"""The Python client's answers from a real server, against scores computed here.

Needs KINDRED_BINARY, the path of the `kindred` command: a scratch repository is packed and served with it.
"""

import math
import random
import subprocess
import threading
import unittest

import kindred
from tests.support.scratch import BINARY, ITEMS, USERS, Scratch, rounded

scratch = None
address = None


def setUpModule():
    global scratch, address
    scratch, address = Scratch.served(Scratch.pack_all)


def canonical(a, b):
    """Appendix A.1 of SPEC.md, in float64."""
    sums = [0.0] * 8
    for index, (x, y) in enumerate(zip(a, b)):
        sums[index % 8] += x * y
    s = sums
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))


def dot(q, x):
    return rounded(canonical(q, x)) + 0.0


def cosine(q, x):
    product = math.sqrt(canonical(q, q)) * math.sqrt(canonical(x, x))
    return rounded(canonical(q, x) / product) + 0.0 if product else 0.0


def ranked(query, ids, rows, k, score=dot, left_out=()):
    """The first k of the documented order: score descending, then id ascending as bytes or number."""
    pairs = [(item, score(query, row)) for item, row in zip(ids, rows) if item not in left_out]
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0].encode() if isinstance(pair[0], str) else pair[0]))[:k]


class AnswersTest(unittest.TestCase):
    def setUp(self):
        self.client = kindred.connect(address)
        self.items = dict(zip(scratch.items, scratch.item_vectors))
        self.users = dict(zip(scratch.users, scratch.user_vectors))

    def tearDown(self):
        self.client.close()

    def over(self, side, query, k, score=dot, left_out=()):
        table = self.items if side == "items" else self.users
        return ranked(query, list(table), list(table.values()), k, score, left_out)


class Recommendations(AnswersTest):
    def test_every_kind_of_query(self):
        call = self.client.recommend
        for user in scratch.users:
            self.assertEqual(call(user=user, k=20), self.over("items", self.users[user], 20))
        item = self.items["i3"]
        self.assertEqual(call(item="i3", k=5), self.over("items", item, 5, cosine, {"i3"}))
        self.assertEqual(call(item="i3", k=5, include_members=True), self.over("items", item, 5, cosine))
        self.assertEqual(call(item="i3", k=5, over="users"), self.over("users", item, 5))
        self.assertEqual(call(user="u3", k=5, over="users"), self.over("users", self.users["u3"], 5, cosine, {"u3"}))
        self.assertEqual(call(user="u3", k=5, similarity="cosine"), self.over("items", self.users["u3"], 5, cosine))
        vector = [0.5, -1.25, 2.0, 0.125]
        self.assertEqual(call(vector=vector, k=60), self.over("items", vector, 60))
        self.assertEqual(call(vector=vector, k=60, over="users", similarity="cosine"),
                         self.over("users", vector, 60, cosine))

    def test_baskets(self):
        weights = {"i5": 2.0, "i9": -0.5, "i30": 1.0}
        members = sorted(weights, key=str.encode)
        total = sum(abs(weight) for weight in weights.values())
        query = [rounded(sum(weights[m] * self.items[m][i] for m in members) / total) for i in range(4)]
        self.assertEqual(self.client.recommend(basket=weights, k=9), self.over("items", query, 9, dot, weights))
        self.assertEqual(self.client.recommend(basket=list(weights.items()), k=9, over="users"),
                         self.over("users", query, 9))

    def test_restrictions(self):
        query = self.users["u4"]
        found = self.client.recommend(user="u4", k=10, exclude=["i10", "i11", "nothing"])
        self.assertEqual(found, self.over("items", query, 10, dot, {"i10", "i11"}))
        self.assertEqual((found.eligible, found.exact, found.model, found.version), (ITEMS - 2, True, "shop", 1))
        allowed = ["i10", "i11", "i12", "nothing"]
        found = self.client.recommend(user="u4", k=10, candidates=allowed)
        self.assertEqual(found, self.over("items", query, 10, dot, set(self.items) - set(allowed)))
        self.assertEqual(found.eligible, 3)
        others = [f"i{number}" for number in range(0, ITEMS, 2)]
        found = self.client.recommend_batch(users=["u4", "u5"], k=10, candidates=[allowed, others],
                                            exclude=[["i11"], others[:3]], raise_errors=True)
        self.assertEqual(found[0], self.over("items", query, 10, dot, set(self.items) - {"i10", "i12"}))
        self.assertEqual(found[1], self.over("items", self.users["u5"], 10, dot, set(self.items) - set(others[3:])))
        best = self.over("items", query, 10)
        found = self.client.recommend(user="u4", k=10, min_score=best[4][1])
        self.assertEqual(found, best[:5])
        self.assertEqual(found.eligible, ITEMS)

    def test_batches(self):
        users = scratch.users * 30
        alone = {user: self.client.recommend(user=user, k=7) for user in scratch.users}
        self.assertEqual(self.client.recommend_batch(users=users, k=7), [alone[user] for user in users])
        rows = [scratch.user_vectors[index] for index in range(1, 20)]
        self.assertEqual(self.client.recommend_batch(vectors=rows, k=7), [alone[f"u{i}"] for i in range(1, 20)])

    def test_number_ids(self):
        found = self.client.recommend(user=1007, model="numbers", k=20)
        expected = ranked(scratch.user_vectors[7], scratch.item_numbers, scratch.item_vectors, 20)
        self.assertEqual(found, expected)
        self.assertEqual(self.client.recommend(item=2**63 - 1, model="numbers", k=3),
                         self.client.recommend(item=str(2**63 - 1), model="numbers", k=3))

    def test_columns(self):
        rows = self.client.recommend(user="u4", k=ITEMS, columns=["title", "price", "stock"])
        self.assertEqual([(row["id"], row["score"]) for row in rows], self.over("items", self.users["u4"], ITEMS))
        by_id = {row["id"]: row for row in rows}
        self.assertEqual({k: by_id["i9"][k] for k in ("title", "price", "stock")},
                         {"title": "title of i9", "price": 2.25, "stock": -9})
        for absent in (scratch.items[2], scratch.items[-1]):
            self.assertEqual([by_id[absent][name] for name in ("title", "price", "stock")], [None] * 3)

    def test_scores_and_vectors(self):
        names = ["i5", "nothing", "i5", "cafe\u0301"]
        expected = [None if n == "nothing" else dot(self.users["u6"], self.items[n]) for n in names]
        self.assertEqual(self.client.score(user="u6", candidates=names), expected)
        found = self.client.vectors(items=["i5", "nothing", "i7"])
        self.assertEqual([float(x) for x in found[0]], self.items["i5"])
        self.assertTrue(found[1] is None or all(math.isnan(x) for x in found[1]))
        many = self.client.vectors(users=scratch.users * 60)
        self.assertEqual(len(many), USERS * 60)

    def test_threads_share_a_client(self):
        expected, failures = {user: self.over("items", self.users[user], 5) for user in scratch.users}, []

        def run(seed):
            source = random.Random(seed)
            for _ in range(50):
                user = source.choice(scratch.users)
                if self.client.recommend(user=user, k=5) != expected[user]:
                    failures.append(user)
        threads = [threading.Thread(target=run, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(failures, [])


class Audiences(AnswersTest):
    def expected(self, seeds, size, score=cosine, left_out=None):
        rows = [scratch.user_vectors[i] for i in sorted(range(USERS), key=lambda i: scratch.users[i].encode())
                if scratch.users[i] in seeds]
        query = [rounded(sum(row[i] for row in rows) / len(rows)) for i in range(4)]
        return self.over("users", query, size, score, set(seeds) if left_out is None else left_out)

    def test_sizes(self):
        seeds = ["u3", "u4", "u5"]
        self.assertEqual(self.client.lookalike(seeds=seeds, size=10), self.expected(seeds, 10))
        self.assertEqual(self.client.lookalike(seeds=seeds, size=0.1), self.expected(seeds, USERS // 10))
        self.assertEqual(self.client.lookalike(seeds=seeds, size="1%"), self.expected(seeds, 1))
        self.assertEqual(self.client.lookalike(seeds=seeds, size=1.0), self.expected(seeds, USERS))
        everyone = self.expected(seeds, USERS)
        self.assertEqual(self.client.lookalike(seeds=seeds, size=f">={everyone[12][1]!r}"), everyone[:13])
        self.assertEqual(self.client.lookalike(seeds=seeds, size=10, include_seeds=True, similarity="dot"),
                         self.expected(seeds, 10, dot, ()))

    def test_the_summary(self):
        audience = self.client.lookalike(seeds=["u3", "u3", "x", "u4", "y"], size=7)
        summary = audience.summary
        self.assertEqual((summary.rows, summary.seeds, summary.matched, summary.duplicate, summary.unmatched),
                         (7, 5, 2, 1, 2))
        self.assertEqual((summary.unmatched_examples, summary.match_rate), (["x", "y"], 0.5))
        self.assertEqual((summary.model, summary.version, summary.exact), ("shop", 1, True))

    def test_the_command_says_how_many_were_eligible(self):
        # Seeds that are users are scanned and cannot be in the audience.
        for options, eligible in (([], USERS - 2), (["--include-seeds"], USERS)):
            with self.subTest(options):
                done = subprocess.run(
                    [BINARY, "lookalike", "--server", address, "--seeds", "-", "--size", "7", *options],
                    input="u3\nu4\nx\n", capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f"audience 7 of {eligible}   ", done.stderr)

    def test_a_small_window_and_many_seeds(self):
        seeds = ["u3", "u4"] + [f"unknown{index}" for index in range(40000)]
        with self.client.lookalike(seeds=iter(seeds), size=1.0, window=700, stream=True) as stream:
            rows = [row for chunk in stream for row in chunk]
        self.assertEqual(rows, self.expected(["u3", "u4"], USERS))
        self.assertEqual((stream.summary.seeds, stream.summary.matched), (40002, 2))

    def test_a_stream_that_is_closed_early(self):
        with self.client.lookalike(seeds=["u3"], size=1.0, window=400, stream=True) as stream:
            next(stream)
        self.assertLess(self.client.ping(), 5)
        self.assertEqual(len(self.client.recommend(user="u1", k=3)), 3)


class Versions(AnswersTest):
    def test_a_new_version_activation_and_rollback(self):
        """One test, since each step begins with the state of the one before."""
        scratch.pack_shop()
        self.assertEqual(self.client.load("shop", 2)["active"], 2)
        self.assertEqual(self.client.recommend(user="u1").version, 2)
        self.assertEqual(self.client.activate("shop", 1, expected=2),
                         {"active": 1, "previous": 2, "pinned": 1, "remembered": True})
        self.assertEqual(self.client.recommend(user="u1", version=1).version, 1)
        with self.assertRaises(kindred.Error) as caught:
            self.client.activate("shop", 2, expected=2)
        self.assertEqual(caught.exception.name, "CONFLICT")
        self.assertEqual(self.client.rollback("shop")["active"], 2)
        self.assertEqual(self.client.activate("shop", "latest")["pinned"], 0)
        status = next(model for model in self.client.models() if model["name"] == "shop")
        self.assertEqual((status["active"], status["default"], status["dimension"], status["items"], status["users"]),
                         (2, True, 4, ITEMS, USERS))
        self.assertEqual((status["item_ids"], status["metric"], status["training_id"], status["item_columns"]),
                         ("text", "dot", "t1", ["title", "price", "stock"]))
        self.assertEqual(status["item_column_types"], ["text", "reals", "integers"])
        self.assertEqual([(version["version"], version["state"], version["item_columns"])
                          for version in status["versions"]],
                         [(1, "loaded", ["title", "price", "stock"]), (2, "loaded", ["title", "price", "stock"])])
        self.assertEqual(self.client.models("shop"), [status])
        self.client.activate("shop", 1)

    def test_operation(self):
        self.assertLess(self.client.ping(), 5)
        self.assertEqual(self.client.health(), {"state": "serving", "models_ready": 3})
        self.assertTrue(all(isinstance(value, int) for value in self.client.stats().values()))


if __name__ == "__main__":
    unittest.main()
