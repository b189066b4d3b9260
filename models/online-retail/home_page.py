"""The demo's home pages: a customer's three shelves, and a stranger's page after three clicks, in one request each."""

import json
import sqlite3
import time

from bought import checksum, read_bought, recorded_checksum
from brute_force import BruteForce, blended

from bench.support.failure import BenchFailure

CUSTOMER, COUNTRY = 12476, "Germany"
FAVOURITES = ["22086", "22423", "84879"]  # bought by this customer
CLICKS = {"22423": 2.0, "22111": 1.0, "22865": 1.0}  # a product looked at twice weighs 2
SHELF = 3
IN_STOCK = "last_sale >= :since"
SINCE, SEASON_START = "2011-10-12", "2011-09-01"  # the version's last day is 2011-11-09
SCORE_TOLERANCE = 1e-6  # of folding in, whose equation the brute force solves in another order
COLUMNS = ["description", "median_price", "first_sale", "recent_orders"]


class HomePages:
    """Asks for the pages, prints them, and compares each row with the brute force. `folder` is the version's."""

    def __init__(self, client, folder):
        self.client, self.folder, self.brute = client, folder, BruteForce(folder)
        self.bought = read_bought(folder)
        found, wanted = checksum(self.bought), recorded_checksum(folder.name)
        if found != wanted:
            raise BenchFailure(f"the seen pairs have the checksum {found}, the order lines {wanted}")
        database = sqlite3.connect(f"file:{folder}/catalog.sqlite?mode=ro&immutable=1", uri=True)
        self.names, self.kinds, self.popularity = (dict(database.execute(f"SELECT id, {column} FROM items"))
                                                   for column in ("description", "kind", "recent_orders"))
        self.database = database

    def items(self, condition, *values):
        """SQLite's own answer to a filter over the items."""
        return [item for item, in self.database.execute(f"SELECT id FROM items WHERE {condition} ORDER BY id", values)]

    # ---- A customer

    def show_customer(self):
        me, favourites = ("user", CUSTOMER, 1), [("item", item, 1) for item in FAVOURITES]
        shelves = [  # title, who is asked for, the filter, and what SQLite is asked for the brute force
            ("Because you bought", [me, *favourites], IN_STOCK, "TRUE", ()),
            ("New this season, under £5", [me], f"first_sale >= :start AND median_price < :most AND {IN_STOCK}",
             "first_sale >= ? AND median_price < ?", (SEASON_START, 5)),
            (f"Popular in {COUNTRY}", [me], f":country IN popular_in AND {IN_STOCK}",
             "id IN (SELECT id FROM items_popular_in WHERE value = ?)", (COUNTRY,)),
        ]
        start = time.perf_counter()
        answers = self.client.recommend_batch(
            blends=[blend for _, blend, *_ in shelves], where=[where for _, _, where, *_ in shelves],
            params={"since": SINCE, "start": SEASON_START, "most": 5, "country": COUNTRY}, caps={"kind": 1},
            exclude_seen=True, because=True, distinct=True, k=SHELF, columns=COLUMNS, raise_errors=True)
        elapsed = time.perf_counter() - start
        bought = self.bought[CUSTOMER]
        if not set(FAVOURITES).issubset(bought):
            raise BenchFailure(f"customer {CUSTOMER} did not buy {sorted(set(FAVOURITES).difference(bought))}")
        print(f"\nThe home page of customer {CUSTOMER} from {COUNTRY}: one request, no product twice, none of the "
              f"{len(bought)} bought before  {elapsed * 1000:.2f} ms")
        in_stock, shown = set(self.items("last_sale >= ?", SINCE)).difference(bought), set()
        for (title, blend, _, condition, values), answer in zip(shelves, answers):
            vectors = [(self.brute.user(id) if kind == "user" else self.brute.item(id), weight)
                       for kind, id, weight in blend]
            own = [id for kind, id, _ in blend if kind == "item"]
            left = in_stock.intersection(self.items(condition, *values))
            self.show(title, answer, self.brute.ranked(blended(vectors), left - shown), own, len(left & shown))
            shown.update(row["id"] for row in answer)

    # ---- A stranger

    def show_stranger(self):
        where = f"'christmas' IN season AND median_price < :most AND {IN_STOCK}"
        start = time.perf_counter()
        answers = self.client.recommend_batch(
            clicks=[CLICKS, []], where=where, params={"since": SINCE, "most": 5}, caps={"kind": 1}, because=True,
            distinct=True, unknown="fallback", k=SHELF, columns=COLUMNS, raise_errors=True)
        elapsed = time.perf_counter() - start
        print(f"\nA stranger's page after {len(CLICKS)} clicks: one request, what sells at Christmas for under £5  "
              f"{elapsed * 1000:.2f} ms")
        left = set(self.items("id IN (SELECT id FROM items_season WHERE value = 'christmas') AND median_price < 5 "
                              "AND last_sale >= ?", SINCE))
        settings = json.loads((self.folder / "manifest.json").read_text())["fold_in"]
        vector = self.brute.folded(CLICKS, settings["alpha"], settings["lambda"])
        self.show("Because you looked at", answers[0], self.brute.ranked(vector, left.difference(CLICKS)), list(CLICKS),
                  0, SCORE_TOLERANCE)
        shown = {row["id"] for row in answers[0]}
        popular = sorted(((item, self.popularity[item]) for item in left - shown), key=lambda row: (-row[1], row[0]))
        self.show("Popular this season", answers[1], popular, [], len(left & shown))

    # ---- Both

    def show(self, title, answer, ranked, own, taken, tolerance=0.0):
        """Prints a shelf, each row with the reason why it is there.

        `ranked` is the brute force's list of all eligible rows, `taken` how many others the shelves before returned.
        """
        print(f"  {title}")
        for row in answer:
            if row["because"]:
                reason = self.names[row["because"]]
            elif answer.origin == "popular":
                reason = f"{row['recent_orders']} orders in four weeks"
            else:
                reason = f"{row['score']:.2f} for you, since {row['first_sale']}"
            print(f"    £{row['median_price']:<5.2f} {row['description']:<36} {reason}")
        best = self.capped(ranked)
        wanted = [(item, self.brute.nearest(item, own) if own else None) for item, _ in best]
        found = [(row["id"], row["because"]) for row in answer]
        scores = [(row["score"], score) for row, (_, score) in zip(answer, best)]
        if found != wanted or any(abs(left - right) > tolerance for left, right in scores):
            raise BenchFailure(f"{title}: got {found}, wanted {wanted}; the scores and those wanted: {scores}")
        if (len(found), answer.eligible, answer.taken) != (SHELF, len(ranked), taken):
            raise BenchFailure(f"{title}: {len(found)} rows of {answer.eligible} eligible, {answer.taken} taken; "
                               f"wanted are {SHELF} of {len(ranked)}, {taken} taken")

    def capped(self, ranked):
        """The first rows with at most one of each kind."""
        rows, kinds = [], set()
        for row in ranked:
            kind = self.kinds[row[0]]
            if kind is None or kind not in kinds:
                rows.append(row)
                kinds.add(kind)
        return rows[:SHELF]
