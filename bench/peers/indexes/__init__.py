"""The exact and approximate indexes that answer beside Kindred."""
