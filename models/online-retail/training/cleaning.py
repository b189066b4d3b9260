"""Reads the order lines and keeps the purchases of products."""

import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from .settings import BuildError

COLUMNS = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice",
           "CustomerID", "Country"]

# A product's stock code, in upper case: five digits and an optional suffix (85123A, 15056BL).
# Postage, manual entries, discounts, fees, samples and gift vouchers have codes of other shapes:
# POST, DOT, C2, M, D, S, B, PADS, CRUK, AMAZONFEE, BANK CHARGES, gift_0001_20, ...
PRODUCT_CODE = re.compile(r"\d{5}[A-Z]{0,2}")
# Services that were given product-like codes.
SERVICE_CODES = {
    "23444": "Next Day Carriage",
    "23574": "PACKING CHARGE",
    "23702": "High Resolution Image",
}


def read_lines(path: Path) -> pd.DataFrame:
    """Read the order lines and check that the columns are there."""
    if not path.is_file():
        raise BuildError(f"data file {path}: no such file; give the path of online-retail.parquet")
    try:
        lines = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BuildError(f"data file {path}: not a readable Parquet file ({error})") from error
    missing = [name for name in COLUMNS if name not in lines.columns]
    if missing:
        raise BuildError(f"data file {path}: lacks the columns {', '.join(missing)}; "
                         f"wanted are {', '.join(COLUMNS)}")
    return lines[COLUMNS]


def clean(lines: pd.DataFrame) -> pd.DataFrame:
    """Keep the lines in which a known customer bought a product. Print the number of lines after each step.

    The result has the columns item (text), user (int), order, day, quantity, price, description,
    country.
    """
    print_step("order lines read", lines)
    lines = lines[~lines["InvoiceNo"].astype(str).str.startswith("C")]
    print_step("without cancellations (InvoiceNo C...)", lines)
    lines = lines[lines["Quantity"] > 0]
    print_step("with a quantity above 0", lines)
    lines = lines[lines["UnitPrice"] > 0]
    print_step("with a price above 0", lines)
    lines = lines[lines["CustomerID"].notna()]
    print_step("with a customer", lines)
    codes = lines["StockCode"].astype(str).str.strip().str.upper()
    is_product = codes.str.fullmatch(PRODUCT_CODE.pattern) & ~codes.isin(list(SERVICE_CODES))
    dropped = ", ".join(sorted(codes[~is_product].unique()))
    lines, codes = lines[is_product], codes[is_product]
    print_step("that are products", lines)
    print(f"  not products: {dropped}")
    cleaned = pd.DataFrame({
        "item": codes,
        "user": lines["CustomerID"].astype(np.int64),
        "order": lines["InvoiceNo"].astype(str),
        "day": lines["InvoiceDate"].dt.date,
        "quantity": lines["Quantity"],
        "price": lines["UnitPrice"],
        "description": lines["Description"].astype(str).str.split().str.join(" "),
        "country": lines["Country"].astype(str),
    })
    print(f"  {cleaned['user'].nunique():,} customers, {cleaned['item'].nunique():,} products, "
          f"{cleaned['order'].nunique():,} orders, "
          f"{cleaned['day'].min()} to {cleaned['day'].max()}")
    return cleaned


def print_step(what: str, lines: pd.DataFrame) -> None:
    """Print one step of the cleaning with the number of remaining lines."""
    print(f"  {len(lines):>9,}  {what}")


def span(lines: pd.DataFrame, last_day: date) -> pd.DataFrame:
    """The lines up to and including a day; an error if the data does not reach that day."""
    if lines["day"].max() < last_day:
        raise BuildError(f"the data ends on {lines['day'].max()}; "
                         f"it must reach {last_day}, as the UCI file does")
    return lines[lines["day"] <= last_day]
