"""Writes the catalog of products and customers."""

import re
import sqlite3
from collections import Counter
from pathlib import Path

import pandas as pd


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
