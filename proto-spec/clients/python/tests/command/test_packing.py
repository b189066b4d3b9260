"""`kindred pack --seen --popularity --alpha --lambda`, and what `verify` and `inspect` say of them.

Needs KINDRED_BINARY, the path of the command.
"""

import io
import json
import random
import shutil
import struct
import unittest
import zipfile
import zlib

import kindred
from tests.support.packing import ITEMS, TEXT, USERS, PackingTests, csr, read_seen
from tests.support.scratch import BINARY, ServerProcess, crc32c, serve_command


class Packing(PackingTests):
    def test_everything_is_described(self):
        folder, said = self.pack("--seen", self.text("user_id\titem_id\n" + TEXT + "21\tfig\n22\tplum\n"), "--catalog",
                                 self.catalog, "--popularity", "orders", "--alpha", "40", "--lambda", "0.01")
        wanted = ["seen         3 pairs  2 users with any  longest list 2", 'popularity   column "orders" of the catalog',
                  "fold-in      alpha 40.0  lambda 0.01"]
        notes = ['note: line 1 of the seen pairs, "user_id\\titem_id", is taken for headings',
                 'note: seen pairs of unknown ids, which are left out: 2, users such as "21", "22"; items such as "plum"',
                 "note: seen pairs that stand there again, which count once: 1"]
        for line in wanted + notes:
            self.assertIn(line, said.splitlines())
        self.assertEqual(read_seen(folder, USERS, ITEMS), {"20": ["apple", "pear"], "3": ["fig"], "7": []})
        for command in ("inspect", "verify"):
            shown = self.command(command, folder)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            for line in wanted:
                self.assertIn(line, shown.stdout)
        members = {"seen": {"pairs": 3, "users_with_any": 2, "longest_list": 2}, "popularity": {"column": "orders"},
                   "fold_in": {"alpha": 40.0, "lambda": 0.01}}
        verified = json.loads(self.command("verify", "--json", folder).stdout)
        inspected = json.loads(self.command("inspect", "--json", folder).stdout)
        for name, value in members.items():
            self.assertEqual(verified[name], value)
            self.assertEqual(inspected["content"][name], value)
        self.assertEqual(inspected["manifest"]["popularity_column"], "orders")
        self.assertEqual(inspected["manifest"]["fold_in"], members["fold_in"])
        self.assertIn("seen.csr", inspected["manifest"]["files"])

    def test_the_report_as_json(self):
        zeros = csr(self.folder / "zeros.npz", [[0], [1, 1], [2]], len(ITEMS), values=[0, 1, 1, -0.0])
        _, said = self.pack("--seen", zeros)
        self.assertIn("note: entries of the seen matrix that are 0, which count as not seen: 2", said.splitlines())
        self.assertIn("note: seen pairs that stand there again, which count once: 1", said.splitlines())
        done = self.run_pack("--seen", self.text(TEXT + "21\tfig\n"), "--json")
        report = json.loads(done.stdout)
        self.assertEqual(report["seen"], {"pairs": 3, "users_with_any": 2, "longest_list": 2})
        self.assertEqual(report["popularity"], {"seen_pairs": True})
        self.assertEqual(report["seen_left_out"], {
            "pairs_of_unknown_ids": 1, "unknown_users": {"pairs": 1, "examples": ['"21"']},
            "unknown_items": {"pairs": 0, "examples": []}, "duplicates": 1, "zeros": 0})
        self.assertNotIn("fold_in", report)

    def test_a_version_without_any_of_it(self):
        folder, said = self.pack()
        for command in ("inspect", "verify"):
            shown = self.command(command, folder).stdout
            for word in ("seen", "popularity", "fold-in"):
                self.assertNotIn(word, shown + said)

    def test_matrices_in_every_form(self):
        """Archives of zlib at every level and with each type, of random lists, against the lists."""
        source = random.Random(1)
        forms = [(zipfile.ZIP_DEFLATED, level, index, data) for level in (1, 3, 6, 9) for index in ("<i4", "<i8")
                 for data in ("<f4", "|b1")] + [(zipfile.ZIP_STORED, None, "<i4", "<f8")]
        for number, (compression, level, index, data) in enumerate(forms):
            users = [str(user) for user in source.sample(range(10_000), source.choice((1, 30, 300)))]
            items = [f"i{item}" for item in source.sample(range(10_000), source.choice((1, 40, 900)))]
            rows = [[source.randrange(len(items)) for _ in range(source.randrange(60))] for _ in users]
            with self.subTest(level=level, index=index, data=data, users=len(users), items=len(items)):
                path = csr(self.folder / f"{number}.npz", rows, len(items), index, data, compression, level)
                folder, _ = self.pack("--seen", path, users=users, items=items)
                wanted = {user: sorted({items[column] for column in row}, key=str.encode) for user, row in zip(users, rows)}
                self.assertEqual(read_seen(folder, users, items), wanted)

    def test_large_members_of_every_kind_of_block(self):
        """More than the window of DEFLATE, with data that repeats from far, and with data that does not."""
        source = random.Random(2)
        items = [f"i{item}" for item in range(60_000)]
        block = [source.randrange(60_000) for _ in range(7_000)]
        lists = {"repeated": [block] * 3, "noise": [[source.randrange(60_000) for _ in range(20_000)] for _ in USERS],
                 "runs": [list(range(30_000)), [5] * 30_000, []]}
        for name, rows in lists.items():
            with self.subTest(name):
                path = csr(self.folder / f"{name}.npz", rows, len(items))
                folder, _ = self.pack("--seen", path, items=items)
                wanted = {user: sorted({items[column] for column in row}, key=str.encode) for user, row in zip(USERS, rows)}
                self.assertEqual(read_seen(folder, USERS, items), wanted)

    def test_scipy_itself(self):
        try:
            from scipy import sparse
        except ImportError:
            self.skipTest("needs scipy")
        matrix = sparse.random(len(USERS), len(ITEMS), density=0.5, random_state=1, format="csr")
        rows, columns = matrix.nonzero()
        wanted = {user: sorted(ITEMS[column] for row, column in zip(rows, columns) if USERS[row] == user) for user in USERS}
        for compressed in (True, False):
            for kind in (sparse.csr_matrix, sparse.csr_array):
                sparse.save_npz(self.folder / "s.npz", kind(matrix), compressed=compressed)
                folder, _ = self.pack("--seen", self.folder / "s.npz")
                self.assertEqual(read_seen(folder, USERS, ITEMS), wanted)
        sparse.save_npz(self.folder / "s.npz", matrix.tocsc())
        shutil.rmtree(self.folder / "models")
        self.assertIn('the format is "csc", wanted "csr": .tocsr() converts a matrix',
                      self.refused("--seen", self.folder / "s.npz"))

    def test_damaged_archives_are_refused(self):
        whole = csr(self.folder / "whole.npz", [[0, 1, 2, 3], [2], [1, 3]], len(ITEMS)).read_bytes()
        with zipfile.ZipFile(io.BytesIO(whole)) as archive:
            starts = {entry.filename: entry.header_offset for entry in archive.infolist()}
        source = random.Random(3)
        for name, start in starts.items():
            with self.subTest(name):
                place = start + 30 + len(name) + 20 + source.randrange(40)
                damaged = bytearray(whole)
                damaged[place] ^= 1 << source.randrange(8)
                said = self.refused("--seen", self.text(bytes(damaged), "damaged.npz"))
                self.assertIn("damaged.npz", said)
                self.assertIn(name, said)
        said = self.refused("--seen", self.text(whole[:-1], "damaged.npz"))
        self.assertIn("the end of the archive is absent, wanted a whole .npz file, which is a zip archive", said)
        # A member that claims more memory than there is.
        content = zlib.compress(b"\0" * 10_000_000, 9)[2:-4]
        with zipfile.ZipFile(self.folder / "bomb.npz", "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("format.npy", content)
        bomb = bytearray((self.folder / "bomb.npz").read_bytes())
        entry = bomb.rindex(b"PK\1\2")
        bomb[entry + 10:entry + 12] = struct.pack("<H", 8)
        bomb[entry + 24:entry + 28] = struct.pack("<I", 1_032 * len(content))
        said = self.refused("--seen", self.text(bytes(bomb), "bomb.npz"))
        self.assertIn(f'the size of "format.npy" is {1_032 * len(content)} bytes, wanted 10000000, as its content has', said)

    def test_wrong_shapes_name_what_is_right(self):
        said = self.refused("--seen", csr(self.folder / "t.npz", [[0], [1], [2], [0]], len(USERS)))
        self.assertIn("the shape is [4, 3], wanted [3, 4]: a row for each user, a column for each item, in the order of "
                      "their ids (.T.tocsr() turns it)", said)

    def test_pairs_that_are_none(self):
        said = self.refused("--seen", self.text("20\tpear\n20\tpear\t5\n"))
        self.assertIn("line 2", said)
        self.assertIn("with one tab between them (cut -f 1,2 takes the first two columns)", said)
        said = self.refused("--seen", self.text("20\t3\npear\t20\n"))
        self.assertIn("every pair is one of unknown ids", said)
        said = self.refused("--seen", self.folder / "none")
        self.assertIn("No such file", said)
        said = self.refused("--seen", self.text("item,user\npear,20\n"))
        self.assertIn("users before items", said)

    def test_columns_that_are_no_numbers(self):
        columns = "wanted one of integers or reals among those of items: title (text), price (reals), orders (integers)"
        said = self.refused("--catalog", self.catalog, "--popularity", "title")
        self.assertIn(f'catalog.sqlite: the column for popularity is "title", of text, {columns}', said)
        said = self.refused("--catalog", self.catalog, "--popularity", "order")
        self.assertIn(f'catalog.sqlite: the column for popularity is "order", which the items do not have, {columns}', said)

    def test_options_that_do_not_go_together(self):
        seen = self.text(TEXT)
        cases = [
            (("--seen", seen), {"users": []}, "--seen without --users"),
            (("--seen", seen), {"items": []}, "--seen without --items"),
            (("--popularity", "orders"), {}, "--popularity orders without --catalog"),
            (("--popularity", "orders", "--catalog", self.catalog), {"items": []}, "--popularity without --items"),
            (("--alpha", "1"), {}, "--alpha without --lambda: folding in needs both"),
            (("--lambda", "1"), {}, "--lambda without --alpha: folding in needs both"),
            (("--alpha", "1", "--lambda", "1"), {"items": []}, "--alpha without --items"),
            (("--alpha", "0", "--lambda", "1"), {}, "--alpha is 0.0: above 0, at most 2^60"),
            (("--alpha", "nan", "--lambda", "1"), {}, "--alpha is nan: above 0"),
            (("--alpha", "inf", "--lambda", "1"), {}, "--alpha is inf: above 0, at most 2^60"),
            (("--alpha", "1", "--lambda=-1"), {}, "--lambda is -1.0: 0 to 2^60"),
        ]
        for options, ids, said in cases:
            with self.subTest(said):
                self.assertIn(said, self.refused(*options, status=64, **ids))
        for option, value in (("--seen", seen), ("--popularity", "x"), ("--alpha", "1"), ("--lambda", "1")):
            done = self.command("pack", "--reindex", self.folder, option, value)
            self.assertEqual(done.returncode, 64)
            self.assertIn(f"{option} with --reindex", done.stderr)

    def test_settings_survive_with_all_digits(self):
        for alpha, regularization in (("0.1", "1e-300"), ("123456789.123456789", "0"), ("1e17", "3.0000000000000004")):
            folder, _ = self.pack("--alpha", alpha, "--lambda", regularization)
            settings = json.loads((folder / "manifest.json").read_text())["fold_in"]
            self.assertEqual(settings, {"alpha": float(alpha), "lambda": float(regularization)})

    def test_a_damaged_file_is_refused(self):
        folder, _ = self.pack("--seen", self.text(TEXT))
        path = folder / "seen.csr"
        whole = path.read_bytes()
        path.chmod(0o644)
        for content, field in ((whole[:-1], "byte count"), (whole[:-1] + b"\x07", "CRC32C")):
            path.write_bytes(content)
            done = self.command("verify", folder)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"seen.csr: {field} is ", done.stdout)

    def test_a_server_loads_it(self):
        """In memory and mapped. A version whose column for popularity is none of numbers is refused."""
        options = ("--seen", self.text(TEXT), "--catalog", self.catalog, "--popularity", "orders", "--alpha", "2",
                   "--lambda", "3")
        self.pack(*options)
        folder, _ = self.pack(*options)
        path = folder / "manifest.json"
        path.chmod(0o644)
        path.write_text(path.read_text().replace('"popularity_column": "orders"', '"popularity_column": "title"'))
        for loading in ("memory", "map"):
            with self.subTest(loading):
                command = serve_command(BINARY, self.folder / "models", self.folder / "state", "--load", loading)
                with ServerProcess(command, self.folder / "log", patience=60) as server:
                    with kindred.connect(server.address) as client:
                        self.assertEqual(client.recommend(user=20, k=1).version, 1)
                        status = client.models("shop")[0]
                    self.assertEqual([refused["version"] for refused in status["refused"]], [2])
                    self.assertIn('the column for popularity is "title", of text', status["refused"][0]["reason"])

    def test_a_layout_of_later(self):
        folder, _ = self.pack("--seen", self.text(TEXT))
        path = folder / "seen.csr"
        content = bytearray(path.read_bytes())
        content[8] = 2
        path.chmod(0o644)
        path.write_bytes(content)
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["files"]["seen.csr"]["crc32c"] = f"{crc32c(bytes(content)):08x}"
        (folder / "manifest.json").chmod(0o644)
        (folder / "manifest.json").write_text(json.dumps(manifest))
        done = self.command("verify", folder)
        self.assertEqual(done.returncode, 1)
        self.assertIn("seen.csr: layout version is 2, wanted 1: another layout needs another kindred, or a new pack",
                      done.stdout)

    def test_reindexing_keeps_the_pairs(self):
        folder, _ = self.pack("--seen", self.text(TEXT), "--alpha", "2", "--lambda", "3")
        before = json.loads((folder / "manifest.json").read_text())
        (folder / "items.codes").unlink()
        self.assertEqual(self.command("pack", "--reindex", folder).returncode, 0)
        self.assertEqual(json.loads((folder / "manifest.json").read_text()), before)
        self.assertEqual(read_seen(folder, USERS, ITEMS), {"20": ["apple", "pear"], "3": ["fig"], "7": []})


if __name__ == "__main__":
    unittest.main()
