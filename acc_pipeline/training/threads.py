"""How a program of ours that computes with torch shares a machine's cores with whatever else runs on it.

To be called before torch is imported; imports nothing heavy itself.
"""

import os


def calm_threads() -> None:
    """Idle OpenMP threads of this process sleep instead of spinning.

    Spinning costs nothing on an idle machine and a factor of three on a busy one: threads that wait for a sibling
    without a core burn the core that the sibling waits for. The OpenMP runtime reads the variable once, when loaded.
    """
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
