"""Servers that lie or follow a script, scratch repositories, raw connections, golden vectors.

Puts the repository's root on the path, for bench/support.
"""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[5]))
