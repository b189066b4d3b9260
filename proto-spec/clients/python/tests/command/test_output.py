"""The output of `kindred lookalike`: files, links, pipes and devices.

Needs KINDRED_BINARY, the path of the command: a scratch repository is packed and served with it.
"""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import unittest

from tests.support.scratch import BINARY, Scratch, lines

scratch = None
address = None


def setUpModule():
    global scratch, address
    scratch, address = Scratch.served(Scratch.pack_shop)


class AudienceFileTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.seeds = lines(self.folder / "seeds.txt", ["u1", "u2", "u3"])
        self.out = self.folder / "audience.csv"

    def arguments(self, *options, seeds=None, server=None):
        return [BINARY, "lookalike", "--server", server or address, "--seeds", str(seeds or self.seeds), "--size", "5", *options]

    def lookalike(self, *options, seeds=None):
        return subprocess.run(self.arguments(*options, seeds=seeds), capture_output=True, text=True, timeout=60)

    def assert_audience(self, text):
        self.assertEqual(text.splitlines()[0], "id,score")
        self.assertEqual(len(text.splitlines()), 6)

    def assert_nothing_left(self, *expected):
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), sorted(("seeds.txt", *expected)))

    def test_a_new_file(self):
        self.assertEqual(self.lookalike("--out", str(self.out)).returncode, 0)
        self.assert_audience(self.out.read_text())
        self.assert_nothing_left("audience.csv")

    def test_an_existing_file_keeps_its_permissions(self):
        self.out.write_text("old")
        self.out.chmod(0o600)
        self.assertEqual(self.lookalike("--out", str(self.out)).returncode, 0)
        self.assert_audience(self.out.read_text())
        self.assertEqual(self.out.stat().st_mode & 0o777, 0o600)

    def test_a_link_is_followed(self):
        target = self.folder / "target.csv"
        target.write_text("old")
        self.out.symlink_to(target)
        self.assertEqual(self.lookalike("--out", str(self.out)).returncode, 0)
        self.assertTrue(self.out.is_symlink())
        self.assert_audience(target.read_text())
        self.assert_nothing_left("audience.csv", "target.csv")

    def test_foreign_temporary_files_are_left_alone(self):
        theirs = self.folder / "audience.csv.partial"
        theirs.write_text("theirs")
        self.assertEqual(self.lookalike("--out", str(self.out)).returncode, 0)
        self.assert_audience(self.out.read_text())
        self.assertEqual(theirs.read_text(), "theirs")
        self.assert_nothing_left("audience.csv", "audience.csv.partial")

    def test_a_link_with_the_name_of_the_temporary_file_is_not_followed(self):
        """Files and dangling links have the name of the temporary file: the command takes another name."""
        victim = self.folder / "victim"
        # `exec` keeps the shell's process id.
        script = ('ln -s "$0" "$1/.audience.csv.$$.partial"; echo theirs > "$1/.audience.csv.$$-2.partial"; shift; '
                  'exec "$@"')
        done = subprocess.run(["sh", "-c", script, str(victim), str(self.folder),
                               *self.arguments("--out", str(self.out))], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_audience(self.out.read_text())
        self.assertFalse(victim.exists())
        left = sorted(self.folder.glob(".audience.csv.*"))
        self.assertEqual([path.is_symlink() for path in left].count(True), 1)
        self.assertEqual([path.read_text() for path in left if not path.is_symlink()], ["theirs\n"])

    def test_a_signal_leaves_no_file(self):
        self.out.write_text("old")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number), socket.create_server(("127.0.0.1", 0)) as mute:
                process = subprocess.Popen(self.arguments(
                    "--out", str(self.out), server=f"127.0.0.1:{mute.getsockname()[1]}"), stderr=subprocess.PIPE)
                self.addCleanup(process.stderr.close)
                # The command opens its file before it connects.
                connection, _ = mute.accept()
                with connection:
                    self.assertEqual(len(list(self.folder.glob(".audience.csv.*.partial"))), 1)
                    process.send_signal(number)
                    self.assertEqual(process.wait(timeout=30), -number)
                self.assert_nothing_left("audience.csv")
                self.assertEqual(self.out.read_text(), "old")

    def test_a_full_device(self):
        done = self.lookalike("--out", "/dev/full")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "error: cannot write '/dev/full': No space left on device\n")

    def test_a_link_to_nothing_is_refused(self):
        self.out.symlink_to(self.folder / "missing")
        done = self.lookalike("--out", str(self.out))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot write '{self.out}': it is a link to what is not there", done.stderr)

    def test_a_pipe_gets_the_rows(self):
        os.mkfifo(self.out)
        reader = os.open(self.out, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.assertEqual(self.lookalike("--out", str(self.out)).returncode, 0)
        self.assert_audience(os.read(reader, 1 << 16).decode())
        self.assertTrue(self.out.is_fifo())

    def test_standard_output_continues_at_its_position(self):
        everything = self.folder / "all.txt"
        everything.write_text("before\n")
        for name in ("/dev/stdout", str(everything)):
            with self.subTest(name), everything.open("a") as output:
                size = everything.stat().st_size
                done = subprocess.run(self.arguments("--out", name), stdout=output, stderr=subprocess.PIPE, timeout=60)
                self.assertEqual(done.returncode, 0, done.stderr)
                written = everything.read_text()
                self.assertTrue(written.startswith("before\n"))
                self.assertIn("id,score\n", written[size:])
                self.assertEqual(written[size:].count(","), 6 + written[size:].count(", "))

    def test_a_folder_is_refused(self):
        done = self.lookalike("--out", str(self.folder))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot write '{self.folder}': it is a folder", done.stderr)
        self.assert_nothing_left()

    def test_a_failure_leaves_no_file(self):
        unknown = lines(self.folder / "unknown.txt", ["nobody"])
        self.out.write_text("old")
        for options in (["--out", str(self.out)], ["--out", str(self.out), "--json"], [], ["--json"]):
            with self.subTest(options):
                done = self.lookalike(*options, seeds=unknown)
                self.assertNotEqual(done.returncode, 0)
                self.assertEqual(done.stdout, "")
                self.assertEqual(self.out.read_text(), "old")
                self.assert_nothing_left("audience.csv", "unknown.txt")


if __name__ == "__main__":
    unittest.main()
