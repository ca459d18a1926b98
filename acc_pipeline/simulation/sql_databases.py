"""Three small databases with generated rows, as Arrow tables: what simulated sql agents are asked about.

Numbers that questions rank by are drawn without repeats, so that no answer hangs on the order of equal rows.
"""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

_SHIPS = [
    "Alder Queen",
    "Bracken",
    "Corvina",
    "Dunlin",
    "Eider",
    "Fulmar",
    "Grey Petrel",
    "Hesper",
    "Isla Rone",
    "Juno May",
    "Kittiwake",
    "Loxia",
    "Merganser",
    "Nerys",
]
_FLAGS = ("Norra", "Veskland", "Port Hollis", "Tarrow", "Isle of Senn")
_OWNERS = ("Brandeth Lines", "Orlan Shipping", "Widow Hale & Sons", None)
_GOODS = ("timber", "salt", "grain", "slate", "herring", "wool")
_GROWERS = [
    "Anselm Roke",
    "Berit Vane",
    "Cass Ollery",
    "Dorn Haviland",
    "Elspet Marr",
    "Fenna Quist",
    "Gregor Pell",
    "Hild Sorrow",
    "Ivo Tarn",
    "Jory Blythe",
]
_VALLEYS = ("Upper Senn", "Lower Senn", "Mossgate", "Hollow Brook")
_VARIETIES = (
    ("Ashby Russet", "apple", "M9"),
    ("Cinder Pippin", "apple", "M26"),
    ("Lammas Gold", "apple", None),
    ("Widow's Blush", "apple", "M9"),
    ("Grey Doyen", "pear", "Quince A"),
    ("Saltmere Bergamot", "pear", None),
    ("Black Harriet", "cherry", "Colt"),
    ("Ember Damson", "plum", "Pixy"),
)
_MEMBERS = ("Tova Lindqvist", "Rhys Aldous", "Mina Castell", "Oren Bly", "Petra Nance", "Silas Warde")
_BOOKS = ("The Salt Road", "Birds of Senn", "A Short Winter", "Knots and Hitches", "The Lamp Maker", "Dry Stone")

Tables = dict[str, pa.Table]


def _table(columns: list[tuple[str, pa.DataType]], rows: list[tuple[Any, ...]]) -> pa.Table:
    return pa.table(
        {name: pa.array([row[i] for row in rows], type=kind) for i, (name, kind) in enumerate(columns)},
        schema=pa.schema(columns),
    )


def harbour_office(draw: random.Random) -> Tables:
    """Vessels, berths, port calls (some still in port: `left_at` NULL) and the cargo of each call."""
    tonnages = draw.sample(range(180, 9400), len(_SHIPS))
    vessels = [
        (i + 1, name, draw.choice(_FLAGS), tonnages[i], date(draw.randint(1968, 2019), draw.randint(1, 12), 14), owner)
        for i, (name, owner) in enumerate((name, draw.choice(_OWNERS)) for name in _SHIPS)
    ]
    depths = draw.sample(range(38, 128), 8)
    berths = [(f"{'NS'[i % 2]}{i // 2 + 1}", "North" if i % 2 == 0 else "South", d) for i, d in enumerate(depths)]
    fees = draw.sample(range(3500, 99900), 26)
    calls = []
    for i in range(26):
        arrived = datetime(2031, 3, 1, 6, 0) + timedelta(
            hours=29 * i + draw.randint(0, 20), minutes=draw.randint(0, 59)
        )
        left = None if i > 22 else arrived + timedelta(minutes=draw.randint(200, 4000))
        berth = draw.choice(berths)[0]
        calls.append((501 + i, draw.randint(1, len(_SHIPS)), berth, arrived, left, Decimal(fees[i]) / 100))
    cargo = []
    weights = iter(draw.sample(range(40, 9800), 64))
    for call in calls:
        for goods in draw.sample(_GOODS, draw.choice([1, 1, 2])):
            cargo.append((call[0], goods, next(weights) / 10))
    return {
        "vessels": _table(
            [
                ("vessel_id", pa.int32()),
                ("name", pa.string()),
                ("flag", pa.string()),
                ("gross_tonnage", pa.int32()),
                ("launched", pa.date32()),
                ("owner", pa.string()),
            ],
            vessels,
        ),
        "berths": _table(
            [("berth", pa.string()), ("quay", pa.string()), ("depth_m", pa.decimal128(4, 1)), ("crane", pa.bool_())],
            [(name, quay, Decimal(depth) / 10, draw.random() < 0.5) for name, quay, depth in berths],
        ),
        "port_calls": _table(
            [
                ("call_id", pa.int32()),
                ("vessel_id", pa.int32()),
                ("berth", pa.string()),
                ("arrived", pa.timestamp("us")),
                ("left_at", pa.timestamp("us")),
                ("fee", pa.decimal128(8, 2)),
            ],
            calls,
        ),
        "cargo": _table([("call_id", pa.int32()), ("goods", pa.string()), ("tonnes", pa.float64())], cargo),
    }


def orchard_coop(draw: random.Random) -> Tables:
    """Growers, fruit varieties (some without a rootstock) and deliveries to the cooperative."""
    areas = draw.sample(range(11, 240), len(_GROWERS))
    growers = [
        (i + 1, name, draw.choice(_VALLEYS), date(draw.randint(1989, 2026), draw.randint(1, 12), 1), Decimal(area) / 10)
        for i, (name, area) in enumerate(zip(_GROWERS, areas, strict=True))
    ]
    kilos = draw.sample(range(60, 2900), 30)
    deliveries = [
        (
            9001 + i,
            draw.randint(1, len(_GROWERS) - 2),  # the last growers deliver nothing: outer joins have something to find
            draw.choice(_VARIETIES[:-1])[0],
            date(2030, 8, 18) + timedelta(days=2 * i + draw.randint(0, 1)),
            kilos[i],
            draw.choice("AAB"),
            Decimal(draw.randint(31, 240)) / 100,
        )
        for i in range(30)
    ]
    return {
        "growers": _table(
            [
                ("grower_id", pa.int32()),
                ("name", pa.string()),
                ("valley", pa.string()),
                ("joined", pa.date32()),
                ("hectares", pa.decimal128(5, 1)),
            ],
            growers,
        ),
        "varieties": _table(
            [("variety", pa.string()), ("fruit", pa.string()), ("rootstock", pa.string())], list(_VARIETIES)
        ),
        "deliveries": _table(
            [
                ("delivery_id", pa.int32()),
                ("grower_id", pa.int32()),
                ("variety", pa.string()),
                ("delivered", pa.date32()),
                ("kilos", pa.int32()),
                ("grade", pa.string()),
                ("price_per_kilo", pa.decimal128(5, 2)),
            ],
            deliveries,
        ),
    }


def reading_room(draw: random.Random) -> Tables:
    """Members and loans of a library. Its files are left out on purpose where a missing database is wanted."""
    members = [(i + 1, name, draw.randint(1995, 2030)) for i, name in enumerate(_MEMBERS)]
    lent = [date(2031, 1, 6) + timedelta(days=3 * i) for i in range(16)]
    loans = [
        (
            i + 1,
            draw.randint(1, len(_MEMBERS)),
            draw.choice(_BOOKS),
            day,
            None if draw.random() < 0.3 else day + timedelta(20),
        )
        for i, day in enumerate(lent)
    ]
    return {
        "members": _table([("member_id", pa.int32()), ("name", pa.string()), ("since", pa.int32())], members),
        "loans": _table(
            [
                ("loan_id", pa.int32()),
                ("member_id", pa.int32()),
                ("title", pa.string()),
                ("lent", pa.date32()),
                ("returned", pa.date32()),
            ],
            loans,
        ),
    }


DATABASES = {"harbour_office": harbour_office, "orchard_coop": orchard_coop, "reading_room": reading_room}


def build(name: str, *, seed: int) -> Tables:
    """The tables of one database; the same for the same name and seed."""
    return DATABASES[name](random.Random(f"{seed} {name}"))
