"""Allocations of the server per request, counted by a preloaded library."""

import os
import shutil
import subprocess
from pathlib import Path

from bench.support.client import kindred
from bench.support.failure import BenchFailure
from bench.support.server_process import ServerProcess, serve_command

PATIENCE_SECONDS = 60
# The difference of two runs leaves out the allocations of start and warm-up.
FEW, MANY = 500, 2_500
FEW_QUERIES, MANY_QUERIES = 3_200, 16_000
# Requests of 32 users each, without rules and with one.
RULE_CASES = ("request", "attribute-filter", "seen", "boosts", "caps", "diversity", "fold-in")
USER = "17850"
ITEMS = ["10002", "10080", "10120", "10123C", "10124A"]


class AllocationCounter:
    """Runs a server with one event loop under the counter and sends it one request after the other."""

    def __init__(self, kindred: Path, models: Path, folder: Path) -> None:
        self.kindred = kindred
        self.models = models
        self.folder = folder
        self.library = folder / "allocations.so"

    def count(self) -> dict[str, dict[str, float]]:
        """Allocations per request, by kind of request."""
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

        # A cached answer allocates nothing, and a count of 0 has no ratio. So a PING is counted with it.
        def ask_again(client) -> None:
            kinds["ping"](client)
            kinds["recommend"](client)

        counts["ping_and_recommend_again"] = self.per_request(ask_again, answer_cache_mib=1)
        return {"allocations_per_request": counts}

    def count_queries(self, bench: Path, shipped: Path) -> dict[str, dict[str, float]]:
        """Allocations per query of the bench's fixed cases with requests, after `count`."""

        def run(case: str, queries: int) -> int:
            written = self.folder / "count"
            written.unlink(missing_ok=True)
            done = subprocess.run(
                [bench, "fixed-case", case, "--queries", str(queries), "--shipped", shipped],
                env=os.environ | {"LD_PRELOAD": str(self.library), "KINDRED_ALLOCATIONS": str(written)},
                capture_output=True, text=True)
            if done.returncode != 0 or not written.is_file():
                raise BenchFailure(f"fixed-case {case} ended with {done.returncode}: {done.stderr[-400:]}")
            return int(written.read_text())

        return {"allocations_per_query": {
            case: (run(case, MANY_QUERIES) - run(case, FEW_QUERIES)) / (MANY_QUERIES - FEW_QUERIES)
            for case in RULE_CASES}}

    def build(self) -> None:
        compiler = shutil.which("clang") or shutil.which("cc")
        if compiler is None:
            raise BenchFailure("no C compiler, wanted clang (it comes with Swift) or cc")
        source = Path(__file__).resolve().parent / "allocations.c"
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", self.library, source], check=True)

    def per_request(self, ask, answer_cache_mib: int = 0) -> float:
        few, many = (self.run(ask, count, answer_cache_mib) for count in (FEW, MANY))
        return (many - few) / (MANY - FEW)

    def run(self, ask, request_count: int, answer_cache_mib: int) -> int:
        """All allocations of a server that answers `request_count` requests, from start to end."""
        written, state = self.folder / "count", self.folder / "state"
        written.unlink(missing_ok=True)
        shutil.rmtree(state, ignore_errors=True)
        server = ServerProcess(
            serve_command(self.kindred, self.models, state, "--threads", "1", "--log-level", "error",
                          "--answer-cache-mib", str(answer_cache_mib)),
            self.folder / "server.log", patience=PATIENCE_SECONDS,
            env=os.environ | {"LD_PRELOAD": str(self.library), "KINDRED_ALLOCATIONS": str(written)})
        with server:
            with kindred.connect(server.address) as client:
                for _ in range(request_count):
                    ask(client)
            server.stop(PATIENCE_SECONDS)
        if not written.is_file():
            raise BenchFailure("the counted server wrote no count, wanted one")
        return int(written.read_text())
