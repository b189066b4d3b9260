"""What people deploy instead, and the yardstick of a wire: faiss behind gRPC, and Redis."""
