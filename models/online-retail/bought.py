"""The seen pairs of a version: which products each customer has bought."""

import hashlib
import struct
import sys
from array import array
from pathlib import Path

from brute_force import read_side

CHECKSUMS = Path(__file__).resolve().parent / "bought.sha256"


def read_bought(directory):
    """A dict with the ascending products of each customer, from the files of a version alone."""
    data = (directory / "seen.csr").read_bytes()
    users, items = (read_side(directory / f"{side}.safetensors")[1] for side in ("users", "items"))
    offsets, offset_bytes, rows, row_bytes = struct.unpack_from("<4Q", data, 56)

    def elements(kind, start, count):
        values = array(kind, data[start:start + count])
        if sys.byteorder == "big":
            values.byteswap()
        return values

    ends, members = elements("Q", offsets, offset_bytes), elements("I", rows, row_bytes)
    return {user: [items[row] for row in members[ends[index]:ends[index + 1]]] for index, user in enumerate(users)}


def checksum(bought):
    """SHA-256 over all pairs: a line with customer, tab and product for each, in ascending order."""
    digest = hashlib.sha256()
    for user, items in bought.items():
        digest.update("".join(f"{user}\t{item}\n" for item in items).encode())
    return digest.hexdigest()


def recorded_checksum(version):
    """The checksum of a version's pairs by the order lines, which check_customers.py compares."""
    for line in CHECKSUMS.read_text().splitlines():
        value, number = line.split()
        if number == str(version):
            return value
    raise KeyError(f"{CHECKSUMS.name} has no version {version}")
