"""The commands of RULES.md, and of the shop's question in README.md, give the output that the pages show.

Times and the numbers of rows scanned may differ. Needs KINDRED_BINARY, and serves the shipped model. To renew the pages
after a change of the output, in this project's proto-spec/clients/python:

    KINDRED_BINARY=path/to/kindred python3 -m tests.command.test_rules_page --write
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import kindred
from tests.support.scratch import BINARY, ServerProcess, serve_command

ROOT = pathlib.Path(__file__).resolve().parents[5]
BLOCK = re.compile(r"```(python)?\n(.*?)```", re.DOTALL)
CHANGING = re.compile(r"[\d,]+ (?=items scanned)|[\d,]+ (?=users scanned)|\d+(?:\.\d+)? (?=ms\b)")


def pages():
    """The path, the text before, the part with commands, and the text after."""
    rules, readme = ROOT / "RULES.md", ROOT / "README.md"
    yield rules, "", rules.read_text(encoding="utf-8"), ""
    before, heading, rest = readme.read_text(encoding="utf-8").partition("## A shop's rules\n")
    part, next_heading, after = rest.partition("\n## ")
    yield readme, before + heading, part, next_heading + after


class Pages:
    """The shipped model, served."""

    def __init__(self, folder):
        self.server = ServerProcess(serve_command(BINARY, ROOT / "models", folder / "state"), folder / "log")
        self.shell = f'kindred() {{ "{BINARY}" "$1" --server {self.server.address} "${{@:2}}"; }}\n'

    def block(self, text):
        """A block of commands with the output of each."""
        lines, shown, settings = text.splitlines(), [], ""
        while lines:
            command = [lines.pop(0)]
            while command[-1].endswith("\\"):
                command.append(lines.pop(0))
            while lines and not lines[0].startswith("$ "):
                lines.pop(0)
            shown += command
            script = "\n".join(command)[2:]
            if script.startswith("kindred "):
                done = subprocess.run(["bash", "-c", self.shell + settings + script], capture_output=True, text=True,
                                      timeout=60)
                shown += (done.stderr + done.stdout).splitlines()
            else:
                settings += script + "\n"
        return "\n".join(shown) + "\n"

    def renewed(self, text):
        return BLOCK.sub(lambda match: match[0] if match[1] or not match[2].startswith("$ ")
                         else f"```\n{self.block(match[2])}```", text)


class RulesPageTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if not BINARY:
            raise unittest.SkipTest("KINDRED_BINARY is not set")
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.pages = Pages(pathlib.Path(folder.name))
        cls.addClassCleanup(cls.pages.server.__exit__)

    def test_commands_give_what_the_pages_show(self):
        for path, _, text, _ in pages():
            with self.subTest(page=path.name):
                self.assertIn("\n$ kindred recommend", text)
                self.assertEqual(CHANGING.sub("N ", text), CHANGING.sub("N ", self.pages.renewed(text)))

    def test_calls_run(self):
        for path, _, text, _ in pages():
            with self.subTest(page=path.name), kindred.connect(self.pages.server.address) as client:
                calls = [body for python, body in BLOCK.findall(text) if python and "connect(" not in body]
                self.assertTrue(calls)
                done = []
                exec("\n".join(calls), {"k": client, "kindred": kindred, "print": lambda *words: done.append(words)})
                self.assertTrue(done)


def write():
    with tempfile.TemporaryDirectory() as folder:
        served = Pages(pathlib.Path(folder))
        with served.server:
            for path, before, text, after in pages():
                path.write_text(before + served.renewed(text) + after, encoding="utf-8")


if __name__ == "__main__":
    write() if sys.argv[1:] == ["--write"] else unittest.main()
