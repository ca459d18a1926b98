"""Which berth a ship can lie at, and which one she gets."""

from dataclasses import dataclass, field

CLEARANCE = 0.5  # metres that must stay between keel and ground
MOORING_ROOM = 1.1  # a ship needs this many times her length of quay


@dataclass(frozen=True)
class Ship:
    """A ship that asks for a berth; lengths in metres."""

    name: str
    length: float
    draught: float


@dataclass(frozen=True)
class Berth:
    """A stretch of quay; lengths in metres."""

    name: str
    length: float
    depth: float


def fits(ship: Ship, berth: Berth, tide: float = 0.0) -> bool:
    """Whether the ship can lie there at a tide of so many metres above chart datum."""
    long_enough = berth.length >= ship.length * MOORING_ROOM
    deep_enough = berth.depth + tide - ship.draught >= CLEARANCE
    return long_enough and deep_enough


@dataclass
class Quay:
    """The berths of one harbour and who lies at them."""

    berths: list[Berth]
    taken: dict[str, str] = field(default_factory=dict)

    def free(self) -> list[Berth]:
        """Berths at which nobody lies, in the order of the quay."""
        return [b for b in self.berths if b.name not in self.taken]

    def allocate(self, ship: Ship, tide: float = 0.0) -> Berth:
        """The shortest free berth that fits, so that long berths stay open for long ships."""
        fitting = [b for b in self.free() if fits(ship, b, tide)]
        if not fitting:
            raise LookupError(f"no free berth fits {ship.name}")
        berth = min(fitting, key=lambda b: (b.length, b.name))
        self.taken[berth.name] = ship.name
        return berth

    def release(self, ship_name: str) -> Berth:
        """Free the berth at which a ship lies; raises LookupError when she is not in the harbour."""
        for berth in self.berths:
            if self.taken.get(berth.name) == ship_name:
                del self.taken[berth.name]
                return berth
        raise LookupError(f"{ship_name} lies at no berth")
