"""Checks by system calls the order in which a pack makes its version durable."""

import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

from bench.crash_rounds.population import SMALL, Training
from bench.support.failure import BenchFailure

CALLS = "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,mkdir,close"
LINE = re.compile(r"^\d+\s+(?P<call>\w+)\((?P<arguments>.*)\)\s+= (?P<result>-?\d+)")
TARGET = re.compile(r"^\d+<(?P<path>[^>]*)>")


class PackTrace:
    """Runs one pack under strace and checks the order of its calls."""

    def __init__(self, scratch, seed):
        self.scratch, self.seed = scratch, seed

    def run(self):
        """Prints the order. Raises BenchFailure if it is wrong."""
        if shutil.which("strace") is None:
            raise BenchFailure("--trace: strace is not installed (apt-get install strace)")
        trace = self.scratch.folder / "pack.strace"
        training = Training(SMALL, f"{self.seed} trace")
        vectors, ids = training.write(self.scratch.folder)
        command = self.scratch.pack_command(training)
        command += ["--users", str(vectors), "--user-ids", str(ids), "--catalog", str(self.catalog())]
        done = subprocess.run(
            ["strace", "-f", "-y", "-s", "0", "-o", str(trace), "-e", f"trace={CALLS}"] + command,
            capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchFailure(f"strace and pack ended with status {done.returncode}, wanted 0: {done.stderr.strip()}")
        self.check(list(calls(trace.read_text())), Path(done.stdout.strip().splitlines()[-1]))

    def catalog(self):
        """A catalog, so that the trace has a file that SQLite writes."""
        path = self.scratch.folder / "catalog.sqlite"
        database = sqlite3.connect(path)
        with database:
            database.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, title TEXT)")
            database.executemany("INSERT INTO items VALUES (?, ?)", ((id, f"item {id}") for id in SMALL.ids()))
        database.close()
        return path

    def check(self, events, version):
        parent = version.parent
        renames = [(at, arguments) for at, (call, arguments, _) in enumerate(events)
                   if call.startswith("rename") and f'"{version}"' in arguments]
        if len(renames) != 1 or "RENAME_NOREPLACE" not in renames[0][1]:
            raise BenchFailure(f"wanted is one renameat2 to {version} with RENAME_NOREPLACE, found {renames}")
        renamed, arguments = renames[0]
        staging = Path(re.search(r'"([^"]*/\.tmp-[^"]*)"', arguments).group(1))
        steps = []
        for file in sorted(entry.name for entry in version.iterdir()):
            written = last(events, ("write", "pwrite64"), staging / file)
            synced = last(events, ("fsync", "fdatasync"), staging / file)
            steps.append((written, f"write {file}", f"fsync {file}", synced))
        folder = last(events, ("fsync",), staging, before=renamed)
        upper = last(events, ("fsync",), parent)
        print(f"trace: {len(steps)} files, {len(events)} calls; by number of the call:")
        for written, write, fsync, synced in sorted(steps):
            print(f"  {written:>5} {write:<26} {synced:>5} {fsync}")
        print(f"  {folder:>5} fsync {staging.name}\n  {renamed:>5} renameat2 to {version.name}, RENAME_NOREPLACE\n"
              f"  {upper:>5} fsync {parent.name}/")
        for written, write, fsync, synced in steps:
            ordered(write, written, fsync, synced)
            ordered(fsync, synced, "fsync of the folder", folder)
        ordered("fsync of the folder", folder, "the rename", renamed)
        ordered("the rename", renamed, "fsync of the parent", upper)
        opened = [arguments for call, arguments, _ in events[renamed:]
                  if call == "openat" and str(version) in arguments and re.search("O_WRONLY|O_RDWR", arguments)]
        if opened:
            raise BenchFailure(f"a published file was opened to be written: {opened}")
        print("trace: every file is written, then durable, before its folder is, before the rename, before the parent")


def calls(text):
    """The successful calls, each (name, arguments, result), in the order in which they ended."""
    begun = {}
    for line in text.splitlines():
        thread = line.split(None, 1)[0]
        if line.endswith("<unfinished ...>"):
            begun[thread] = line[:-len("<unfinished ...>")].rstrip()
            continue
        resumed = re.match(r"^\d+\s+<\.\.\. \w+ resumed>(.*)$", line)
        if resumed:
            line = begun.pop(thread, "") + resumed.group(1)
        found = LINE.match(line)
        if found and int(found["result"]) >= 0:
            yield found["call"], found["arguments"], int(found["result"])


def last(events, names, path, before=None):
    """The index of the last such call on a path."""
    numbers = [at for at, (call, arguments, _) in enumerate(events[:before])
               if call in names and (target := TARGET.match(arguments)) and target["path"] == str(path)]
    if not numbers:
        raise BenchFailure(f"no {' or '.join(names)} of {path} in the trace")
    return numbers[-1]


def ordered(first, first_at, second, second_at):
    if first_at >= second_at:
        raise BenchFailure(f"{first} (call {first_at}) must come before {second} (call {second_at})")
