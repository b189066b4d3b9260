#!/usr/bin/env python3
"""Compares a basket's query with folding a new customer into the ALS model.

A basket's query is the weighted mean of its products' vectors. Folding in solves the training's equation for a customer
who ordered each of them once, recently (Hu, Koren, Volinsky 2008):

    (Y'Y + regularization I + (alpha - 1) sum y y') x = alpha sum y

Prints for each size how many of the 10 best products are the same, as the mean of 1,000 baskets. Needs numpy and the
packed version.
"""

import json
import pathlib
import random
import sqlite3

import numpy as np
from brute_force import read_side

VERSION = pathlib.Path(__file__).resolve().parent / "2"
BASKETS, POPULAR, RELATED, K = 1_000, 500, 12, 10


def main():
    vectors, ids = read_side(VERSION / "items.safetensors")
    items = np.array([list(row) for row in vectors])
    settings = json.loads((VERSION / "manifest.json").read_text())["fold_in"]
    alpha = settings["alpha"]
    gram = items.T @ items + settings["lambda"] * np.eye(items.shape[1])
    norms = np.maximum(np.linalg.norm(items, axis=1), 1e-12)
    database = sqlite3.connect(f"file:{VERSION}/catalog.sqlite?mode=ro&immutable=1", uri=True)
    orders = dict(database.execute("SELECT id, orders FROM items"))
    popular = sorted(range(len(ids)), key=lambda row: -orders[ids[row]])[:POPULAR]
    source = random.Random(1)

    def best(vector, members):
        scores = items @ vector
        scores[members] = -np.inf
        return set(np.argsort(-scores)[:K].tolist())

    for size in (1, 2, 3, 5):
        same = 0
        for _ in range(BASKETS):
            first = source.choice(popular)
            near = np.argsort(-(items @ items[first]) / norms)
            related = [row for row in near.tolist() if row != first][:RELATED]
            members = [first] + source.sample(related, size - 1)
            rows = items[members]
            folded = np.linalg.solve(gram + (alpha - 1) * rows.T @ rows, alpha * rows.sum(axis=0))
            same += len(best(rows.mean(axis=0), members) & best(folded, members))
        print(f"baskets of {size} related: {same / BASKETS:.2f} of the {K} best are those of folding in")


if __name__ == "__main__":
    main()
