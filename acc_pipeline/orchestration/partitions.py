"""The two partition sets of the graph and how one maps to the other. Keys are never renamed: history hangs on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from acc_pipeline.settings import Settings


@dataclass(frozen=True)
class Partitions:
    """Agent types (search, swe, sql, …), arms (base, acc, …) and the arms that each agent type's rows go to."""

    agent_types: dg.StaticPartitionsDefinition
    arms: dg.StaticPartitionsDefinition
    agent_types_to_arms: dg.StaticPartitionMapping


def build_partitions(settings: Settings) -> Partitions:
    """Both sets from the profile: a new agent type or arm there is a new partition here."""
    arms_by_type: Mapping[str, Sequence[str]] = {
        agent_type: [name for name, arm in settings.arms.items() if agent_type in arm.agent_types]
        for agent_type in settings.agent_types
    }
    return Partitions(
        agent_types=dg.StaticPartitionsDefinition(list(settings.agent_types)),
        arms=dg.StaticPartitionsDefinition(list(settings.arms)),
        agent_types_to_arms=dg.StaticPartitionMapping({k: v for k, v in arms_by_type.items() if v}),
    )
