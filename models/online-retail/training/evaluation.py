"""Measures recall on a window that the training does not see."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from .als import train
from .cleaning import span
from .settings import (RECALL_AT, RECENT_DAYS, SEED, TEST, TUNE_ALPHAS, TUNE_FACTORS, TUNE_HALF_LIVES,
                       TUNE_REGULARIZATIONS, TUNE_SEEDS, VALIDATION, VERSIONS, Settings, Window)


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
