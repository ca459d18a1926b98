"""The stage sft_dataset: a compiled context and its kept rationale become one training row, or a reject.

Every form of an example takes the rationale that was written for its form `pieces`; the multi-turn form carries the
run's own chat instead, but only for examples that have a kept rationale, so that all arms compare the same examples.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from acc_pipeline.lake.runs import Produced, RejectRow
from acc_pipeline.sft.examples import chat, completion_text, context_length, supervised_text
from acc_pipeline.sft.options import SftOptions

COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "example_id": pl.String,
    "run_id": pl.String,
    "form": pl.String,
    "messages": pl.String,  # JSON: the chat to train on
    "dialogs": pl.String,  # JSON: exactly two messages, as the released data has them; "" for multi-turn
    "completion": pl.String,  # the text that carries loss
    "ground_truth_answer": pl.String,
    "context_length": pl.String,  # such as "4k"
    "tokens_prompt": pl.Int64,
    "tokens_completion": pl.Int64,
    "split": pl.String,
    "task_id": pl.String,
    "source": pl.String,  # JSON: log path, sha256, row
    "licence": pl.String,
    "flags": pl.String,  # JSON list
}


class SftItem(msgspec.Struct, frozen=True, kw_only=True):
    """One row of compiled_contexts with the kept rationale of its example.

    `source` is where the run was read (path, sha256, row, licence). `tokenizer_dir` counts the completion; without it
    the completion is not counted by tokens but by white space, which only tests want. `duplicate_of` names the
    example that this one repeats. `eval_index` is the file that `decontamination.save` wrote.
    """

    compiled: dict[str, Any]
    rationale: dict[str, Any] | None
    options: SftOptions
    source: dict[str, Any] = {}
    tokenizer_dir: Path | None = None
    eval_index: Path | None = None
    duplicate_of: str = ""


def process(item: SftItem) -> Produced:
    """One output or one reject."""
    row = item.compiled
    if row["split"] == "held-out":
        return _reject(item, reason="held_out", detail="the task is in the held-out split", cure="none needed")
    if item.rationale is None:
        cure = "none needed when the teacher found no right answer; else rerun teacher_rationales"
        return _reject(item, reason="no_rationale", detail="the example has no kept rationale", cure=cure)
    if item.duplicate_of:
        detail = f"same question and answer as example {item.duplicate_of}"
        return _reject(item, reason="duplicate", detail=detail, cure="none needed: the other example is kept")
    return Produced(outputs=[_row(item, rationale=item.rationale)])


def _row(item: SftItem, *, rationale: Mapping[str, Any]) -> dict[str, Any]:
    compiled = item.compiled
    if compiled["form"] == "multi-turn":
        messages = json.loads(compiled["messages"])
        completion, dialogs = supervised_text(messages), ""
    else:
        completion = completion_text(rationale["reasoning"], answer=compiled["answer"])
        messages = chat(compiled["prompt"], completion=completion)
        dialogs = _dump(messages)
    return {
        **_identity(item),
        "messages": _dump(messages),
        "dialogs": dialogs,
        "completion": completion,
        "ground_truth_answer": compiled["answer"],
        "context_length": context_length(compiled["tokens"]),
        "tokens_prompt": compiled["tokens"],
        "tokens_completion": _count(completion, tokenizer_dir=item.tokenizer_dir),
        "source": _dump({"run_id": compiled["run_id"], **item.source}),
        "licence": item.source.get("licence") or item.options.licence,
        "flags": _dump(_flags(item, rationale=rationale)),
    }


def _flags(item: SftItem, *, rationale: Mapping[str, Any]) -> list[str]:
    flags = []
    if item.compiled.get("sufficiency") == "unknown":
        flags.append("sufficiency_unknown")
    if rationale.get("model") == "rule":
        flags.append("rule_rationale")
    return flags


def _identity(item: SftItem) -> dict[str, Any]:
    row = item.compiled
    return {key: row.get(key) or "" for key in ("example_id", "run_id", "form", "split", "task_id")}


def _reject(item: SftItem, *, reason: str, detail: str, cure: str) -> Produced:
    return Produced(rejects=[RejectRow(reason=reason, detail=detail, cure=cure, columns=_identity(item))])


def _count(text: str, *, tokenizer_dir: Path | None) -> int:
    if tokenizer_dir is None:
        return len(text.split())
    from acc_pipeline.contexts.tokens import token_counter

    return token_counter(tokenizer_dir).count(text)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
