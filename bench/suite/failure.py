"""The one error of this package."""

from __future__ import annotations


class SuiteFailure(Exception):
    """Why a measurement could not be made: what was found and what would be right."""
