"""The error of the bench's programs."""


class BenchFailure(Exception):
    """A promise that did not hold, or a measurement that cannot be made: says what was found and what was wanted."""
