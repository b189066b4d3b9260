"""The one error of this package."""

from __future__ import annotations

import pathlib


class DatasetFailure(Exception):
    """A file or a request that cannot become vectors: which, what was found there and what would be right."""

    def __init__(self, place: pathlib.Path | str, found: str, wanted: str) -> None:
        super().__init__(f"{place}: {found}, wanted {wanted}")
