"""Inputs of `kindred pack` at their edges: seen pairs, tables of values in catalogs, ids, settings for folding in.

Needs KINDRED_BINARY, the path of the command.
"""

import json
import sqlite3
import unittest

import kindred
from tests.support.packing import ITEMS, USERS, PackingTests, csr, read_seen
from tests.support.scratch import BINARY, ServerProcess, serve_command

TAB = "wanted the id of a user and that of an item with one tab between them"


class SeenInputs(PackingTests):
    def test_no_pairs(self):
        for name, file in (("a text", self.text("")), ("headings", self.text("user_id\titem_id\n", "headings.tsv")),
                           ("a matrix", csr(self.folder / "none.npz", [[], [], []], len(ITEMS)))):
            with self.subTest(name):
                folder, said = self.pack("--seen", file)
                self.assertIn("seen         0 pairs  0 users with any  longest list 0", said.splitlines())
                self.assertIn("warning: there are no seen pairs: nobody has seen anything", said)
                self.assertEqual(read_seen(folder, USERS, ITEMS), {"20": [], "3": [], "7": []})
                self.assertEqual(self.command("verify", folder).returncode, 0)

    def test_forms_of_lines(self):
        wanted = {"20": ["apple", "pear"], "3": [], "7": ["fig"]}
        for name, content in (
                ("ends of DOS", "20\tpear\r\n7\tfig\r\n20\tapple\r\n"), ("no last end", "20\tpear\n7\tfig\n20\tapple"),
                ("commas", "20,pear\n7,fig\n20,apple\n"), ("headings", "user_id,item_id\n20,pear\n7,fig\n20,apple\n"),
                ("duplicates", "20\tpear\n" * 500 + "7\tfig\n20\tapple\n")):
            with self.subTest(name):
                folder, said = self.pack("--seen", self.text(content))
                self.assertEqual(read_seen(folder, USERS, ITEMS), wanted)
                self.assertEqual("which count once: 499" in said, name == "duplicates")

    def test_ids_are_whole_fields(self):
        """Quotes, blanks and NUL belong to the id, so that they make another one, which is told."""
        _, said = self.pack("--seen", self.text('"20"\tpear\n20\t pear\n20\tpe\0ar\n20\tfig\n'))
        self.assertIn("seen         1 pairs  1 users with any  longest list 1", said)
        self.assertIn('which are left out: 3, users such as "\\"20\\""; items such as " pear", "pe\\0ar"', said)

    def test_lines_that_are_no_pairs(self):
        for content, line, found in (("20\tpear\n\n3\tfig\n", 2, '""'), ("20\tpear\n3\n", 2, '"3"'),
                                     ("20\tpear\tfig\n", 1, '"20\\tpear\\tfig"')):
            with self.subTest(content):
                said = self.refused("--seen", self.text(content))
                self.assertIn(f"seen.tsv: line {line} is {found}, wanted", said)
        self.assertIn(TAB, self.refused("--seen", self.text("20\tpear\n3\n")))

    def test_files_that_are_no_matrix(self):
        for name, file, said in (
                ("a text", self.text("garbage", "g.npz"), 'beginning is "garb", wanted that of a .npz file'),
                ("nothing", self.text("", "e.npz"), "wanted"),
                ("a column too far", csr(self.folder / "far.npz", [[0], [9], []], len(ITEMS)),
                 "far.npz: indices[1], in row 1 of the matrix is 9, wanted a column, 0..<4"),
                ("a column below 0", csr(self.folder / "low.npz", [[0], [-1], []], len(ITEMS)),
                 "low.npz: indices[1], in row 1 of the matrix is -1, wanted a column, 0..<4"),
                ("too few rows", csr(self.folder / "few.npz", [[0], [1]], len(ITEMS)),
                 "the shape is [2, 4], wanted [3, 4]: a row for each user, a column for each item"),
                ("too many columns", csr(self.folder / "wide.npz", [[0], [1], []], len(ITEMS) + 1),
                 "the shape is [3, 5], wanted [3, 4]"),
                ("a folder", self.folder, "wanted a regular file")):
            with self.subTest(name):
                self.assertIn(said, self.refused("--seen", file))


class Catalogs(PackingTests):
    ITEMS_TABLE = ["CREATE TABLE items (id TEXT PRIMARY KEY, price REAL)",
                   "INSERT INTO items VALUES ('pear', 1.0), ('fig', 2.0)"]

    def with_tables(self, *statements):
        path = self.folder / "tables.sqlite"
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) as database:
            for statement in (*self.ITEMS_TABLE, *statements):
                database.execute(statement)
        database.close()
        return path

    def test_values_that_a_table_cannot_have(self):
        catalog = self.with_tables("CREATE TABLE items_tags (id TEXT, value)",
                                   "INSERT INTO items_tags VALUES ('pear', 'gift'), ('fig', x'00')")
        said = self.refused("--catalog", catalog)
        self.assertIn('"items_tags"."value" of id "fig" is a blob of 1 bytes, wanted null, an integer, a real or a text', said)
        catalog = self.with_tables("CREATE VIEW items_tags AS SELECT id, 'x' AS value FROM items")
        self.assertIn('the schema has a view "items_tags", wanted ordinary tables alone', self.refused("--catalog", catalog))

    def test_values_of_every_kind(self):
        """Integers, reals and texts apart; repeated values, NULL and rows of unknown ids change nothing."""
        catalog = self.with_tables(
            "CREATE TABLE items_tags (id TEXT, value)",
            "INSERT INTO items_tags VALUES ('pear', 'gift'), ('pear', 'gift'), ('pear', 5), ('fig', '5'), ('fig', 1.5), "
            "('fig', NULL), ('no such', 'gift'), ('pear', '\U0001f9f6')")
        folder, _ = self.pack("--catalog", catalog)
        for command in ("verify", "inspect"):
            self.assertEqual(self.command(command, folder).returncode, 0)
        with ServerProcess(serve_command(BINARY, self.folder / "models", self.folder / "state"), self.folder / "log",
                           patience=60) as server, kindred.connect(server.address) as client:
            for value, count in (("gift", 1), (5, 1), ("5", 1), (1.5, 1), ("\U0001f9f6", 1), ("x", 0), (None, 0)):
                self.assertEqual(client.filter_count(where=":v IN tags", params={"v": value}).passing, count, value)


    def test_columns_that_filters_refuse_are_named(self):
        self.ITEMS_TABLE = ["CREATE TABLE items (id TEXT PRIMARY KEY, price REAL, maker TEXT COLLATE NOCASE, title TEXT)",
                            "INSERT INTO items VALUES ('pear', 1.0, 'A', 'x'), ('fig', '9,99', 'B', 'y')"]
        said = self.pack("--catalog", self.with_tables())[1]
        self.assertIn("warning: filters refuse the column 'price' of the catalog of items: it has numbers among its texts\n",
                      said)
        self.assertIn("warning: filters refuse the column 'maker' of the catalog of items: its collation is NOCASE, and "
                      "filters compare texts as bytes\n", said)
        self.assertNotIn("'title'", said)

    def test_what_the_version_before_had(self):
        seen = self.text("20\tpear\n")
        first = self.pack("--catalog", self.catalog, "--seen", seen, "--popularity", "orders", "--alpha", "3", "--lambda", "1")
        self.assertNotIn("version 1 has", first[1])
        self.assertIn("warning: version 1 has popularity, alpha and lambda; this one has not, so requests that need them "
                      "are refused\n", self.pack("--catalog", self.catalog)[1].replace("seen pairs, ", ""))
        self.assertNotIn("this one has not", self.pack("--catalog", self.catalog)[1])
        self.assertIn("warning: version 3 has a catalog; this one has not, so requests that need it are refused\n",
                      self.pack()[1])


class IDs(PackingTests):
    ODD = ["tea pot", 'say "x"', "o'clock", "\u2615", "a\0b", " edge ", "-x", "a,b", "NULL", "/* c */", "x" * 256]

    def test_any_text_is_an_id(self):
        self.pack(items=self.ODD)
        with ServerProcess(serve_command(BINARY, self.folder / "models", self.folder / "state"), self.folder / "log",
                           patience=60) as server, kindred.connect(server.address) as client:
            for item in self.ODD:
                found = client.recommend(user=3, candidates=[item])
                self.assertEqual([name for name, _ in found], [item])

    def test_ids_that_are_none(self):
        for items, said in ((["a", ""], "line 2 is 0 bytes, wanted 1 to 256 bytes"),
                            (["a", "x" * 257], "line 2 is 257 bytes, wanted 1 to 256 bytes"),
                            (["a", "b", "a"], "id \"a\" stands twice, in rows 0 and 2 of the input (counted from 0), wanted once")):
            with self.subTest(said):
                self.assertIn(said, self.refused(items=items))


class TablesOfValues(PackingTests):
    def test_items_that_the_catalog_has_not(self):
        with sqlite3.connect(self.catalog) as database:
            database.execute("DELETE FROM items WHERE id = ?", [ITEMS[0]])
            left, = database.execute("SELECT count(*) FROM items").fetchone()
        database.close()
        _, said = self.pack("--catalog", self.catalog)
        self.assertIn(f"note: {len(ITEMS) - left} items have no catalog entry: no filter lets them pass, and columns show "
                      "nothing for them", said.splitlines())

    def test_tables_that_are_not_read(self):
        """A table that is named as a table of values and is none: a note says what it would need."""
        with sqlite3.connect(self.catalog) as database:
            database.execute("CREATE TABLE items_tags (item TEXT, tag TEXT)")
            database.execute("CREATE TABLE items_good (id TEXT, value TEXT)")
            database.execute("CREATE TABLE users_x (id TEXT, value TEXT)")
        database.close()
        wanted = ['the table "items_tags" of the catalog is not read: its columns are item, tag; a table of values has two, '
                  "id and value",
                  'the table "users_x" of the catalog is not read: it has values of users, and the catalog has no table "users"']
        folder, said = self.pack("--catalog", self.catalog)
        for line in wanted:
            self.assertIn(f"note: {line}", said.splitlines())
        self.assertIn("tables of values good)", said)
        for command in ("verify", "inspect"):
            shown = self.command(command, folder)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            notes = [line.removeprefix("note").strip() for line in shown.stdout.splitlines() if line.startswith("note")]
            self.assertEqual(notes, wanted)
        self.assertEqual(json.loads(self.run_pack("--catalog", self.catalog, "--json").stdout)["unread_tables"], wanted)
        self.assertEqual(json.loads(self.command("verify", "--json", folder).stdout)["unread_tables"], wanted)
        self.assertEqual(json.loads(self.command("inspect", "--json", folder).stdout)["content"]["unread_tables"], wanted)
        with sqlite3.connect(self.catalog) as database:
            database.execute("DROP TABLE items_tags")
            database.execute("DROP TABLE users_x")
        database.close()
        self.assertNotIn("is not read", self.pack("--catalog", self.catalog)[1])


class FoldIn(PackingTests):
    def test_settings_that_are_no_numbers(self):
        for option, example in (("--alpha", "40.0"), ("--lambda", "0.1")):
            said = self.refused("--alpha", "1", "--lambda", "1", option, "x", status=64)
            self.assertIn(f"'{option} <{option[2:]}>': a number, such as {example}", said)

    def test_settings_without_a_solution(self):
        """Items in a line and lambda 0: refused at packing, by `verify` and by a server, for the same reason."""
        reason = "manifest.json: lambda is 0.0, wanted more: the items' vectors leave the second of 2 equations without a solution"
        self.assertIn(reason, self.refused("--alpha", "1", "--lambda", "0", items=["one"]))
        folder, _ = self.pack("--alpha", "1", "--lambda", "1e-9", items=["one"])
        self.assertEqual(self.command("verify", folder).returncode, 0)
        path = folder / "manifest.json"
        path.chmod(0o644)
        manifest = json.loads(path.read_text())
        manifest["fold_in"]["lambda"] = 0
        path.write_text(json.dumps(manifest))
        done = self.command("verify", folder)
        self.assertEqual((done.returncode, reason in done.stdout), (1, True), done.stdout)
        self.assertFalse(json.loads(self.command("verify", "--json", folder).stdout)["ok"])
        with ServerProcess(serve_command(BINARY, self.folder / "models", self.folder / "state"), self.folder / "log",
                           patience=60) as server, kindred.connect(server.address) as client:
            self.assertIn(reason, client.models()[0]["refused"][0]["reason"])


if __name__ == "__main__":
    unittest.main()
