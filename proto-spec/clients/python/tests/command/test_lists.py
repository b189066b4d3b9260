"""How the `kindred` command reads lists of ids in its options, and its notes about them.

Needs KINDRED_BINARY, the path of the command: scratch repositories are packed and served with it.
"""

import json
import unittest

from tests.support.command_tests import CommandTests
from tests.support.scratch import ITEMS


class ListTests(CommandTests):
    """--exclude, --candidates, --basket, --user, --item and --columns."""

    def assert_excluded(self, expected, *arguments, **options):
        found, answer, said = self.recommended(*arguments, **options)
        everything, _, _ = self.recommended(**{key: options[key] for key in ("model", "user") if key in options})
        self.assertEqual(everything - found, set(expected))
        return answer, said

    def test_white_space_is_no_part_of_an_id(self):
        answer, said = self.assert_excluded({"i2", "i3", "i4"}, "--exclude", " i2, i3\t,\u00a0i4 ")
        self.assertEqual(answer["exclude"], {"ids": 3, "unknown": 0, "unknown_examples": []})
        self.assertEqual(said, "")

    def test_empty_parts_and_line_ends(self):
        self.assert_excluded({"i2", "i3", "i4"}, "--exclude", ",i2,,i3\ni4,\n")

    def test_ids_that_need_quotes(self):
        done = self.succeed("similar", "--model", "odd", "--item", "o1", "-k", ITEMS, "--json",
                            "--exclude", '"a,b"," edge","say ""x""",caf\u00e9,@x')
        found = {result["id"] for result in json.loads(done.stdout)["results"]}
        self.assertFalse(found & {"a,b", " edge", 'say "x"', "caf\u00e9", "@x"}, found)
        self.assertEqual(json.loads(done.stdout)["exclude"]["unknown"], 0)
        done = self.succeed("recommend", "--model", "odd", "--basket", '"a,b:2",x:y:1', "-k", "1", "--json")
        self.assertEqual(len(json.loads(done.stdout)["results"]), 1)

    def test_an_id_that_begins_with_an_at_sign(self):
        done = self.succeed("similar", "--model", "odd", "--item", "@@x", "-k", "1", "--json")
        self.assertEqual(json.loads(done.stdout)["query"], "@x")

    def test_a_file(self):
        self.assert_excluded({"i2", "i3"}, "--exclude", f"@{self.file('i2' + chr(10) + 'i3' + chr(10))}")

    def test_standard_input(self):
        self.assert_excluded({"i2", "i3"}, "--exclude", "@-", input="i2\ni3\n")

    def test_an_option_that_is_given_again_adds_to_its_list(self):
        answer, said = self.assert_excluded({"i2", "i3", "i4"}, "--exclude", "i2,i3", "--exclude", "i4")
        self.assertEqual((answer["exclude"]["ids"], said), (3, ""))
        path = self.file("i2\ni3\n")
        self.assert_excluded({"i2", "i3", "i4"}, "--exclude", f"@{path}", "--exclude", "i4")
        found, _, _ = self.recommended("--candidates", "i2", "--candidates", "i4,i5")
        self.assertEqual(found, {"i2", "i4", "i5"})

        def lines(*arguments, **options):
            return list(map(json.loads, self.succeed(*arguments, "-k", "5", "--json", **options).stdout.splitlines()))
        once, = lines("recommend", "--basket", "i2:2,i3", "--columns", "title,stock")
        self.assertEqual(
            lines("recommend", "--basket", "i2:2", "--basket", "i3", "--columns", "title", "--columns", "stock,title"), [once])
        for arguments, expected in (
            (["similar", "--item", "i2", "--item", "i3"], ["i2", "i3"]),
            (["similar", "--user", "u1", "--user", "u2"], ["u1", "u2"]),
            (["recommend", "--item", "i2", "--item", "i3"], ["i2", "i3"]),
            (["recommend", "--user", "u1", "--user", "u2"], ["u1", "u2"]),
            (["recommend", "--users", self.file("u1\n", "1.txt"), "--users", self.file("u2\n", "2.txt")], ["u1", "u2"]),
        ):
            with self.subTest(arguments):
                self.assertEqual([line["query"] for line in lines(*arguments)], expected)
        done = self.succeed("lookalike", "--seeds", self.file("u1\nu2\n", "1.txt"), "--seeds",
                            self.file("u3\n", "2.txt"), "--size", "3", "--json")
        self.assertEqual(json.loads(done.stdout)["matched"], 3)

    def test_headings_of_lists_that_add_up(self):
        """Each list may have a heading, where the model's ids are numbers."""
        _, answer, said = self.recommended(
            "--exclude", f"@{self.file('sku no' + chr(10) + '6' + chr(10), '1.txt')}", "--exclude", "9",
            "--exclude", f"@{self.file('bought' + chr(10) + '12' + chr(10), '2.txt')}", model="numbers", user="1001")
        self.assertEqual(answer["exclude"]["ids"], 3, said)
        self.assertIn('"sku no" is taken for a heading', said)
        self.assertIn('"bought" is taken for a heading', said)

    def test_a_name_of_a_file_is_no_list(self):
        self.file("i2\n", "bought.txt")
        answer, said = self.assert_excluded(set(), "--exclude", "bought.txt")
        self.assertEqual(answer["exclude"], {"ids": 1, "unknown": 1, "unknown_examples": ["bought.txt"]})
        self.assertEqual(said.splitlines(), [
            "warning: the id of --exclude is not among the model's items, so nothing is excluded: \"bought.txt\"",
            "hint: there is a file of that name: --exclude @bought.txt reads its ids"])

    def test_unknown_ids_are_counted(self):
        done = self.succeed("recommend", "--user", "u1", "--exclude", "i2,x1,I3,i3,x1")
        self.assertEqual(
            done.stderr, 'note: 2 of the 4 ids of --exclude are not among the model\'s items: "x1", "I3"\n')
        answer, said = self.assert_excluded({"i2", "i3"}, "--exclude", "i2,x1,I3,i3,x1")
        self.assertEqual(answer["exclude"], {"ids": 4, "unknown": 2, "unknown_examples": ["x1", "I3"]})
        self.assertEqual(said, "")

    def test_many_unknown_ids_make_a_short_message(self):
        done = self.succeed("recommend", "--user", "u1", "--exclude", ",".join(f"x{index}" for index in range(5_000)))
        self.assertEqual(done.stderr, "warning: none of the 5,000 ids of --exclude is among the model's items, so nothing "
                         'is excluded: "x0", "x1", "x2", "x3", "x4", ...\n')

    def test_an_empty_exclusion_is_noted(self):
        for value in ("", " , "):
            with self.subTest(value):
                _, said = self.assert_excluded(set(), "--exclude", value)
                self.assertEqual(said, "note: --exclude has no ids: nothing is excluded\n")
        done = self.command("recommend", "--user", "u1", "--exclude=")
        self.assertEqual(done.returncode, 64)
        self.assertIn("error: missing value for '--exclude <exclude>'\n", done.stderr)

    def test_candidates(self):
        found, answer, _ = self.recommended("--candidates", "i2, i3 ,x")
        self.assertEqual(found, {"i2", "i3"})
        self.assertEqual(answer["candidates"], {"ids": 3, "unknown": 1, "unknown_examples": ["x"]})
        self.assertEqual(self.recommended("--candidates", f"@{self.file('id' + chr(10) + 'i2')}")[0], {"i2"})

    def test_candidates_that_the_model_does_not_have(self):
        self.file("i2\n", "shelf.txt")
        done = self.command("recommend", "--user", "u1", "--candidates", "shelf.txt")
        self.assertEqual(done.returncode, 1)
        self.assertIn("warning: the id of --candidates is not among the model's items, so nothing can be found: "
                      '"shelf.txt"\nhint: there is a file of that name: --candidates @shelf.txt', done.stderr)

    def test_no_candidates(self):
        for value in ("", f"@{self.file('')}"):
            done = self.command("recommend", "--user", "u1", "--candidates", value)
            self.assertEqual(done.returncode, 1)
            self.assertIn("has no ids", done.stderr)

    def test_more_ids_than_a_request_may_have(self):
        edge = self.file("".join(f"x{index}\n" for index in range(9_999)) + "i2\n")
        self.assert_excluded({"i2"}, "--exclude", f"@{edge}")
        more = self.file("".join(f"x{index}\n" for index in range(10_001)), "more.txt")
        done = self.command("recommend", "--user", "u1", "--exclude", f"@{more}")
        self.assertEqual((done.returncode, done.stderr), (1, f"error: {more}: 10,001 ids, at most 10,000\n"))

    def test_a_basket(self):
        def basket(value, **options):
            done = self.succeed("recommend", "--basket", value, "-k", "5", "--json", **options)
            return json.loads(done.stdout)["results"]
        expected = basket("i2:2,i3")
        self.assertEqual(basket(" i2:2 , i3,"), expected)
        self.assertEqual(basket(f"@{self.file('i2:2' + chr(10) + 'i3' + chr(10))}"), expected)
        self.assertEqual(basket("@-", input="\ufeffi2:2\r\ni3\r\n"), expected)
        self.assertNotEqual(basket("i2:-2,i3"), expected)

    def test_a_basket_is_not_taken_for_the_id_that_is_unknown(self):
        done = self.command("recommend", "--basket", "i2:2,nosuch:1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: i2:2,nosuch:1: UNKNOWN_ID: unknown item 'nosuch'", done.stderr)
        self.assertNotIn("(", done.stderr)

    def test_several_users_and_items(self):
        def queries(*arguments, **options):
            return [json.loads(line)["query"] for line in self.succeed(*arguments, "-k", "1", "--json", **options)
                    .stdout.splitlines()]
        self.assertEqual(queries("recommend", "--user", "u1, u2", "u3"), ["u1", "u2", "u3"])
        self.assertEqual(queries("recommend", "--user", "@-", input="u4\nu5"), ["u4", "u5"])
        self.assertEqual(queries("recommend", "--users", "-", input="u4\nu5"), ["u4", "u5"])
        self.assertEqual(queries("recommend", "--item", "i2,i3"), ["i2", "i3"])
        self.assertEqual(queries("similar", "--user", "u1,u2"), ["u1", "u2"])
        self.assertEqual(queries("similar", "--item", f"@{self.file('i2,i3')}"), ["i2", "i3"])

    def test_columns(self):
        done = self.succeed("recommend", "--user", "u1", "-k", "1", "--columns", " title , stock,")
        self.assertEqual(done.stdout.splitlines()[1].split(), ["#", "item", "score", "title", "stock"])

    def test_numbers_written_with_decimals(self):
        found, answer, said = self.recommended("--exclude", "6.0,9", model="numbers", user="1001.00")
        everything, _, _ = self.recommended(model="numbers", user="1001")
        self.assertEqual(everything - found, {6, 9})
        self.assertEqual(answer["query"], "1001")
        self.assertEqual(said.splitlines(), [
            'note: --user: 1 id is written with decimals, as "1001.00", and read as whole numbers',
            'note: --exclude: 1 id is written with decimals, as "6.0", and read as whole numbers'])

    def test_decimals_that_are_no_whole_numbers_stay(self):
        for value in ("1001.5", "1e3", "1001.", "01001.0", "9223372036854775808.0", ".0"):
            with self.subTest(value):
                done = self.command("recommend", "--model", "numbers", "--user", value)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f"error: UNKNOWN_ID: unknown user '{value}': the model does not have it", done.stderr)
                self.assertEqual(done.stderr.count(value), 1, done.stderr)

    def test_texts_are_never_converted(self):
        done = self.command("recommend", "--user", "u1", "--exclude", "22423.0", "-k", "1")
        self.assertIn('"22423.0" (looks like a number with decimals)', done.stderr)


if __name__ == "__main__":
    unittest.main()
