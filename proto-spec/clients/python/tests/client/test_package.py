"""The package by itself: a copied folder works, has no dependencies, and gives its public names one home."""

import pathlib
import pickle
import shutil
import subprocess
import sys
import tempfile
import unittest

import kindred
from tests.support.golden import PYTHON


class Package(unittest.TestCase):
    def test_a_copied_folder_works_without_this_one(self):
        program = ("import sys; sys.path.insert(0, sys.argv[1]); import kindred\n"
                   "for name in kindred.__all__: getattr(kindred, name)\n"
                   "print(kindred.__file__)")
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(PYTHON / "kindred", pathlib.Path(folder) / "kindred",
                            ignore=shutil.ignore_patterns("__pycache__"))
            done = subprocess.run([sys.executable, "-I", "-c", program, folder], capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.stdout.strip(), str(pathlib.Path(folder) / "kindred" / "__init__.py"), done.stderr)

    @unittest.skipUnless(hasattr(sys, "stdlib_module_names"), "this Python does not list its standard library")
    def test_only_the_standard_library_and_numpy_are_imported(self):
        program = ("import sys; before = set(sys.modules); import kindred\n"
                   "print(*{name.partition('.')[0] for name in set(sys.modules) - before})")
        done = subprocess.run([sys.executable, "-c", "import sys; sys.modules['numpy'] = None\n" + program], cwd=PYTHON,
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(set(done.stdout.split()) - sys.stdlib_module_names, {"kindred"}, done.stderr)

    def test_public_names_belong_to_the_package(self):
        for name in kindred.__all__:
            with self.subTest(name):
                self.assertEqual(getattr(kindred, name).__module__, "kindred")
        self.assertIn(b"kindred\n", pickle.dumps(kindred.Error("INTERNAL", "no"), protocol=0))


if __name__ == "__main__":
    unittest.main()
