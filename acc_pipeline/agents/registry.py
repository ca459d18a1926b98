"""Which agent types there are: the three built in, and those that other distributions bring by entry point.

A plug-in names its class (or a ready instance) under the entry point group `acc_pipeline.agent_types`, the entry's name
being the agent type's key. What an agent type must answer is in `base.py`.
"""

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from pydantic import BaseModel

from acc_pipeline.agents.base import AgentType

GROUP = "acc_pipeline.agent_types"
BUILT_IN = {
    "search": "acc_pipeline.agents.search:SearchAgent",
    "swe": "acc_pipeline.agents.swe:SweAgent",
    "sql": "acc_pipeline.agents.sql:SqlAgent",
}


def names() -> list[str]:
    """Every agent type's key, built-in ones first. Imports nothing."""
    return [*BUILT_IN, *(entry.name for entry in _plug_ins())]


def agent_type(name: str, *, options: BaseModel | None = None) -> AgentType:
    """The agent type of that key, a built-in one with `options` of its own kind, else with its defaults.

    Raises `ValueError` naming the allowed keys.
    """
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        found = getattr(import_module(module), attribute)
        return _ready(found(options) if options is not None else found, name=name)
    for entry in _plug_ins():
        if entry.name == name:
            return _ready(entry.load(), name=name)
    raise ValueError(f"agent type {name!r} is not known; allowed: {', '.join(names())}")


def agent_types() -> dict[str, AgentType]:
    """All agent types by key, each with its default options."""
    return {name: agent_type(name) for name in names()}


def _plug_ins() -> list[Any]:
    found = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    for entry in found:
        if entry.name in BUILT_IN:
            raise ValueError(
                f"entry point {entry.value!r} ({GROUP}) takes the name of the built-in {entry.name!r}: rename it"
            )
    return found


def _ready(found: Any, *, name: str) -> AgentType:
    agent: AgentType = found() if isinstance(found, type) else found
    if agent.name != name:
        raise ValueError(f"agent type registered as {name!r} calls itself {agent.name!r}: the two must be equal")
    return agent
