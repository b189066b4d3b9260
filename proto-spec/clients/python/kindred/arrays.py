"""numpy where it is installed, else None. Used as `arrays.numpy`, so that a test can take it away."""

try:
    import numpy
except ImportError:
    numpy = None
