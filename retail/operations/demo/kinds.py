"""Three further demonstration shops, one of each kind: what sellers of garments, jewelry and food have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retail.operations.demo.assortment import Article, Shop

COLORS = {
    "Ink": "#1f2a44", "Chalk": "#ece7dc", "Moss": "#5d6b3f", "Rust": "#a4532f", "Sky": "#8fb3cf", "Rose": "#c98a8a",
    "Charcoal": "#3d3f45", "Sand": "#cbb68f",
}  # fmt: skip
LETTERS = ("XS", "S", "M", "L", "XL")
WAISTS = ("28", "30", "32", "34", "36")
WOMEN = dict(
    zip(
        LETTERS,
        (("34", "6", "2"), ("36", "8", "4"), ("38", "10", "6"), ("40", "12", "8"), ("42", "14", "10")),
        strict=True,
    )
)


@dataclass(frozen=True)
class Style:
    """A garment: what it is cut like and made of, in which colors and sizes, and what it costs."""

    name: str
    category: str
    cut: str
    price: str
    cost: str
    colors: tuple[str, ...]
    sizes: tuple[str, ...]
    composition: str
    collection: str


STYLES = (
    Style(
        "Linen shirt",
        "Shirts",
        "shirt",
        "59.00",
        "22.00",
        ("Chalk", "Sky", "Moss", "Ink"),
        LETTERS,
        "100 linen",
        "Shore",
    ),
    Style(
        "Oxford shirt", "Shirts", "shirt", "54.00", "19.00", ("Chalk", "Sky", "Rose"), LETTERS, "100 cotton", "Everyday"
    ),
    Style(
        "Merino jumper",
        "Knitwear",
        "shirt",
        "89.00",
        "37.00",
        ("Charcoal", "Rust", "Moss", "Ink"),
        LETTERS,
        "100 merino wool",
        "Harbor",
    ),
    Style(
        "Wrap dress",
        "Dresses",
        "dress",
        "95.00",
        "38.00",
        ("Ink", "Rose", "Moss"),
        LETTERS,
        "Shell: 70 viscose, 30 linen\nLining: 100 viscose",
        "Shore",
    ),
    Style(
        "Summer dress", "Dresses", "dress", "79.00", "29.50", ("Sky", "Chalk", "Rust"), LETTERS, "100 cotton", "Shore"
    ),
    Style(
        "Wide trousers",
        "Trousers",
        "trousers",
        "72.00",
        "28.00",
        ("Sand", "Ink", "Charcoal"),
        WAISTS,
        "55 linen, 45 cotton",
        "Shore",
    ),
    Style(
        "Chinos",
        "Trousers",
        "trousers",
        "64.00",
        "24.00",
        ("Sand", "Moss", "Ink", "Rust"),
        WAISTS,
        "98 cotton, 2 elastane",
        "Everyday",
    ),
    Style(
        "Pocket T-shirt",
        "Tops",
        "shirt",
        "26.00",
        "8.50",
        ("Chalk", "Ink", "Rust", "Sky", "Moss"),
        LETTERS,
        "100 organic cotton",
        "Everyday",
    ),
)


@dataclass(frozen=True)
class Ornament:
    """A piece of jewelry: cut, purity, net weight in grams, making by the gram or percent, stones."""

    name: str
    category: str
    shape: str
    purity: str
    net: str
    making_kind: str
    making: str
    wastage: str = "3"
    stones: tuple[tuple[str, int, str, str], ...] = ()
    color: str = ""


PURITIES = (
    ("Gold", "24K", "0.999", "12450"), ("Gold", "22K", "0.916", "11410"), ("Gold", "18K", "0.75", "9340"),
    ("Silver", "925", "0.925", "148"), ("Platinum", "950", "0.95", "4310"),
)  # fmt: skip
METALS = {"Gold": "#d9b24c", "Silver": "#c3c7cd", "Platinum": "#d8dce1"}
ORNAMENTS = (
    Ornament("Plain band", "Rings", "ring", "Gold 22K", "4.2", "per_gram", "650"),
    Ornament(
        "Solitaire ring",
        "Rings",
        "ring",
        "Gold 18K",
        "3.1",
        "percent",
        "14",
        stones=(("diamond", 1, "0.5", "92000"),),
        color="#dff1ff",
    ),
    Ornament(
        "Ruby ring",
        "Rings",
        "ring",
        "Gold 22K",
        "5.4",
        "per_gram",
        "780",
        stones=(("ruby", 1, "1.1", "21500"),),
        color="#b3123b",
    ),
    Ornament(
        "Emerald pendant",
        "Pendants",
        "pendant",
        "Gold 22K",
        "6.8",
        "per_gram",
        "820",
        stones=(("emerald", 1, "1.4", "26000"),),
        color="#127a4b",
    ),
    Ornament("Coin pendant", "Pendants", "pendant", "Gold 24K", "8", "fixed", "1500", "0"),
    Ornament("Rope chain", "Chains", "chain", "Gold 22K", "12.5", "per_gram", "540"),
    Ornament("Fine chain", "Chains", "chain", "Gold 18K", "4.6", "per_gram", "600"),
    Ornament("Classic bangle", "Bangles", "bangle", "Gold 22K", "18.2", "per_gram", "510", "5"),
    Ornament("Bridal bangle", "Bangles", "bangle", "Gold 22K", "32.4", "percent", "11", "6"),
    Ornament("Silver bangle", "Bangles", "bangle", "Silver 925", "41", "per_gram", "32", "2"),
    Ornament("Silver ring", "Rings", "ring", "Silver 925", "6.5", "fixed", "420", "0"),
    Ornament("Platinum band", "Rings", "ring", "Platinum 950", "6.1", "per_gram", "900", "0"),
)


@dataclass(frozen=True)
class Food:
    """Something to eat: how it is packed, what is in it, its case, or its number on the scale."""

    name: str
    category: str
    shape: str
    price: str
    cost: str
    color: str
    band: str
    content: str = ""
    case: int = 0
    scale: int = 0
    tax: str = "zero"


FOODS = (
    Food("Apples, Elstar", "Fruit", "fruit", "2.99", "1.45", "#c0392b", "#ffffff", scale=101),
    Food("Pears, Conference", "Fruit", "fruit", "3.29", "1.60", "#b7b34a", "#ffffff", scale=102),
    Food("Oranges", "Fruit", "fruit", "2.49", "1.10", "#e08a1e", "#ffffff", scale=103),
    Food("Tomatoes on the vine", "Vegetables", "fruit", "3.99", "1.90", "#c8371e", "#ffffff", scale=110),
    Food("Cheddar, aged", "Counter", "bag", "18.90", "10.40", "#e0b24a", "#7a3b12", scale=201),
    Food("Brie", "Counter", "bag", "16.50", "8.90", "#f0e6cf", "#274b6d", scale=202),
    Food("Strawberry jam", "Pantry", "jar", "3.45", "1.70", "#b01f35", "#f3d9c9", "340 g", 6),
    Food("Heather honey", "Pantry", "jar", "6.95", "3.60", "#c98b1f", "#5a3a12", "250 g", 6),
    Food("Olive oil", "Pantry", "bottle", "9.80", "5.40", "#7d8a2e", "#2f3b14", "500 ml", 6),
    Food("Rolled oats", "Pantry", "bag", "1.95", "0.85", "#d8c39a", "#2f6b54", "500 g", 12),
    Food("Basmati rice", "Pantry", "bag", "3.20", "1.55", "#efe9da", "#8a2d2d", "1 kg", 10),
    Food("Still water", "Drinks", "bottle", "0.89", "0.31", "#a9cfe4", "#1f5f8b", "750 ml", 12, 0, "standard"),
    Food("Elderflower pressé", "Drinks", "bottle", "3.10", "1.45", "#dfe6b0", "#4d7a2c", "750 ml", 6, 0, "standard"),
    Food("Ground coffee", "Drinks", "bag", "5.60", "2.90", "#3b2416", "#c28e4b", "250 g", 8, 0, "standard"),
    Food("Gift hamper, small", "Gifts", "bag", "32.00", "17.50", "#a97f4d", "#7c1f2b", tax="standard"),
)


def _people(domain: str, owner: str, manager: str, cashier: str, clerk: str) -> tuple[tuple[str, str, str], ...]:
    names = {"owner": owner, "manager": manager, "cashier": cashier, "clerk": clerk}
    return tuple((role, name, f"{role}@{domain}.example") for role, name in names.items())


def _articles(goods: Sequence[tuple[str, str, str, str]]) -> tuple[Article, ...]:
    return tuple(Article(name, category, price, cost) for name, category, price, cost in goods)


KINDS = {
    "garments": Shop(
        "Selvedge", "GBP", "Europe/London", "en_GB", "8 Fore Street\nSt Ives TR26 1AB", "GB 123 4567 82",
        "Unworn clothes can be exchanged within 30 days.", "Stock room", (("standard", "VAT 20 %", "0.2"),),
        _people("selvedge", "Tamsin Rowe", "Jory Penhale", "Elowen Tregear", "Piran Nance"),
        _articles([(one.name, one.category, one.price, one.cost) for one in STYLES]),
        ("Ada Whitmore", "Ben Okafor", "Chloe Trevena", "Daniel Price", "Elsie Moran", "Farid Haddad"), 7, 31,
    ),
    "jewellery": Shop(
        "Suvarna Jewels", "INR", "Asia/Kolkata", "en_IN", "14 MG Road\nBengaluru 560001", "29AAGCB7383J1Z4",
        "Hallmarked by BIS. Exchange at the rate of the day.", "Vault", (("standard", "GST 3 %", "0.03"),),
        _people("suvarna", "Meera Iyer", "Arjun Rao", "Kavya Nair", "Rohan Shah"),
        _articles([(one.name, one.category, "1", "1") for one in ORNAMENTS]),
        ("Lakshmi Menon", "Vikram Joshi", "Anita Desai", "Suresh Kumar"), 2, 37,
    ),
    "grocery": Shop(
        "Quay Market", "EUR", "Europe/Dublin", "en_IE", "3 Pier Road\nKinsale P17 XY12", "IE6388047V",
        "Thank you. Keep the receipt for returns.", "Cold store",
        (("standard", "VAT 23 %", "0.23"), ("zero", "VAT 0 %", "0")),
        _people("quay-market", "Niamh Byrne", "Cian Walsh", "Aoife Kelly", "Oisin Daly"),
        _articles([(one.name, one.category, one.price, one.cost) for one in FOODS]),
        ("Orla Murphy", "Sean Brennan", "Maeve Doyle", "Liam Fagan"), 12, 41,
    ),
}  # fmt: skip
"""The shops by their kind, as `flask demo load --kind` names them."""
