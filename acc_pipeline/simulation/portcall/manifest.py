"""Cargo manifests: one line a consignment, `mark;commodity;tonnes;hazard class`."""

from collections import defaultdict
from dataclasses import dataclass

SEPARATE = {(1, 3), (2, 5), (3, 5), (4, 8), (5, 8)}  # pairs of hazard classes that may not lie in one hold


@dataclass(frozen=True)
class Consignment:
    """One line of a manifest; hazard class 0 is harmless."""

    mark: str
    commodity: str
    tonnes: float
    hazard: int = 0


def parse_line(line: str, number: int) -> Consignment:
    """One consignment; a missing hazard class is 0. Errors name the line."""
    fields = [f.strip() for f in line.split(";")]
    if len(fields) not in (3, 4):
        raise ValueError(f"line {number}: 3 or 4 fields expected, {len(fields)} found")
    hazard = int(fields[3]) if len(fields) == 4 and fields[3] else 0
    return Consignment(mark=fields[0], commodity=fields[1].lower(), tonnes=float(fields[2]), hazard=hazard)


def parse(text: str) -> list[Consignment]:
    """All consignments of a manifest, blank lines left out."""
    return [parse_line(line, number) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]


def tonnes_by_commodity(cargo: list[Consignment]) -> dict[str, float]:
    """Total weight of each commodity, heaviest first."""
    totals: dict[str, float] = defaultdict(float)
    for item in cargo:
        totals[item.commodity] += item.tonnes
    return dict(sorted(totals.items(), key=lambda pair: (-pair[1], pair[0])))


def conflicts(cargo: list[Consignment]) -> list[tuple[str, str]]:
    """Pairs of marks whose hazard classes must be kept apart, each pair once, in the order of the manifest."""
    found = []
    for position, first in enumerate(cargo):
        for second in cargo[position + 1 :]:
            pair = (min(first.hazard, second.hazard), max(first.hazard, second.hazard))
            if pair in SEPARATE:
                found.append((first.mark, second.mark))
    return found
