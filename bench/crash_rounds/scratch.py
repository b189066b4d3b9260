"""A scratch repository, the expected answers of its versions, and the commands and servers on it."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench.crash_rounds.population import K
from bench.support.client import kindred
from bench.support.failure import BenchFailure
from bench.support.server_process import PATIENCE_SECONDS, ServerProcess, serve_command

VERSIONS_KEPT = 2


class Scratch:
    """Folders for models, inputs and a server's state; removed by `close`."""

    def __init__(self, binary):
        self.binary = binary
        self.folder = Path(tempfile.mkdtemp(prefix="kindred-crash-"))
        self.models = self.folder / "models"
        self.models.mkdir()
        self.log = self.folder / "server.log"
        self.answers = {}  # (model, version): the expected answer to each query
        self.server = None

    def close(self):
        self.kill_server()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- Versions

    def pack_command(self, training, models=None):
        """Writes the inputs. Returns the command that packs them as the next version."""
        vectors, ids = training.write(self.folder)
        return [str(part) for part in (
            self.binary, "pack", "--models", models or self.models, "--name", training.population.name, "--items",
            vectors, "--item-ids", ids, "--training-id", "crash")]

    def pack(self, training, models=None):
        """Packs without disturbance. Returns the new version's folder and the seconds it took."""
        command, start = self.pack_command(training, models), time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        if done.returncode != 0:
            raise BenchFailure(f"pack ended with status {done.returncode}, wanted 0: {done.stderr.strip()}")
        return Path(done.stdout.strip().splitlines()[-1]), time.monotonic() - start

    def versions(self, name):
        """The ascending numbers of all folders that are named like a version."""
        names = os.listdir(self.models / name) if (self.models / name).is_dir() else []
        return sorted(int(entry) for entry in names if re.fullmatch(r"[1-9][0-9]*", entry))

    def newest(self, name):
        return max(self.versions(name), default=0)

    def leftovers(self, name):
        """Temporary folders of killed packers."""
        return [entry for entry in os.listdir(self.models / name) if entry.startswith(".tmp-")]

    def remove_old_versions(self, name):
        """Removes all but the newest versions, to bound the disk."""
        for version in self.versions(name)[:-VERSIONS_KEPT]:
            shutil.rmtree(self.models / name / str(version))
            self.answers.pop((name, version), None)

    def verify(self):
        """`kindred verify` must check every version and find it sound."""
        done = subprocess.run(
            [str(self.binary), "verify", str(self.models), "--json"], capture_output=True, text=True,
            timeout=PATIENCE_SECONDS)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        refused = [line for line in lines if not line["ok"]]
        if done.returncode != 0 or refused:
            raise BenchFailure(f"verify ended with status {done.returncode}, wanted 0: {refused} {done.stderr.strip()}")
        seen = sorted((line["model"], line["version"]) for line in lines)
        there = sorted((folder.name, version) for folder in self.models.iterdir() if folder.is_dir()
                       for version in self.versions(folder.name))
        if seen != there:
            raise BenchFailure(f"verify looked at {seen}, the repository holds {there}")

    # ---- The server

    def start_server(self):
        """Starts a server. Returns its address once it is ready."""
        self.server = ServerProcess(serve_command(self.binary, self.models, self.folder / "state"), self.log)
        return self.server.address

    def kill_server(self):
        """kill -9."""
        if self.server:
            self.server.kill()
            self.server = None

    def stop_server(self):
        """SIGTERM. Raises BenchFailure unless the server exits with 0."""
        server, self.server = self.server, None
        server.stop()

    def check_served(self, address, population):
        """The newest version must answer every query, and no version without a folder may be in memory."""
        name = population.name
        with kindred.connect(address) as client:
            for index, query in enumerate(population.queries):
                answer = client.recommend(vector=population.query_vector(query), k=K, model=name)
                self.check_answer(name, index, answer)
                if answer.version != self.newest(name):
                    raise BenchFailure(f"{name}: version {answer.version} serves, the newest is {self.newest(name)}")
            status = next(model for model in client.models() if model["name"] == name)
        strange = set(status["loaded"]) - set(self.versions(name))
        if strange or status["refused"]:
            raise BenchFailure(f"{name}: in memory without a folder {sorted(strange)}, refused {status['refused']}")
        return status["active"]

    def check_answer(self, name, index, answer):
        """An answer must equal the brute force of its version."""
        wanted = self.answers.get((name, answer.version))
        if wanted is None or list(answer) != wanted[index] or not answer.exact:
            matching = [version for (model, version), lists in self.answers.items()
                        if model == name and lists[index] == list(answer)]
            raise BenchFailure(
                f"{name}: query {index} was answered by version {answer.version} with {list(answer)}; wanted is "
                f"{wanted and wanted[index]}; the answer is that of versions {matching}")
