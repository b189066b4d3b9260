"""What the shop's own figures say of a product or a customer: season, favourite countries, kind, segments."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pandas as pd

SEASONS = {
    11: "christmas", 12: "christmas", 1: "winter", 2: "winter", 3: "spring", 4: "spring", 5: "spring",
    6: "summer", 7: "summer", 8: "summer", 9: "autumn", 10: "autumn",
}
SEASON_RATIO = 1.5          # a season is a product's own if its share of the orders is so many times the shop's
SEASON_ORDERS_MIN = 20      # of fewer orders no season is told
COUNTRY_CUSTOMERS_MIN = 20  # of a country with fewer customers no favourites are told
COUNTRY_FAVOURITES = 50
NEW_DAYS = 60
LAPSED_DAYS = 180
WHOLESALE_PIECES = 24       # in half of a customer's order lines, at least

# A product's kind is the last of these words in its description, in the singular.
KINDS = frozenset("""
    album apron badge bag bank basket beaker bell bin book bottle bowl box bracelet bunting cabinet cakestand
    candle card case chair chalkboard charm clock coaster cosy cover cup cushion cutlery decoration doll
    doormat doorstop drawer earring eraser frame game garland glass hanger holder hook incense jar jigsaw jug
    kit lamp lantern light magnet mirror mould mug napkin necklace notebook ornament parasol pen pencil
    planter plate pot purse rack ribbon ring shopper sign soap spoon sticker tag tape teacup teapot tile tin
    tissue towel toy tray umbrella vase warmer wrap wreath
""".split())


def kind(description: str) -> str | None:
    """The kind of a product; None where its description has no word for one."""
    for word in reversed(re.findall("[a-z]+", description.lower())):
        for name in (word, word.removesuffix("s"), word.removesuffix("es")):
            if name in KINDS:
                return name
    return None


def season_rows(lines: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Each product with the seasons in which it sells clearly above their share of the shop's orders, in id order."""
    orders = lines.drop_duplicates(["item", "order"])
    season = orders["day"].map(lambda day: SEASONS[day.month])
    of_shop, count = season.value_counts().to_dict(), len(orders)
    for item, group in season.groupby(orders["item"], sort=True):
        own = group.value_counts().to_dict()
        for name in sorted(own):
            # own / all of the item >= ratio * of the shop / all of the shop, without a division
            above = own[name] * count >= SEASON_RATIO * of_shop[name] * len(group)
            if len(group) >= SEASON_ORDERS_MIN and above:
                yield item, name


def country_rows(lines: pd.DataFrame) -> list[tuple[str, str]]:
    """The products with the most customers in each larger country, in id order. Ties go to the lesser id."""
    rows = []
    for country, group in lines.groupby("country", sort=True):
        if group["user"].nunique() < COUNTRY_CUSTOMERS_MIN:
            continue
        customers = group.drop_duplicates(["user", "item"])["item"].value_counts().to_dict()
        best = sorted(customers, key=lambda item: (-customers[item], item))[:COUNTRY_FAVOURITES]
        rows += [(item, country) for item in best]
    return sorted(rows)


def segment_rows(lines: pd.DataFrame) -> Iterator[tuple[int, str]]:
    """Each customer with its segments, in id order: new, lapsed, wholesale."""
    last_day = lines["day"].max()
    for user, group in lines.groupby("user", sort=True):
        if group["day"].max() < last_day - timedelta(days=LAPSED_DAYS):
            yield int(user), "lapsed"
        if group["day"].min() > last_day - timedelta(days=NEW_DAYS):
            yield int(user), "new"
        if group["quantity"].median() >= WHOLESALE_PIECES:
            yield int(user), "wholesale"
