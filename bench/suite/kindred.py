"""Kindred's programs, as the suite calls them."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import subprocess
import tempfile
from typing import Any

import numpy

from bench.support.failure import BenchFailure
from bench.support.server_process import ServerProcess, serve_command

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOAD_SECONDS = 600  # time to load the largest tables


@dataclasses.dataclass(frozen=True)
class Kindred:
    """The two binaries."""

    binary: pathlib.Path
    bench: pathlib.Path

    def kernels(self, is_short: bool) -> dict[str, Any]:
        """The machine's limits."""
        return self._json([str(self.bench), "kernels", "--json", *(["--smoke"] if is_short else [])])

    def pack(self, vectors: pathlib.Path, models: pathlib.Path, versions: int = 1) -> None:
        """Publishes rows.npy and queries.npy as the items and users of the model `bench`; ids are rows."""
        for name in ("rows", "queries"):
            count = len(numpy.load(vectors / f"{name}.npy", mmap_mode="r"))
            numpy.save(vectors / f"{name}.ids.npy", numpy.arange(count, dtype="<u8"))
        for _ in range(versions):
            self._run(
                [
                    str(self.binary),
                    "pack",
                    "--models",
                    str(models),
                    "--name",
                    "bench",
                    "--items",
                    str(vectors / "rows.npy"),
                    "--item-ids",
                    str(vectors / "rows.ids.npy"),
                    "--users",
                    str(vectors / "queries.npy"),
                    "--user-ids",
                    str(vectors / "queries.ids.npy"),
                    "--training-id",
                    "bench",
                ]
            )

    def serve(
        self, models: pathlib.Path, scratch: pathlib.Path, threads: int, answer_cache_mib: int | None = 0
    ) -> ServerProcess:
        """Starts a server on a free port; use it in a `with`.

        It has no answer cache, unless `answer_cache_mib` sets its size; None leaves the server's default.
        """
        return ServerProcess(
            serve_command(
                self.binary,
                models,
                scratch / "state",
                "--threads",
                str(threads),
                *(() if answer_cache_mib is None else ("--answer-cache-mib", str(answer_cache_mib))),
            ),
            scratch / "kindred.log",
            patience=LOAD_SECONDS,
            cwd=ROOT,
        )

    def load(self, *options: str) -> dict[str, Any]:
        """Runs `kindred-bench load`. Returns its JSON."""
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            self._run([str(self.bench), "load", *options, "--json", file.name])
            return parsed(pathlib.Path(file.name).read_text(), "kindred-bench load --json")

    def _json(self, command: list[str]) -> dict[str, Any]:
        return parsed(self._run(command), " ".join(command))

    @staticmethod
    def _run(command: list[str]) -> str:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise BenchFailure(
                f"{' '.join(command)} ended with status {done.returncode}, wanted 0: "
                f"{(done.stderr.strip() or done.stdout.strip())[-1500:]}"
            )
        return done.stdout


def parsed(text: str, source: str) -> dict[str, Any]:
    """Parses one JSON object."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise BenchFailure(f"{source} wrote {text[:200]!r}, wanted one JSON object: {error}") from error
    if not isinstance(value, dict):
        raise BenchFailure(f"{source} wrote {type(value).__name__}, wanted one JSON object")
    return value
