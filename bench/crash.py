#!/usr/bin/env python3
"""Kills packers and servers (kill -9) while versions are packed and swapped; the next start must serve a whole version.

    bench/crash.py .build/release/kindred [--rounds 50] [--seed N] [--trace]

Exits with 0 only if all checks held. README.md beside this file describes the checks. Needs Python 3.9 and its standard
library; `--trace` also strace.
"""

import argparse
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.crash_rounds.pack_rounds import PackRounds  # noqa: E402
from bench.crash_rounds.pack_trace import PackTrace  # noqa: E402
from bench.crash_rounds.scratch import Scratch  # noqa: E402
from bench.crash_rounds.swap_rounds import SwapRounds  # noqa: E402
from bench.support.client import kindred  # noqa: E402
from bench.support.failure import BenchFailure  # noqa: E402


def run(rounds, what, count):
    """Runs rounds until `count` of them were killed in time. Prints about ten lines of progress."""
    start = time.monotonic()
    rounds.prepare()
    step = max(1, count // 10)
    number = killed = 0
    while killed < count:
        if number >= 10 * count:
            raise BenchFailure(f"{what}: {killed} of {number} rounds were killed in time, wanted {count}")
        try:
            was_killed = rounds.run(number)
        except BenchFailure as failure:
            raise BenchFailure(f"{what} round {number + 1}: {failure}") from failure
        number += 1
        if was_killed:
            killed += 1
            if killed % step == 0 or killed == count:
                print(f"{what}: {killed} of {count} kills  {time.monotonic() - start:.0f} s", flush=True)
    rounds.finish()


def main():
    parser = argparse.ArgumentParser(description="kill -9 while versions are packed and swapped.")
    parser.add_argument("kindred", type=Path, help="the kindred binary")
    parser.add_argument("--rounds", type=int, default=50, help="packs killed, and servers killed (default 50 each)")
    parser.add_argument("--seed", type=int, help="of vectors and moments; default: a fresh one")
    parser.add_argument("--trace", action="store_true", help="also check the order of one pack's system calls")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"--rounds {arguments.rounds}: at least 1")
    seed = random.randrange(1, 10**9) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    source = random.Random(seed)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` removes the scratch folder
    scratch = Scratch(arguments.kindred.resolve())
    try:
        kinds = [("pack", PackRounds(scratch, seed, source)), ("swap", SwapRounds(scratch, seed, source))]
        for what, rounds in kinds:
            run(rounds, what, arguments.rounds)
        if arguments.trace:
            PackTrace(scratch, seed).run()
        for _, rounds in kinds:
            print(rounds.summary())
        return 0
    except BenchFailure as failure:
        print(f"failed (seed {seed}): {failure}", file=sys.stderr)
        return 1
    except (OSError, kindred.Error) as error:
        print(f"failed (seed {seed}): {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        scratch.close()


if __name__ == "__main__":
    sys.exit(main())
