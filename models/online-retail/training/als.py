"""Trains ALS for implicit feedback (Hu, Koren, Volinsky 2008)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sparse
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from .settings import ITERATIONS, RECENCY_FLOOR, SEED, SHOP_WEIGHT, BuildError, Settings


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

    An order counts once for each product in it, whatever the quantity, so that wholesalers do not
    dominate. The additional last column is the shop itself, which every customer has with a small
    weight. Without it, a customer who alone bought certain products is connected to no other
    customer, and ALS shrinks the vector until float32 loses its direction.
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
