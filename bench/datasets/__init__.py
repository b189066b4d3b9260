"""Vectors to measure with: drawn from fixed seeds, or brought in the files that people have them in."""
