"""The way in: simulated agents of one type, or of all, write logs, references and databases into a folder.

Equal arguments give equal bytes. What each type writes is in `simulate_search`, `simulate_swe` and `simulate_sql`.
"""

from collections.abc import Callable
from pathlib import Path

from acc_pipeline.simulation import simulate_search, simulate_sql, simulate_swe
from acc_pipeline.simulation.records import Manifest

_BY_TYPE: dict[str, Callable[..., Manifest]] = {
    "search": simulate_search.simulate,
    "swe": simulate_swe.simulate,
    "sql": simulate_sql.simulate,
}

AGENT_TYPES = tuple(_BY_TYPE)


def simulate(
    agent_type: str,
    *,
    out: Path,
    runs: int = 18,
    wrong: int = 4,
    seed: int = 7,
    formats: list[str] | None = None,
    defects: bool = True,
) -> Manifest:
    """Fill `out` with `inbox/<agent type>/…`, `references/<agent type>/*.jsonl`, `databases/<name>/…` and
    `manifests/<agent type>.json`, and give the manifest back.

    `formats` limits the log formats (all that the type has when None). `defects` adds what a real inbox holds as well:
    incomplete evidence, a missing reference or database, a broken line, a foreign file. Raises ValueError for an
    unknown agent type or format, and where the world has fewer tasks than `runs`.
    """
    if agent_type not in _BY_TYPE:
        raise ValueError(f"unknown agent type {agent_type!r}: choose from {', '.join(_BY_TYPE)}")
    return _BY_TYPE[agent_type](out, runs=runs, wrong=wrong, seed=seed, formats=formats, defects=defects)


def simulate_all(out: Path, *, runs: int = 18, wrong: int = 4, seed: int = 7) -> list[Manifest]:
    """All agent types, with everything that `simulate` adds by default."""
    return [simulate(name, out=out, runs=runs, wrong=wrong, seed=seed) for name in _BY_TYPE]
