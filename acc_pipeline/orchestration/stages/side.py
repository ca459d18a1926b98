"""The side inputs of a run, found from its task alone: a rerun that has nothing to do never decodes a whole record."""

import msgspec

from acc_pipeline.agents.base import AgentType, Needs
from acc_pipeline.trajectories.schema import Source, Task, Trajectory

_NO_SOURCE = Source(format="", path="", sha256="")


def needs_of_task(agent: AgentType, task: str) -> Needs:
    """What a run wants, from the `task` column (JSON); agent types may look at nothing else to say so."""
    decoded = msgspec.json.decode(task, type=Task)
    return agent.needs(Trajectory(run_id="", source=_NO_SOURCE, task=decoded, steps=[]))
