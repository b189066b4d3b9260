"""Tests that run the `kindred` command against a server."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from tests.support.scratch import BINARY, ITEMS, Scratch, lines

# Ids that a list must quote: with a comma, spaces at an end, quotes, an @ as of a file's name, other letters, a colon.
ODD = ["a,b", ' edge', 'say "x"', "@x", "caf\u00e9", "x:y"]


def pack(scratch):
    """The usual models, and `odd` whose items have the ids of ODD among others."""
    scratch.pack_all()
    ids = ODD + [f"o{index}" for index in range(ITEMS - len(ODD))]
    scratch.pack("odd", scratch.items_npy, lines(scratch.folder / "odd.txt", ids))


class CommandTests(unittest.TestCase):
    """Runs the command in a folder of its own, against a server with `pack`'s models."""

    @classmethod
    def setUpClass(cls):
        cls.scratch, cls.address = Scratch.served(pack)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, content, name="ids.txt"):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def command(self, *arguments, **options):
        return subprocess.run(
            [BINARY, arguments[0], "--server", self.address, *map(str, arguments[1:])], cwd=self.folder,
            capture_output=True, text=True, timeout=60, **options)

    def succeed(self, *arguments, **options):
        done = self.command(*arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def recommended(self, *arguments, model="shop", user="u1", **options):
        """The ids of one query's results as a set, the whole answer, and the standard error."""
        done = self.succeed(
            "recommend", "--model", model, "--user", user, "-k", ITEMS, "--json", *arguments, **options)
        answer = json.loads(done.stdout)
        return {result["id"] for result in answer["results"]}, answer, done.stderr
