"""Wind force and the rules that close the harbour."""

from .units import KMH_PER_KNOT

# upper limit in knots of Beaufort 0 to 11; above the last it is 12
LIMITS = [0, 3, 6, 10, 16, 21, 27, 33, 40, 47, 55, 63]


def beaufort(knots: float) -> int:
    """Wind force 0 to 12 from knots, rounded to full knots as the anemometer prints them."""
    if knots < 0:
        raise ValueError("wind speed cannot be negative")
    whole = int(knots + 0.5)
    for force, limit in enumerate(LIMITS):
        if whole <= limit:
            return force
    return 12


def from_kmh(kmh: float) -> int:
    """Wind force from kilometres an hour."""
    return beaufort(kmh / KMH_PER_KNOT)


def harbour_state(knots: float, swell: float) -> str:
    """open, restricted or closed, from wind in knots and swell in metres; the worse of the two decides."""
    force = beaufort(knots)
    if force >= 9 or swell >= 4.0:
        return "closed"
    if force >= 7 or swell >= 2.5:
        return "restricted"
    return "open"


def gust_factor(readings: list[float]) -> float:
    """The strongest reading over the mean; 1.0 in still air."""
    if not readings:
        raise ValueError("no readings")
    mean = sum(readings) / len(readings)
    return max(readings) / mean if mean else 1.0
