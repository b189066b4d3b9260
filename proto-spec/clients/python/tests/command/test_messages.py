"""Messages of the `kindred` command: errors with advice, answers without results, output that cannot be written.

Needs KINDRED_BINARY, the path of the command: scratch repositories are packed and served with it.
"""

import json
import os
import sqlite3
import subprocess
import unittest

from tests.support.scratch import BINARY, Scratch, lines

scratch = None
address = None


def setUpModule():
    global scratch, address
    scratch, address = Scratch.served(Scratch.pack_all)


def command(*arguments, server=None):
    return subprocess.run([BINARY, arguments[0], "--server", server or address, *arguments[1:]], capture_output=True,
                          text=True, timeout=60)


class MessageTests(unittest.TestCase):
    def assert_said(self, *arguments, expected, server=None, status=1):
        done = command(*arguments, server=server)
        self.assertEqual((done.returncode, done.stderr.splitlines()), (status, expected))
        return done.stdout

    def test_pages_under_diversity_need_one_pool(self):
        first = "recommend", "--model", "shop", "--user", "u1", "-k", "3", "--diversity", "0.5"
        second = *first, "--offset", "3"
        plain = *first[:-1], "0", "--offset", "3"
        self.assertIn("give all pages one --pool", command(*second).stderr)
        for silent in (first, (*second, "--pool", "40"), plain):
            done = command(*silent)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_no_row_reaches_the_minimum_score(self):
        done = command("recommend", "--user", "u1", "--min-score", "50")
        best = json.loads(command("recommend", "--user", "u1", "-k", "1", "--json").stdout)["results"][0]
        self.assertIn(f"  nothing: none of 60 eligible items reaches 50; the best, {best['id']}, has "
                      f"{best['score']:.4f}\n", done.stdout)
        self.assertEqual(done.returncode, 0)

    def test_no_row_is_eligible(self):
        done = command("recommend", "--user", "u1", "--candidates", "i2", "--exclude", "i2", "--min-score", "50")
        self.assertIn("  nothing: no item passes --candidates and --exclude\n", done.stdout)

    def test_unknown_columns_and_models(self):
        self.assert_said(
            "recommend", "--user", "u1", "--columns", "titel",
            expected=["error: INVALID_ARGUMENT: unknown column 'titel': not in the catalog of the model's items "
                      "(known: title, price, stock)"])
        self.assert_said(
            "recommend", "--user", "u1", "--model", "shpo",
            expected=["error: UNKNOWN_MODEL: unknown model 'shpo': not in this server's repository "
                      "(known: cosine, numbers, shop)"])
        self.assert_said(
            "rollback", "shpo",
            expected=["error: UNKNOWN_MODEL: unknown model 'shpo': not in this server's repository "
                      "(known: cosine, numbers, shop)"])

    def test_a_version_that_is_not_in_memory(self):
        done = command("recommend", "--user", "u1", "--version", "7")
        self.assertEqual(done.returncode, 1)
        error, hint = done.stderr.splitlines()
        self.assertTrue(error.startswith("error: VERSION_GONE: version 7 is not here"), error)
        self.assertEqual(hint, f"hint: 'kindred models --server {address}' lists the versions")

    def test_a_version_that_is_only_on_disk(self):
        older = Scratch()
        self.addCleanup(older.close)
        older.pack_shop()
        older.pack_shop("t2")
        server = older.serve()
        done = command("recommend", "--user", "u1", "--version", "1", server=server)
        self.assertEqual(done.returncode, 1)
        error, hint = done.stderr.splitlines()
        self.assertTrue(error.startswith("error: VERSION_GONE: version 1 is on disk but not loaded"), error)
        self.assertEqual(hint, f"hint: 'kindred activate shop 1 --server {server}' loads it and makes it serve")
        self.assertEqual(command("activate", "shop", "1", server=server).returncode, 0)

    def test_switches_say_what_to_run(self):
        done = command("rollback", "shop")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.splitlines()[1:], [
            f"hint: 'kindred models --server {address}' lists the versions, 'kindred activate shop N --server {address}' "
            "has version N served"])
        self.assert_said(
            "activate", "shop", "1", "--expect", "5",
            expected=["error: CONFLICT: version 1 is active, not 5",
                      f"hint: 'kindred models --server {address}' shows what serves; --expect 1 fits version 1"])
        done = command("activate", "shop", "9")
        self.assertEqual(done.stderr.splitlines()[1:], [
            f"hint: 'kindred models --server {address}' lists the versions; one that is on the server's disk can be "
            "activated"])

    def test_no_model_is_ready(self):
        broken = Scratch()
        self.addCleanup(broken.close)
        server = broken.serve()
        done = command("recommend", "--user", "u1", server=server)
        self.assertEqual(done.returncode, 1)
        self.assertIn("error: NO_MODEL_READY: no version of the model is ready", done.stderr)
        self.assertEqual(done.stderr.splitlines()[1:], [
            "hint: the server says: the folder has no models; the default model 'shop' is not in the repository: "
            "requests that name no model fail",
            "hint: 'kindred pack --models DIR ...' makes a model, and the server's log says what it cannot read"])
        broken.stop()
        folder = broken.pack_shop()
        (folder / "items.safetensors").chmod(0o644)
        os.truncate(folder / "items.safetensors", 100)
        server = broken.serve()
        done = command("recommend", "--user", "u1", server=server)
        self.assertIn("hint: model shop has no version that serves: version 1 was refused: items.safetensors: ",
                      done.stderr)

    def test_a_model_that_serves_nothing_beside_one_that_serves(self):
        mixed = Scratch()
        self.addCleanup(mixed.close)
        mixed.pack_shop()
        mixed.pack("broken", mixed.items_npy, mixed.item_ids)
        (mixed.models / "broken" / "1" / "items.safetensors").chmod(0o644)
        os.truncate(mixed.models / "broken" / "1" / "items.safetensors", 100)
        (mixed.models / "bare").mkdir()
        server = mixed.serve()
        self.assertEqual(command("recommend", "--user", "u1", server=server).returncode, 0)
        for name, hint in (("broken", "hint: model broken has no version that serves: version 1 was refused: "),
                           ("bare", "hint: model bare has no version that serves yet; ")):
            with self.subTest(name):
                done = command("recommend", "--item", "i2", "--model", name, server=server)
                self.assertEqual(done.returncode, 1)
                error, advice = done.stderr.splitlines()
                self.assertTrue(error.startswith("error: NO_MODEL_READY: no version of the model is ready"), error)
                self.assertTrue(advice.startswith(hint), advice)
                done = command("activate", name, "latest", server=server)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(done.stdout, f"model {name}  nothing serves, newer versions take over\n")
        done = command("recommend", "--item", "i2", "--model", "nosuch", server=server)
        self.assertIn("(known: bare, broken, shop)", done.stderr)

    def test_the_remark_on_the_repository_is_shown(self):
        one = Scratch()
        self.addCleanup(one.close)
        # The folder of a version in place of the folder of all models.
        one.models = one.folder / "all" / "shop"
        one.models.parent.mkdir()
        one.models.mkdir()
        one.pack_shop()
        one.models = one.models / "shop"
        server = one.serve()
        remark = command("models", server=server).stderr.removeprefix("note: ").strip()
        self.assertNotEqual(remark, "")
        done = command("recommend", "--user", "u1", server=server)
        self.assertEqual(done.stderr.splitlines()[1], f"hint: the server says: {remark}")
        done = command("recommend", "--user", "u1", "--model", "shop", server=server)
        self.assertTrue(done.stderr.startswith("error: UNKNOWN_MODEL: "), done.stderr)
        self.assertEqual(done.stderr.splitlines()[1:], [f"hint: the server says: {remark}"])

    def test_control_characters_do_not_reach_the_terminal(self):
        done = command("recommend", "--user", "u\x1b[2J\u202e1")
        self.assertIn("u\\u{1b}[2J\\u{202e}1", done.stderr)
        self.assertNotIn("\x1b", done.stderr)

    def test_control_characters_do_not_reach_the_terminal_in_tables(self):
        odd = Scratch()
        self.addCleanup(odd.close)
        odd.items[2] = "i\x1b[2J"
        odd.item_ids = lines(odd.folder / "odd.txt", odd.items)
        with sqlite3.connect(odd.catalog) as database:
            database.execute("UPDATE items SET title = ?", ("red\x1b]0;x\x07\nblue\u202e",))
            database.execute('ALTER TABLE items RENAME COLUMN title TO "ti\x1btle"')
        database.close()
        odd.pack_shop()
        server = odd.serve()
        for arguments in (["recommend", "--user", "u1", "-k", "60"], ["models"]):
            with self.subTest(arguments[0]):
                shown = command(*arguments, server=server)
                self.assertEqual(shown.returncode, 0, shown.stderr)
                self.assertIn("\\u{1b}", shown.stdout)
                self.assertEqual([c for c in shown.stdout if c in "\x1b\x07\u202e"], [])
        shown = subprocess.run([BINARY, "inspect", str(odd.models)], capture_output=True, text=True, timeout=60)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("\\u{1b}", shown.stdout)
        self.assertNotIn("\x1b", shown.stdout)
        table = command("recommend", "--user", "u1", "-k", "60", server=server).stdout
        self.assertEqual(len(table.splitlines()), 62)
        self.assertIn("red\\u{1b}]0;x\\u{7}\\u{a}blue\\u{202e}", table)
        # JSON contains the characters as they are.
        answer = json.loads(command("recommend", "--user", "u1", "-k", "60", "--json", server=server).stdout)
        self.assertIn("i\x1b[2J", [result["id"] for result in answer["results"]])


class OutputTests(unittest.TestCase):
    def run_to(self, output, *arguments):
        return subprocess.run([BINARY, arguments[0], "--server", address, *arguments[1:]], stdout=output,
                              stderr=subprocess.PIPE, text=True, timeout=60)

    def test_output_that_cannot_be_written_is_an_error(self):
        seeds = str(scratch.user_ids)
        for arguments in (["models"], ["stats"], ["health"], ["ping", "-c", "1"], ["recommend", "--user", "u1"],
                          ["recommend", "--users", seeds, "-k", "60"], ["recommend", "--user", "u1", "--json"],
                          ["lookalike", "--seeds", seeds, "--size", "5", "--include-seeds"],
                          ["lookalike", "--seeds", seeds, "--size", "5", "--include-seeds", "--json"]):
            with self.subTest(arguments), open("/dev/full", "w") as full:
                done = self.run_to(full, *arguments)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, r"\Aerror: cannot write 'standard output': "
                                 r"(No space left on device|not all of it was taken)\n\Z")
        with open("/dev/full", "w") as full:
            done = subprocess.run([BINARY, "help", "ping"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "error: cannot write 'standard output': No space left on device\n")

    def test_a_closed_pipe_is_no_error(self):
        seeds = str(scratch.user_ids)
        for arguments in (["models"], ["health"], ["recommend", "--users", seeds, "-k", "60"],
                          ["lookalike", "--seeds", seeds, "--size", "50", "--include-seeds", "--json"]):
            with self.subTest(arguments):
                reader, writer = os.pipe()
                os.close(reader)
                done = self.run_to(writer, *arguments)
                os.close(writer)
                self.assertEqual(done.stderr, "")
                self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
