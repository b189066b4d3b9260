"""Other engines over the same vectors and the same queries, measured in turn with Kindred."""
