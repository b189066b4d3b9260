"""The error of files and requests that cannot become vectors."""

from __future__ import annotations

import pathlib

from bench.support.failure import BenchFailure


class DatasetFailure(BenchFailure):
    """Names the file or the request, what was found there and what was wanted."""

    def __init__(self, place: pathlib.Path | str, found: str, wanted: str) -> None:
        super().__init__(f"{place}: {found}, wanted {wanted}")
