"""What the demonstration shops sell. Prices include tax; `pull` is how often something is picked, `season` when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Article:
    """One product: name, category, price, cost, how strongly it sells, in which months more, and its options."""

    name: str
    category: str
    price: str
    cost: str
    pull: float = 1.0
    season: tuple[int, ...] = ()
    options: tuple[str, ...] = ()
    tax: str = "standard"
    ages: tuple[float, float] = (0.0, 1.0)


@dataclass(frozen=True)
class Shop:
    """One demonstration business."""

    name: str
    currency: str
    timezone: str
    locale: str
    address: str
    tax_id: str
    footer: str
    second_place: str
    taxes: tuple[tuple[str, str, str], ...]
    people: tuple[tuple[str, str, str], ...]
    articles: tuple[Article, ...]
    customers: tuple[str, ...]
    sales_a_day: float
    seed: int
    closed_weekdays: tuple[int, ...] = ()


GIFTS = (
    Article("Linen tea towel", "Kitchen", "9.50", "3.60", 1.6, (), ("Sage", "Indigo", "Natural")),
    Article("Stoneware mug", "Kitchen", "14.00", "5.20", 2.2, (10, 11, 12), ("Chalk", "Slate", "Moss")),
    Article("Olive wood board", "Kitchen", "28.00", "12.40", 0.8, (11, 12)),
    Article("Enamel milk pan", "Kitchen", "24.50", "10.80", 0.5),
    Article("Glass carafe", "Kitchen", "19.00", "7.90", 0.7, (5, 6, 7)),
    Article("Beeswax wraps, set of 3", "Kitchen", "16.00", "6.10", 0.9),
    Article("Pasta bowl", "Kitchen", "18.00", "7.20", 0.8),
    Article("Wooden spoon", "Kitchen", "6.50", "2.10", 1.3),
    Article("Soy candle, fig", "Home", "18.50", "6.40", 2.0, (10, 11, 12, 1)),
    Article("Soy candle, sea salt", "Home", "18.50", "6.40", 1.6, (6, 7, 8)),
    Article("Wool throw", "Home", "64.00", "29.00", 0.5, (10, 11, 12, 1)),
    Article("Cotton cushion cover", "Home", "26.00", "10.50", 0.8, (), ("Ochre", "Teal")),
    Article("Ceramic vase", "Home", "32.00", "13.00", 0.7, (3, 4, 5)),
    Article("Dried flower bunch", "Home", "14.50", "5.00", 1.2, (9, 10)),
    Article("Terracotta pot, small", "Garden", "7.50", "2.60", 1.7, (3, 4, 5, 6)),
    Article("Terracotta pot, large", "Garden", "16.00", "6.20", 0.9, (3, 4, 5, 6)),
    Article("Seed box, meadow", "Garden", "8.00", "2.90", 1.2, (2, 3, 4, 5)),
    Article("Hand trowel", "Garden", "13.50", "5.60", 0.7, (3, 4, 5)),
    Article("Watering can", "Garden", "29.00", "12.80", 0.5, (4, 5, 6, 7)),
    Article("Twine on a stand", "Garden", "11.00", "3.90", 0.6, (4, 5, 6)),
    Article("Lined notebook, A5", "Paper", "11.00", "3.80", 1.5, (1, 8, 9), ("Red", "Navy", "Fern")),
    Article("Greeting card, birds", "Paper", "3.25", "0.90", 3.2),
    Article("Greeting card, botanical", "Paper", "3.25", "0.90", 2.9, (2, 3, 5)),
    Article("Gift wrap, 3 sheets", "Paper", "5.50", "1.70", 1.6, (11, 12)),
    Article("Wall calendar", "Paper", "14.00", "5.10", 0.5, (10, 11, 12, 1)),
    Article("Fountain pen", "Paper", "22.00", "9.40", 0.4),
    Article("Advent calendar house", "Paper", "19.50", "7.80", 0.3, (10, 11)),
    Article("Wooden train", "Children", "21.00", "9.00", 0.7, (11, 12)),
    Article("Picture book, the fox", "Children", "8.99", "4.60", 1.1, (11, 12), (), "zero"),
    Article("Picture book, the harbor", "Children", "8.99", "4.60", 0.9, (6, 7, 8), (), "zero"),
    Article("Soft rabbit", "Children", "17.50", "7.10", 0.9, (3, 4, 12)),
    Article("Stacking rings", "Children", "15.00", "6.20", 0.6),
    Article("Wax crayons", "Children", "9.00", "3.60", 0.8, (8, 9)),
    Article("Shortbread tin", "Pantry", "8.50", "3.90", 1.8, (11, 12), (), "zero"),
    Article("Sea salt caramels", "Pantry", "6.75", "2.90", 1.7, (12, 2)),
    Article("Loose leaf tea, breakfast", "Pantry", "7.25", "2.80", 1.6, (10, 11, 1), (), "zero"),
    Article("Loose leaf tea, mint", "Pantry", "7.25", "2.80", 0.9, (5, 6, 7), (), "zero"),
    Article("Heather honey", "Pantry", "9.75", "4.40", 1.2, (), (), "zero"),
    Article("Raspberry jam", "Pantry", "5.50", "2.30", 1.3, (7, 8), (), "zero"),
    Article("Drinking chocolate", "Pantry", "8.95", "3.70", 1.0, (10, 11, 12, 1), (), "zero"),
    Article("Hand cream", "Bath", "12.50", "4.60", 1.2, (11, 12, 1, 2)),
    Article("Oat soap bar", "Bath", "6.25", "1.90", 1.9, (), ("Plain", "Lavender")),
    Article("Bath salts", "Bath", "13.00", "4.90", 0.9, (11, 12, 1)),
    Article("Cotton face cloth", "Bath", "5.75", "2.00", 0.8),
    Article("Lambswool scarf", "Wear", "38.00", "17.00", 0.6, (10, 11, 12, 1), ("Grey", "Rust", "Pine")),
    Article("Straw hat", "Wear", "27.00", "11.50", 0.4, (5, 6, 7, 8)),
    Article("Canvas tote", "Wear", "12.00", "4.00", 1.3, (6, 7, 8)),
    Article("Bed socks", "Wear", "11.50", "4.30", 0.9, (10, 11, 12, 1)),
    Article("Umbrella", "Wear", "24.00", "10.20", 0.5, (3, 4, 10, 11)),
    Article("Reusable cup", "Kitchen", "13.50", "5.40", 1.0, (), (), "standard", (0.35, 1.0)),
    Article("Risograph print, harbor", "Home", "22.00", "8.00", 0.7, (6, 7, 8), (), "standard", (0.5, 1.0)),
    Article("Neon sign, hello", "Home", "49.00", "26.00", 0.3, (), (), "standard", (0.0, 0.4)),
)

BIKES = (
    Article("Inner tube 28 in", "Parts", "7.90", "2.90", 3.0, (3, 4, 5, 6)),
    Article("Inner tube 26 in", "Parts", "7.50", "2.80", 1.8, (3, 4, 5, 6)),
    Article("City tire 28 in", "Parts", "27.90", "13.20", 1.2, (3, 4, 10)),
    Article("Gravel tire 28 in", "Parts", "44.90", "23.00", 0.7, (4, 5, 6)),
    Article("Chain, 9 speed", "Parts", "24.90", "11.60", 1.0, (3, 4, 5)),
    Article("Chain, 11 speed", "Parts", "34.90", "17.10", 0.8),
    Article("Brake pads, disc", "Parts", "16.90", "6.80", 1.5),
    Article("Brake pads, rim", "Parts", "9.90", "3.90", 1.2),
    Article("Pedals, flat", "Parts", "29.90", "13.90", 0.6),
    Article("Front light, USB", "Lights", "39.90", "18.40", 1.1, (9, 10, 11, 12)),
    Article("Rear light, USB", "Lights", "24.90", "11.20", 1.3, (9, 10, 11, 12)),
    Article("Dynamo light", "Lights", "59.90", "31.00", 0.4, (9, 10, 11)),
    Article("Reflective band", "Lights", "6.90", "1.80", 0.9, (9, 10, 11, 12, 1)),
    Article("Folding lock", "Security", "89.90", "47.00", 0.7, (3, 4, 5, 6)),
    Article("Chain lock", "Security", "49.90", "24.00", 0.8, (3, 4, 5, 6)),
    Article("City helmet", "Helmets", "69.90", "34.00", 0.8, (3, 4, 5), ("S", "M", "L")),
    Article("Children's helmet", "Helmets", "39.90", "18.50", 0.8, (3, 4, 5, 12), ("XS", "S")),
    Article("Floor pump", "Tools", "42.90", "20.10", 0.7, (3, 4)),
    Article("Multitool", "Tools", "26.90", "12.00", 0.8, (5, 6, 12)),
    Article("Tire levers, set of 3", "Tools", "5.90", "1.70", 1.4),
    Article("Puncture kit", "Tools", "4.90", "1.40", 1.9, (3, 4, 5, 6, 7)),
    Article("Chain oil 100 ml", "Care", "9.90", "3.70", 1.8),
    Article("Cleaner 500 ml", "Care", "11.90", "4.60", 0.9, (3, 10)),
    Article("Pannier, single", "Bags", "64.90", "33.00", 0.7, (3, 4, 5, 6)),
    Article("Handlebar bag", "Bags", "49.90", "24.50", 0.5, (5, 6, 7)),
    Article("Bottle 750 ml", "Bags", "9.90", "3.20", 1.2, (5, 6, 7, 8)),
    Article("Bottle cage", "Bags", "8.90", "2.90", 0.7, (5, 6, 7)),
    Article("Rain cape", "Wear", "54.90", "27.00", 0.5, (9, 10, 11, 3, 4), ("M", "L")),
    Article("Winter gloves", "Wear", "34.90", "15.80", 0.7, (10, 11, 12, 1), ("S", "M", "L")),
    Article("Bell, brass", "Parts", "18.90", "7.60", 0.8),
    Article("Child seat", "Parts", "119.00", "68.00", 0.2, (3, 4, 5)),
    Article("Saddle, touring", "Parts", "59.90", "29.40", 0.4, (4, 5, 6)),
)

SHOPS = (
    Shop(
        name="Harbor & Pine",
        currency="GBP",
        timezone="Europe/London",
        locale="en_GB",
        address="12 Quay Street\nFalmouth TR11 3HH",
        tax_id="GB 123 4567 82",
        footer="Thank you. Unused goods can be brought back within 30 days with this receipt.",
        second_place="Store room",
        taxes=(("standard", "VAT 20 %", "0.2"), ("zero", "VAT 0 %", "0")),
        people=(
            ("owner", "Olivia Hart", "owner@harbor-pine.example"),
            ("manager", "Marcus Bell", "manager@harbor-pine.example"),
            ("cashier", "Cara Nolan", "cashier@harbor-pine.example"),
            ("clerk", "Callum Reid", "clerk@harbor-pine.example"),
        ),
        articles=GIFTS,
        customers=(
            "Ada Whitmore", "Ben Okafor", "Chloe Trevena", "Daniel Price", "Elsie Moran", "Farid Haddad",
            "Grace Penrose",
            "Hugh Lockwood", "Imogen Shaw", "Jack Tremayne", "Keira Boyle", "Liam Foster", "Maya Patel", "Nora Quinn",
            "Oscar Blythe", "Priya Nair", "Quentin Rowe", "Rosa Delgado", "Sam Whitaker", "Tess Kernow", "Uma Reddy",
            "Victor Lang", "Wendy Cole", "Xavier Dunn", "Yara Khan", "Zoe Carlyon", "Alfie Grant", "Bea Nicholls",
            "Colin Frost", "Delia Yeo", "Ewan Bright", "Flora Jewell", "George Pascoe", "Hana Suzuki", "Isla Rundle",
            "Jonah Weeks", "Kitty Marsh", "Leo Angove", "Mabel Rowse", "Ned Sparrow",
        ),
        sales_a_day=26,
        seed=11,
    ),
    Shop(
        name="Speiche",
        currency="EUR",
        timezone="Europe/Berlin",
        locale="en_GB",
        address="Lindenallee 40\n20259 Hamburg",
        tax_id="DE 136 695 976",
        footer="Ride safely. Two years' warranty with this receipt.",
        second_place="Workshop",
        taxes=(("standard", "MwSt 19 %", "0.19"),),
        people=(
            ("owner", "Jonas Petersen", "owner@speiche.example"),
            ("manager", "Mila Brandt", "manager@speiche.example"),
            ("cashier", "Levin Kruse", "cashier@speiche.example"),
            ("clerk", "Ida Voss", "clerk@speiche.example"),
        ),
        articles=BIKES,
        customers=(
            "Anna Lorenz", "Bodo Frank", "Clara Witt", "David Sommer", "Emma Busch", "Finn Ahrens", "Greta Paul",
            "Henry Otto", "Ines Kuhn", "Jannis Roth", "Karla Beck", "Luis Engel", "Marie Haas", "Nils Graf",
            "Ole Jansen", "Paula Wolf",
        ),
        sales_a_day=9,
        seed=23,
        closed_weekdays=(6,),
    ),
)  # fmt: skip
