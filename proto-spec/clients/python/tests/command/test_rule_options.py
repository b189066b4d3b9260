"""`kindred recommend`, `score` and `filter` with rules: what they print is what the client gets.

Needs KINDRED_BINARY, the path of the command: a scratch repository is packed and served with it.
"""

import json
import subprocess
import unittest

import kindred
from tests.support.mall import Mall
from tests.support.scratch import BINARY, Scratch, npy

scratch = None
address = None
mall = Mall()


def setUpModule():
    global scratch, address
    scratch, address = Scratch.served(mall.pack)


class RuleOptions(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.client = kindred.connect(address, model="mall")
        self.addCleanup(self.client.close)

    def run_command(self, *arguments, **options):
        done = subprocess.run([BINARY, arguments[0], "--server", address, "--model", "mall", *map(str, arguments[1:])],
                              capture_output=True, text=True, timeout=60, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def answers(self, *arguments, **options):
        return [json.loads(line) for line in self.run_command(*arguments, "--json", **options).stdout.splitlines()]

    def check(self, arguments, **call):
        """One query whose JSON has the rows of the client's answer, and its counts."""
        found = self.client.recommend(**call)
        answer, = self.answers("recommend", *arguments)
        rows = [{"id": row["id"], "score": row["score"]} if isinstance(row, dict) else {"id": row[0], "score": row[1]}
                for row in found]
        for told, row in zip(answer["results"], rows):
            self.assertEqual(told["id"], row["id"])
            self.assertAlmostEqual(told["score"], row["score"], delta=1e-6 * abs(row["score"]))
        self.assertEqual((len(answer["results"]), answer["eligible"], answer["version"]),
                         (len(rows), found.eligible, found.version))
        return answer, found

    def test_every_rule(self):
        answer, found = self.check(
            ["--user", "u 1", "-k", 7, "--where", "price < :most OR day >= :today - 20", "--param", "most=5", "--param",
             "today=735", "--cap", "brand=2", "--cap", "tags=9", "--boost", "*1.5:'gift' IN tags", "--boost", "-0.25:day > 720",
             "--diversity", 0.3, "--pool", 40, "--offset", 3, "--exclude-seen", "--because", "--unknown", "fallback",
             "--columns", "brand"],
            user="u 1", k=7, where="price < :most OR day >= :today - 20", params={"most": 5, "today": 735},
            caps={"brand": 2, "tags": 9}, boosts=[("'gift' IN tags", "multiply", 1.5), ("day > 720", "add", -0.25)],
            diversity=0.3, pool=40, offset=3, exclude_seen=True, because=True, unknown="fallback", columns=["brand"])
        self.assertEqual([[row[name] for name in ("because", "origin", "brand")] for row in answer["results"]],
                         [[row[name] for name in ("because", "origin", "brand")] for row in found])
        self.assertEqual(answer["unknown"], 0)

    def test_values_keep_their_types(self):
        for text, value in (("5", 5), ("-5", -5), ("2.5", 2.5), ("1e3", 1000.0), ("NULL", None), ("acme", "acme"),
                            ("'5'", "5"), ("'NULL'", "NULL"), ("'it''s'", "it's"), ("it's", "it's"), ("", ""), ("''", ""),
                            ("nan", "nan"), ("infinity", "infinity"), ("9223372036854775807", 2**63 - 1),
                            ("9223372036854775808", 9223372036854775808.0), ("0x10", 16), ("0xFFFFFFFFFFFFFFFF", -1),
                            ("0x1p4", "0x1p4"), ("0x1.8", "0x1.8"), ("a=b", "a=b"), ("\u2615", "\u2615"),
                            ("'); DROP TABLE items; --", "'); DROP TABLE items; --")):
            for where in ("price < :v", "brand = :v", "note IS :v", "stock >= :v", ":v IN tags"):
                with self.subTest(text, where=where):
                    told, = self.answers("filter", "--where", where, f"--param=v={text}")
                    self.assertEqual(told["passing"], self.client.filter_count(where=where, params={"v": value}).passing)

    def test_visitors(self):
        self.check(["--clicks", "i010:2,\u2615 cup,\"a,b:0.5\""], clicks={"i010": 2, "\u2615 cup": 1, "a,b": 0.5})
        self.check(["--clicks", "i010", "--clicks", "i011:3"], clicks={"i010": 1, "i011": 3})
        self.check(["--basket", "i010:2,x=y:z:1"], basket={"i010": 2, "x=y:z": 1})
        path = npy(scratch.folder / "given.npy", [[0.5, -1.0, 2.0, 0.25]])
        self.check(["--blend", "user=u 1", "--blend", "item=i010:0.5", "--blend", f"vector={path}:2"],
                   blend=[("user", "u 1", 1), ("item", "i010", 0.5), ("vector", [0.5, -1.0, 2.0, 0.25], 2)])
        self.check(["--item", "o'clock", "--where", "brand = seed.brand"], item="o'clock", where="brand = seed.brand")

    def test_batches(self):
        found = self.client.recommend_batch(users=["u 1", "u 2", "x"], k=5, distinct=True, unknown="skip")
        told = self.answers("recommend", "--user", "u 1,u 2,x", "-k", 5, "--distinct", "--unknown", "skip")
        self.assertEqual([[row["id"] for row in answer["results"]] for answer in told],
                         [[name for name, _ in answer] for answer in found])
        self.assertEqual([(answer["taken"], answer["unknown"]) for answer in told],
                         [(answer.taken, answer.unknown) for answer in found])

    def test_tables(self):
        said = self.run_command("recommend", "--user", "x", "-k", 2, "--unknown", "fallback", "--offset", 1)
        first, heading, *rows = said.stdout.splitlines()
        self.assertRegex(first, r"^model mall  version 1  popular  0 items scanned  [0-9.]+ ms  for x$")
        self.assertEqual([line.split()[0] for line in rows], ["2", "3"])
        self.assertIn("note: x: 1 unknown id: popular items stand in\n", said.stderr)
        said = self.run_command("recommend", "--user", "u 1", "-k", 2, "--because", "--columns", "price")
        self.assertRegex(said.stdout.splitlines()[1], "^  #  item +score  because +price$")
        said = self.run_command("recommend", "--user", "u 1", "--where", "FALSE").stdout
        self.assertIn("  nothing: no item passes the filter\n", said)
        said = self.run_command("recommend", "--user", "u 1", "--where", "day < 705", "--offset", 90).stdout
        self.assertRegex(said, "  nothing: [0-9]+ items were eligible, and the offset is 90\n")

    def test_counts(self):
        passing = sum(row["day"] > 720 for row in mall.items)
        said = self.run_command("filter", "--where", "day > 720").stdout
        share = f"{100 * passing / 90:.2f}".rstrip("0").rstrip(".")
        self.assertRegex(said, rf"^{passing} of 90 items pass \({share} %\)  model mall  version 1  ([0-9.]+ ms|kept from before)\n$")
        told, = self.answers("filter", "--where", "level > 2 AND 'vip' IN segments", "--over", "users")
        self.assertEqual(set(told), {"model", "version", "over", "passing", "rows", "kept", "ms"})
        self.assertEqual((told["over"], told["passing"], told["rows"]),
                         ("users", sum(row["level"] > 2 and "vip" in row["segments"] for row in mall.users), 24))

    def test_scores(self):
        ids = ["i010", "o'clock", "nothing", "a,b"]
        given = 'i010,"o\'clock",nothing,"a,b"'
        for sent, options in (([], {}), (["--where", "day > :d", "--param", "d=715"], {"where": "day > :d", "params": {"d": 715}})):
            scores = self.client.score(user="u 1", candidates=ids, **options)
            answer, = self.answers("score", "--user", "u 1", "--candidates", given, *sent)
            self.assertEqual([row["id"] for row in answer["scores"]], ids)
            for row, score in zip(answer["scores"], scores):
                if score is None:
                    self.assertIsNone(row["score"])
                else:
                    self.assertAlmostEqual(row["score"], score, delta=1e-6)
        table = self.run_command("score", "--clicks", "i010:2", "--candidates", "i011,nothing").stdout.splitlines()
        self.assertEqual(table[0], "model mall  version 1  1 of 2 items have a score for i010:2")
        self.assertRegex(table[3], "^  nothing +-$")
        told = self.answers("score", "--user", "x", "--unknown", "skip", "--candidates", "i011")
        self.assertEqual(told[0]["scores"], [{"id": "i011", "score": None}])
        told = self.answers("score", "--candidates", "@-", "--user", "u 1,u 2", input="i010\ni011\n")
        self.assertEqual([(answer["query"], len(answer["scores"])) for answer in told], [("u 1", 2), ("u 2", 2)])

    def test_columns_that_results_have_for_themselves(self):
        for rule, name in ((["--because"], "because"), (["--unknown", "fallback"], "origin")):
            done = subprocess.run([BINARY, "recommend", "--user", "u 1", "--json", "--columns", name, *rule],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 64)
            self.assertIn(f"--columns {name}: with --json a result has a member '{name}' of its own", done.stderr)

    def test_help(self):
        for command, words in (("recommend", ("--where", "--param", "--boost", "--cap", "--diversity", "--pool", "--offset",
                                              "--exclude-seen", "--because", "--distinct", "--unknown", "--clicks", "--blend")),
                               ("filter", ("--where", "--param", "--over")), ("score", ("--candidates", "--where", "--unknown"))):
            said = subprocess.run([BINARY, "help", command], capture_output=True, text=True, timeout=60).stdout
            for word in words:
                self.assertIn(f"  {word}", said, command)
            self.assertLess(said.index("\n  --server"), said.index("\n  --where"))


if __name__ == "__main__":
    unittest.main()
