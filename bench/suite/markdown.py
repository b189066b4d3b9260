"""Pieces of a report's text."""

from __future__ import annotations


def code(lines: list[str]) -> list[str]:
    """Lines as they are."""
    return ["", "```", *lines, "```"]


def image(name: str) -> str:
    """A plot."""
    return f"![{name}]({name}.svg)"
