"""The one way in which these runs fail."""


class CrashFailure(Exception):
    """A promise that did not hold; the text says what was found and what was wanted."""
