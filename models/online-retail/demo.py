#!/usr/bin/env python3
"""Shows Kindred on the shipped model: recommendations, an audience, two home pages, a swap under load.

    models/online-retail/demo.py .build/release/kindred

Serves a copy of version 1 from a scratch folder, then publishes version 2 while requests run without pause. Exits with
0 only if no request failed, both versions answered, and the home pages and each answer under load equal the brute force
of their version. Needs Python 3.9 and its standard library.
"""

import argparse
import collections
import os
import queue
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path

from brute_force import BruteForce

MODEL_FOLDER = Path(__file__).resolve().parent
sys.path.append(str(MODEL_FOLDER.parents[1]))

from bench.support.client import kindred  # noqa: E402
from bench.support.failure import BenchFailure  # noqa: E402
from bench.support.server_process import ServerProcess, serve_command  # noqa: E402
from home_page import HomePages  # noqa: E402

MODEL = MODEL_FOLDER.name

CUSTOMER = 17850
ITEM = "22423"
SEED_COUNTRY = "Germany"
SEED_COUNT = 50
STRANGERS = [1, 2, 3]  # ids of no customer
K = 10
CONNECTIONS = 4
LOADED_CUSTOMERS = 8  # customers whose recommendations are requested during the swap
STEADY_SECONDS = 2.0
SETTLED_SECONDS = 1.0
PATIENCE_SECONDS = 60.0


# ---- Recommendations and an audience ------------------------------------------------------------------------


def show_products(title, answer, elapsed):
    print(f"\n{title}")
    print(f"model {answer.model}  version {answer.version}  {'exact' if answer.exact else 'not exact'}  "
          f"{answer.scanned:,} items scanned  {elapsed * 1000:.2f} ms")
    width = max(len(row["id"]) for row in answer)
    print(f"  {'#':>2}  {'item':<{width}}  {'score':>7}  description")
    for place, row in enumerate(answer, 1):
        print(f"  {place:>2}  {row['id']:<{width}}  {row['score']:>7.4f}  {row['description']}")
    if len(answer) != K or not answer.exact or not all(row["description"] for row in answer):
        raise BenchFailure(f"{len(answer)} named products, exact {answer.exact}; wanted are {K}, exact, with names")


def show_recommendations(client):
    for _ in range(20):
        client.ping()  # warms up the connection
    start = time.perf_counter()
    answer = client.recommend(user=CUSTOMER, k=K, columns=["description"])
    show_products(f"{K} products for customer {CUSTOMER}", answer, time.perf_counter() - start)

    start = time.perf_counter()
    answer = client.recommend(item=ITEM, k=K, columns=["description"])
    elapsed = time.perf_counter() - start
    database = sqlite3.connect(MODEL_FOLDER / "1" / "catalog.sqlite")
    (name,) = database.execute("SELECT description FROM items WHERE id = ?", (ITEM,)).fetchone()
    database.close()
    show_products(f"{K} products similar to {ITEM} {name}", answer, elapsed)


def show_audience(client):
    database = sqlite3.connect(MODEL_FOLDER / "1" / "catalog.sqlite")
    country = dict(database.execute("SELECT id, country FROM users"))
    database.close()
    known = sorted(user for user, name in country.items() if name == SEED_COUNTRY)[:SEED_COUNT]
    start = time.perf_counter()
    audience = client.lookalike(seeds=known + STRANGERS, size="1%")
    elapsed = time.perf_counter() - start
    summary = audience.summary
    print(f"\nThe 1 % of customers most like {SEED_COUNT} from {SEED_COUNTRY} (and {len(STRANGERS)} ids nobody has)")
    print(f"seeds {summary.seeds}   matched {summary.matched} ({summary.match_rate:.1%})   "
          f"audience {len(audience):,} of {summary.eligible:,}   "
          f"scores {audience[0][1]:.2f} .. {audience[-1][1]:.2f}   {elapsed * 1000:.1f} ms")
    shown = "  ".join(f"{user} {score:.4f}" for user, score in audience[:5])
    print(f"  the first 5: {shown}")
    like, everywhere = (sum(country.get(user) == SEED_COUNTRY for user in users) / len(users)
                        for users in ([user for user, _ in audience], list(country)))
    print(f"  from {SEED_COUNTRY}: {like:.0%} of the audience, {everywhere:.0%} of all customers "
          "(the model was never told a country)")
    wanted = max(1, len(country) // 100)
    if (summary.matched, summary.unmatched, len(audience)) != (len(known), len(STRANGERS), wanted):
        raise BenchFailure(f"{summary.matched} matched, {summary.unmatched} unmatched, {len(audience)} rows; wanted "
                          f"are {len(known)}, {len(STRANGERS)} and {wanted}")


# ---- The swap -----------------------------------------------------------------------------------------------

Answered = collections.namedtuple("Answered", "finished elapsed version")


class Load(threading.Thread):
    """Asks over one connection without pause, and compares every answer with the brute force."""

    def __init__(self, address, expected, failures):
        super().__init__(daemon=True)
        self.client = kindred.connect(address)
        self.expected, self.failures = expected, failures
        self.answered, self.stopping = [], threading.Event()
        self.switched = None  # time of the first answer of version 2

    def run(self):
        try:
            users = sorted(self.expected[1])
            while not self.stopping.is_set():
                self.ask(users[len(self.answered) % len(users)])
        except Exception as error:  # any error fails the demo
            self.failures.put(f"a request failed: {error}")

    def ask(self, user):
        start = time.perf_counter()
        answer = self.client.recommend(user=user, k=K)
        finished = time.perf_counter()
        wanted = self.expected.get(answer.version, {}).get(user)
        if list(answer) != wanted:
            self.failures.put(f"customer {user}, version {answer.version}: got {list(answer)}, wanted {wanted}")
        if self.answered and answer.version < self.answered[-1].version:
            self.failures.put(f"version {answer.version} answered after version {self.answered[-1].version}")
        if self.switched is None and answer.version == 2:
            self.switched = finished
        self.answered.append(Answered(finished, finished - start, answer.version))


def publish(models, version):
    """Publishes a copy of a version with one rename, as `kindred pack` does."""
    temporary = models / MODEL / f".tmp-demo-{version}"
    shutil.copytree(MODEL_FOLDER / str(version), temporary)
    os.rename(temporary, models / MODEL / str(version))


def wait_until(happened, what, failures):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        try:
            raise BenchFailure(failures.get(timeout=0.02))
        except queue.Empty:
            pass
        if time.monotonic() > deadline:
            raise BenchFailure(f"after {PATIENCE_SECONDS:.0f} s {what}")


def show_swap(address, models):
    brute = {version: BruteForce(MODEL_FOLDER / str(version)) for version in (1, 2)}
    users = [CUSTOMER] + [user for user in brute[1].user_ids if user != CUSTOMER][:LOADED_CUSTOMERS - 1]
    expected = {version: {user: b.recommend(user, K) for user in users} for version, b in brute.items()}
    print(f"\nVersion 2 appears while {CONNECTIONS} connections ask without pause", flush=True)
    failures = queue.Queue()
    loads = [Load(address, expected, failures) for _ in range(CONNECTIONS)]
    sys.setswitchinterval(0.0005)  # the threads share one interpreter: shorter turns, shorter waits
    begin = time.perf_counter()
    for load in loads:
        load.start()
    wait_until(lambda: time.perf_counter() - begin > STEADY_SECONDS, "the load had not run", failures)
    published = time.perf_counter()
    publish(models, 2)

    def is_settled():
        return all(load.switched and time.perf_counter() - load.switched > SETTLED_SECONDS for load in loads)

    wait_until(is_settled, "version 2 did not answer on every connection", failures)
    for load in loads:
        load.stopping.set()
    for load in loads:
        load.join(timeout=PATIENCE_SECONDS)
        if load.is_alive():
            failures.put(f"a connection had no answer for {PATIENCE_SECONDS:.0f} s")
        load.client.close()
    if not failures.empty():
        raise BenchFailure(failures.get())
    report_swap([answer for load in loads for answer in load.answered], begin, published)


def report_swap(answered, begin, published):
    counts = collections.Counter(answer.version for answer in answered)
    taken = max(answer.finished for answer in answered if answer.version == 1)
    before = [answer.elapsed for answer in answered if answer.finished < published]
    during = [answer.elapsed for answer in answered if published <= answer.finished <= taken + 0.1]
    seconds = max(answer.finished for answer in answered) - begin
    print(f"  {len(answered):,} requests in {seconds:.1f} s, none failed, each answer equal to the brute force of its "
          "version")
    for version in sorted(counts):
        print(f"  version {version} answered {counts[version]:,}")
    print(f"  last answer of version 1: {(taken - published) * 1000:.0f} ms after version 2 was published "
          "(the repository is looked at every second)")
    print(f"  p99 {p99(before) * 1000:.2f} ms before, {p99(during) * 1000:.2f} ms during the swap, "
          "seen from Python threads")
    if set(counts) != {1, 2}:
        raise BenchFailure(f"answers came from versions {sorted(counts)}, wanted are 1 and 2")


def p99(values):
    return sorted(values)[min(len(values) - 1, len(values) * 99 // 100)]


# ---- Main ---------------------------------------------------------------------------------------------------


def show(binary, scratch):
    models = scratch / "models"
    models.joinpath(MODEL).mkdir(parents=True)
    publish(models, 1)
    command = serve_command(binary, models, scratch / "state", "--default-model", MODEL)
    with ServerProcess(command, scratch / "server.log", patience=PATIENCE_SECONDS) as server:
        print(f"serving {MODEL} on {server.address}", flush=True)
        with kindred.connect(server.address) as client:
            show_recommendations(client)
            show_audience(client)
            pages = HomePages(client, MODEL_FOLDER / "1")
            pages.show_customer()
            pages.show_stranger()
        show_swap(server.address, models)
        server.stop(PATIENCE_SECONDS)
        print("\nthe server finished its work on SIGTERM and exited with 0")


def main():
    parser = argparse.ArgumentParser(description="Show what Kindred does, on the shipped model.")
    parser.add_argument("kindred", type=Path, help="the kindred binary")
    parser.add_argument("--keep", action="store_true", help="leave the scratch folder and print where it is")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` removes the scratch folder
    scratch = Path(tempfile.mkdtemp(prefix="kindred-demo-"))
    try:
        for version in ("1", "2"):
            if not (MODEL_FOLDER / version / "manifest.json").is_file():
                raise BenchFailure(f"{MODEL_FOLDER / version}: not a version; build.py beside this file makes it")
        show(arguments.kindred.resolve(), scratch)
        return 0
    except (BenchFailure, OSError) as failure:
        print(f"\nthe demo failed: {failure}", file=sys.stderr)
        return 1
    except Exception as error:  # most likely a kindred.Error, whose text names the cause
        print(f"\nthe demo failed: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if arguments.keep:
            print(f"kept {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
