#!/usr/bin/env python3
"""Attacks on a server by one peer or one file, beside a bystander who must not notice.

    bench/siege.py .build/release/kindred [--attack NAME] [--smoke] [--json FILE]

Exits with 0 only if every verdict is `ok`. README.md beside this file describes the attacks and the wanted values.
Needs Python 3.9 and its standard library.
"""

import argparse
import json
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.siege_attacks.attacks.baskets_attack import BasketsAttack  # noqa: E402
from bench.siege_attacks.attacks.catalog_attack import CatalogAttack  # noqa: E402
from bench.siege_attacks.attacks.container_attack import ContainerAttack  # noqa: E402
from bench.siege_attacks.attacks.descriptors_attack import DescriptorsAttack  # noqa: E402
from bench.siege_attacks.attacks.frames_attack import FramesAttack  # noqa: E402
from bench.siege_attacks.attacks.lists_attack import ListsAttack  # noqa: E402
from bench.siege_attacks.attacks.loads_attack import LoadsAttack  # noqa: E402
from bench.siege_attacks.attacks.replies_attack import RepliesAttack  # noqa: E402
from bench.siege_attacks.processes.attackers import Attackers  # noqa: E402
from bench.siege_attacks.processes.bystander import Bystander  # noqa: E402
from bench.siege_attacks.repository import Repository  # noqa: E402
from bench.siege_attacks.scale import FULL, SMOKE  # noqa: E402
from bench.siege_attacks.siege_run import SiegeRun  # noqa: E402
from bench.support.client import kindred  # noqa: E402
from bench.support.failure import BenchFailure  # noqa: E402

ATTACKS = (FramesAttack, RepliesAttack, LoadsAttack, ListsAttack, CatalogAttack, BasketsAttack, DescriptorsAttack,
           ContainerAttack)
ATTACKERS = 2


def main():
    names = [attack.name for attack in ATTACKS]
    parser = argparse.ArgumentParser(description="Attacks on a server by one peer or one file, beside a bystander.")
    parser.add_argument("kindred", type=Path, help="the kindred binary")
    parser.add_argument("--attack", action="append", choices=names, metavar="NAME",
                        help=f"only this one, may be given several times: {', '.join(names)}")
    parser.add_argument("--smoke", action="store_true", help="all of it small, in less than a minute")
    parser.add_argument("--json", type=Path, help="also write everything to this file")
    arguments = parser.parse_args()
    if not os.access(arguments.kindred, os.X_OK):
        parser.error(f"{arguments.kindred}: no such binary, wanted a built one (swift build -c release)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` ends processes and removes folders
    scale = SMOKE if arguments.smoke else FULL
    chosen = [attack for attack in ATTACKS if not arguments.attack or attack.name in arguments.attack]
    binary = arguments.kindred.resolve()
    documents, failed, started = {}, 0, time.monotonic()
    repository, processes = Repository(binary), []
    try:
        print(f"load average {os.getloadavg()[0]:.1f}", flush=True)
        attackers = Attackers(ATTACKERS)
        processes.append(attackers)
        bystander = Bystander(repository.users())
        processes.append(bystander)
        for attack in chosen:
            verdicts = SiegeRun(binary, scale, attack(scale, repository, attackers), attackers, bystander).run()
            verdicts.show()
            failed += len(verdicts.failed)
            documents[attack.name] = verdicts.document()
        print(f"{len(chosen)} attacks in {time.monotonic() - started:.0f} s, {failed} promises that did not hold; "
              f"load average {os.getloadavg()[0]:.1f}")
        return 1 if failed else 0
    except (BenchFailure, OSError, sqlite3.Error, kindred.Error) as failure:
        print(f"failed: {type(failure).__name__}: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        for process in processes:
            process.close()
        repository.close()
        if arguments.json:
            arguments.json.write_text(json.dumps(documents, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
