"""Servers beside Kindred's: faiss behind gRPC, and Redis."""
