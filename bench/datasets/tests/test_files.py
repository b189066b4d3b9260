"""Each file format: whole files give their vectors; the error of a malformed file names the file and the defect."""

from __future__ import annotations

import pathlib
import struct
import tempfile
import unittest

import h5py
import numpy

from bench.datasets import brought, fvecs_file, hdf5_file, npy_file, safetensors_file
from bench.datasets.dataset import Dataset
from bench.datasets.failure import DatasetFailure

VECTORS = numpy.arange(12, dtype="<f4").reshape(4, 3) + 1


class FileTests(unittest.TestCase):
    """Each format, whole and broken."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)

    def refuse(self, load, path: pathlib.Path, *words: str) -> None:
        """`load` must fail with a message that names the file and contains the words."""
        with self.assertRaises(DatasetFailure) as caught:
            load(path)
        for word in (path.name, *words):
            self.assertIn(word, str(caught.exception))

    def file(self, name: str, content: bytes) -> pathlib.Path:
        path = self.folder / name
        path.write_bytes(content)
        return path

    def fvecs(self, vectors: numpy.ndarray) -> bytes:
        return b"".join(struct.pack("<i", len(row)) + row.astype("<f4").tobytes() for row in vectors)

    def hdf5(self, name: str = "a.hdf5", distance: str | None = "dot", **members: numpy.ndarray) -> pathlib.Path:
        path = self.folder / name
        with h5py.File(path, "w") as file:
            for key, value in members.items():
                file[key] = value
            if distance is not None:
                file.attrs["distance"] = distance
        return path

    # ---- fvecs

    def test_fvecs(self) -> None:
        path = self.file("a.fvecs", self.fvecs(VECTORS))
        numpy.testing.assert_array_equal(fvecs_file.load(path), VECTORS)

    def test_fvecs_that_are_cut(self) -> None:
        whole = self.fvecs(VECTORS)
        for length in (1, 3, 15, len(whole) - 1):
            self.refuse(fvecs_file.load, self.file("a.fvecs", whole[:length]), f"{length} bytes")
        self.refuse(fvecs_file.load, self.file("a.fvecs", b""), "0 bytes")

    def test_fvecs_of_strange_dimensions(self) -> None:
        for dimension in (0, -1, 4097):
            path = self.file("a.fvecs", struct.pack("<if", dimension, 1.0))
            self.refuse(fvecs_file.load, path, f"dimension {dimension} in row 0", "1 to 4096")
        content = bytearray(self.fvecs(VECTORS))
        content[2 * 16 : 2 * 16 + 4] = struct.pack("<i", 7)
        self.refuse(fvecs_file.load, self.file("b.fvecs", bytes(content)), "dimension 7 in row 2", "wanted 3")

    # ---- npy

    def test_npy(self) -> None:
        for kind in ("<f4", "<f8"):
            numpy.save(self.folder / "a.npy", VECTORS.astype(kind))
            numpy.testing.assert_array_equal(npy_file.load(self.folder / "a.npy"), VECTORS)

    def test_npy_that_is_cut(self) -> None:
        numpy.save(self.folder / "a.npy", VECTORS)
        whole = (self.folder / "a.npy").read_bytes()
        for length in (0, 5, 9, 60, len(whole) - 1):
            self.refuse(npy_file.load, self.file("b.npy", whole[:length]), "wanted a whole .npy file")

    def test_npy_of_other_things(self) -> None:
        cases = (
            (VECTORS.astype("<i4"), "<i4"),
            (VECTORS.astype(">f4"), ">f4"),
            (VECTORS[0], "(3,)"),
            (VECTORS[:0], "no rows"),
            (numpy.zeros((2, 0), "<f4"), "dimension 0"),
        )
        for array, word in cases:
            numpy.save(self.folder / "a.npy", array)
            self.refuse(npy_file.load, self.folder / "a.npy", word)
        numpy.save(self.folder / "a.npy", numpy.array([{}], dtype=object), allow_pickle=True)
        self.refuse(npy_file.load, self.folder / "a.npy", "whole .npy file of numbers")
        numpy.savez(self.folder / "a.npz", VECTORS)
        (self.folder / "a.npz").rename(self.folder / "a.npy")
        self.refuse(npy_file.load, self.folder / "a.npy", "an archive")

    # ---- safetensors

    def safetensors(self, header: bytes, body: bytes, length: int | None = None) -> bytes:
        return struct.pack("<Q", len(header) if length is None else length) + header + body

    def test_safetensors(self) -> None:
        header = b'{"vectors":{"dtype":"F32","shape":[4,3],"data_offsets":[0,48]}}'
        path = self.file("a.safetensors", self.safetensors(header, VECTORS.tobytes()))
        numpy.testing.assert_array_equal(safetensors_file.load(path), VECTORS)

    def test_malformed_safetensors(self) -> None:
        good = b'{"vectors":{"dtype":"F32","shape":[4,3],"data_offsets":[0,48]}}'
        body = VECTORS.tobytes()
        cases = (
            (b"\x01\x02", "a whole safetensors file"),
            (self.safetensors(good, body, length=1 << 60), "a whole safetensors file"),
            (self.safetensors(b"{]", body), "without a readable"),
            (self.safetensors(b"{}", body), "without a readable 'vectors'"),
            (self.safetensors(b"[1]", body), "without a readable"),
            (self.safetensors(good.replace(b"F32", b"F16"), body), "vectors F16"),
            (self.safetensors(good.replace(b"[4,3]", b"[5,3]"), body), "[5, 3]"),
            (self.safetensors(good.replace(b"[4,3]", b"[-4,-3]"), body), "[-4, -3]"),
            (self.safetensors(good.replace(b"[0,48]", b'["a",48]'), body), "['a', 48]"),
            (self.safetensors(good, body[:-1]), "of 47"),
        )
        for content, word in cases:
            self.refuse(safetensors_file.load, self.file("a.safetensors", content), word)

    # ---- hdf5

    def test_hdf5(self) -> None:
        for distance, unit in (("dot", False), ("angular", True)):
            path = self.hdf5(distance=distance, train=VECTORS, test=VECTORS[:2])
            dataset, normalize = hdf5_file.load(path)
            numpy.testing.assert_array_equal(dataset.rows, VECTORS)
            numpy.testing.assert_array_equal(dataset.queries, VECTORS[:2])
            self.assertEqual(normalize, unit)

    def test_malformed_hdf5(self) -> None:
        self.refuse(hdf5_file.load, self.file("a.hdf5", b"not HDF5"), "wanted an HDF5 file")
        self.refuse(hdf5_file.load, self.hdf5(train=VECTORS), "members train", '"test"')
        self.refuse(hdf5_file.load, self.hdf5(), "members nothing", '"train"')
        self.refuse(hdf5_file.load, self.hdf5(train=VECTORS, test=VECTORS[:, :2]), "dimension 2", "wanted 3")
        self.refuse(hdf5_file.load, self.hdf5(train=VECTORS.astype("<i8"), test=VECTORS), "(train)", "<i8")
        for distance in ("euclidean", None):
            path = self.hdf5(distance=distance, train=VECTORS, test=VECTORS)
            self.refuse(hdf5_file.load, path, f"the distance {distance or 'missing'}", "--any-distance")
            self.assertFalse(hdf5_file.load(path, any_distance=True)[1])

    # ---- written files

    def test_names_decide(self) -> None:
        self.refuse(brought.load_vectors, self.file("a.txt", b"1"), ".txt", ".npy or .fvecs")
        self.refuse(brought.load_vectors, self.folder / "absent.npy", "no such file")

    def test_writing(self) -> None:
        Dataset(VECTORS.astype("<f8"), VECTORS[:1], "here").write(self.folder / "out", normalize=True)
        rows = numpy.load(self.folder / "out" / "rows.npy")
        self.assertEqual((rows.dtype.str, rows.shape), ("<f4", (4, 3)))
        numpy.testing.assert_allclose(numpy.linalg.norm(rows, axis=1), 1, rtol=1e-6)

    def test_numbers_that_cannot_be_written(self) -> None:
        for value, words in ((numpy.nan, "nan in row 2, element 1"), (1e300, "inf in row 2, element 1")):
            strange = VECTORS.astype("<f8")
            strange[2, 1] = value
            with self.assertRaisesRegex(DatasetFailure, words):
                Dataset(strange, VECTORS, "here").write(self.folder / "out")
            self.assertEqual(list((self.folder / "out").iterdir()), [])

    def test_a_row_without_direction(self) -> None:
        zero = VECTORS.copy()
        zero[3] = 0
        with self.assertRaisesRegex(DatasetFailure, "row 3 of length 0"):
            Dataset(zero, VECTORS, "here").write(self.folder / "out", normalize=True)


if __name__ == "__main__":
    unittest.main()
