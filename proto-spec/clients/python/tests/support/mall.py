"""A small shop, and what a request with rules must answer: each rule is a plain statement over the shop's raw data."""

import math
import random
import sqlite3

from kindred.limits import FLOAT32_MAX
from tests.support.scratch import DIMENSION, lines, npy, random_vectors, rounded

ALPHA, LAMBDA = 40.0, 0.5
# Ids with the signs of SQL, of the shell and of tables, and with characters of two to four bytes.
ODD = ["tea pot", 'say "x"', "o'clock", "a;b", "-- no comment", "/* nor this", "\u2615 cup", "a,b", "caf\u00e9", "%_[a]*?",
       "seed.id", "NULL", "1e3", "x=y:z"]
# Texts of a column: only texts, whatever they spell.
NOTES = ["it's", 'a "quote"', "'); DROP TABLE items; --", "/* open", "nul\0inside", "four \U0001f9f6 bytes", "", None, "%", "_"]
BRANDS = ["acme", "bolt", "cord", "dune", None]
COUNTRIES = ["DE", "FR", "GB", None]
TAGS = ["gift", "sale", "new", "\u2603"]


def canonical(a, b):
    """Appendix A.1 of SPEC.md, in float64."""
    s = [0.0] * 8
    for index, (x, y) in enumerate(zip(a, b)):
        s[index % 8] += x * y
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))


def dot(q, x):
    return rounded(canonical(q, x)) + 0.0


def cosine(q, x):
    product = math.sqrt(canonical(q, q)) * math.sqrt(canonical(x, x))
    return rounded(canonical(q, x) / product) + 0.0 if product else 0.0


def mean(members):
    """The vector of a blend of pairs (vector, weight)."""
    total = sum(abs(weight) for _, weight in members)
    return [rounded(sum(weight * vector[i] for vector, weight in members) / total) for i in range(DIMENSION)]


def solved(matrix, right):
    """The solution of a system of linear equations, by elimination with the greatest pivots."""
    rows, count = [[*row, value] for row, value in zip(matrix, right)], len(right)
    for k in range(count):
        pivot = max(range(k, count), key=lambda row: abs(rows[row][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(k + 1, count):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [value - factor * other for value, other in zip(rows[i], rows[k])]
    x = [0.0] * count
    for i in reversed(range(count)):
        x[i] = (rows[i][count] - sum(rows[i][j] * x[j] for j in range(i + 1, count))) / rows[i][i]
    return x


def in_order(pairs):
    """Pairs (row, score) by score descending, then by the bytes of the id."""
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]["id"].encode()))


def boosted(row, score, boosts):
    """`boosts`: triples (whether a row matches, "multiply" or "add", value)."""
    for matches, effect, value in boosts:
        if effect == "multiply" and matches(row):
            score = score * value if score >= 0 else score / value
    for matches, effect, value in boosts:
        if effect == "add" and matches(row):
            score += value
    return rounded(score) + 0.0


def capped(pairs, caps):
    """`caps`: {column: results with the same value at most}. A set counts for each of its values."""
    taken = []
    for row, score in pairs:
        def groups(entry, column):
            value = entry[column]
            return value if isinstance(value, set) else set() if value is None else {value}
        full = any(sum(value in groups(other, column) for other, _ in taken) >= most
                   for column, most in caps.items() for value in groups(row, column))
        if not full:
            taken.append((row, score))
    return taken


def diversified(pool, weight):
    """Maximal marginal relevance over pairs in order."""
    scores = [score for _, score in pool]
    span = max(scores, default=0.0) - min(scores, default=0.0)
    left, taken = list(pool), []
    while left:
        def value(pair):
            share = (pair[1] - min(scores)) / span if span else 0.0
            near = max((cosine(pair[0]["vector"], row["vector"]) for row, _ in taken), default=0.0)
            return (1 - weight) * share - weight * near
        best = max(left, key=value)  # the first of equal ones
        left.remove(best)
        taken.append(best)
    return taken


class Mall:
    """Rows are dicts: `items` with id, vector, brand, price, stock, day, country, note, orders and the set tags, `users`
    with id, vector, country, level, the set segments and the set seen."""

    def __init__(self, item_count=90, user_count=24):
        source = random.Random(7)
        names = ODD + [f"i{index:03}" for index in range(item_count - len(ODD))]
        self.items = [{
            "id": name, "vector": vector, "brand": source.choice(BRANDS), "price": source.choice([None, index / 8, 2.5]),
            "stock": source.choice([None, 0, index - 40, 2**63 - 1, -2**63]), "day": source.randrange(700, 740),
            "country": source.choice(COUNTRIES), "note": NOTES[index % len(NOTES)],
            "orders": source.choice([None, 0, 3, index]),
            "tags": set(source.sample(TAGS, source.randrange(4))),
        } for index, (name, vector) in enumerate(zip(names, random_vectors(11, item_count)))]
        self.users = [{
            "id": f"u {index}", "vector": vector, "country": source.choice(COUNTRIES), "level": index % 5,
            "segments": set(source.sample(["vip", "trade"], source.randrange(3))),
            "seen": set(source.sample(names, source.choice([0, 1, 5, 40]))),
        } for index, vector in enumerate(random_vectors(12, user_count))]
        self.items[1]["vector"] = list(self.items[0]["vector"])  # equal scores
        self.users[0]["seen"] = set()
        self.item = {row["id"]: row for row in self.items}
        self.user = {row["id"]: row for row in self.users}

    # -- packing

    def catalog(self, path):
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE items (id TEXT PRIMARY KEY, brand TEXT, price REAL, stock INTEGER, day INTEGER,"
                             " country TEXT, note TEXT, orders INTEGER)")
            columns = ("id", "brand", "price", "stock", "day", "country", "note", "orders")
            database.executemany(f"INSERT INTO items VALUES ({', '.join('?' * len(columns))})",
                                 [[row[name] for name in columns] for row in self.items])
            database.execute("CREATE TABLE items_tags (id TEXT, value TEXT)")
            database.executemany("INSERT INTO items_tags VALUES (?, ?)",
                                 [(row["id"], tag) for row in self.items for tag in sorted(row["tags"])])
            database.execute("CREATE TABLE users (id TEXT PRIMARY KEY, country TEXT, level INTEGER)")
            database.executemany("INSERT INTO users VALUES (?, ?, ?)",
                                 [(row["id"], row["country"], row["level"]) for row in self.users])
            database.execute("CREATE TABLE users_segments (id TEXT, value TEXT)")
            database.executemany("INSERT INTO users_segments VALUES (?, ?)",
                                 [(row["id"], value) for row in self.users for value in sorted(row["segments"])])
        database.close()
        return path

    def pack(self, scratch, name="mall", *, seen=True, popularity=True, fold_in=True, training="t1"):
        """Packs a version of the model with the parts that are wanted."""
        folder, extra = scratch.folder, ["--catalog", self.catalog(scratch.folder / f"{name}.sqlite"),
                                         "--training-id", training]
        if seen:
            pairs = [f"{row['id']}\t{item}" for row in self.users for item in sorted(row["seen"])]
            extra += ["--seen", lines(folder / f"{name}.seen.tsv", pairs)]
        if popularity:
            extra += ["--popularity", "orders"]
        if fold_in:
            extra += ["--alpha", ALPHA, "--lambda", LAMBDA]
        return scratch.pack(
            name, npy(folder / f"{name}.items.npy", [row["vector"] for row in self.items]),
            lines(folder / f"{name}.items.txt", [row["id"] for row in self.items]),
            npy(folder / f"{name}.users.npy", [row["vector"] for row in self.users]),
            lines(folder / f"{name}.users.txt", [row["id"] for row in self.users]), *extra)

    # -- queries

    def folded(self, clicks):
        """The vector that alternating least squares gives a visitor with these weights of items, in float64."""
        matrix = [[LAMBDA * (i == j) for j in range(DIMENSION)] for i in range(DIMENSION)]
        right = [0.0] * DIMENSION
        for row in self.items:
            vector, confidence = row["vector"], ALPHA * clicks.get(row["id"], 0.0)
            for i in range(DIMENSION):
                for j in range(DIMENSION):
                    matrix[i][j] += (confidence if row["id"] in clicks else 1.0) * vector[i] * vector[j]
                right[i] += confidence * vector[i]
        return solved(matrix, right)

    def nearest(self, item, own):
        """The nearest of a query's own items to an item, or None where it has none."""
        near = in_order([(self.item[name], cosine(self.item[item]["vector"], self.item[name]["vector"])) for name in own])
        return near[0][0]["id"] if near else None

    # -- answers

    def expected(self, query, *, k=10, where=lambda row: True, left_out=(), boosts=(), caps=None, diversity=None,
                 pool=None, offset=0, min_score=None, score=dot, over="items"):
        """The pairs (id, score) of an answer, and the number of eligible rows. `query`: a vector, or "popular"."""
        rows = [row for row in getattr(self, over) if where(row) and row["id"] not in left_out]
        if query == "popular":
            pairs = in_order([(row, -FLOAT32_MAX if row["orders"] is None else rounded(row["orders"])) for row in rows])
        else:
            pairs = in_order([(row, boosted(row, score(query, row["vector"]), boosts)) for row in rows])
            pairs = [pair for pair in pairs if min_score is None or pair[1] >= rounded(min_score)]
        pairs = capped(pairs, caps or {})
        if diversity is not None and query != "popular":
            pairs = diversified(pairs[:pool or min(10 * (offset + k), 2000)], diversity)
        return [(row["id"], value) for row, value in pairs[offset:offset + k]], len(rows)
