"""The one error of this package."""

from __future__ import annotations


class PeerFailure(Exception):
    """Why a peer could not be built, asked or compared: what was found and what would be right."""
