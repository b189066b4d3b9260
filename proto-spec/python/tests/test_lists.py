"""How the `kindred` command reads lists of ids, from its options and from files, and what it says of them.

Needs KINDRED_BINARY, the path of the command: scratch models are packed and served with it.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from scratch import BINARY, ITEMS, Scratch, lines, npy  # noqa: E402

scratch = None
address = None
# Ids that a list must quote, and one that begins like the name of a file.
ODD = ["a,b", ' edge', 'say "x"', "@x", "caf\u00e9", "x:y"]


def pack(scratch):
    scratch.pack_all()
    ids = ODD + [f"o{index}" for index in range(ITEMS - len(ODD))]
    scratch.pack("odd", scratch.items_npy, lines(scratch.folder / "odd.txt", ids))


def setUpModule():
    global scratch, address
    scratch, address = Scratch.served(pack)


class CommandTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, content, name="ids.txt"):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def command(self, *arguments, **options):
        return subprocess.run([BINARY, arguments[0], "--server", address, *map(str, arguments[1:])], cwd=self.folder,
                              capture_output=True, text=True, timeout=60, **options)

    def succeed(self, *arguments, **options):
        done = self.command(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def recommended(self, *arguments, model="shop", user="u1", **options):
        """The results of one query as a set of ids, with what was said beside them."""
        done = self.succeed(
            "recommend", "--model", model, "--user", user, "-k", ITEMS, "--json", *arguments, **options)
        answer = json.loads(done.stdout)
        return {result["id"] for result in answer["results"]}, answer, done.stderr


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
        """Of each list, where the model's ids are numbers."""
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

    def test_many_unknown_ids_are_few_words(self):
        done = self.succeed("recommend", "--user", "u1", "--exclude", ",".join(f"x{index}" for index in range(5_000)))
        self.assertEqual(done.stderr, "warning: none of the 5,000 ids of --exclude is among the model's items, so nothing "
                         'is excluded: "x0", "x1", "x2", "x3", "x4", ...\n')

    def test_an_empty_exclusion_is_told(self):
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

    def test_candidates_that_nobody_knows(self):
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
        self.assertIn("unknown item 'nosuch'", done.stderr)
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
                self.assertIn(f"error: {value}: UNKNOWN_ID", done.stderr)

    def test_texts_are_never_converted(self):
        done = self.command("recommend", "--user", "u1", "--exclude", "22423.0", "-k", "1")
        self.assertIn('"22423.0" (looks like a number with decimals)', done.stderr)


class FileTests(CommandTests):
    """Files of seeds, as programs, people and spreadsheets write them."""

    def seeds(self, content, *options, model="shop", **run):
        path = self.file(content) if content is not None else "-"
        done = self.succeed("lookalike", "--model", model, "--seeds", path, "--size", "3", "--json", *options, **run)
        return json.loads(done.stdout), done.stderr

    def assert_matched(self, count, content, *options, said="", model="shop"):
        summary, stderr = self.seeds(content, *options, model=model)
        self.assertEqual((summary["matched"], summary["unmatched"]), (count, 0), stderr)
        self.assertIn(said, stderr) if said else self.assertEqual(stderr, "")

    def test_lines(self):
        for content in ("u1\nu2\nu3\n", "u1\r\nu2\r\nu3", "u1\ru2\ru3", "\n\nu1\n \nu2\nu3\n\n", " u1\nu2 \n\tu3\u00a0\n",
                        "\ufeffu1\nu2\nu3", '"u1"\n"u2"\n"u3"\n', '"u1" \nu2\n "u3"'):
            with self.subTest(content):
                self.assert_matched(3, content)

    def test_a_list_with_commas(self):
        self.assert_matched(3, "u1,u2, u3\n", said="read as ids that are separated by commas")
        self.assert_matched(5, "u1,u2,u3,\nu4,u5\n", said="read as ids that are separated by commas")

    def test_a_heading(self):
        for heading in ("id", "user_id", "User ID", "CustomerID", "customer-id", '"user_id"', "\ufeffuser_id"):
            with self.subTest(heading):
                self.assert_matched(2, f"{heading}\nu1\nu2\n", said="is a heading and no id")

    def test_tables(self):
        for content, said in (
            ("user_id,score\nu1,0.5\nu2,0.25\n", "the ids are those of 'user_id', beside 'score'"),
            ("name,user_id\n\"Doe, J.\",u1\n\"O\"\"Neil\",u2\n", "the ids are those of 'user_id', beside 'name'"),
            ("id;customer_id\r\n7;u1\r\n8;u2\r\n", "the ids are those of 'customer_id', beside 'id'"),
            ("name\tid\nx\tu1\ny\tu2\n", "the ids are those of 'id', beside 'name'"),
            ("u1,0.5\nu2,0.25\n", '2 columns, none of which is headed as ids: the first is taken, which begins with "u1"'),
            ("user_id,note\nu1,\"two\nlines\"\nu2,x\n", "the ids are those of 'user_id'"),
        ):
            with self.subTest(content):
                self.assert_matched(2, content, said=said)

    def test_the_audience_of_another_call(self):
        out = self.folder / "audience.csv"
        self.succeed("lookalike", "--seeds", self.file("u1\nu2\n"), "--size", "4", "--out", out)
        summary, said = self.seeds(out.read_text())
        self.assertEqual((summary["matched"], summary["unmatched"]), (4, 0))
        self.assertIn("the ids are those of 'id', beside 'score'", said)

    def test_a_column_by_name_or_number(self):
        table = "a,user_id,Best Buyer\nx,u1,u3\ny,u2,u4\nz,u5,u6\n"
        for column in ("Best Buyer", "best_buyer"):
            summary, said = self.seeds(table, "--column", column)
            self.assertEqual(summary["matched"], 3)
            self.assertIn("the ids are those of 'Best Buyer'", said)
        summary, _ = self.seeds("x,u1\ny,u2\n", "--column", "2")
        self.assertEqual(summary["matched"], 2)
        done = self.command("lookalike", "--seeds", self.file(table), "--size", "3", "--column", "nobody")
        self.assertEqual(done.returncode, 1)
        self.assertIn("line 1: no column 'nobody'; there are 'a', 'user_id', 'Best Buyer'", done.stderr)

    def test_a_column_by_number_under_a_heading(self):
        for table, column in (("date,item_id\nmay,i2\njune,i3\n", 2), ("item_id;date\ni2;may\ni3;june\n", 1),
                              ("item_id,other\nmay,i2\njune,i3\n", 2)):
            with self.subTest(table):
                done = self.succeed("recommend", "--user", "u1", "--json", "--exclude", f"@{self.file(table)}",
                                    "--column", column)
                self.assertEqual(
                    json.loads(done.stdout)["exclude"], {"ids": 2, "unknown": 0, "unknown_examples": []})
        done = self.command("recommend", "--user", "u1", "--exclude", f"@{self.file(table)}", "--column", "3")
        self.assertIn("no column '3'; there are 'item_id', 'other'", done.stderr)

    def test_lines_without_an_id(self):
        summary, said = self.seeds("user_id,score\nu1,1\n,2\nu2\n")
        self.assertEqual(summary["matched"], 2)
        self.assertIn("1 line has no id in that column", said)

    def test_numbers(self):
        self.assert_matched(3, "1001.0\n1002\n1003.00\n", model="numbers",
                            said='2 ids are written with decimals, as "1001.0", and read as whole numbers')
        self.assert_matched(2, "buyer\n1001\n1002\n", model="numbers",
                            said='"buyer" is taken for a heading: the model\'s users are numbers')
        self.assert_matched(2, "\ufeffCustomerID,n\r\n1001.0,5\r\n1002.0,6\r\n", model="numbers", said="'CustomerID'")

    def test_what_unmatched_ids_look_like(self):
        for written, shown in (
            ("u2\u200bx", '"u2\\u{200b}x" (has a character that is not seen)'),
            ("'u2'", "\"'u2'\" (has quotes)"),
            ("u2;5", "\"u2;5\" (has ';': ids of a list are separated by commas)"),
            ("u2 u5", '"u2 u5" (has a space: ids of a list are separated by commas)'),
            ('"u2,u5"', '"u2,u5" (has a comma)'),
            ("12.5", '"12.5" (looks like a number with decimals)'),
            ("1.2E+11", '"1.2E+11" (looks like a number that a spreadsheet has shortened)'),
            ("0042", '"0042" (begins with 0)'),
            ('"u2 "', '"u2 " (has a space at an end)'),
        ):
            with self.subTest(written):
                out = self.folder / "out.csv"
                done = self.succeed(
                    "lookalike", "--seeds", self.file(f"u1\n{written}\n"), "--size", "3", "--out", out)
                self.assertIn(f"note: 1 seed is not among the model's users: {shown}\n", done.stderr)

    def test_unmatched_ids_as_json(self):
        summary, _ = self.seeds("u1\nx\ny\n")
        self.assertEqual(summary["unmatched_examples"], ["x", "y"])

    def test_no_seed_is_known(self):
        done = self.command("lookalike", "--seeds", self.file("U1\nU2\n"), "--size", "3")
        self.assertEqual(done.returncode, 1)
        self.assertIn('note: the seeds are "U1", "U2"\nerror: UNKNOWN_ID: ', done.stderr)

    def assert_refused(self, content, reason, *, path=None):
        path = path or self.file(content)
        for arguments in (["lookalike", "--seeds", path, "--size", "3"], ["recommend", "--users", path],
                          ["recommend", "--user", "u1", "--exclude", f"@{path}"]):
            with self.subTest(arguments[0]):
                done = self.command(*arguments)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn(reason, done.stderr)

    def test_files_that_hold_no_list(self):
        self.assert_refused("u1\n".encode("utf-16"), "it is UTF-16 text: save it as UTF-8, or 'iconv -f UTF-16")
        self.assert_refused(b"\xfe\xff\x00u\x001", "it is UTF-16 text")
        self.assert_refused(b"u\x001\x00", "byte 1 is 0, which no UTF-8 text has")
        self.assert_refused(b"u1\nu2\ncaf\xe9\n", "line 3 is not UTF-8: 'iconv -f LATIN1 -t UTF-8 FILE' may help")
        self.assert_refused(b"PK\x03\x04\x00\x00", "it is a zip archive, as .xlsx is: export the sheet as CSV in UTF-8")
        self.assert_refused(b"\x1f\x8b\x08\x00", "it is compressed by gzip")
        self.assert_refused(npy(self.folder / "v.npy", [[1.0]]).read_bytes(), "it is a .npy file: wanted text")
        self.assert_refused('u1\n"u2\nu3\n', "line 2: a quote is opened and not closed")
        self.assert_refused('u1\n"u2"x\n', 'line 2: "x" after a closed quote; a quote in quotes is written twice')

    def test_unknown_ids_of_a_version_with_another_dimension(self):
        other = Scratch()
        self.addCleanup(other.close)
        other.pack_shop()
        server = other.serve()

        def run(*arguments):
            done = subprocess.run([BINARY, arguments[0], "--server", server, *arguments[1:]], capture_output=True,
                                  text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done
        wide = npy(other.folder / "wide.npy", [vector + vector for vector in other.item_vectors])
        users = npy(other.folder / "wide-users.npy", [vector + vector for vector in other.user_vectors])
        other.pack("shop", wide, other.item_ids, users, other.user_ids)
        run("activate", "shop", "1")
        run("activate", "shop", "2")
        for version in ("1", "2"):
            with self.subTest(version):
                arguments = ["recommend", "--user", "u1", "--version", version, "--exclude", "zz,i3"]
                self.assertEqual(
                    run(*arguments).stderr,
                    'note: 1 of the 2 ids of --exclude is not among the model\'s items: "zz"\n')
                self.assertEqual(json.loads(run(*arguments, "--json").stdout)["exclude"],
                                 {"ids": 2, "unknown": 1, "unknown_examples": ["zz"]})

    def test_quoted_columns_that_tabs_separate(self):
        summary, said = self.seeds('"name"\t"user_id"\n"x"\t"u1"\n"y"\t"u2"\n')
        self.assertEqual(summary["matched"], 2, said)
        self.assert_refused('"u1"\t"x"\n"u2"\t"y"\n', "line 1: a tab after a closed quote; tabs separate columns only")

    def test_what_is_no_file(self):
        self.assert_refused(None, "it is a folder", path=self.folder)
        self.assert_refused(None, "No such file or directory", path=self.folder / "missing")
        self.assert_refused(None, "byte 0 is 0", path="/dev/zero")

    def test_files_larger_than_any_list(self):
        path = self.folder / "sparse.txt"
        for size, reason in ((1 << 31, "byte 0 is 0"), ((1 << 31) + 1, "it has more than 2,147,483,648 bytes")):
            with path.open("wb") as file:
                file.truncate(size)
            self.assert_refused(None, reason, path=path)

    def test_a_pipe(self):
        path = self.folder / "pipe"
        os.mkfifo(path)
        writer = threading.Thread(target=lambda: path.write_text("u1\nu2\n"))
        writer.start()
        done = self.succeed("lookalike", "--seeds", path, "--size", "3", "--json")
        writer.join()
        self.assertEqual(json.loads(done.stdout)["matched"], 2)

    def test_a_name_with_an_at_sign(self):
        self.file("u1\n")
        for name in ("@ids.txt", "ids.txt"):
            done = self.succeed("lookalike", "--seeds", name, "--size", "3", "--json")
            self.assertEqual(json.loads(done.stdout)["matched"], 1)
        self.file("u1\nu2\n", "@ids.txt")
        done = self.succeed("lookalike", "--seeds", "@ids.txt", "--size", "3", "--json")
        self.assertEqual(json.loads(done.stdout)["matched"], 2)

    def test_a_file_without_ids(self):
        for content in ("", "\n \n", "\ufeff", "user_id\n"):
            with self.subTest(content):
                done = self.command("lookalike", "--seeds", self.file(content), "--size", "3")
                self.assertEqual(done.returncode, 1)
                self.assertIn("has no ids: one per line, or separated by commas", done.stderr)


if __name__ == "__main__":
    unittest.main()
