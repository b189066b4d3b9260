"""Which kernels an OpenBLAS that is older than the CPU should use.

An OpenBLAS that does not know a CPU takes the kernels of an old one: faiss-cpu 1.15.1 brings 0.3.15, which on an Emerald
Rapids multiplies matrices at 19 GFLOP/s instead of 130. numpy's is newer and does know it, so its choice is named to
the others, unless OPENBLAS_CORETYPE names one already.
"""

from __future__ import annotations

import os

import numpy
import threadpoolctl

VARIABLE = "OPENBLAS_CORETYPE"

# Of CPUs that came after the older library, the nearest that it knows.
OLDER_NAMES = {"SapphireRapids": "SkylakeX", "Cooperlake": "SkylakeX"}
KNOWN = ("SkylakeX", "Haswell", "Zen")


def choose() -> str:
    """Names numpy's choice to every OpenBLAS that is loaded after this; what is named then, "" for nothing."""
    if VARIABLE not in os.environ:
        numpy.ones(1).dot(numpy.ones(1))
        for library in threadpoolctl.threadpool_info():
            architecture = library.get("architecture", "")
            name = OLDER_NAMES.get(architecture, architecture)
            if library.get("internal_api") == "openblas" and name in KNOWN:
                os.environ[VARIABLE] = name
                break
    return os.environ.get(VARIABLE, "")
