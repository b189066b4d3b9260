"""What `kindred recommend`, `score` and `filter` say of short and empty answers, and of mistakes in rules.

Needs KINDRED_BINARY, the path of the command: a scratch repository is packed and served with it.
"""

import json
import sqlite3
import subprocess
import unittest

import kindred
from tests.support.mall import Mall
from tests.support.scratch import BINARY, Scratch, lines, npy

scratch = None
address = None
mall = Mall()


def pack(scratch):
    """The shop, and a model whose columns have the names of a table's own headings."""
    mall.pack(scratch)
    path = scratch.folder / "headings.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE items (id TEXT PRIMARY KEY, item TEXT, score REAL, because TEXT, origin TEXT)")
        database.execute("INSERT INTO items VALUES ('a', 'the item', 0.5, 'the reason', 'the origin')")
    database.close()
    scratch.pack("headings", npy(scratch.folder / "headings.npy", [[1.0, 0, 0, 0]]), lines(scratch.folder / "ids", ["a"]),
                 npy(scratch.folder / "u.npy", [[1.0, 0, 0, 0]]), lines(scratch.folder / "uids", ["u"]), "--catalog", path,
                 "--seen", lines(scratch.folder / "seen.tsv", ["u\ta"]))


def setUpModule():
    global scratch, address
    scratch, address = Scratch.served(pack)


class ExplanationTests(unittest.TestCase):
    maxDiff = None

    def run_command(self, *arguments, model="mall"):
        command, *rest = map(str, arguments)
        return subprocess.run([BINARY, command, *rest, "--server", address, "--model", model], capture_output=True, text=True,
                              timeout=60)

    def succeed(self, *arguments, **options):
        done = self.run_command(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def nothing(self, *arguments):
        """Why an answer is empty."""
        said = self.succeed("recommend", *arguments).stdout.splitlines()[-1]
        self.assertRegex(said, "^  nothing: ")
        return said.removeprefix("  nothing: ")

    def refused(self, status, *arguments):
        done = self.run_command(*arguments)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stderr


class EmptyAnswers(ExplanationTests):
    def test_no_row_may_appear(self):
        user = ("--user", "u 1")
        for options, said in (
                (("--where", "FALSE"), "no item passes the filter"),
                (("--where", "FALSE", "--exclude-seen"), "no item passes the filter and --exclude-seen"),
                (("--where", "FALSE", "--exclude", "i010", "--candidates", "i011,i012"),
                 "no item passes the filter, --candidates and --exclude"),
                (("--candidates", "i010", "--exclude", "i010"), "no item passes --candidates and --exclude")):
            with self.subTest(options):
                self.assertEqual(self.nothing(*user, *options), said)
        self.assertEqual(self.nothing(*user, "--over", "users", "--where", "FALSE"), "no user passes the filter")
        self.assertEqual(self.nothing("--user", "x", "--unknown", "skip"), "the model knows nothing of the query")
        self.assertEqual(self.nothing("--clicks", "", "--unknown", "skip"), "the query has no members")
        # What is known of the query is not the reason.
        done = self.succeed("recommend", "--clicks", "i010,x", "--unknown", "skip", "--where", "FALSE")
        self.assertIn("note: i010,x: 1 unknown id: the answer is from the others\n", done.stderr)
        self.assertIn("  nothing: no item passes the filter\n", done.stdout)
        one = ("--candidates", "i011", "--distinct", "-k", 1)
        self.assertEqual(self.nothing("--user", "u 1,u 2", *one), "earlier queries have all items that pass --candidates (--distinct)")

    def test_eligible_rows_that_are_left_out(self):
        user, one = ("--user", "u 1"), ("--where", "brand = 'acme'", "--cap", "brand=1")
        eligible = sum(row["brand"] == "acme" for row in mall.items)
        self.assertEqual(self.nothing(*user, *one, "--offset", 1),
                         f"{eligible} items were eligible, of which the caps left at most 1, and the offset is 1")
        self.assertEqual(self.nothing(*user, *one, "--offset", 90), f"{eligible} items were eligible, and the offset is 90")
        self.assertEqual(self.nothing(*user, "--candidates", "i010", "--offset", 5), "1 item was eligible, and the offset is 5")
        best = [score for _, score in mall.expected(mall.user["u 1"]["vector"], k=3)[0]]
        floor = (best[1] + best[2]) / 2
        self.assertEqual(self.nothing(*user, "--min-score", floor, "--offset", 2),
                         "90 items were eligible, of which --min-score left at most 2, and the offset is 2")
        self.assertRegex(self.nothing(*user, "--min-score", 99.7), "^none of 90 eligible items reaches 99.7; the best, .*, has ")
        batch = self.succeed("recommend", "--user", "u 1,u 2", "--where", "day > 705", "--where", "", "--min-score", 99)
        self.assertEqual(batch.stdout.count("eligible items reaches 99; the best, "), 2)

    def test_lists_that_caps_cut(self):
        user = "recommend", "--user", "u 1", "-k", 10, "--where", "brand IN ('acme', 'bolt')", "--cap", "brand=2"
        done = self.succeed(*user)
        self.assertEqual(done.stderr, "note: u 1: the caps left 4 of 10 rows\n")
        self.assertEqual(len(done.stdout.splitlines()), 6)
        self.assertEqual(self.succeed(*user, "--offset", 1).stderr, "note: u 1: the caps left 3 of 10 rows\n")
        self.assertEqual(self.succeed(*user, "--min-score", -99).stderr, "note: u 1: the caps and --min-score left 4 of 10 rows\n")
        for whole in ((*user, "--json"), ("recommend", "--user", "u 1", "-k", 10, "--cap", "brand=90"),
                      ("recommend", "--user", "u 1", "--cap", "brand=90", "--candidates", "i010,i011")):
            self.assertEqual(self.succeed(*whole).stderr, "")


class Visitors(ExplanationTests):
    def test_a_visitor_without_any_item(self):
        with kindred.connect(address, model="mall") as client:
            popular = [row["id"] for row in client.recommend(clicks=[], unknown="fallback", k=3)]
        for option in ("--clicks", "--basket", "--blend"):
            with self.subTest(option):
                told = json.loads(self.succeed("recommend", option, "", "-k", 3, "--unknown", "fallback", "--json").stdout)
                self.assertEqual([(row["id"], row["origin"]) for row in told["results"]], [(item, "popular") for item in popular])
                self.assertEqual((told["query"], told["unknown"]), ("", 0))
                shown = self.succeed("recommend", option, "", "-k", 3, "--unknown", "fallback")
                self.assertEqual(shown.stderr, "note: an empty query: popular items stand in\n")
                self.assertIn("  popular  ", shown.stdout)
                said = self.refused(64, "recommend", option, "")
                self.assertRegex(said, f"^error: {option} '': at least one .*; recommend --unknown fallback gives such a visitor")
                self.assertIn("at least one", self.refused(64, "score", option, "", "--candidates", "i010"))
        path = lines(scratch.folder / "none.txt", [])
        self.assertIn("popular items stand in", self.succeed("recommend", "--clicks", f"@{path}", "--unknown", "fallback").stderr)
        self.assertIn(f"--clicks @{path}: at least one ID[:WEIGHT]; ", self.refused(64, "recommend", "--clicks", f"@{path}"))
        self.assertIn("--user '': at least one id", self.refused(64, "recommend", "--user", ""))
        told = self.succeed("score", "--clicks", "", "--unknown", "skip", "--candidates", "i010").stdout
        self.assertIn("0 of 1 items have a score for an empty query\n", told)

    def test_popular_items_without_popularity(self):
        """A table names them so; JSON has the least score."""
        popular = "recommend", "--clicks", "", "--unknown", "fallback", "-k", 90
        told = json.loads(self.succeed(*popular, "--json").stdout)["results"]
        shown = self.succeed(*popular).stdout.splitlines()[2:]
        without = {row["id"] for row in mall.items if row["orders"] is None}
        self.assertEqual({row["id"] for row in told if row["score"] < -1e38}, without)
        self.assertEqual(["  none" in line for line in shown], [row["id"] in without for row in told])

    def test_a_query_that_fails_has_its_detail(self):
        done = self.run_command("recommend", "--blend", "user=u 1", "--blend", "user=u 1:-1", "--json")
        self.assertEqual(done.returncode, 1)
        error = json.loads(done.stdout)["error"]
        self.assertEqual((error["name"], error["detail"]), ("INVALID_ARGUMENT", "WEIGHTS_CANCEL"))

    def test_rows_of_vectors_are_counted_from_1(self):
        path = npy(scratch.folder / "three.npy", [[1.0, 0, 0, 0], [0, 1.0, 0, 0], [0, 0, 1.0, 0]])
        said = self.succeed("recommend", "--vector", path, "-k", 1).stdout.splitlines()[::3]
        self.assertEqual([line.split("  for ")[1] for line in said], ["vector 1 of 3", "vector 2 of 3", "vector 3 of 3"])


class Headings(ExplanationTests):
    def test_columns_with_the_names_of_headings(self):
        def heading(*options):
            done = self.succeed("recommend", "--user", "u", "--columns", "item,score,because,origin", *options, model="headings")
            self.assertEqual(len(done.stdout.splitlines()), 3)
            self.assertIn("the item", done.stdout.splitlines()[2])
            return done.stdout.splitlines()[1].split("  ")

        self.assertEqual([word.strip() for word in heading() if word.strip()],
                         ["#", "item", "score", "item (catalog)", "score (catalog)", "because", "origin"])
        self.assertEqual([word.strip() for word in heading("--because", "--unknown", "fallback") if word.strip()],
                         ["#", "item", "score", "because", "item (catalog)", "score (catalog)", "because (catalog)", "origin"])

    def test_names_of_what_a_result_has_without_columns(self):
        for name, said in (("because", "--because shows it"), ("id", "every result has its id"),
                           ("score", "every result has its score"), ("origin", "--unknown fallback --json says it")):
            for more in ((), ("--because", "--unknown", "fallback")):
                with self.subTest(name, more=more):
                    self.assertIn(f"error: --columns {name}: no column of the catalog; {said}",
                                  self.refused(1, "recommend", "--user", "u 1", "--columns", name, *more))
        self.assertIn("unknown column 'tags': it is a table of values, which results do not show (known: ",
                      self.refused(1, "recommend", "--user", "u 1", "--columns", "tags"))
        self.assertIn("did you mean 'brand'?", self.refused(1, "similar", "--item", "i010", "--columns", "brnd"))


class Mistakes(ExplanationTests):
    def test_command_lines(self):
        ask = "recommend", "--user", "u 1"
        for arguments, said in (
                ((*ask, "--where", ""), "--where '': a condition, such as \"price < 5\"; without --where all rows pass"),
                ((*ask, "--where", " "), "--where '': a condition"), (("filter", "--where", ""), "--where '': a condition"),
                (("score", "--user", "u 1", "--candidates", "i010", "--where", ""), "--where '': a condition"),
                ((*ask, "--boost", "*2: "), "a filter after the colon: *FACTOR:FILTER"),
                ((*ask, "--boost", "day > 5"), "*FACTOR:FILTER or +TERM:FILTER, such as"),
                (("filter", "--where", "day = :a", "--param", "a=1", "--param", "a=2"),
                 "--param a: given twice; a list has a name for each value, as in IN (:a, :b)"),
                (("filter", "--where", "brand = :a", "--param", "a='x','y'"), "as in IN (:a, :b)"),
                ((*ask, "--diversity", "x"), "'x' is invalid for '--diversity <diversity>': a number, such as 0.3"),
                ((*ask, "--diversity", "0,5"), ": a number, such as 0.3"), ((*ask, "--diversity", "2"), "--diversity 2.0: 0 to 1"),
                ((*ask, "--offset", "1.5"), ": a whole number, such as 10"), ((*ask, "--offset", "-1"), "--offset -1: at least 0"),
                ((*ask, "--diversity", "0.5", "--pool", "x"), ": a whole number, such as 100"),
                ((*ask, "--cap", "country=0"), "--cap country=0: COLUMN=N with N at least 1"),
                ((*ask, "--over", "nobody"), "'items' and 'users'"), ((*ask, "--unknown", "skp"), "'strict', 'skip' or 'fallback'"),
                (("recommend", "-k", 5), "such as --user 17850, or --item 22423 for similar items"),
                (("similar", "-k", 5), "give one of --item and --user, such as --item 22423"),
                (("similar", "22423"), "'22423' belongs to no option, which may be --item 22423 or --user 22423: kindred similar has"),
                (("filter", "day > 5"), "'day > 5' belongs to no option, which may be --where: kindred filter has"),
                (("similar", "--item", "i010", "--where", "TRUE"),
                 "unknown option '--where', which 'kindred recommend --item' has; kindred similar has"),
                ((*ask, "--filter", "TRUE"), "unknown option '--filter': did you mean '--where'?"),
                ((*ask, "--limit", 5), "unknown option '--limit': did you mean '-k'?")):
            with self.subTest(arguments):
                self.assertIn(said, self.refused(64, *arguments))

    def test_filters(self):
        for arguments, said in (
                (("--where", "tags = 'gift'"), "at byte 0, \"tags\" is a table of values: write 'x' IN tags: tags = 'gift'"),
                (("--where", "'x' IN brand"), "at byte 7, \"brand\" is a column, not a table of values: write brand = 'x'"),
                (("--where", "-- nothing".replace("--", "/*") + " */"), "the filter is empty: expected a condition"),
                (("--where", "day IN :days", "--param", "days=5"), "expected a list such as (:a, :b) after \"IN\", found \":days\""),
                (("--where", "TRUE", "--boost", "*2:TRUE", "--boost", "+1:brnd = 'x'"),
                 "the filter of the second boost: no column \"brnd\" at byte 0; did you mean \"brand\"?")):
            with self.subTest(arguments):
                self.assertIn(said, self.refused(1, "recommend", "--user", "u 1", *arguments))
        self.assertIn("the filter of query 2 of 2: no column \"brnd\"", self.refused(
            1, "recommend", "--user", "u 1,u 2", "--where", "TRUE", "--where", "brnd = 'x'"))

    def test_a_distinct_batch_is_one_request(self):
        """Two requests would have rows in common."""
        path = lines(scratch.folder / "many.txt", ["u 1"] * 1_025)
        said = self.refused(1, "recommend", "--user", f"@{path}", "-k", 1, "--distinct")
        self.assertRegex(said, "^error: LIMIT_EXCEEDED: .*: 1025, at most 1024\n$")

    def test_values_that_are_probably_meant_otherwise(self):
        for text, said in (("1,2", "1,2 is one text; a list has a name for each value, as in IN (:a, :b)"),
                           ("(1, 2)", "(1, 2) is one text; "),
                           ("", "an empty text; NULL is no value"),
                           ("10 pounds", "10 pounds is a text, and greater than every number of a column of numbers"),
                           ("\u00a310", "\u00a310 is a text"), ("10,5 \u20ac", "10,5 \u20ac is a text"), ('"acme"', "the double quotes are a part of the text")):
            self.assertIn(f"note: --param v: {said}", self.succeed("filter", "--where", "brand = :v", f"--param=v={text}").stderr)
        for text in ("2026-01-31", "85123A", "10 x 20", "acme, bolt", "'1,2'", "1", "'", "''"):
            self.assertEqual(self.succeed("filter", "--where", "brand = :v", f"--param=v={text}").stderr, "")


if __name__ == "__main__":
    unittest.main()
