"""Lengths, speeds and weights in the units that ships' papers use."""

METRES_PER_FOOT = 0.3048
METRES_PER_FATHOM = 1.8288
KMH_PER_KNOT = 1.852
KILOS_PER_LONG_TON = 1016.0469

_LENGTH_UNITS = {"m": 1.0, "ft": METRES_PER_FOOT, "fm": METRES_PER_FATHOM}


def parse_length(text: str) -> float:
    """Metres from texts such as "12.5 m", "41 ft" or "1,250 ft"; a bare number is metres."""
    cleaned = text.strip().lower().replace(",", "")
    for suffix in ("ft", "fm", "m"):
        if cleaned.endswith(suffix):
            return float(cleaned[: -len(suffix)]) * _LENGTH_UNITS[suffix]
    return float(cleaned)


def format_length(metres: float, unit: str = "m") -> str:
    """A length with one decimal and its unit, as the berth board shows it."""
    if unit not in _LENGTH_UNITS:
        raise ValueError(f"unknown unit {unit!r}: use one of {', '.join(sorted(_LENGTH_UNITS))}")
    return f"{metres / _LENGTH_UNITS[unit]:.1f} {unit}"


def knots_to_kmh(knots: float) -> float:
    """Speed over ground in kilometres an hour."""
    return knots * KMH_PER_KNOT


def passage_hours(nautical_miles: float, knots: float) -> float:
    """Hours under way at a steady speed; a ship that does not move never arrives."""
    if knots <= 0:
        raise ValueError("a passage needs a speed above zero")
    return nautical_miles / knots


def long_tons_to_tonnes(long_tons: float) -> float:
    """Metric tonnes of a weight in long (imperial) tons."""
    return long_tons * KILOS_PER_LONG_TON / 1000
