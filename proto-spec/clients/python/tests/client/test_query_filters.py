"""How a batch with a filter for each query becomes several requests."""

import random
import unittest

from kindred.errors import Error, of_part
from kindred.rules import QueryFilters, parameter_names, parts_of

LIMITS = {"filter_bytes_max": 100, "filter_values_max": 3}


class QueryFiltersTest(unittest.TestCase):
    def parts(self, where, params=None, boosts=(), step=1_000):
        filters = QueryFilters.of(where, params or {}, boosts, len(where))
        found = []
        for start, end in parts_of(len(where), step, filters, LIMITS):
            lists = filters.part(start, end)
            self.assertEqual(lists["query_filters"], [text or "" for text in where[start:end]])
            found.append((start, end, lists["parameter_names"]))
        return found

    def test_names(self):
        for text, names in (
                ("a < :b AND c = :d", {"b", "d"}), ("a = ':b' OR a = 'it''s :c'", set()), ('":a" = :b', {"b"}),
                ("a -- :b\n = :c", {"c"}), ("a -- :b", set()), ("/* :a */ :b /* :c", {"b"}), ("'open :a", set()), (":a:b", {"a", "b"}),
                (":_a1 + :A", {"_a1", "A"}), ("", set()), ("\u00e9 = :a", {"a"}), ("'\"' = :a OR '\"' = :b", {"a", "b"})):
            with self.subTest(text):
                self.assertEqual(parameter_names(text), names)

    def test_each_part_has_the_values_of_its_own_filters(self):
        where = ["x < :a", None, "x < :b", "x = ':c'"]
        self.assertEqual(self.parts(where, {"a": 1, "b": 2}, step=1),
                         [(0, 1, ["a"]), (1, 2, None), (2, 3, ["b"]), (3, 4, None)])
        self.assertEqual(self.parts(where, {"b": 2, "a": 1}, step=3), [(0, 3, ["b", "a"]), (3, 4, None)])
        boosts = [("y > :boost", "add", 1.0)]
        # What nothing names is refused with the first part.
        self.assertEqual(self.parts(where, {"a": 1, "boost": 2, "none": 3}, boosts, step=1)[1], (1, 2, ["boost", "none"]))

    def test_limits_of_a_request(self):
        self.assertEqual([part[:2] for part in self.parts(["x" * 50] * 5)], [(0, 2), (2, 4), (4, 5)])
        self.assertEqual([part[:2] for part in self.parts(["x" * 101, "x" * 300, "x"])], [(0, 1), (1, 2), (2, 3)])
        self.assertEqual([part[:2] for part in self.parts(["\u2615" * 20] * 3)], [(0, 1), (1, 2), (2, 3)])
        where = [f":v{index}" for index in range(7)]
        self.assertEqual([part[:2] for part in self.parts(where, {f"v{index}": index for index in range(7)})],
                         [(0, 3), (3, 6), (6, 7)])

    def test_any_parts_are_the_whole(self):
        source = random.Random(1)
        for _ in range(300):
            count, step = source.randrange(0, 40), source.randrange(1, 9)
            where = [source.choice([None, "x" * source.randrange(1, 130), f":v{source.randrange(9)}"]) for _ in range(count)]
            params = {name: 0 for text in where if text for name in parameter_names(text)}
            parts = self.parts(where, params, step=step)
            self.assertEqual([index for start, end, _ in parts for index in range(start, end)], list(range(count)))
            for start, end, names in parts:
                self.assertLessEqual(end - start, step)
                self.assertEqual(set(names or ()), set().union(*(parameter_names(text or "") for text in where[start:end])))
                if end - start > 1:
                    self.assertLessEqual(sum(len(text or "") for text in where[start:end]), 100)
                    self.assertLessEqual(len(names or ()), 3)

    def test_an_error_names_the_queries_of_its_part(self):
        error = of_part(Error("INVALID_ARGUMENT", "the filter of query 1 of 2: no"), 4, [1, 2], [0] * 9)
        self.assertEqual(str(error), "INVALID_ARGUMENT: queries 5 to 6 of 9: the filter of query 1 of 2: no")
        self.assertEqual(str(of_part(Error("OVERLOADED", "later"), 4, [1, 2], [0] * 9)), "OVERLOADED: later")


if __name__ == "__main__":
    unittest.main()
