"""Allocations of the server for each request of a kind, counted by a library that stands before the allocator."""

import importlib.util
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from failure import GuardFailure

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60
# What starting and warming up takes is told from the requests by two runs that differ in their number.
FEW, MANY = 500, 2_500
USER = "17850"
ITEMS = ["10002", "10080", "10120", "10123C", "10124A"]


def load_client():
    """The Python client of this repository, by its path."""
    spec = importlib.util.spec_from_file_location("kindred", ROOT / "proto-spec" / "python" / "kindred.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class AllocationCounter:
    """Runs a server with one loop under the counter and asks it one request after the other."""

    def __init__(self, kindred: Path, models: Path, folder: Path) -> None:
        self.kindred = kindred
        self.models = models
        self.folder = folder
        self.library = folder / "allocations.so"
        self.client = load_client()

    def count(self) -> dict[str, dict[str, float]]:
        """Allocations for each request, by kind; none where the C library's allocator cannot be counted."""
        self.build()
        kinds = {
            "ping": lambda client: client.ping(),
            "recommend": lambda client: client.recommend(user=USER, k=10),
            "recommend_batch_of_32": lambda client: client.recommend_batch(users=[USER] * 32, k=10),
            "recommend_with_columns": lambda client: client.recommend(
                user=USER, k=10, columns=["description", "median_price"]),
            "recommend_of_candidates": lambda client: client.recommend(user=USER, k=3, candidates=ITEMS),
            "similar": lambda client: client.recommend(item=ITEMS[0], k=10),
        }
        counts = {name: self.per_request(ask) for name, ask in kinds.items()}

        # An answer that was kept costs none, so a PING comes with it: of nothing there is no ratio.
        def ask_again(client) -> None:
            kinds["ping"](client)
            kinds["recommend"](client)

        counts["ping_and_recommend_again"] = self.per_request(ask_again, answer_cache_mib=1)
        return {"allocations_per_request": counts}

    def build(self) -> None:
        compiler = shutil.which("clang") or shutil.which("cc")
        if compiler is None:
            raise GuardFailure("no C compiler, wanted clang (it comes with Swift) or cc")
        source = Path(__file__).resolve().parent / "allocations.c"
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", self.library, source], check=True)

    def per_request(self, ask, answer_cache_mib: int = 0) -> float:
        few, many = (self.run(ask, count, answer_cache_mib) for count in (FEW, MANY))
        return (many - few) / (MANY - FEW)

    def run(self, ask, request_count: int, answer_cache_mib: int) -> int:
        """The allocations of a server's whole life in which it answered so many requests."""
        written, state = self.folder / "count", self.folder / "state"
        written.unlink(missing_ok=True)
        shutil.rmtree(state, ignore_errors=True)
        server = subprocess.Popen(
            [self.kindred, "serve", "--models", self.models, "--state", state, "--listen", "127.0.0.1:0",
             "--threads", "1", "--log-level", "error", "--answer-cache-mib", str(answer_cache_mib)],
            env=os.environ | {"LD_PRELOAD": str(self.library), "KINDRED_ALLOCATIONS": str(written)},
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            address = self.address(server)
            with self.client.Client(address) as client:
                for _ in range(request_count):
                    ask(client)
            server.send_signal(signal.SIGTERM)
            status = server.wait(PATIENCE_SECONDS)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
        if status != 0 or not written.is_file():
            raise GuardFailure(f"the counted server ended with status {status} and no count, wanted 0 and one")
        return int(written.read_text())

    @staticmethod
    def address(server: subprocess.Popen) -> str:
        """Where the server listens, once it says so."""
        readable, _, _ = select.select([server.stdout], [], [], PATIENCE_SECONDS)
        line = server.stdout.readline().strip() if readable else ""
        if not line.startswith("listening on "):
            raise GuardFailure(f"the server said \"{line}\", wanted \"listening on HOST:PORT\"")
        return line.removeprefix("listening on ")
