"""What keeps the guard from counting."""


class GuardFailure(Exception):
    """Says what was found and what was wanted."""
