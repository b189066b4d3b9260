"""The Python client of this repository."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT_FOLDER = ROOT / "proto-spec" / "clients" / "python"

if str(CLIENT_FOLDER) not in sys.path:
    sys.path.insert(0, str(CLIENT_FOLDER))

import kindred  # noqa: E402, F401
from kindred import codec  # noqa: E402, F401
