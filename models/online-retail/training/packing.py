"""Packs the work files with `kindred pack`."""

import os
import re
import shlex
import subprocess
from pathlib import Path

from .settings import MODEL_NAME, POPULARITY_COLUMN, BuildError, Version


def pack(version: Version, directory: Path, kindred: Path, models: Path) -> None:
    """Have `kindred pack` publish one version as the model's next."""
    command = [
        str(kindred), "pack", "--models", str(models), "--name", MODEL_NAME,
        "--items", str(directory / "items.npy"), "--item-ids", str(directory / "item-ids.txt"),
        "--users", str(directory / "users.npy"), "--user-ids", str(directory / "user-ids.txt"),
        "--catalog", str(directory / "catalog.sqlite"), "--metric", "dot",
        "--training-id", version.training_id,
        "--seen", str(directory / "seen.npz"), "--popularity", POPULARITY_COLUMN,
        "--alpha", repr(version.settings.alpha), "--lambda", repr(version.settings.regularization),
    ]
    print(f"packing version {version.number}: {shlex.join(command)}", flush=True)
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise BuildError(f"--kindred {kindred}: cannot be run ({error.strerror})") from error
    if status != 0:
        raise BuildError(f"{kindred} pack ended with status {status} for version "
                         f"{version.number}; its work files are in {directory}")


def check_packable(kindred: Path, models: Path) -> None:
    """Check before any work that the packer exists and that the model has no versions yet."""
    if not (kindred.is_file() and os.access(kindred, os.X_OK)):
        raise BuildError(f"--kindred {kindred}: no such executable; build it first with "
                         "`swift build -c release`, or give --no-pack to write the work files only")
    model = models / MODEL_NAME
    entries = model.iterdir() if model.is_dir() else ()
    present = sorted(int(entry.name) for entry in entries
                     if entry.is_dir() and re.fullmatch(r"[1-9][0-9]*", entry.name))
    if present:
        raise BuildError(f"{model} already holds version {', '.join(map(str, present))}; packed "
                         "versions are never replaced: give --models another directory")
