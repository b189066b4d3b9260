"""Chooses the kernels of an OpenBLAS that is older than the CPU.

Such an OpenBLAS does not recognise the CPU and uses kernels of an older one. The OpenBLAS of numpy is newer, so its
choice is given to the others, unless OPENBLAS_CORETYPE is set.
"""

from __future__ import annotations

import os

import numpy
import threadpoolctl

VARIABLE = "OPENBLAS_CORETYPE"

# For CPUs that are newer than the library, the nearest one that it knows.
OLDER_NAMES = {"SapphireRapids": "SkylakeX", "Cooperlake": "SkylakeX"}
KNOWN = ("SkylakeX", "Haswell", "Zen")


def choose() -> str:
    """Gives numpy's choice to every OpenBLAS that is loaded later. Returns the name, or "" for none."""
    if VARIABLE not in os.environ:
        numpy.ones(1).dot(numpy.ones(1))
        for library in threadpoolctl.threadpool_info():
            architecture = library.get("architecture", "")
            name = OLDER_NAMES.get(architecture, architecture)
            if library.get("internal_api") == "openblas" and name in KNOWN:
                os.environ[VARIABLE] = name
                break
    return os.environ.get(VARIABLE, "")
