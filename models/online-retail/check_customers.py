#!/usr/bin/env python3
"""Asks a server for every customer, without what they bought and with the reason, and checks each answer.

    /tmp/venv-model/bin/python models/online-retail/check_customers.py PATH/online-retail.parquet

Who bought what comes from the order lines alone. The brute force takes the vectors from the version's files. Each
answer has to be the best of all products that the customer did not buy, in order and with the same scores, and name for
each the nearest product that the customer bought. Also compares the seen pairs of each version, and their recorded
checksum (`bought.sha256`), with the order lines. Needs the packages of requirements.txt; README.md beside this file
explains.
"""

import argparse
import math
import re
import sys
import tempfile
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
from bought import checksum, read_bought, recorded_checksum
from brute_force import read_side
from demo import MODEL_FOLDER, publish

from bench.support.client import kindred
from bench.support.failure import BenchFailure
from bench.support.server_process import ServerProcess, serve_command

LAST_DAYS = {1: date(2011, 11, 9), 2: date(2011, 12, 9)}
PATIENCE_SECONDS = 600
SERVICES = {"23444", "23574", "23702"}


def bought_until(path, last_day):
    """The customers' products by the order lines up to and including a day: the rules of README.md, line by line."""
    columns = ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"]
    bought = defaultdict(set)
    for invoice, code, quantity, moment, price, customer in zip(
            *(parquet.read_table(path, columns=[name]).column(0).to_pylist() for name in columns)):
        code = str(code).strip().upper()
        if str(invoice).startswith("C") or quantity <= 0 or price <= 0 or customer is None or math.isnan(customer):
            continue
        if re.fullmatch("[0-9]{5}[A-Z]{0,2}", code) and code not in SERVICES and moment.date() <= last_day:
            bought[int(customer)].add(code)
    return {user: sorted(items) for user, items in sorted(bought.items())}


def canonical_sums(rows, query):
    """The sums of SPEC.md, A.1, of a query with each row: eight partial sums in float64, added in a fixed order."""
    products = rows * query
    sums = products[:, :8].copy()
    for first in range(8, products.shape[1], 8):
        sums += products[:, first:first + 8]
    s0, s1, s2, s3, s4, s5, s6, s7 = sums.T
    return ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7))


def check_version(client, version, bought, k):
    """Raises BenchFailure for the first customer whose answer is not the brute force's."""
    folder = MODEL_FOLDER / str(version)
    (items, item_ids), (users, user_ids) = (read_side(folder / f"{side}.safetensors") for side in ("items", "users"))
    items, users = np.array(items, dtype=np.float64), np.array(users, dtype=np.float64)
    if list(bought) != user_ids or read_bought(folder) != bought:
        raise BenchFailure(f"version {version}: its seen pairs are not those of the order lines")
    if checksum(bought) != recorded_checksum(version):
        raise BenchFailure(f"version {version}: bought.sha256 has {recorded_checksum(version)}, the order lines have "
                           f"{checksum(bought)}")
    row_of = {item: row for row, item in enumerate(item_ids)}
    norms = np.sqrt(np.array([canonical_sums(row[None], row)[0] for row in items]))
    cosines = np.array([(canonical_sums(items, row) / (norms * norm)).astype(np.float32)
                        for row, norm in zip(items, norms)])
    answers = client.recommend_batch(users=user_ids, k=k, exclude_seen=True, because=True, version=version,
                                     timeout=PATIENCE_SECONDS, raise_errors=True)
    checked = 0
    for vector, user, answer in zip(users, user_ids, answers):
        own = np.array([row_of[item] for item in bought[user]])
        scores = canonical_sums(items, vector).astype(np.float32) + np.float32(0)
        left = np.setdiff1d(np.arange(len(item_ids)), own)
        # Rows are in ascending order of ids, so a stable sort leaves equal scores in it.
        best = left[np.argsort(-scores[left], kind="stable")][:k]
        # The rows of `own` ascend, and argmax takes the first of equal ones: the least id.
        reasons = own[np.argmax(cosines[best][:, own], axis=1)]
        wanted = [(item_ids[row], float(scores[row]), item_ids[reason]) for row, reason in zip(best, reasons)]
        found = [(row["id"], row["score"], row["because"]) for row in answer]
        if found != wanted or answer.eligible != len(left):
            raise BenchFailure(f"version {version}, customer {user}: got {found} of {answer.eligible}, wanted {wanted} "
                               f"of {len(left)}")
        checked += len(wanted)
    print(f"version {version}: {len(user_ids):,} customers, {checked:,} products and reasons equal the brute force; "
          f"{sum(map(len, bought.values())):,} seen pairs are those of the order lines", flush=True)


def main():
    parser = argparse.ArgumentParser(description="Check what a server answers for every customer.")
    parser.add_argument("data", type=Path, metavar="PATH", help="online-retail.parquet")
    parser.add_argument("--kindred", type=Path, metavar="BINARY",
                        default=MODEL_FOLDER.parents[1] / ".build" / "release" / "kindred")
    parser.add_argument("-k", type=int, default=20, help="products for each customer (20)")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="kindred-check-") as scratch:
            for version, last_day in LAST_DAYS.items():
                bought, models = bought_until(arguments.data, last_day), Path(scratch, str(version))
                models.joinpath(MODEL_FOLDER.name).mkdir(parents=True)
                publish(models, version)
                command = serve_command(arguments.kindred.resolve(), models, models / "state")
                with ServerProcess(command, models / "log") as server, kindred.connect(server.address) as client:
                    check_version(client, version, bought, arguments.k)
    except (BenchFailure, OSError, kindred.Error) as failure:
        print(f"the check failed: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
