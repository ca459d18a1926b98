"""The engine that a setting names. The only place that knows all of them."""

from typing import Literal

from acc_pipeline.compute.engine import Engine
from acc_pipeline.compute.inprocess import InProcessEngine
from acc_pipeline.compute.spawn_pool import SpawnPoolEngine

EngineName = Literal["inprocess", "spawn", "ray"]


def make_engine(name: EngineName, *, workers: int = 1) -> Engine:
    """The engine of that name; `workers` is the number of processes of `spawn`. Another name raises `ValueError`."""
    if name == "inprocess":
        return InProcessEngine()
    if name == "spawn":
        return SpawnPoolEngine(workers=workers)
    if name == "ray":
        raise ValueError(
            "engine 'ray': this version places work on one machine only, with or without the extra acc-pipeline[ray]; "
            "choose 'spawn' or 'inprocess'"
        )
    raise ValueError(f"engine {name!r}: must be 'inprocess' or 'spawn'")
