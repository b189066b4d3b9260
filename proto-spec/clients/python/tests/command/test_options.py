"""Messages of the `kindred` command about invalid options: the value, and the expected one.

Needs KINDRED_BINARY, the path of the command. No model is served.
"""

import os
import pathlib
import re
import socket
import subprocess
import tempfile
import unittest

from tests.support.scratch import BINARY

NAME_RULE = "a model's name has the form [a-z0-9][a-z0-9_-]{0,62}\n"
# Arguments, and the beginning of the error.
WRONG = {
    "a size below zero": (["lookalike", "--seeds", "x", "--size", "-3"],
                          "--size -3: a number of users is at least 1\n"),
    "a size of no users": (["lookalike", "--seeds", "x", "--size", "0"],
                           "--size 0: a number of users is at least 1\n"),
    "a size of no number": (["lookalike", "--seeds", "x", "--size", "many"],
                            "--size many: a number of users, a share such as 1%, or '>=0.8'\n"),
    "a share of no number": (["lookalike", "--seeds", "x", "--size", "nan%"],
                             "--size nan%: a number of users, a share such as 1%, or '>=0.8'\n"),
    "a size that is a fraction": (["lookalike", "--seeds", "x", "--size", "0.6"],
                                  "--size 0.6: a share is written 60%, a least score '>=0.6'"),
    "a small fraction": (["lookalike", "--seeds", "x", "--size", ".015"], "--size .015: a share is written 1.5%,"),
    "a size of nothing": (["lookalike", "--seeds", "x", "--size", "0%"],
                          "--size 0%: a share is at least 0.0001% (one in a million)\n"),
    "a wait below zero": (["serve", "--models", ".", "--queue-ms", "-1"], "--queue-ms -1: 1 to 60000"),
    "answers below zero": (["serve", "--models", ".", "--answer-cache-mib", "-1"], "--answer-cache-mib -1: 0 to 65536"),
    "answers beyond the limit": (
        ["serve", "--models", ".", "--answer-cache-mib", "65537"], "--answer-cache-mib 65537: 0 to 65536"),
    "filters below zero": (["serve", "--models", ".", "--filter-cache-mib", "-1"], "--filter-cache-mib -1: 0 to 65536"),
    "filters beyond the limit": (
        ["serve", "--models", ".", "--filter-cache-mib", "65537"], "--filter-cache-mib 65537: 0 to 65536"),
    "a wait of ages": (["serve", "--models", ".", "--queue-ms", "99999999999"], "--queue-ms 99999999999: 1 to 60000"),
    "threads below one": (["serve", "--models", ".", "--threads", "-2"], "--threads -2: 1 to 1024"),
    "results below one": (["recommend", "--user", "1", "-k", "-1"], "-k -1: at least 1"),
    "numbers for a file": (["recommend", "--vector", "1,2,3"], "--vector 1,2,3: a .npy file with one vector per row"),
    "negative numbers for a file": (["recommend", "--vector", "-0.5,1"], "--vector -0.5,1: a .npy file"),
    "a forgotten value": (["recommend", "--user", "1", "--exclude", "--json"],
                          "--exclude --json: a value, not the next option"),
    "more results than there are": (["similar", "--item", "5", "-k", "99999999999"],
                                    "-k 99999999999: at most 10000"),
    "a score without end": (["recommend", "--user", "1", "--min-score", "1e99"], "--min-score inf: a finite number"),
    "no file": (["recommend", "--vector", "missing.npy"], "missing.npy: open is refused (No such file"),
    "a timeout below zero": (["ping", "--timeout", "-1"], "--timeout -1.0: above 0, at most 60"),
    "a timeout of ages": (["ping", "--timeout", "60.5"], "--timeout 60.5: above 0, at most 60"),
    "threads without end": (["serve", "--models", ".", "--threads", "1025"], "--threads 1025: 1 to 1024"),
    "a share of more than all": (["lookalike", "--seeds", "x", "--size", "101%"],
                                 "--size 101%: a share is at most 100%\n"),
    "a share of a little more than all": (["lookalike", "--seeds", "x", "--size", "100.5%"],
                                          "--size 100.5%: a share is at most 100%\n"),
    "a basket without a weight": (["recommend", "--basket", "22423:2,5:x"],
                                  "--basket: '5:x' is no ID[:WEIGHT], such as 22423:2.5"),
    "a basket with a weight of no number": (["recommend", "--basket", "5,22423:nan"],
                                            "--basket: the weight of '22423:nan' is nan: a finite number such as 2.5\n"),
    "a basket with a weight without end": (["recommend", "--basket", "22423:1e99"],
                                           "--basket: the weight of '22423:1e99' is inf: a finite number such as 2.5\n"),
    "a basket of nothing": (["recommend", "--basket", " , "], "--basket  , : at least one ID[:WEIGHT]"),
    "a quote that is not closed": (["recommend", "--user", "1", "--exclude", 'a,"b'],
                                   '--exclude a,"b: a quote is opened and not closed'),
    "text behind a quote": (["recommend", "--user", "1", "--exclude", '"a" b,c'],
                            '--exclude "a" b,c: " b" after a closed quote'),
    "a file without a name": (["recommend", "--user", "1", "--exclude", "@"],
                              "--exclude @: the name of a file behind the @"),
    "standard input twice": (["recommend", "--users", "-", "--exclude", "@-"],
                             "--users and --exclude: standard input is read once"),
    "a pause below zero": (["ping", "--interval", "-1"], "--interval -1.0: 0 to 3600 seconds"),
    "a pause of ages": (["ping", "--interval", "3600.5"], "--interval 3600.5: 0 to 3600 seconds"),
    "a pause of no number": (["ping", "--interval", "nan"], "--interval nan: 0 to 3600 seconds"),
    "a timeout of no number": (["ping", "--timeout", "nan"], "--timeout nan: above 0, at most 60"),
    "an unknown command": (["recomend", "--server", "x"], "unknown command 'recomend': did you mean 'recommend'? There"),
    "a command of another program": (["frobnicate"], "unknown command 'frobnicate'. There are serve, pack, "),
    "help for an unknown command": (["help", "pakc"], "unknown command 'pakc': did you mean 'pack'? There are serve, "),
    "an option before its command": (["--server", "h:1", "ping"],
                                     "option '--server' stands before the command: kindred ping --server ..."),
    "an unknown short option": (["recommend", "-u", "17850"],
                                "unknown option '-u': did you mean '--user'? kindred recommend has --server, --timeout,"),
    "an unknown long option": (["recommend", "--usr", "1"], "unknown option '--usr': did you mean '--user'? kindred "),
    "a short option written long": (["recommend", "--user", "1", "--k", "3"], "unknown option '--k'"),
    "an unknown option with a value": (["serve", "--modelz=x"], "unknown option '--modelz': did you mean '--models'? "),
    "an option for a value": (["recommend", "--user", "-k", "5"], "missing value for '--user <user>'\n"),
    "a value right behind a short option": (["recommend", "--user", "1", "-k2", "--json"], "-k2: write -k 2\n"),
    "a count right behind a short option": (["ping", "-c5"], "-c5: write -c 5\n"),
    "a share below one in a million": (["lookalike", "--seeds", "x", "--size", "0.00001%"],
                                       "--size 0.00001%: a share is at least 0.0001% (one in a million)\n"),
    "a number among options": (["recommend", "--user", "a", "-5"],
                               "unknown option '-5' (a value that begins with a dash is written --OPTION=-5); kindred"),
    "a missing option": (["serve"], "missing expected argument '--models <models>'\n"),
    "a missing value": (["ping", "-c"], "missing value for '-c <c>'\n"),
    "too many arguments": (["stats", "extra"], "'extra' belongs to no option: kindred stats has --server, --timeout, --json\n"),
    "a value that is none of those": (
        ["recommend", "--user", "1", "--similarity", "x"], "the value 'x' is invalid for '--similarity <similarity>'."),
    "no server's address": (["ping", "--server", "here:"], "--server here:: HOST or HOST:PORT, such as 127.0.0.1:7411\n"),
    "a port without a host": (["ping", "--server", "7411"], "--server 7411: HOST or HOST:PORT, such as 127.0.0.1:7411\n"),
    "results in words": (["similar", "--item", "1", "-k", "ten"],
                         "the value 'ten' is invalid for '-k <k>': a whole number, such as 10\n"),
    "a score in words": (["recommend", "--user", "1", "--min-score", "abc"],
                         "the value 'abc' is invalid for '--min-score <min-score>': a number, such as 0.5\n"),
    "a version in words": (["recommend", "--user", "1", "--version", "abc"],
                           "the value 'abc' is invalid for '--version <version>': a version's number, such as 3 "),
    "a version to expect in words": (["rollback", "shop", "--expect", "x"],
                                     "the value 'x' is invalid for '--expect <expect>': a version's number, such as 3 "),
    "a timeout in words": (["stats", "--timeout", "5s"],
                           "the value '5s' is invalid for '--timeout <timeout>': a number, such as 0.5\n"),
    "a count in words": (["ping", "-c", "x"], "the value 'x' is invalid for '-c <c>': a whole number, such as 4\n"),
    "a pause in words": (["ping", "--interval", "x"],
                         "the value 'x' is invalid for '--interval <interval>': a number, such as 0.5\n"),
    "threads in words": (["serve", "--models", ".", "--threads", "x"],
                         "the value 'x' is invalid for '--threads <threads>': a whole number, such as 2\n"),
    "the program's version of a command": (
        ["models", "--version"], "unknown option '--version' ('kindred --version' shows that of the program); "),
    "a model's version without its number": (
        ["recommend", "--user", "1", "--version"], "missing value for '--version <version>'\n"),
    "a port beyond the last": (["ping", "--server", "127.0.0.1:99999"], "--server 127.0.0.1:99999: port 99999, at most 65535\n"),
    "an id without its option": (["recommend", "17850"], "'17850' belongs to no option, which may be --item 17850 or --user 17850: kindred recommend has"),
    "an id behind a flag": (["similar", "--json", "x", "--item", "5"], "'x' belongs to no option, which may be --item x or --user x: kindred similar has "),
    "two files of vectors": (["recommend", "--vector", "a.npy", "--vector", "b.npy"],
                             "--vector a.npy and b.npy: one file, not 2"),
    "a column that is the score": (["recommend", "--user", "1", "--json", "--columns", "title,score"],
                                   "--columns score: with --json a result has a member 'score' of its own: give the "),
    "standard input twice for one option": (["recommend", "--user", "1", "--exclude", "@-", "--exclude", "@-"],
                                            "--exclude and --exclude: standard input is read once"),
    "no address to listen on": (["serve", "--models", ".", "--listen", "::1:7411"],
                                "--listen ::1:7411: HOST or HOST:PORT, such as 127.0.0.1:7411 or [::1]:0\n"),
    "no model's name": (["recommend", "--user", "1", "--model", "A"], f"--model A: {NAME_RULE}"),
    "no name to pack": (["pack", "--models", ".", "--name", "a b"], f"--name a b: {NAME_RULE}"),
    "no name to serve": (["serve", "--models", ".", "--default-model", ""], f"--default-model : {NAME_RULE}"),
    "no name to activate": (["activate", "Shop", "1"], f"model Shop: {NAME_RULE}"),
    "no name to roll back": (["rollback", "../shop"], f"model ../shop: {NAME_RULE}"),
    "no version": (["activate", "shop", "0"], "version '0': a positive number, or latest"),
    "nowhere to pack": (["pack", "--name", "shop"], "--models is missing: the folder of all models"),
    "nobody to pack": (["pack", "--models", "."], "--name is missing: the model's name"),
    "nothing to pack": (["pack", "--models", ".", "--name", "shop"], "nothing to pack: give --items, --users or both"),
}


@unittest.skipUnless(BINARY, "KINDRED_BINARY is not set")
class OptionTests(unittest.TestCase):
    def run_command(self, arguments):
        with tempfile.TemporaryDirectory() as folder:
            return subprocess.run([BINARY, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)

    def test_errors_name_the_value(self):
        for name, (arguments, expected) in WRONG.items():
            with self.subTest(name):
                done = self.run_command(arguments)
                self.assertNotEqual(done.returncode, 0)
                self.assertTrue(done.stderr.startswith(f"error: {expected}"), done.stderr)

    def test_errors_are_short(self):
        """An error, and a line that names the help; no long usage text."""
        for arguments in (["serve"], ["serve", "--models", ".", "--threads", "0"], ["ping", "-c", "0"]):
            with self.subTest(arguments):
                done = self.run_command(arguments)
                self.assertEqual(done.returncode, 64)
                self.assertEqual(done.stdout, "")
                error, hint, end = done.stderr.split("\n")
                self.assertTrue(error.startswith("error: "), error)
                self.assertEqual(hint, f"hint: 'kindred help {arguments[0]}' shows what it takes")
                self.assertEqual(end, "")

    def test_statuses(self):
        self.assertEqual(self.run_command(["recomend"]).returncode, 64)
        self.assertEqual(self.run_command(["recommend", "--foo"]).returncode, 64)
        self.assertEqual(self.run_command(["serve", "--models", "missing"]).returncode, 1)
        self.assertEqual(self.run_command(["ping", "--server", "127.0.0.1:1"]).returncode, 1)
        for arguments in ([], ["--help"], ["--version"], ["help"], ["help", "ping"], ["ping", "--help"], ["ping", "-h"]):
            with self.subTest(arguments):
                done = self.run_command(arguments)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_every_option_of_every_command_is_known(self):
        """The check for unknown options comes first, and must accept every option in the help."""
        listed = self.run_command(["--help"]).stdout.split("SUBCOMMANDS:")[1]
        commands = [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "]
        self.assertIn("recommend", commands)
        for command in commands:
            if command == "help":
                continue
            usage = self.run_command(["help", command]).stdout
            for option in set(re.findall(r"^  (--?[a-z][a-z-]*)", usage, re.M)):
                with self.subTest(command=command, option=option):
                    self.assertNotIn("unknown option", self.run_command([command, "--help", option]).stderr)

    def test_each_option_is_listed_once(self):
        for command in ("recommend", "lookalike", "ping"):
            with self.subTest(command):
                listed = self.run_command([command, "-u"]).stderr.splitlines()[0].split(" has ")[1].split(", ")
                self.assertEqual(sorted(set(listed)), sorted(listed))

    def test_the_smallest_share(self):
        with tempfile.TemporaryDirectory() as folder:
            seeds = pathlib.Path(folder) / "seeds.txt"
            seeds.write_text("1\n")
            done = self.run_command(
                ["lookalike", "--server", "127.0.0.1:1", "--seeds", str(seeds), "--size", "0.0001%"])
        self.assertIn("cannot connect to 127.0.0.1:1", done.stderr)

    def test_an_equals_sign_behind_a_short_option(self):
        done = self.run_command(["recommend", "--server", "127.0.0.1:1", "--user", "1", "-k=2"])
        self.assertIn("cannot connect to 127.0.0.1:1", done.stderr)

    def test_no_server_there(self):
        done = self.run_command(["stats", "--server", "127.0.0.1:1"])
        self.assertEqual(done.stderr.splitlines(), [
            "error: CONNECTION_LOST: cannot connect to 127.0.0.1:1: Connection refused",
            "hint: --server HOST:PORT names another server; 'kindred serve --models DIR' starts one"])

    def test_defaults_are_shown(self):
        for command in (["serve"], ["ping"]):
            with self.subTest(command):
                words = self.run_command([*command, "--help"]).stdout.split()
                self.assertIn("(default: 127.0.0.1:7411)", " ".join(words))

    def test_the_program_has_a_version(self):
        self.assertRegex(self.run_command(["--version"]).stdout, r"\A[0-9]+\.[0-9]+\.[0-9]+\n\Z")
        self.assertIn("  --version ", self.run_command(["--help"]).stdout)

    def test_help_lists_each_option_once(self):
        for command, count in (("recommend", 1), ("similar", 1), ("lookalike", 1), ("models", 0), ("ping", 0)):
            for words in (["help", command], [command, "--help"]):
                with self.subTest(words):
                    listed = re.findall(r"^  (--?[a-z][a-z-]*)", self.run_command(words).stdout, re.M)
                    self.assertEqual(sorted(set(listed)), sorted(listed))
                    self.assertEqual(listed.count("--version"), count)

    def test_a_server_without_a_port(self):
        done = self.run_command(["ping", "--server", "kindred.invalid", "--timeout", "5"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("kindred.invalid:7411", done.stderr)

    def test_help_shows_words(self):
        for command, words in (("recommend", "default: items)"), ("lookalike", "default: cosine)")):
            with self.subTest(command):
                self.assertIn(words, " ".join(self.run_command(["help", command]).stdout.split()))

    def test_a_file_that_holds_no_vectors_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            for text, shown in (("1,2,3 and so on", "1,2,3 and"), ("short", "short"), ("", "")):
                path = pathlib.Path(folder) / "vectors.txt"
                path.write_text(text)
                with self.subTest(text):
                    done = self.run_command(["recommend", "--server", "127.0.0.1:1", "--vector", str(path)])
                    self.assertIn(
                        f'vectors.txt: beginning is "{shown}", wanted that of a .npy or .safetensors file', done.stderr)

    def test_negative_values_are_values(self):
        # No server listens on port 1, so this error shows that the options were accepted.
        done = self.run_command(["recommend", "--server", "127.0.0.1:1", "--user", "-5"])
        self.assertIn("cannot connect to 127.0.0.1:1", done.stderr)
        for arguments in (["--min-score", "-0.5"], ["--exclude", "-7"], ["--version", "3"]):
            with self.subTest(arguments):
                done = self.run_command(["recommend", "--server", "127.0.0.1:1", "--user", "1", *arguments])
                self.assertIn("cannot connect to 127.0.0.1:1", done.stderr)

    def test_a_cache_above_the_memory_is_reported_before_models_are_loaded(self):
        done = self.run_command(
            ["serve", "--models", ".", "--listen", "127.0.0.1:0", "--threads", "1024", "--answer-cache-mib", "65536"])
        self.assertEqual(done.returncode, 1)
        self.assertIn(
            "no memory to keep 65536 MiB of answers for each of 1024 event loops (the machine has ", done.stderr)
        self.assertNotIn("starting", done.stderr)

    def test_blas_kernels_for_an_older_cpu_are_reported(self):
        """OPENBLAS_CORETYPE makes OpenBLAS use kernels without AVX2 on a CPU that has it."""
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [BINARY, "serve", "--models", folder, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, env={**os.environ, "OPENBLAS_CORETYPE": "Prescott"})
            process.stdout.readline()
            process.terminate()
            _, log = process.communicate(timeout=60)
        if "Prescott" not in log or " avx2 " not in pathlib.Path("/proc/cpuinfo").read_text():
            self.skipTest("no OpenBLAS with kernels of its own for each CPU, or no AVX2")
        line = next(line for line in log.splitlines() if "BLAS computes with kernels for a lesser CPU" in line)
        self.assertIn("level=warning", line)
        self.assertIn("blas_kernels=Prescott", line)
        self.assertRegex(line, r"factor=[0-9]+\.[0-9] gflops=[1-9][0-9]* gflops_of_cpu=[1-9][0-9]* ")
        self.assertIn('remedy="the environment variable OPENBLAS_CORETYPE says so: unset it"', line)

    def test_a_port_in_use_is_reported_before_models_are_loaded(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            done = self.run_command(["serve", "--models", ".", "--listen", address])
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot listen on {address}: Address already in use", done.stderr)
        self.assertNotIn("starting", done.stderr)


if __name__ == "__main__":
    unittest.main()
