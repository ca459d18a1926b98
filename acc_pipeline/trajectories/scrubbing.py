"""A whole trajectory through the scrubber: every text, argument, item and answer, with one set of placeholders.

The rules are in `privacy`; provenance (`source`, `run_id`) stays as it is, since it must still find the log.
"""

from typing import Any

import msgspec

from acc_pipeline.privacy.scrub import Scrubber
from acc_pipeline.trajectories.schema import Trajectory

_KEPT = {"source", "run_id"}


def scrub_trajectory(trajectory: Trajectory) -> tuple[Trajectory, dict[str, int]]:
    """(the trajectory with nothing secret in it, replacements by kind). A run without findings comes back unchanged."""
    scrubber = Scrubber()
    plain = msgspec.to_builtins(trajectory)
    cleaned = {key: value if key in _KEPT else _walk(value, scrubber) for key, value in plain.items()}
    if not scrubber.counts:
        return trajectory, {}
    return msgspec.convert(cleaned, Trajectory), dict(sorted(scrubber.counts.items()))


def _walk(value: Any, scrubber: Scrubber) -> Any:
    if isinstance(value, str):
        return scrubber.scrub(value)
    if isinstance(value, list):
        return [_walk(item, scrubber) for item in value]
    if isinstance(value, dict):
        return {key: _walk(item, scrubber) for key, item in value.items()}
    return value
