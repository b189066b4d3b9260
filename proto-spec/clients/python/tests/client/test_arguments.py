"""Arguments of a wrong kind: kindred.Client sends nothing, and its message shows the right form."""

import array
import pickle
import tempfile
import unittest

import kindred
from tests.support.lying_server import LyingServer

NUMPY = kindred.arrays.numpy


class Arguments(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = LyingServer()
        cls.addClassCleanup(cls.server.__exit__)
        cls.client = kindred.connect(cls.server.address)
        cls.addClassCleanup(cls.client.close)

    def lists(self):
        """Every argument that takes a list: its name, a call that takes it, and right values."""
        recommend, batch = self.client.recommend, self.client.recommend_batch
        return [
            ("basket", lambda v: recommend(basket=v, k=3), ["i01", "i02"]),
            ("exclude", lambda v: recommend(user="u01", exclude=v), ["i01"]),
            ("candidates", lambda v: recommend(user="u01", candidates=v), ["i01"]),
            ("columns", lambda v: recommend(user="u01", columns=v), ["title"]),
            ("users", lambda v: batch(users=v), ["u01"]),
            ("items", lambda v: batch(items=v), ["i01"]),
            ("baskets", lambda v: batch(baskets=v), [["i01"]]),
            ("vector", lambda v: recommend(vector=v), [0.5, 1]),
            ("vectors", lambda v: batch(vectors=v), [[0.5, 1]]),
            ("candidates", lambda v: self.client.score(user="u01", candidates=v), ["i01"]),
            ("basket", lambda v: self.client.score(basket=v, candidates=["i01"]), ["i01"]),
            ("items", lambda v: self.client.vectors(items=v), ["i01"]),
            ("users", lambda v: self.client.vectors(users=v), ["u01"]),
            ("seeds", lambda v: self.client.lookalike(seeds=v, size=3), ["u01"]),
        ]

    def test_a_single_value_is_no_list(self):
        for name, call, right in self.lists():
            for wrong in ("22423", b"22423", bytearray(b"224"), memoryview(b"224"), 22423, 1.5, True, object()):
                with self.subTest(name, wrong=wrong), self.assertRaises(TypeError) as caught:
                    call(wrong)
                said = str(caught.exception)
                self.assertTrue(said.startswith(f"{name}="), said)
                self.assertIn(f"such as {name}=[", said)

    def test_the_message_shows_the_right_form(self):
        with self.assertRaisesRegex(TypeError, r"^basket='22423' is no list: expected a list, such as "
                                               r"basket=\['22423'\]$"):
            self.client.recommend(basket="22423")
        with self.assertRaisesRegex(TypeError, r"^seeds=12347 is no list: expected a list, such as seeds=\[12347\]$"):
            self.client.lookalike(seeds=12347, size=1)

    def test_a_dict_is_a_basket_and_no_list(self):
        for name, call, _ in self.lists():
            if name != "basket":
                with self.subTest(name), self.assertRaisesRegex(TypeError, f"^{name}={{'i01': 2.0}} is a dict: "):
                    call({"i01": 2.0})

    def test_a_file_is_no_list(self):
        with tempfile.TemporaryFile("w+") as file:
            for name, call, _ in self.lists():
                with self.subTest(name), self.assertRaisesRegex(TypeError, r"\(line.strip\(\) for line in file\)"):
                    call(file)

    def test_any_iterable_of_values_is_a_list(self):
        for name, call, right in self.lists():
            expected = call(right)
            for made in (tuple, iter, lambda values: (value for value in values), lambda values: dict(
                    enumerate(values)).values()):
                with self.subTest(name, made=made):
                    self.assertEqual(repr(call(made(right))), repr(expected))

    @unittest.skipUnless(NUMPY, "numpy is not installed")
    def test_arrays_of_numpy(self):
        for name, call, right in self.lists():
            with self.subTest(name):
                self.assertEqual(repr(call(NUMPY.array(right))), repr(call(right)))
                with self.assertRaises(TypeError):
                    call(NUMPY.array("22423"))
        self.assertEqual(self.client.recommend(user=NUMPY.int64(1), model="numbers", exclude=NUMPY.array([100]))[0][0],
                         101)
        with self.assertRaises(ValueError):
            self.client.recommend_batch(vectors=NUMPY.ones(3))
        for call in (lambda: self.client.recommend(vector=NUMPY.array(["0.5", "1"])),
                     lambda: self.client.recommend(vector=NUMPY.ones((2, 3))),
                     lambda: self.client.recommend_batch(vectors=NUMPY.array([["0.5", "1"]]))):
            with self.assertRaises(TypeError):
                call()

    def test_elements_of_the_wrong_kind(self):
        for call in (lambda v: self.client.recommend(basket=[v]), lambda v: self.client.recommend(user=v),
                     lambda v: self.client.recommend(user="u01", exclude=[v]),
                     lambda v: self.client.vectors(items=[v]), lambda v: self.client.lookalike(seeds=[v], size=1)):
            for wrong in (b"22423", 1.5, None, True, object(), {"i01": 1}):
                with self.subTest(wrong=wrong), self.assertRaises(TypeError):
                    call(wrong)
        for wrong in ("abc", ["0.5"], [[1, 2]], {0.5, 1.0}, [None]):
            with self.subTest(vector=wrong), self.assertRaises(TypeError):
                self.client.recommend(vector=wrong)
        for wrong in ([0.5, 1.0], ["abc"], [[1], 2]):
            with self.subTest(vectors=wrong), self.assertRaises(TypeError):
                self.client.recommend_batch(vectors=wrong)
        for wrong in (["i01", "i02"], "i01", [1, 2]):
            with self.subTest(baskets=wrong), self.assertRaises(TypeError):
                self.client.recommend_batch(baskets=wrong)
        for wrong in ([("i01", 1, 2)], [("i01",)], [("i01", "2")], {"i01": "2"}, {"i01": None}, {"i01": b"2"}):
            with self.subTest(basket=wrong), self.assertRaises(TypeError):
                self.client.recommend(basket=wrong)
        for wrong in ([1], [None], [b"title"]):
            with self.subTest(columns=wrong), self.assertRaises(TypeError):
                self.client.recommend(user="u01", columns=wrong)
        for name in ("id", "score"):
            with self.subTest(columns=name), self.assertRaisesRegex(ValueError, "for itself: leave it out"):
                self.client.recommend(user="u01", columns=["title", name])

    def test_other_arguments(self):
        call = self.client.recommend
        for wrong in ({"k": "10"}, {"k": 2.5}, {"version": "latest"}, {"version": 1.0}, {"min_score": "0.5"},
                      {"min_score": [0.5]}, {"timeout": "1"}, {"timeout": [1]}, {"model": b"m"}, {"model": ["m"]}):
            with self.subTest(wrong), self.assertRaises(TypeError):
                call(user="u01", **wrong)
        for wrong in ({"timeout": -1}, {"timeout": float("nan")}, {"timeout": float("inf")}, {"timeout": 1e9},
                      {"similarity": "jaccard"}, {"over": "people"}):
            with self.subTest(wrong), self.assertRaises(ValueError):
                call(user="u01", **wrong)
            if "over" not in wrong:
                with self.subTest(wrong), self.assertRaises(ValueError):
                    self.client.lookalike(seeds=["u01"], size=1, **wrong)
        for wrong in (float("nan"), -1):
            with self.assertRaises(ValueError):
                kindred.connect(self.server.address, timeout=wrong)
        for wrong in (7411, None, ("127.0.0.1", 7411)):
            with self.assertRaises(TypeError):
                kindred.connect(wrong)

    def test_rules(self):
        """Each wrong value, and what the message says of it."""
        nan = float("nan")
        cases = [
            ({"where": 5}, TypeError, "where 5: expected a str such as"),
            ({"where": b"price"}, TypeError, "where b'price': expected a str"),
            ({"params": [("most", 5)]}, TypeError, "params [('most', 5)]: expected a dict such as {'today': 700}"),
            ({"params": {":most": 5}}, ValueError, "params: ':most' is no name: expected letters, digits and _, without"),
            ({"params": {"1st": 5}}, ValueError, "params: '1st' is no name"),
            ({"params": {"": 5}}, ValueError, "params: '' is no name"),
            ({"params": {"gr\u00f6\u00dfe": 5}}, ValueError, "is no name"),
            ({"params": {5: 5}}, ValueError, "params: 5 is no name"),
            ({"params": {"m": nan}}, ValueError, "params: :m is NaN: expected a number, or None for NULL"),
            ({"params": {"m": 2**63}}, ValueError, "params: :m is 9223372036854775808: an integer has 64 bits; give a float"),
            ({"params": {"m": -2**63 - 1}}, ValueError, "params: :m is -9223372036854775809: an integer has 64 bits"),
            ({"params": {"m": b"x"}}, TypeError, "params: :m is b'x', of bytes: expected None, a bool, an int, a float or a str"),
            ({"params": {"m": [1]}}, TypeError, "params: :m is [1], of list: expected None, a bool, an int, a float or a str; "
                                                "a list has a name for each value, as in IN (:a, :b)"),
            ({"params": {"t": "\ud800"}}, ValueError, "params: :t is '\\ud800': expected a text that can be written in UTF-8"),
            ({"k": -1}, ValueError, "k -1: 1 to 10000"), ({"k": 2**40}, ValueError, "k 1099511627776: 1 to 10000"),
            ({"k": True}, TypeError, "k True: expected an int"),
            ({"caps": {"brand": True}}, TypeError, "caps: the cap of 'brand' True: expected an int"),
            ({"diversity": True}, TypeError, "diversity True: expected a number"),
            ({"user": None, "basket": {"i01": True}}, TypeError, "the weight of 'i01' True: expected a number"),
            ({"min_score": 1e39}, ValueError, "min_score 1e+39: scores are float32, from -3.4028235e+38 to 3.4028235e+38"),
            *(({name: wrong}, TypeError, f"{name} {wrong!r}: expected True or False")
              for name in ("exclude_seen", "because", "include_members") for wrong in ("false", "", 1, None)),
            ({"params": {"m": object}}, TypeError, ", of type: expected None"),
            ({"caps": [("brand", 2)]}, TypeError, "caps [('brand', 2)]: expected a dict such as {'brand': 2}"),
            ({"caps": {5: 2}}, TypeError, "caps: 5 is no column's name: expected a str"),
            ({"caps": {"brand": "2"}}, TypeError, "caps: the cap of 'brand' '2': expected an int"),
            ({"caps": {"brand": 1.5}}, TypeError, "caps: the cap of 'brand' 1.5: expected an int"),
            ({"caps": {"brand": -1}}, ValueError, "caps: -1 of 'brand': 1 to 4294967295"),
            ({"caps": {"brand": 2**32}}, ValueError, "caps: 4294967296 of 'brand': 1 to 4294967295"),
            ({"boosts": "TRUE"}, TypeError, "boosts='TRUE' is no list: expected a list, such as boosts=[(\"season"),
            ({"boosts": {"TRUE": 1}}, TypeError, "is a dict"),
            ({"boosts": [("TRUE", "add")]}, TypeError, "boosts: ('TRUE', 'add') is no boost: expected (where, 'multiply' or 'add'"),
            ({"boosts": ("TRUE", "add", 2)}, TypeError, "boosts: 'TRUE' is no boost"),
            ({"boosts": [("TRUE", "divide", 2)]}, ValueError, "boosts: 'divide' is no effect: expected 'multiply' or 'add'"),
            ({"boosts": [("TRUE", "add", "2")]}, TypeError, "boosts: the value '2': expected a number"),
            ({"boosts": [(None, "add", 2)]}, TypeError, "boosts: the filter None: expected a str"),
            ({"diversity": "0.3"}, TypeError, "diversity '0.3': expected a number"),
            ({"pool": 50}, ValueError, "pool 50 without diversity: give diversity=0.3"),
            ({"pool": 0, "diversity": 0.3}, ValueError, "pool 0: offset + k to 2000"),
            ({"pool": 2.5, "diversity": 0.3}, TypeError, "pool 2.5: expected an int"),
            ({"offset": -1}, ValueError, "offset -1: at least 0; offset + k is at most 10000"),
            ({"offset": 2**32}, ValueError, "offset 4294967296: at least 0; offset + k is at most 10000"),
            ({"offset": 1.5}, TypeError, "offset 1.5: expected an int"),
            ({"unknown": "ignore"}, ValueError, "unknown 'ignore': 'strict' or 'skip' or 'fallback'"),
            ({"unknown": None}, ValueError, "unknown None: "), ({"unknown": []}, ValueError, "unknown []: "),
            ({"columns": ["because"], "because": True}, ValueError, "columns: 'because' is a key that every row of this call has for itself: leave it out; a column "
             "of the catalog needs another name"),
            ({"columns": ["origin"], "unknown": "fallback"}, ValueError, "columns: 'origin' is a key that every row of this call has"),
            ({"columns": ["id"]}, ValueError, "columns: 'id' is a key that every row of this call has for itself: leave it out"),
            ({"user": None, "blend": "u01"}, TypeError, "blend='u01' is no list: expected a list, such as blend=[(\"user\""),
            ({"user": None, "blend": [("user", "u01")]}, TypeError, "blend: ('user', 'u01') is no member: expected ('user', id,"),
            ({"user": None, "blend": [("shop", "u01", 1)]}, ValueError, "blend: 'shop' is no kind of member: expected 'user'"),
            ({"user": None, "blend": [("user", "u01", "1")]}, TypeError, "blend: the weight of 'u01' '1': expected a number"),
            ({"user": None, "blend": [("vector", "abc", 1)]}, TypeError, "blend: the vector='abc' is no list"),
            ({"user": None, "blend": [("vector", [1.0], 1), ("vector", [1.0, 2.0], 1)]}, ValueError,
             "vectors of different dimensions: [1, 2]"),
            ({"user": None, "clicks": "i01"}, TypeError, "clicks='i01' is no list: expected a list, such as clicks=['i01']"),
            ({"user": None, "clicks": [("i01", 1, 2)]}, TypeError, "clicks: ('i01', 1, 2) is no member"),
        ]
        for wrong, kind, said in cases:
            with self.subTest(str(wrong)), self.assertRaises(kind) as caught:
                self.client.recommend(**{"user": "u01", **wrong})
            self.assertIn(said, str(caught.exception))
        for wrong, kind, said in (
                ({"where": None}, TypeError, "where None: expected a str"), ({"where": 5}, TypeError, "where 5: "),
                ({"where": "1", "over": "people"}, ValueError, "over 'people': 'items' or 'users'"),
                ({"where": "1", "params": {"m": nan}}, ValueError, "params: :m is NaN")):
            with self.subTest(str(wrong)), self.assertRaises(kind) as caught:
                self.client.filter_count(**wrong)
            self.assertIn(said, str(caught.exception))
        with self.assertRaisesRegex(ValueError, "unknown 'fallback': 'strict' or 'skip'"):
            self.client.score(user="u01", candidates=["i01"], unknown="fallback")
        for wrong, said in (({"distinct": "no"}, "distinct 'no': expected True or False"),
                            ({"user": "u01"}, "unexpected keyword argument 'user'"),
                            ({"users": None}, "give exactly one of users, items, vectors, baskets, clicks, blends")):
            with self.subTest(str(wrong)), self.assertRaises(TypeError) as caught:
                self.client.recommend_batch(**{"users": ["u01"], **wrong})
            self.assertIn(said, str(caught.exception))
        with self.assertRaisesRegex(TypeError, "include_seeds 'no': expected True or False"):
            self.client.lookalike(seeds=["u01"], size=1, include_seeds="no")
        copy = pickle.loads(pickle.dumps(self.client.recommend(user="u01")))
        for results in (copy, self.client.recommend_batch(users=["u01"])[0]):
            with self.assertRaisesRegex(TypeError, "^only the Results of recommend have pages, and those of recommend_batch "
                                                   "and copies have none: give offset, version and, under diversity, pool"):
                results.next_page()
        # The same names are columns where the rows have no such keys of their own.
        rows = self.client.recommend(user="u01", columns=["origin", "because"])
        self.assertEqual(rows[0]["origin"], "title of i00")

    def test_arrays_are_numbers(self):
        self.assertEqual(len(self.client.recommend(vector=array.array("d", [0.5, 1.5]), k=3)), 3)

    def test_what_was_refused_left_the_connection(self):
        self.client.ping()
        self.assertEqual(self.server.connections, 1)


if __name__ == "__main__":
    unittest.main()
