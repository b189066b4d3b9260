"""Writes `.npy` files without numpy."""

import struct
import sys
from array import array


def write_npy(path, kind, shape, elements, fortran_order=False):
    """Writes a `.npy` file of format 1.0. `kind` is numpy's, such as "<f4"; `elements` is an array of all elements."""
    header = f"{{'descr': '{kind}', 'fortran_order': {fortran_order}, 'shape': {shape}, }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    if sys.byteorder == "big":
        elements = array(elements.typecode, elements)
        elements.byteswap()
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        elements.tofile(file)
