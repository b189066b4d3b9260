"""What bad rules get from a real server: a typed error with the value and what would be right, and nothing is lost.

Needs KINDRED_BINARY, the path of the `kindred` command: a scratch repository is packed and served with it.
"""

import math
import sqlite3
import subprocess
import unittest

import kindred
from kindred import codec
from tests.support.mall import NOTES, Mall
from tests.support.scratch import BINARY, DIMENSION, Scratch, lines, npy
from tests.support.wire import Wire, WitnessTest, frame

NAN, INFINITY = math.nan, math.inf
INVALID, LIMIT = "INVALID_ARGUMENT", "LIMIT_EXCEEDED"
scratch = None
address = None
mall = Mall()
KNOWN = "brand, country, day, id, note, orders, price, stock"


def setUpModule():
    global scratch, address
    scratch, address = Scratch.served(pack)
    WitnessTest.address = kindred.arguments.parsed_address(address)


def pack(scratch):
    # Two items that cancel when they are folded in.
    mall.items[21]["vector"] = [-x for x in mall.items[20]["vector"]]
    mall.pack(scratch)
    mall.pack(scratch, "bare", seen=False, popularity=False, fold_in=False)
    folder = scratch.folder
    scratch.pack("flat", npy(folder / "flat.npy", [[1.0, 2.0, 0.0, 0.0], [2.0, 1.0, 0.0, 0.0]]),
                 lines(folder / "flat.txt", ["a", "b"]))
    with sqlite3.connect(folder / "mixed.sqlite") as database:
        database.execute("CREATE TABLE items (id TEXT PRIMARY KEY, size, name TEXT COLLATE NOCASE)")
        database.executemany("INSERT INTO items VALUES (?, ?, ?)", [("a", 5, "A"), ("b", "large", "B")])
    database.close()
    scratch.pack("mixed", folder / "flat.npy", folder / "flat.txt", None, None, "--catalog", folder / "mixed.sqlite")


# Filters that end too early or go on wrongly: the offset in bytes, and the message.
SYNTAX = {
    "": (0, "the filter is empty: expected a condition, such as price < 5, or no filter"),
    "price <": (7, 'expected a value after "<", found end of text: price <'),
    "price < 5 AND": (13, 'expected a value after "AND", found end of text: price < 5 AND'),
    "< 5": (0, 'expected a value, found "<" at byte 0: < 5'),
    "price 5": (6, 'expected an operator or the end, found "5" at byte 6: price 5'),
    "(price < 5": (10, 'expected ")" or an operator, found end of text: (price < 5'),
    "price < 5)": (9, 'expected an operator or the end, found ")" at byte 9: price < 5)'),
    "price < 5;": (9, 'expected an operator or the end, found ";" at byte 9: price < 5;'),
    "price BETWEEN 1": (15, "expected AND and the greatest value of BETWEEN, found end of text: price BETWEEN 1"),
    "price BETWEEN 1 AND": (19, 'expected a value after "AND", found end of text'),
    "price IN": (8, 'expected "(" or a table of values after "IN", found end of text'),
    "price IN (1,": (12, 'expected a value after ",", found end of text'),
    "price IN (1": (11, 'expected "," or ")", found end of text'),
    "price IS": (8, 'expected a value after "IS", found end of text'),
    "price NOT": (9, 'expected IN, BETWEEN, LIKE, GLOB or NULL after "NOT", found end of text'),
    "NOT": (3, 'expected a value after "NOT", found end of text'),
    "brand LIKE": (10, 'expected a value after "LIKE", found end of text'),
    "brand = 'acme": (8, "expected ' at the end of the text, found \"'acme\" at byte 8: brand = 'acme"),
    'brand = "acme': (8, 'expected " at the end of the name'),
    "price < :": (8, 'expected :name of ASCII letters, digits and _, found ":" at byte 8'),
    "price < 1e": (8, 'expected a number, and a space or an operator after it, found "1e" at byte 8'),
    "price ! 5": (6, 'expected "!=" or NOT, found "!" at byte 6'),
    "seed.": (5, 'expected a column\'s name after ".", found end of text'),
    "note = '\U0001f9f6' \U0001f9f6": (14, "at byte 14: note = '\U0001f9f6' \U0001f9f6"),
}
# What SQLite has and filters have not.
UNSUPPORTED = {
    "price || 'x'": (6, 'filters have no "||" at byte 6; they have comparisons, BETWEEN, IN, IS, LIKE, GLOB, AND, OR, NOT'),
    "lower(brand) = 'x'": (0, "filters have no functions, such as lower() at byte 0; they have comparisons"),
    "brand IN (SELECT 1)": (10, "filters have no SELECT at byte 10"),
    "brand = x'00'": (8, "filters have no blobs at byte 8"),
    "price < ?": (8, 'filters have no parameter "?" at byte 8 (write :name of ASCII letters, digits and _): price < ?'),
    "price < $a": (8, 'filters have no parameter "$a" at byte 8 (write :name'),
    "note = 'a\0b'": (7, "filters have no NUL characters at byte 7 (bind a text that has one as a value)"),
    "items.price < 5": (0, "filters have no names of tables at byte 0 (write a column's name alone, or seed.name)"),
    "brand IN 'acme'": (9, "filters have no text after IN at byte 9 (write IN ('a', 'b'), or IN \"name\" for a table of values)"),
    "'gift' IN seed.tags": (10, "filters have no seed. after IN at byte 10 (seed. has columns alone)"),
    "brand LIKE note": (6, "filters have no patterns that differ from row to row at byte 6 (write a literal or a bound value)"),
    "current_date < 5": (0, "filters have no CURRENT_DATE at byte 0 (bind a value, or write"),
}
# Names that the catalog does not have: status detail, offset, message.
NAMES = {
    "prize < 5": ("FILTER_COLUMN", 0, 'no column "prize" at byte 0; did you mean "price"? (known: price, '),
    'brand = "acme"': ("FILTER_COLUMN", 8, 'no column "acme" at byte 8; a text stands in single quotes (known: '),
    "price < 5 AND seed.contry = 'DE'": (
        "FILTER_COLUMN", 14, 'no column "seed.contry" at byte 14; did you mean "seed.country"? (known: seed.country, '),
    "'gift' IN tagz": (
        "FILTER_SET", 10, "no table of values \"tagz\" at byte 10; did you mean \"tags\"? (known: tags): 'gift' IN tagz"),
    "price < 5 OR tags = 'gift'": ("FILTER_COLUMN", 13, "at byte 13, \"tags\" is a table of values: write 'x' IN tags: price <"),
    "'acme' IN brand": ("FILTER_SET", 10, "at byte 10, \"brand\" is a column, not a table of values: write brand = 'x', or"),
}
# Values: the filter, the parameters, the detail, and the message.
VALUES = [
    ("price < :most", {}, "PARAMETER_MISSING", "no value for :most at byte 8; none is bound: price < :most"),
    ("price < :most", {"mast": 5, "name": "x"}, "PARAMETER_MISSING",
     "no value for :most at byte 8; bound: mast (an integer), name (a text): price < :most"),
    ("price < :most", {"most": 5, "x": 1.5}, "PARAMETER_UNUSED",
     "a real is bound to :x, which is not in the filter; it has :most: price < :most"),
    ("price < 5", {"x": None}, "PARAMETER_UNUSED", "NULL is bound to :x, which is not in the filter, nor any other name"),
]
OR_1000 = " OR ".join(["price = 1"] * 1000)
# Other requests: the detail (or the limit), the number and the limit that the error carries, and the message.
RULES = [
    ({"where": "(" * 65 + "1" + ")" * 65}, LIMIT, 65, 64, "nesting of a filter: 65, at most 64"),
    ({"where": "NOT " * 65 + "1"}, LIMIT, 65, 64, "nesting of a filter: 65, at most 64"),
    ({"where": f"price IN ({','.join(['1'] * 4095)})"}, LIMIT, 4097, 4096, "operators, columns and values of a filter: 4097"),
    ({"where": "price < 1" + " " * (16384 - 8)}, LIMIT, 16385, 16384, "bytes of a filter: 16385, at most 16384"),
    ({"where": " OR ".join(f"price = :p{i}" for i in range(257)), "params": {f"p{i}": i for i in range(257)}},
     LIMIT, 257, 256, "bound values: 257, at most 256"),
    ({"params": {"x": 4}}, "PARAMETER_UNUSED", 0, 0,
     "an integer is bound to :x, and there is no filter: expected a filter that has it, or no value"),
    ({"caps": {"brand": 0}}, "CAP_IS_ZERO", 0, 1, "the first cap is 0 results: at least 1"),
    ({"caps": {"brand": 1, "country": 0}}, "CAP_IS_ZERO", 1, 1, "the second cap is 0 results: at least 1"),
    ({"caps": {"brnd": 1}}, "UNKNOWN_COLUMN", 0, 0,
     "unknown column 'brnd': not in the catalog of the model's items; did you mean 'brand'? (known: brand, "),
    ({"caps": dict.fromkeys("abcde", 1)}, LIMIT, 5, 4, "caps: 5, at most 4"),
    ({"caps": {"x" * 129: 1}}, LIMIT, 129, 128, "bytes of a column name: 129, at most 128"),
    ({"boosts": [("TRUE", "add", 1)] * 9}, LIMIT, 9, 8, "boosts: 9, at most 8"),
    ({"boosts": [("TRUE", "multiply", 2), ("TRUE", "multiply", 0)]}, "BOOST_VALUE", 1, 0,
     "the second boost multiplies by 0.0: a number above 0"),
    ({"boosts": [("TRUE", "multiply", -2)]}, "BOOST_VALUE", 0, 0, "multiplies by -2.0: a number above 0"),
    ({"boosts": [("TRUE", "multiply", INFINITY)]}, "BOOST_VALUE", 0, 0, "has the value inf: a finite number"),
    ({"boosts": [("TRUE", "add", NAN)]}, "BOOST_VALUE", 0, 0, "has the value nan: a finite number"),
    ({"boosts": [("TRUE", "add", -INFINITY)]}, "BOOST_VALUE", 0, 0, "has the value -inf: a finite number"),
    ({"boosts": [("TRUE", "add", 1e300)]}, "BOOSTED_SCORE", 0, 0, "beyond the range of float32: give factors nearer to 1 and terms nearer to 0"),
    ({"boosts": [("TRUE", "multiply", 1e30)] * 2}, "BOOSTED_SCORE", 0, 0, "which this query may have, beyond the range"),
    ({"boosts": [("TRUE", "multiply", 1e-300)] * 2}, "BOOSTED_SCORE", 0, 0,
     "beyond the range of float32: give factors nearer to 1 and terms nearer to 0"),
    ({"boosts": [("pric < 5", "add", 1)]}, "FILTER_COLUMN", 0, 0, 'no column "pric" at byte 0; did you mean "price"?'),
    ({"boosts": [("", "add", 1)]}, "FILTER_SYNTAX", 0, 0, "the filter is empty: expected a condition, such as price < 5, or no filter"),
    ({"diversity": -0.01}, "DIVERSITY_RANGE", 0, 1, "diversity is -0.01: 0 to 1"),
    ({"diversity": 1.01}, "DIVERSITY_RANGE", 0, 1, "diversity is 1.01: 0 to 1"),
    ({"diversity": NAN}, "DIVERSITY_RANGE", 0, 1, "diversity is nan: 0 to 1"),
    ({"diversity": INFINITY}, "DIVERSITY_RANGE", 0, 1, "diversity is inf: 0 to 1"),
    ({"diversity": 0.5, "pool": 2001}, LIMIT, 2001, 2000, "pool: 2001, at most 2000"),
    ({"diversity": 0.5, "pool": 14, "offset": 5}, "POOL_TOO_SMALL", 14, 15, "a pool of 14 rows: at least 15"),
    ({"offset": 9991}, LIMIT, 10001, 10000, "offset + k: 10001, at most 10000"),
    ({"offset": 2**32 - 1, "k": 1}, LIMIT, 2**32, 10000, "offset + k: 4294967296, at most 10000"),
    ({"user": None, "clicks": ["i010"], "model": "bare"}, "NO_FOLD_IN", 0, 0,
     "this version cannot fold in visitors: pack it with the alpha and lambda of its training"),
    ({"user": None, "clicks": []}, "EMPTY_BASKET", 0, 1, "no items to fold in: at least 1; under fallback they get popular items"),
    ({"user": None, "clicks": {"i010": 1, "i011": 0}}, "FOLD_IN_WEIGHT", 1, 0, "the weight of the second item is 0.0: finite and above 0"),
    ({"user": None, "clicks": {"i010": -2}}, "FOLD_IN_WEIGHT", 0, 0, "the weight of the first item is -2.0: finite and above 0"),
    ({"user": None, "clicks": {"i010": NAN}}, "WEIGHT_NOT_FINITE", 0, 0, "the weight of the first member is nan"),
    ({"user": None, "clicks": {"i006": 1, "i007": 1}}, "WEIGHTS_CANCEL", 0, 0, "the items cancel: folded in, they are the zero"),
    ({"user": None, "clicks": ["i010"] * 513}, LIMIT, 513, 512, "513, at most 512"),
    ({"exclude_seen": True, "model": "bare"}, "NO_SEEN_PAIRS", 0, 0, "the version has no seen pairs: kindred pack --seen writes"),
    ({"because": True, "model": "bare"}, "NO_SEEN_PAIRS", 0, 0, "the version has no seen pairs: kindred pack --seen writes"),
    ({"exclude_seen": True, "over": "users"}, "SEEN_WITHOUT_USER", 0, 0, "only items that users have seen can be left out: ask for items, by user"),
    *(({"user": None, **query, "exclude_seen": True}, "SEEN_WITHOUT_USER", 0, 0, "only items that users have seen can be left out")
      for query in ({"item": "i010"}, {"vector": [1.0] * DIMENSION}, {"basket": ["i010"]}, {"clicks": ["i010"]})),
    ({"user": None, "vector": [1.0] * DIMENSION, "because": True}, "BECAUSE_WITHOUT_ITEMS", 0, 0,
     "a vector has no items of its own: ask by user, item, basket or clicks"),
    ({"user": "nobody", "unknown": "fallback", "model": "bare"}, "NO_POPULARITY", 0, 0,
     "the version has no popularity: kindred pack --popularity or --seen writes it"),
    ({"user": "nobody", "unknown": "fallback", "over": "users"}, "NO_POPULARITY", 0, 0, "users have no popularity: ask for items"),
    *(({"user": None, **query, "where": "brand = seed.brand"}, "FILTER_SEED", 8, 0,
       "a seed. column needs a query for an item or a user at byte 8: brand = seed.brand")
      for query in ({"vector": [1.0] * DIMENSION}, {"basket": ["i010"]}, {"clicks": ["i010"]},
                    {"blend": [("item", "i010", 1.0)]})),
    ({"user": None, "blend": []}, "EMPTY_BASKET", 0, 1, "the blend is empty: at least 1 user, item or vector; under fallback it gets popular items"),
    ({"user": None, "blend": [("user", "u 1", 1), ("user", "u 1", -1)]}, "WEIGHTS_CANCEL", 0, 0, "the blend's weights cancel"),
    ({"user": None, "blend": [("vector", [1.0] * 3, 1)]}, "NONE", 3, 4, "vector of dimension 3: the model's is 4"),
    ({"user": None, "blend": [("vector", [1.0, NAN, 1, 1], 1)]}, "VECTOR_NOT_FINITE", 1, 0, "the second element of the first vector of the blend"),
    ({"user": None, "item": "a", "model": "mixed", "where": "size < 5"}, "FILTER_INCOMPARABLE", 0, 0,
     'at byte 0, the column "size" cannot be compared: '),
    ({"user": None, "item": "a", "model": "mixed", "caps": {"size": 1}}, "FILTER_INCOMPARABLE", 0, 0,
     'the column "size" of a cap cannot be compared: '),
    ({"user": None, "item": "a", "model": "mixed", "where": "name = 'a'"}, "FILTER_INCOMPARABLE", 0, 0, "its collation is"),
    ({"user": None, "item": "a", "model": "flat", "where": "size < 5"}, "FILTER_COLUMN", 0, 0,
     "the rows have no attributes, since the model has no catalog for them; expected no filter"),
]


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class BadRules(unittest.TestCase):
    """After each case the same connection answers a right request."""

    def setUp(self):
        self.client = kindred.connect(address, model="mall")
        self.addCleanup(self.client.close)
        self.right = self.client.recommend(user="u 1", where="price < :most", params={"most": 5}, caps={"brand": 2})
        self.connection = self.client.shared.connection

    def refused(self, detail, value, limit, said, call=None, **arguments):
        with self.subTest(detail, arguments=str(arguments)[:120]):
            with self.assertRaises(kindred.Error) as caught:
                (call or self.client.recommend)(**arguments)
            error = caught.exception
            self.assertIn(said, error.message)
            if detail == LIMIT:
                self.assertEqual((error.name, error.detail), (LIMIT, "NONE"))
            elif detail != "NONE":
                self.assertEqual((error.name, error.detail), (INVALID, detail))
            self.assertEqual((error.value if value is not None else None, error.limit), (value, limit))
            self.assertFalse(error.retryable)
            self.assertEqual(self.client.recommend(user="u 1", where="price < :most", params={"most": 5}, caps={"brand": 2}),
                             self.right)
            self.assertIs(self.client.shared.connection, self.connection, "the connection was lost")

    def test_texts_that_are_no_filter(self):
        for texts, detail in ((SYNTAX, "FILTER_SYNTAX"), (UNSUPPORTED, "FILTER_UNSUPPORTED")):
            for where, (position, said) in texts.items():
                self.refused(detail, position, 0, said, user="u 1", where=where)
                self.refused(detail, position, 0, said, self.client.filter_count, where=where)
                self.refused(detail, position, 0, said, self.client.score, user="u 1", candidates=["i010"], where=where)
                self.refused(detail, position, 0, said, user="u 1", boosts=[(where, "add", 1.0)])

    def test_names_that_are_not_there(self):
        for where, (detail, position, said) in NAMES.items():
            self.refused(detail, position, 0, said, user="u 1", where=where)
        self.refused("FILTER_COLUMN", 0, 0, 'no column "level" at byte 0', self.client.filter_count, where="level > 1")
        self.refused("FILTER_SEED", 8, 0, "a seed. column needs a query", self.client.filter_count, where="brand = seed.brand")
        with self.assertRaises(kindred.Error) as caught:
            self.client.filter_count(where="colour = 1")
        self.assertEqual(sorted(caught.exception.message.partition("known: ")[2].partition(")")[0].split(", ")),
                         KNOWN.split(", "))

    def test_values_that_do_not_fit(self):
        for where, params, detail, said in VALUES:
            value = 8 if detail == "PARAMETER_MISSING" else list(params).index("x")
            self.refused(detail, value, 0, said, user="u 1", where=where, params=params)
            self.refused(detail, value, 0, said, self.client.filter_count, where=where, params=params)
        self.refused("PARAMETER_UNUSED", 0, 0, "an integer is bound to :x", user="u 1", params={"x": 1})
        self.refused("PARAMETER_UNUSED", 0, 0, "an integer is bound to :x", self.client.score, user="u 1",
                     candidates=["i010"], params={"x": 1})

    def test_other_rules(self):
        for arguments, detail, value, limit, said in RULES:
            self.refused(detail, value, limit, said, **{"user": "u 1", **arguments})
        self.refused(LIMIT, 1025, 1024, "queries per batch: 1025", self.client.recommend_batch, users=["u 1"] * 1025,
                     distinct=True)

    def test_the_edges_of_limits(self):
        self.assertEqual(self.client.recommend(user="u 1", where=OR_1000, k=90).eligible,
                         sum(row["price"] == 1 for row in mall.items))
        call = self.client.recommend
        for arguments in ({"where": "(" * 64 + "1" + ")" * 64}, {"where": "NOT " * 64 + "1"},
                          {"where": f"price IN ({','.join(['1'] * 4094)})"}, {"where": "price < 1" + " " * (16384 - 9)},
                          {"where": " OR ".join(f"price = :p{i}" for i in range(256)),
                           "params": {f"p{i}": i for i in range(256)}},
                          {"caps": {"brand": 1, "country": 1, "day": 1, "tags": 1}}, {"boosts": [("TRUE", "add", 1)] * 8},
                          {"diversity": 0.0}, {"diversity": 1.0, "pool": 2000}, {"diversity": 0.5, "pool": 10},
                          {"offset": 990}, {"offset": 999, "k": 1}, {"boosts": [("TRUE", "add", 3e38)]}):
            with self.subTest(str(arguments)[:80]):
                self.assertTrue(call(user="u 1", **arguments).exact)

    def test_one_query_of_a_batch_fails_alone(self):
        found = self.client.recommend_batch(clicks=[["i010"], ["i006", "i007"], ["nothing"], [], ["i010"]], k=3)
        self.assertEqual([(error.name, error.detail) for error in found[1:4]],
                         [(INVALID, "WEIGHTS_CANCEL"), ("UNKNOWN_ID", "NONE"), (INVALID, "EMPTY_BASKET")])
        self.assertEqual((found[0], len(found[0])), (found[4], 3))

    def test_texts_are_never_expressions(self):
        for note in NOTES:
            for wrapped in (f"' OR '{note}", f"{note}' --", f"x'; {note}"):
                count = self.client.filter_count(where="note = :note OR brand = :note", params={"note": wrapped})
                self.assertEqual(count.passing, 0)


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class RawBytes(WitnessTest):
    """Requests that the client does not send."""

    FIXED = {"query_kind": 1, "target": 1, "query_count": 1, "k": 3}

    def error(self, lists, **fixed):
        """The error of a RECOMMEND, after which the same connection answers a PING."""
        with Wire(WitnessTest.address) as wire:
            wire.send(frame("RECOMMEND", 2, {**self.FIXED, **fixed}, {"query_ids": ["u 1"], "model": "mall", **lists}))
            header, body = wire.end_reply(2)
            self.assertNotEqual(header.arg & 0xFFFF, 0, "it was answered")
            self.assertTrue(wire.ping(3))
        return codec.decode_error(header.arg & 0xFFFF, header.arg >> 16, body)

    def parameters(self, names, types=None, numbers=None):
        return {"filter": "price < :a", "parameter_names": names, "parameter_types": types or [1] * len(names),
                "parameter_numbers": numbers or [1] * len(names)}

    def test_parameters(self):
        nan = 0x7FF8000000000000
        for lists, detail, value, said in (
                (self.parameters(["a", "b", "a"]), "PARAMETER_REPEATED", 2, "two values for :a"),
                (self.parameters(["a", "b c"]), "PARAMETER_NAME", 1, "'b c' is no name of a value: letters, digits and _"),
                (self.parameters([":a"]), "PARAMETER_NAME", 0, "':a' is no name of a value"),
                (self.parameters([""]), "PARAMETER_NAME", 0, "'' is no name of a value"),
                (self.parameters(["a"], [2], [nan]), "PARAMETER_NOT_A_NUMBER", 0, "the value of :a is NaN: a number, or NULL"),
                (self.parameters(["a"], [9]), "UNKNOWN_VALUE", 9, "parameter type has the value 9"),
                ({"boost_filters": ["TRUE"], "boost_effects": [3], "boost_values": [1.0]}, "UNKNOWN_VALUE", 3,
                 "boost effect has the value 3")):
            error = self.error(lists)
            self.assertEqual((error.name, error.detail, error.value), (INVALID, detail, value))
            self.assertIn(said, error.message)

    def test_lists_that_disagree(self):
        for lists in ({"pool": [50]}, {"cap_columns": ["brand"]}, {"cap_counts": [1]},
                      {"cap_columns": ["brand"], "cap_counts": [1, 2]}, {"offset": [1, 2]}, {"diversity": []},
                      {"boost_filters": ["TRUE"], "boost_effects": [1]}, {"filter": "1", "parameter_names": ["a"]},
                      {**self.parameters(["a"]), "parameter_types": [1, 1]}, self.parameters(["a"], [3])):
            error = self.error(lists)
            self.assertEqual(error.name, "MALFORMED_BODY", str(lists))

    def test_values_out_of_range(self):
        error = self.error({}, options=64)
        self.assertEqual((error.name, error.detail), (INVALID, "UNKNOWN_VALUE"))
        error = self.error({}, unknown_id_policy=3)
        self.assertEqual((error.detail, error.value), ("UNKNOWN_VALUE", 3))


@unittest.skipUnless(BINARY, "set KINDRED_BINARY to the path of the kindred command")
class BadCommands(unittest.TestCase):
    """The most visible mistakes on the command line."""

    def said(self, *arguments, status=1):
        done = subprocess.run([BINARY, arguments[0], "--server", address, "--model", "mall", *arguments[1:]],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertNotIn("Fatal", done.stderr)
        return done.stderr

    def test_messages(self):
        user = ("recommend", "--user", "u 1")
        for arguments, said in (
                ((*user, "--where", "price <"), 'expected a value after "<", found end of text: price <\n'),
                ((*user, "--where", "prize < 5"), 'no column "prize" at byte 0; did you mean "price"? (known: price, '),
                ((*user, "--where", "price < :most", "--param", "mast=5"),
                 "no value for :most at byte 8; bound: mast (an integer): price < :most"),
                ((*user, "--where", "price < :m", "--param", "m=1", "--param", "x='5'"),
                 "a text is bound to :x, which is not in the filter; it has :m: price < :m"),
                ((*user, "--where", "'gift' IN tagz"), 'no table of values "tagz" at byte 10; did you mean "tags"?'),
                ((*user, "--cap", "brnd=1"), "unknown column 'brnd': not in the catalog of the model's items; did you mean 'brand'?"),
                ((*user, "--boost", "+1e300:TRUE"), "beyond the range of float32: give factors nearer to 1 and terms nearer to 0"),
                ((*user, "--diversity", "0.5", "--pool", "2001"), "pool: 2001, at most 2000"),
                ((*user, "--offset", "9991"), "offset + k: 10001, at most 10000"),
                (("recommend", "--clicks", "i006,i007"), "i006,i007: INVALID_ARGUMENT: the items cancel"),
                (("recommend", "--item", "i010", "--exclude-seen"), "only items that users have seen can be left out: ask for items, by user"),
                (("recommend", "--basket", "i010", "--where", "brand = seed.brand"), "a seed. column needs a query"),
                (("filter", "--where", "lower(brand) = 'x'"), "filters have no functions, such as lower() at byte 0"),
                (("filter", "--where", "level > 1"), 'no column "level" at byte 0'),
                (("score", "--user", "u 1", "--candidates", "i010", "--where", "prize < 5"), 'no column "prize"')):
            with self.subTest(str(arguments)):
                self.assertIn(said, self.said(*arguments))
        for arguments, said in (
                ((*user, "--where", "1", "--where", "2"), "--where is given 2 times for 1 query: join the filters with AND"),
                ((*user, "--param", "a=1"), "--param a=1: only with --where or --boost"),
                ((*user, "--where", ":a", "--param", "a"), "--param a: NAME=VALUE, such as --param today=700"),
                ((*user, "--where", ":a", "--param", ":a=1"), "--param :a=1: ':a' is no name: letters, digits and _, without"),
                ((*user, "--where", ":a", "--param", "a=1", "--param", "a=2"), "--param a: given twice"),
                ((*user, "--cap", "brand=0"), "--cap brand=0: COLUMN=N with N at least 1, such as country=2"),
                ((*user, "--cap", "brand"), "--cap brand: COLUMN=N"),
                ((*user, "--cap", "brand=99999999999"), "--cap brand=99999999999: COLUMN=N with N at most 4294967295"),
                ((*user, "--cap", "brand=1", "--cap", "brand=3"), "--cap brand=3: 'brand' is given twice"),
                ((*user, "--boost", "1.5:TRUE"),
                 "--boost 1.5:TRUE: *FACTOR:FILTER or +TERM:FILTER, such as \"*1.5:'winter' IN season\""),
                ((*user, "--boost", "*0:TRUE"), "--boost *0:TRUE: '0' is not a number above 0 after *"),
                ((*user, "--boost", "*nan:TRUE"), "'nan' is not a number above 0 after *"),
                ((*user, "--boost", "+inf:TRUE"), "'inf' is not a number after + or -"),
                ((*user, "--diversity", "1.5"), "--diversity 1.5: 0 to 1"),
                ((*user, "--diversity", "nan"), "--diversity nan: 0 to 1"),
                ((*user, "--pool", "50"), "--pool 50: only with --diversity"),
                ((*user, "--offset", "-1"), "--offset -1: at least 0"),
                ((*user, "--offset", "99999999999"), "--offset 99999999999: offset and k are at most 10000 together"),
                ((*user, "--diversity", "0.5", "--pool", "99999999999"), "--pool 99999999999: at most 2000"),
                ((*user, "--unknown", "ignore"), "the value 'ignore' is invalid for '--unknown <unknown>'"),
                (("recommend", "--clicks", "i010:x"), "--clicks: 'i010:x' is no ID[:WEIGHT], such as 22423:2.5"),
                (("recommend", "--clicks", "i010:nan"), "--clicks: the weight of 'i010:nan' is nan: a finite number"),
                (("recommend", "--blend", "i010"), "--blend i010: user=ID[:WEIGHT], item=ID[:WEIGHT] or vector=FILE[:WEIGHT]"),
                (("recommend", "--user", "u 1", "--clicks", "i010"), "give one of --user, --users, --item, --vector, "),
                (("filter",), "--where: give a filter, such as \"price < 5\""),
                (("score", "--user", "u 1"), "--candidates: give the ids to score"),
                (("score", "--user", "u 1", "--candidates", "i010", "--unknown", "fallback"), "--unknown fallback: strict or skip")):
            with self.subTest(str(arguments)):
                self.assertIn(said, self.said(*arguments, status=64))


if __name__ == "__main__":
    unittest.main()
