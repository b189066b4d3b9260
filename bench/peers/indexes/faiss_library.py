"""faiss, with the kernels of its OpenBLAS chosen before it is loaded. Import it from here."""

from bench.peers.indexes import blas_core

blas_core.choose()

import faiss  # noqa: E402

__all__ = ["faiss"]
