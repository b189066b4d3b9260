"""The grid of peers: indexes to build and, for each, its searches from the fastest to the most careful."""

from __future__ import annotations

import dataclasses
import enum
import math

Parameters = dict[str, str]


class Width(enum.StrEnum):
    """The extent of the grid."""

    EXACT = "exact"
    NARROW = "narrow"
    WIDE = "wide"


@dataclasses.dataclass(frozen=True)
class Build:
    """An index and the ways to search it. An exact index has one search, without parameters."""

    label: str
    family: str
    options: Parameters
    searches: tuple[Parameters, ...] = ({},)
    batches: tuple[int, ...] = (128, 1024)


# With its default, faiss may compute even large batches without matrix products; see faiss_index.py.
MATRIX_PRODUCTS = {"blas_threshold": "20"}
EXACT_BATCHES = (128, 1024, 4096)
EFFORTS = (10, 16, 24, 40, 64, 100, 160, 250, 400, 640, 1000, 1600, 2500)
PROBES = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
REFINEMENTS = (2, 4, 8, 16, 32)


def grid(width: Width, rows: int, dimension: int, norms_differ: bool) -> list[Build]:
    """The builds for a table of this shape."""
    builds = [
        Build("faiss flat", "faiss", {"factory": "Flat"} | MATRIX_PRODUCTS, batches=EXACT_BATCHES),
        Build("numpy", "numpy", {}, batches=(8, 32, 128)),
    ]
    if width == Width.EXACT:
        return builds
    wide = width == Width.WIDE
    builds += scalar_quantizers()
    for lists in inverted_list_counts(rows, wide):
        builds += inverted_files(lists, dimension, wide)
    return builds + hnswlib_graphs(wide, norms_differ) + usearch_graphs(wide)


def hnswlib_graphs(wide: bool, norms_differ: bool) -> list[Build]:
    """Graphs by inner product; where norms differ, also by distance with one more element."""
    shapes = [(16, 200, "ip"), (32, 200, "ip")]
    if wide:
        shapes = [(12, 200, "ip"), (16, 200, "ip"), (32, 400, "ip"), (48, 500, "ip")]
        shapes += [(32, 400, "l2")] if norms_differ else []
    return [
        Build(
            "hnswlib",
            "hnswlib",
            {"M": str(edges), "ef_construction": str(effort), "space": space},
            each("ef", EFFORTS),
        )
        for edges, effort, space in shapes
    ]


def usearch_graphs(wide: bool) -> list[Build]:
    """As hnswlib's; also with vectors of half the width."""
    return [
        Build(
            "usearch",
            "usearch",
            {"connectivity": str(edges), "expansion_add": str(effort), "dtype": dtype},
            each("expansion", EFFORTS),
        )
        for edges, effort in (((16, 128), (16, 512), (32, 256), (48, 512)) if wide else ((32, 128),))
        for dtype in (("f32", "f16") if wide else ("f32",))
    ]


def scalar_quantizers() -> list[Build]:
    """8-bit codes of every row, with and without rescoring of the best."""
    return [
        Build("faiss SQ8", "faiss", {"factory": "SQ8"}, batches=EXACT_BATCHES),
        Build("faiss SQ8", "faiss", {"factory": "SQ8,RFlat"}, each("k_factor_rf", (2, 4)), batches=EXACT_BATCHES),
    ]


def inverted_files(lists: int, dimension: int, wide: bool) -> list[Build]:
    """Rows by their nearest centre: as vectors, and as 4-bit product codes with rescoring of the best."""
    probes = [count for count in PROBES if count <= lists]
    if not wide:
        # Every other value, the most careful one included.
        probes = probes[::-1][::2][::-1]
    factors = REFINEMENTS if wide else REFINEMENTS[2::2]
    refined = tuple({"nprobe": str(count), "k_factor_rf": str(factor)} for factor in factors for count in probes)
    builds = [
        Build("faiss IVF", "faiss", {"factory": f"IVF{lists},Flat"} | MATRIX_PRODUCTS, each("nprobe", probes))
    ]
    if dimension % 2 == 0:
        factory = f"IVF{lists},PQ{dimension // 2}x4fs,RFlat"
        builds.append(Build("faiss fast scan", "faiss", {"factory": factory} | MATRIX_PRODUCTS, refined))
    return builds


def inverted_list_counts(rows: int, wide: bool) -> list[int]:
    """Powers of two from the square root of the rows up, as faiss advises, but never few rows a list."""
    middle = 1 << math.isqrt(rows).bit_length() - 1
    counts = (middle, 2 * middle, 4 * middle, 8 * middle) if wide else (2 * middle,)
    return [count for count in counts if rows >= 40 * count] or [max(2, rows // 40)]


def each(name: str, values: tuple[int, ...] | list[int]) -> tuple[Parameters, ...]:
    """One search for each value of one parameter."""
    return tuple({name: str(value)} for value in values)
