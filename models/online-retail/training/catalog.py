"""Writes the catalog of products and customers: a table for each side, and one for each set of tags."""

import re
import sqlite3
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pandas as pd

from .settings import RECENT_DAYS
from .tags import country_rows, kind, season_rows, segment_rows


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
    rows, since = [], lines["day"].max() - timedelta(days=RECENT_DAYS)
    for item, group in lines.groupby("item", sort=True):
        description = best_description(group["description"])
        rows.append((item, description, round(float(group["price"].median()), 3),
                     group["day"].min().isoformat(), group["day"].max().isoformat(),
                     int(group["order"].nunique()), kind(description),
                     int(group.loc[group["day"] > since, "order"].nunique())))
    return rows


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
    tables = {
        "items (id TEXT PRIMARY KEY, description TEXT, median_price REAL, first_sale TEXT, last_sale TEXT, "
        "orders INTEGER, kind TEXT, recent_orders INTEGER)": item_rows(lines),
        "users (id INTEGER PRIMARY KEY, country TEXT, orders INTEGER, last_order TEXT)": user_rows(lines),
        "items_season (id TEXT, value TEXT, PRIMARY KEY (id, value)) WITHOUT ROWID": season_rows(lines),
        "items_popular_in (id TEXT, value TEXT, PRIMARY KEY (id, value)) WITHOUT ROWID": country_rows(lines),
        "users_segments (id INTEGER, value TEXT, PRIMARY KEY (id, value)) WITHOUT ROWID": segment_rows(lines),
    }
    database = sqlite3.connect(path)
    with database:
        for table, rows in tables.items():
            database.execute(f"CREATE TABLE {table}")
            name, rows = table.split()[0], list(rows)
            places = ", ".join("?" * len(rows[0]))
            database.executemany(f"INSERT INTO {name} VALUES ({places})", rows)
    database.close()
