"""Pieces of a report's text."""

from __future__ import annotations


def code(lines: list[str]) -> list[str]:
    """A block of code."""
    return ["", "```", *lines, "```"]


def image(name: str) -> str:
    """A link to a plot."""
    return f"![{name}]({name}.svg)"
