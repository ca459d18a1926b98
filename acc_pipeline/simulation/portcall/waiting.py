"""Ships at anchor that wait for a berth, by urgency and then by arrival."""

import heapq
from dataclasses import dataclass, field

URGENT, NORMAL, LAY_BY = 0, 1, 2


@dataclass
class WaitingList:
    """A queue in which ships of the same urgency keep the order of their arrival."""

    entries: list[tuple[int, int, str]] = field(default_factory=list)
    arrived: int = 0

    def add(self, ship: str, urgency: int = NORMAL) -> None:
        """Put a ship at the end of her class."""
        if any(name == ship for _, _, name in self.entries):
            raise ValueError(f"{ship} is waiting already")
        heapq.heappush(self.entries, (urgency, self.arrived, ship))
        self.arrived += 1

    def next(self) -> str:
        """Take the ship whose turn it is off the list."""
        if not self.entries:
            raise LookupError("nobody is waiting")
        return heapq.heappop(self.entries)[2]

    def promote(self, ship: str) -> None:
        """Make a waiting ship urgent; she keeps the place that her arrival gives her."""
        for position, (_, order, name) in enumerate(self.entries):
            if name == ship:
                self.entries[position] = (URGENT, order, name)
                heapq.heapify(self.entries)
                return
        raise LookupError(f"{ship} is not waiting")

    def order(self) -> list[str]:
        """All who wait, in the order in which they will be called."""
        return [name for _, _, name in sorted(self.entries)]
