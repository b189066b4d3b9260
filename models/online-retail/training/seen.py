"""The pairs of a customer and a bought product."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sparse


def bought_pairs(
    lines: pd.DataFrame, user_ids: Sequence[int], item_ids: Sequence[str],
) -> sparse.csr_matrix:
    """Customers by products, true where the customer has bought the product at least once."""
    pairs = lines.drop_duplicates(["user", "item"])
    rows = np.searchsorted(user_ids, pairs["user"].to_numpy())
    columns = np.searchsorted(np.array(item_ids, dtype=object), pairs["item"].to_numpy(dtype=object))
    bought = (np.ones(len(pairs), dtype=bool), (rows, columns))
    return sparse.csr_matrix(bought, shape=(len(user_ids), len(item_ids)))
