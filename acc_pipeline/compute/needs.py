"""What one piece of work needs of a machine. Every engine and every executor reads this one description.

Only the description: an engine turns it into slots, an executor into its own tags.
"""

from msgspec import Struct


class Needs(Struct, frozen=True, kw_only=True):
    """Needs of one item: CPU cores, GPUs, memory in GB, and machines (`nodes` > 1 needs an engine that has several)."""

    cpus: int = 1
    gpus: int = 0
    memory_gb: float = 0
    nodes: int = 1

    def __post_init__(self) -> None:
        if self.cpus < 1 or self.nodes < 1 or self.gpus < 0 or self.memory_gb < 0:
            raise ValueError(f"{self}: cpus and nodes must be at least 1, gpus and memory_gb at least 0")
