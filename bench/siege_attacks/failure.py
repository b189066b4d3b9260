"""The one way in which a siege cannot go on."""


class SiegeFailure(Exception):
    """What kept an attack from being measured; the text says what was found and what was wanted."""
