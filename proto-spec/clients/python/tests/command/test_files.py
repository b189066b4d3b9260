"""How the `kindred` command reads files of ids, and its notes about them.

Needs KINDRED_BINARY, the path of the command: scratch repositories are packed and served with it.
"""

import json
import os
import subprocess
import threading
import unittest

from tests.support.command_tests import CommandTests
from tests.support.scratch import BINARY, Scratch, npy


class FileTests(CommandTests):
    """Files of seeds in the forms that programs, people and spreadsheets write."""

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

    def test_an_audience_as_seeds(self):
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

    def test_unmatched_ids_are_described(self):
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

    def test_files_that_are_no_lists(self):
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

    def test_paths_that_are_no_files(self):
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
