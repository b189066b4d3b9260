"""The work files of a version: written by a training, read by `--check` and the packer."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sparse

from .als import Vectors, norms, train
from .catalog import write_catalog
from .cleaning import span
from .seen import bought_pairs
from .settings import BuildError, Version

CHECK_CUSTOMERS = (12347, 13089, 17850)
CHECK_ITEM = "22423"


def write_ids(path: Path, ids: Sequence[object]) -> None:
    """Write one id per line."""
    path.write_text("".join(f"{value}\n" for value in ids), encoding="utf-8")


def build_version(lines: pd.DataFrame, version: Version, directory: Path) -> None:
    """Train one version on its whole span and write its work files."""
    print(f"version {version.number}: {version.settings}, up to {version.last_day}", flush=True)
    lines = span(lines, version.last_day)
    vectors = train(lines, version.settings)
    directory.mkdir(parents=True, exist_ok=True)
    np.save(directory / "items.npy", vectors.items)
    np.save(directory / "users.npy", vectors.users)
    write_ids(directory / "item-ids.txt", vectors.item_ids)
    write_ids(directory / "user-ids.txt", vectors.user_ids)
    write_catalog(directory / "catalog.sqlite", lines)
    seen = bought_pairs(lines, vectors.user_ids, vectors.item_ids)
    sparse.save_npz(directory / "seen.npz", seen)
    for what, rows in (("items", vectors.items), ("users", vectors.users)):
        print(f"  {what} {rows.shape[0]:,} x {rows.shape[1]}, row lengths "
              f"{norms(rows).min():.5f} to {norms(rows).max():.3f}")
    print(f"  seen {seen.nnz:,} pairs, longest list {np.diff(seen.indptr).max():,}")
    print(f"  wrote {directory}", flush=True)


def load_work(directory: Path) -> Vectors:
    """Read the vectors and ids of one version's work directory."""
    names = ("items.npy", "item-ids.txt", "users.npy", "user-ids.txt", "catalog.sqlite", "seen.npz")
    missing = [name for name in names if not (directory / name).is_file()]
    if missing:
        raise BuildError(f"work directory {directory}: lacks {', '.join(missing)}; "
                         "run build.py with --no-pack and the same --work first")
    user_ids = (directory / "user-ids.txt").read_text(encoding="utf-8").split()
    return Vectors((directory / "item-ids.txt").read_text(encoding="utf-8").split(),
                   np.load(directory / "items.npy"),
                   [int(value) for value in user_ids], np.load(directory / "users.npy"))


def print_best(vectors: Vectors, scores: np.ndarray, count: int, names: dict[str, str]) -> None:
    """Print the products with the best scores; ties in id order."""
    for row in np.argsort(-scores, kind="stable")[:count]:
        item = vectors.item_ids[row]
        print(f"    {item:<8} {scores[row]:.4f}  {names[item]}")


def check_version(directory: Path) -> None:
    """Print recommendations that plain numpy computes from one version's work files."""
    vectors = load_work(directory)
    database = sqlite3.connect(directory / "catalog.sqlite")
    names = dict(database.execute("SELECT id, description FROM items"))
    customers = {row[0]: row for row in database.execute("SELECT * FROM users")}
    database.close()
    for user in CHECK_CUSTOMERS:
        _, country, orders, last_order = customers[user]
        print(f"  customer {user} ({country}, {orders} orders, last {last_order}), dot:")
        scores = vectors.items @ vectors.users[vectors.user_ids.index(user)]
        print_best(vectors, scores, 5, names)
    unit = vectors.items / norms(vectors.items)[:, None]
    print(f"  similar to {CHECK_ITEM} {names[CHECK_ITEM]}, cosine:")
    print_best(vectors, unit @ unit[vectors.item_ids.index(CHECK_ITEM)], 8, names)
