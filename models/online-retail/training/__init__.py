"""How the shipped model is made: cleaning, training, evaluation, catalog, work files, packing."""

import os

# One thread and one set of BLAS kernels, so that sums are added in the same order on every run
# and every x86-64 machine. The libraries read these once, when they are imported.
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ["OPENBLAS_CORETYPE"] = "Nehalem"
