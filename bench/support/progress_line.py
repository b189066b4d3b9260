"""A line on a terminal that shows the current step."""

from __future__ import annotations

import shutil
import sys
import time


class ProgressLine:
    """Shows the current step and the seconds since it was made. Prints nothing unless stderr is a terminal."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        self.begin = time.monotonic()
        self.is_terminal = sys.stderr.isatty()

    def show(self, step: str) -> None:
        """Replaces the line."""
        if self.is_terminal:
            text = f"{time.monotonic() - self.begin:5.0f} s  {self.prefix}{step}"
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{text[:width]}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Removes the line."""
        if self.is_terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
