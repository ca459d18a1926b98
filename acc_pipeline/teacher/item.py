"""What the teacher is given: one compiled context with the options, the store and the grader that go with it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from acc_pipeline.agents.base import AgentType, Context, PlacedPiece
from acc_pipeline.teacher.options import TeacherOptions


class RationaleItem(msgspec.Struct, frozen=True, kw_only=True):
    """One context to explain. `agent` overrides the registry; `api_key` travels with the item and is never stored."""

    context: Context
    split: str
    options: TeacherOptions
    run_id: str = ""
    store_path: Path | None = None
    api_key: str = ""
    agent: AgentType | None = None

    def grader(self) -> AgentType:
        """The agent type that grades answers."""
        if self.agent is not None:
            return self.agent
        from acc_pipeline.agents.registry import agent_type

        return agent_type(self.context.agent_type)

    def __repr__(self) -> str:
        return f"RationaleItem(example_id={self.context.example_id!r}, backend={self.options.backend!r})"


def item_from_row(
    row: Mapping[str, Any],
    *,
    agent_type: str,
    options: TeacherOptions,
    store_path: Path | None = None,
    api_key: str = "",
) -> RationaleItem:
    """An item from a row of compiled_contexts."""
    context = Context(
        example_id=row["example_id"],
        agent_type=agent_type,
        form=row["form"],
        question=row["question"],
        prompt=row["prompt"],
        answer=row["answer"],
        tokens=row["tokens"],
        budget=row["budget"],
        seed=row["seed"],
        pieces=msgspec.json.decode(row["pieces"], type=list[PlacedPiece]),
        checks=json.loads(row["checks"] or "{}"),
        messages=row["messages"] or "",
    )
    return RationaleItem(
        context=context,
        split=row["split"],
        options=options,
        run_id=row["run_id"],
        store_path=store_path,
        api_key=api_key,
    )
