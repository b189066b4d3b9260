#!/usr/bin/env python3
"""Train and pack the shipped model `online-retail`.

Reads the UCI "Online Retail" order lines, cleans them, measures ALS against popularity on a
held-out month, trains the two versions that are shipped, writes their vectors and catalogs to
a work directory, and has `kindred pack` publish them. README.md beside this file explains.

Data: Daqing Chen, "Online Retail", UCI Machine Learning Repository, 2015,
https://doi.org/10.24432/C5BW33, CC BY 4.0.
"""

import os

# One thread and one set of BLAS kernels, so that sums are added in the same order on every run
# and every x86-64 machine. The libraries read these once, when they are imported.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ["OPENBLAS_CORETYPE"] = "Nehalem"

import argparse
import itertools
import re
import shlex
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sparse
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

MODEL_NAME = "online-retail"
PROJECT_ROOT = Path(__file__).resolve().parents[2]
COLUMNS = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice",
           "CustomerID", "Country"]

# A product's stock code, in upper case: five digits and an optional suffix (85123A, 15056BL).
# Postage, manual entries, discounts, fees, samples and gift vouchers have codes of other shapes:
# POST, DOT, C2, M, D, S, B, PADS, CRUK, AMAZONFEE, BANK CHARGES, gift_0001_20, ...
PRODUCT_CODE = re.compile(r"\d{5}[A-Z]{0,2}")
# Services that were given product-like codes.
SERVICE_CODES = {
    "23444": "Next Day Carriage",
    "23574": "PACKING CHARGE",
    "23702": "High Resolution Image",
}

SEED = 20110
ITERATIONS = 15
RECENCY_FLOOR = 0.1     # weight of a very old order
SHOP_WEIGHT = 0.1       # weight of the column that every customer has; see `confidence_matrix`
RECALL_AT = 20
RECENT_DAYS = 28        # the second popularity baseline counts these days only


@dataclass(frozen=True)
class Settings:
    """Settings of ALS. `half_life_days` None: old orders weigh as much as new ones."""

    factors: int
    half_life_days: int | None
    regularization: float
    alpha: float

    def __str__(self) -> str:
        half_life = "none" if self.half_life_days is None else f"{self.half_life_days} d"
        return (f"ALS {self.factors} factors, half-life {half_life}, "
                f"regularization {self.regularization:g}, alpha {self.alpha:g}")


@dataclass(frozen=True)
class Version:
    """One version to ship: trained on every order up to and including `last_day`."""

    number: int
    settings: Settings
    last_day: date

    @property
    def training_id(self) -> str:
        return f"{MODEL_NAME}-als-{self.settings.factors}-{self.last_day.isoformat()}"


@dataclass(frozen=True)
class Window:
    """A window of days that a training does not see, both ends included. The training ends on the day before."""

    name: str
    first_day: date
    last_day: date

    @property
    def training_last_day(self) -> date:
        return self.first_day - timedelta(days=1)


# Settings are chosen on the validation window (`--tune`) and reported on the test window.
VALIDATION = Window("validation", date(2011, 10, 11), date(2011, 11, 9))
TEST = Window("test", date(2011, 11, 10), date(2011, 12, 9))

VERSIONS = (
    Version(1, Settings(32, 30, 5, 3), date(2011, 11, 9)),
    Version(2, Settings(64, 30, 15, 3), date(2011, 12, 9)),
)

TUNE_FACTORS = (32, 64)
TUNE_HALF_LIVES = (None, 90, 45, 30)
TUNE_REGULARIZATIONS = (1.0, 5.0, 15.0)
TUNE_ALPHAS = (3.0, 8.0)
TUNE_SEEDS = (SEED, SEED + 1)

CHECK_CUSTOMERS = (12347, 13089, 17850)
CHECK_ITEM = "22423"


class BuildError(Exception):
    """An error that the caller can correct; the text says what was found and what is wanted."""


# ---------------------------------------------------------------------------- reading, cleaning


def read_lines(path: Path) -> pd.DataFrame:
    """Read the order lines and check that the columns are there."""
    if not path.is_file():
        raise BuildError(f"data file {path}: no such file; give the path of online-retail.parquet")
    try:
        lines = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BuildError(f"data file {path}: not a readable Parquet file ({error})") from error
    missing = [name for name in COLUMNS if name not in lines.columns]
    if missing:
        raise BuildError(f"data file {path}: lacks the columns {', '.join(missing)}; "
                         f"wanted are {', '.join(COLUMNS)}")
    return lines[COLUMNS]


def clean(lines: pd.DataFrame) -> pd.DataFrame:
    """Keep the lines in which a known customer bought a product. Print the number of lines after each step.

    The result has the columns item (text), user (int), order, day, price, description, country.
    """
    print_step("order lines read", lines)
    lines = lines[~lines["InvoiceNo"].astype(str).str.startswith("C")]
    print_step("without cancellations (InvoiceNo C...)", lines)
    lines = lines[lines["Quantity"] > 0]
    print_step("with a quantity above 0", lines)
    lines = lines[lines["UnitPrice"] > 0]
    print_step("with a price above 0", lines)
    lines = lines[lines["CustomerID"].notna()]
    print_step("with a customer", lines)
    codes = lines["StockCode"].astype(str).str.strip().str.upper()
    is_product = codes.str.fullmatch(PRODUCT_CODE.pattern) & ~codes.isin(list(SERVICE_CODES))
    dropped = ", ".join(sorted(codes[~is_product].unique()))
    lines, codes = lines[is_product], codes[is_product]
    print_step("that are products", lines)
    print(f"  not products: {dropped}")
    cleaned = pd.DataFrame({
        "item": codes,
        "user": lines["CustomerID"].astype(np.int64),
        "order": lines["InvoiceNo"].astype(str),
        "day": lines["InvoiceDate"].dt.date,
        "price": lines["UnitPrice"],
        "description": lines["Description"].astype(str).str.split().str.join(" "),
        "country": lines["Country"].astype(str),
    })
    print(f"  {cleaned['user'].nunique():,} customers, {cleaned['item'].nunique():,} products, "
          f"{cleaned['order'].nunique():,} orders, "
          f"{cleaned['day'].min()} to {cleaned['day'].max()}")
    return cleaned


def print_step(what: str, lines: pd.DataFrame) -> None:
    """Print one step of the cleaning with the number of remaining lines."""
    print(f"  {len(lines):>9,}  {what}")


def span(lines: pd.DataFrame, last_day: date) -> pd.DataFrame:
    """The lines up to and including a day; an error if the data does not reach that day."""
    if lines["day"].max() < last_day:
        raise BuildError(f"the data ends on {lines['day'].max()}; "
                         f"it must reach {last_day}, as the UCI file does")
    return lines[lines["day"] <= last_day]


# ------------------------------------------------------------------------------------- training


@dataclass(frozen=True)
class Vectors:
    """Trained vectors, float32; row i belongs to the i-th id; ids ascend (text bytewise)."""

    item_ids: list[str]
    items: np.ndarray
    user_ids: list[int]
    users: np.ndarray


def recency_weight(age_days: int, half_life_days: int | None) -> float:
    """Weight of an order of this age: 1 when new, halving towards `RECENCY_FLOOR`.

    Rounded, so that the last bit of a power function does not depend on the machine.
    """
    if half_life_days is None:
        return 1.0
    return round(RECENCY_FLOOR + (1 - RECENCY_FLOOR) * 0.5 ** (age_days / half_life_days), 6)


def confidence_matrix(
    lines: pd.DataFrame, user_ids: Sequence[int], item_ids: Sequence[str],
    half_life_days: int | None,
) -> sparse.csr_matrix:
    """Customers by products (and one more column): the summed weight of the orders.

    An order counts once for each product in it, whatever the quantity, so that wholesalers do
    not drown the rest. The additional last column is the shop itself, which every customer has
    with a small weight: without it, a customer whose only products nobody else bought is cut
    off from the rest, and ALS shrinks such vectors to 1e-24 and less.
    """
    orders = lines.drop_duplicates(["user", "item", "order"])
    last_day = lines["day"].max()
    weights = [recency_weight((last_day - day).days, half_life_days) for day in orders["day"]]
    rows = np.searchsorted(user_ids, orders["user"].to_numpy())
    columns = np.searchsorted(item_ids, orders["item"].to_numpy(dtype=object))
    shape = (len(user_ids), len(item_ids))
    bought = sparse.coo_matrix((weights, (rows, columns)), shape=shape)
    shop = sparse.csr_matrix(np.full((len(user_ids), 1), SHOP_WEIGHT))
    return sparse.hstack([bought, shop]).tocsr().astype(np.float32)


def train(lines: pd.DataFrame, settings: Settings, seed: int = SEED) -> Vectors:
    """Train ALS on all the lines: a row for every customer and every product among them."""
    user_ids = sorted(set(lines["user"].tolist()))
    item_ids = sorted(set(lines["item"].tolist()))
    confidence = confidence_matrix(
        lines, user_ids, np.array(item_ids, dtype=object), settings.half_life_days)
    model = AlternatingLeastSquares(
        factors=settings.factors, regularization=settings.regularization, alpha=settings.alpha,
        iterations=ITERATIONS, use_cg=False, num_threads=1, random_state=seed)
    with threadpool_limits(limits=1):
        model.fit(confidence, show_progress=False)
    vectors = Vectors(item_ids, model.item_factors[:len(item_ids)].astype("<f4", order="C"),
                      user_ids, model.user_factors.astype("<f4", order="C"))
    check_rows("item", vectors.items)
    check_rows("user", vectors.users)
    return vectors


def norms(rows: np.ndarray) -> np.ndarray:
    """Length of each row."""
    return np.sqrt(np.sum(rows.astype(np.float64) ** 2, axis=1))


def check_rows(what: str, rows: np.ndarray) -> None:
    """Refuse vectors that are not finite, or so short that float32 loses their direction."""
    shortest = norms(rows).min()
    if not np.isfinite(rows).all() or not shortest > 1e-6:
        raise BuildError(f"{what} vectors: shortest length {shortest:g}; "
                         "all must be finite and longer than 1e-6")


# ----------------------------------------------------------------------------------- evaluation


@dataclass(frozen=True)
class HeldOut:
    """The products that known customers bought for the first time in a window.

    `seen` and `wanted` are customers by products, bool: bought before, and to be found again.
    `user_rows` are the customers' rows in the training.
    """

    training: pd.DataFrame
    user_rows: np.ndarray
    seen: np.ndarray
    wanted: np.ndarray


def hold_out(lines: pd.DataFrame, window: Window) -> HeldOut:
    """Split by time. Keeps the customers and products that the training knows."""
    training = span(lines, window.training_last_day)
    later = span(lines, window.last_day)
    later = later[later["day"] >= window.first_day]
    user_ids = np.unique(training["user"].to_numpy())
    item_ids = np.unique(training["item"].to_numpy(dtype=object))
    known = later[later["user"].isin(user_ids) & later["item"].isin(item_ids)]
    seen, wanted = (np.zeros((len(user_ids), len(item_ids)), dtype=bool) for _ in range(2))
    for purchases, matrix in ((training, seen), (known, wanted)):
        matrix[np.searchsorted(user_ids, purchases["user"].to_numpy()),
               np.searchsorted(item_ids, purchases["item"].to_numpy(dtype=object))] = True
    wanted &= ~seen
    user_rows = np.flatnonzero(wanted.any(axis=1))
    print(f"{window.name} window {window.first_day} to {window.last_day}, "
          f"trained on what came before: {len(user_rows):,} customers, "
          f"{int(wanted.sum()):,} first purchases to find")
    return HeldOut(training, user_rows, seen[user_rows], wanted[user_rows])


def recall(scores: np.ndarray, held_out: HeldOut) -> float:
    """Mean over customers of the share of their first purchases found among the best 20.

    Products the customer had bought before are not recommended.
    """
    eligible = np.where(held_out.seen, -np.inf, scores)
    best = np.argsort(-eligible, axis=1, kind="stable")[:, :RECALL_AT]
    found = np.take_along_axis(held_out.wanted, best, axis=1).sum(axis=1)
    return float(np.mean(found / held_out.wanted.sum(axis=1)))


def popularity(lines: pd.DataFrame, item_ids: Sequence[str]) -> np.ndarray:
    """Number of customers of each product."""
    counts = lines.drop_duplicates(["user", "item"])["item"].value_counts()
    return counts.reindex(item_ids, fill_value=0).to_numpy(dtype=np.float64)


def print_baselines(held_out: HeldOut) -> None:
    """Print the recall of recommending the same best sellers to every customer."""
    training = held_out.training
    item_ids = sorted(set(training["item"].tolist()))
    recent = training[training["day"] > training["day"].max() - timedelta(days=RECENT_DAYS)]
    for what, lines in (("popularity, whole training span", training),
                        (f"popularity, its last {RECENT_DAYS} days", recent)):
        scores = np.broadcast_to(popularity(lines, item_ids), held_out.wanted.shape)
        print(f"  recall@{RECALL_AT} {recall(scores, held_out):.4f}  {what}")


def als_recall(held_out: HeldOut, settings: Settings, seed: int = SEED) -> float:
    """Train with these settings on the training span and measure."""
    vectors = train(held_out.training, settings, seed)
    return recall(vectors.users[held_out.user_rows] @ vectors.items.T, held_out)


def evaluate(lines: pd.DataFrame) -> None:
    """Print recall on the test window: the baselines and each version's settings."""
    held_out = hold_out(lines, TEST)
    print_baselines(held_out)
    for version in VERSIONS:
        value = als_recall(held_out, version.settings)
        print(f"  recall@{RECALL_AT} {value:.4f}  version {version.number}: {version.settings}",
              flush=True)


def tune(lines: pd.DataFrame) -> None:
    """Print recall on the validation window over a grid, and the best of each size."""
    held_out = hold_out(lines, VALIDATION)
    print_baselines(held_out)
    for factors in TUNE_FACTORS:
        results = []
        grid = itertools.product(TUNE_HALF_LIVES, TUNE_REGULARIZATIONS, TUNE_ALPHAS)
        for half_life, regularization, alpha in grid:
            settings = Settings(factors, half_life, regularization, alpha)
            value = float(np.mean([als_recall(held_out, settings, seed) for seed in TUNE_SEEDS]))
            results.append((value, settings))
            print(f"  recall@{RECALL_AT} {value:.4f}  {settings}", flush=True)
        best, settings = max(results, key=lambda result: result[0])
        print(f"best of {factors} factors: {best:.4f}  {settings}")


# -------------------------------------------------------------------------------------- catalog


def is_proper_description(text: str) -> bool:
    """Whether a description names a product; notes such as `damages` or `?` do not."""
    return "?" not in text and re.search(r"[A-Z]{2}", text) is not None


def best_description(descriptions: pd.Series) -> str:
    """The most frequent proper description, else the most frequent; ties alphabetically."""
    proper = descriptions[descriptions.map(is_proper_description)]
    return most_frequent(proper if len(proper) else descriptions)


def most_frequent(values: pd.Series) -> str:
    """The most frequent value; of equally frequent ones the alphabetically first."""
    counts = Counter(values.tolist())
    return min(counts, key=lambda value: (-counts[value], value))


def item_rows(lines: pd.DataFrame) -> list[tuple]:
    """Rows of the table `items`, in id order."""
    return [
        (item, best_description(group["description"]), round(float(group["price"].median()), 3),
         group["day"].min().isoformat(), group["day"].max().isoformat(),
         int(group["order"].nunique()))
        for item, group in lines.groupby("item", sort=True)
    ]


def user_rows(lines: pd.DataFrame) -> list[tuple]:
    """Rows of the table `users`, in id order."""
    return [
        (int(user), most_frequent(group["country"]), int(group["order"].nunique()),
         group["day"].max().isoformat())
        for user, group in lines.groupby("user", sort=True)
    ]


def write_catalog(path: Path, lines: pd.DataFrame) -> None:
    """Write `catalog.sqlite` anew."""
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    with database:
        database.execute(
            "CREATE TABLE items (id TEXT PRIMARY KEY, description TEXT, median_price REAL, "
            "first_sale TEXT, last_sale TEXT, orders INTEGER)")
        database.execute(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, country TEXT, orders INTEGER, "
            "last_order TEXT)")
        database.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)", item_rows(lines))
        database.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", user_rows(lines))
    database.close()


# ----------------------------------------------------------------------- work files and packing


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
    for what, rows in (("items", vectors.items), ("users", vectors.users)):
        print(f"  {what} {rows.shape[0]:,} x {rows.shape[1]}, row lengths "
              f"{norms(rows).min():.5f} to {norms(rows).max():.3f}")
    print(f"  wrote {directory}", flush=True)


def pack(version: Version, directory: Path, kindred: Path, models: Path) -> None:
    """Have `kindred pack` publish one version as the model's next."""
    command = [
        str(kindred), "pack", "--models", str(models), "--name", MODEL_NAME,
        "--items", str(directory / "items.npy"), "--item-ids", str(directory / "item-ids.txt"),
        "--users", str(directory / "users.npy"), "--user-ids", str(directory / "user-ids.txt"),
        "--catalog", str(directory / "catalog.sqlite"), "--metric", "dot",
        "--training-id", version.training_id,
    ]
    print(f"packing version {version.number}: {shlex.join(command)}", flush=True)
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise BuildError(f"--kindred {kindred}: cannot be run ({error.strerror})") from error
    if status != 0:
        raise BuildError(f"{kindred} pack ended with status {status} for version "
                         f"{version.number}; its work files are in {directory}")


def check_packable(kindred: Path, models: Path) -> None:
    """Check before any work that the packer exists and that the model has no versions yet."""
    if not (kindred.is_file() and os.access(kindred, os.X_OK)):
        raise BuildError(f"--kindred {kindred}: no such executable; build it first with "
                         "`swift build -c release`, or give --no-pack to write the work files only")
    model = models / MODEL_NAME
    entries = model.iterdir() if model.is_dir() else ()
    present = sorted(int(entry.name) for entry in entries
                     if entry.is_dir() and re.fullmatch(r"[1-9][0-9]*", entry.name))
    if present:
        raise BuildError(f"{model} already holds version {', '.join(map(str, present))}; packed "
                         "versions are never replaced: give --models another directory")


# ---------------------------------------------------------------------------------------- check


def load_work(directory: Path) -> Vectors:
    """Read the vectors and ids of one version's work directory."""
    names = ("items.npy", "item-ids.txt", "users.npy", "user-ids.txt", "catalog.sqlite")
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


# ----------------------------------------------------------------------------------------- main


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description="Train and pack the shipped model online-retail.")
    parser.add_argument("data", type=Path, nargs="?", metavar="PATH",
                        help="online-retail.parquet; not needed with --check")
    parser.add_argument("--kindred", type=Path, metavar="BINARY",
                        default=PROJECT_ROOT / ".build" / "release" / "kindred",
                        help="the kindred binary that packs (default: .build/release/kindred)")
    parser.add_argument("--models", type=Path, metavar="DIR", default=PROJECT_ROOT / "models",
                        help="the model repository (default: the project's models)")
    parser.add_argument("--work", type=Path, metavar="DIR",
                        default=Path(tempfile.gettempdir()) / "kindred-model-work",
                        help="for the work files, one directory per version "
                             "(default: kindred-model-work in the system's temporary directory)")
    parser.add_argument("--no-pack", action="store_true",
                        help="write the work files and do not run the kindred binary")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true",
                      help="print recommendations from the work files, and stop")
    mode.add_argument("--tune", action="store_true",
                      help="print recall over the grid on the validation window, and stop")
    arguments = parser.parse_args()
    if arguments.data is None and not arguments.check:
        parser.error("PATH is missing: give the path of online-retail.parquet")
    return arguments


def build(arguments: argparse.Namespace) -> None:
    """Clean, evaluate, train, write and pack."""
    if not arguments.no_pack:
        check_packable(arguments.kindred, arguments.models)
    print(f"cleaning {arguments.data.name}", flush=True)
    lines = clean(read_lines(arguments.data))
    evaluate(lines)
    for version in VERSIONS:
        build_version(lines, version, arguments.work / str(version.number))
    if arguments.no_pack:
        print(f"not packed; the work files are in {arguments.work}")
        return
    for version in VERSIONS:
        pack(version, arguments.work / str(version.number), arguments.kindred, arguments.models)


def main() -> int:
    """Run the requested mode; 1 on an error that the caller can correct."""
    arguments = parse_arguments()
    try:
        if arguments.check:
            for version in VERSIONS:
                print(f"version {version.number}")
                check_version(arguments.work / str(version.number))
        elif arguments.tune:
            tune(clean(read_lines(arguments.data)))
        else:
            build(arguments)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
