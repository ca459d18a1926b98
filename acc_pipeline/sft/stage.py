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

from acc_pipeline.agents.control import has_control, neutralise, restore
from acc_pipeline.contexts.tokens import TokenCounter
from acc_pipeline.lake.runs import Produced, RejectRow
from acc_pipeline.privacy.scrub import scrub_text
from acc_pipeline.sft import decontamination
from acc_pipeline.sft.examples import chat, completion_text, context_length, supervised_text
from acc_pipeline.sft.options import SftOptions

_OVERLAP_CURE = "none needed: what evaluation asks must not be trained on"
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

    `source` is where the run was read (path, sha256, row, licence). `duplicate_of` names the example that this one
    repeats. `eval_index` is the folder that `decontamination.save` wrote; None: nothing to compare with.
    """

    compiled: dict[str, Any]
    rationale: dict[str, Any] | None
    options: SftOptions
    tokenizer_dir: Path
    source: dict[str, Any] = {}
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
    row_made = _row(item, rationale=item.rationale)
    prompt, completion, budget = row_made["tokens_prompt"], row_made["tokens_completion"], row["budget"]
    if prompt + completion > budget:  # what `compile` kept free for the completion was a guess
        detail = (
            f"prompt {prompt} and completion {completion} take {prompt + completion} tokens, the budget is {budget}"
        )
        cure = f"raise the compile options' reserve to {completion} or more, or the budget to {prompt + completion}"
        return _reject(item, reason="over_budget", detail=detail, cure=cure)
    if item.eval_index is None:
        return Produced(outputs=[row_made])
    return _compared(item, row=row_made, index=decontamination.load(item.eval_index))


def _row(item: SftItem, *, rationale: Mapping[str, Any]) -> dict[str, Any]:
    compiled = item.compiled
    flags = _flags(item, rationale=rationale)
    private = scrub_text(_context_text(item))[1]
    flags += [f"private_in_context:{kind}:{count}" for kind, count in sorted(private.items())]
    if compiled["form"] == "multi-turn":
        messages = json.loads(compiled["messages"])
        completion, dialogs = supervised_text(messages), ""
    else:
        reasoning, scrubbed = scrub_text(rationale["reasoning"])
        if private:  # what it quotes stands in the prompt as well: replacing it here alone would make it untrue
            reasoning, scrubbed = rationale["reasoning"], {}
        flags += ["rationale_scrubbed"] if scrubbed else []
        completion = completion_text(_harmless(reasoning), answer=compiled["answer"])
        messages = chat(compiled["prompt"], completion=completion)
        dialogs = _dump(messages)
    tokens_prompt, tokens_completion = _tokens(item, messages=messages, completion=completion)
    return {
        **_identity(item),
        "messages": _dump(messages),
        "dialogs": dialogs,
        "completion": completion,
        "ground_truth_answer": compiled["answer"],
        "context_length": context_length(compiled["tokens"]),
        "tokens_prompt": tokens_prompt,
        "tokens_completion": tokens_completion,
        "source": _dump({"run_id": compiled["run_id"], **item.source}),
        "licence": item.source.get("licence") or item.options.licence,
        "flags": _dump(flags),
    }


def _tokens(item: SftItem, *, messages: list[dict[str, Any]], completion: str) -> tuple[int, int]:
    """(prompt, completion) tokens. Of a chat of two messages both are exact: what the template writes for the whole
    chat, less the prompt that `compile` counted. Of a multi-turn chat the completion is its text without the frame."""
    counter = TokenCounter(item.tokenizer_dir)
    whole = item.compiled["tokens"]
    if item.compiled["form"] == "multi-turn":
        own = counter.count(completion)
        return whole - own, own
    return whole, counter.count_chat(messages, generate=False) - whole


def _harmless(reasoning: str) -> str:
    """A teacher's text with control strings neutralised as in the prompt, where its quotations have them so already."""
    return neutralise(restore(reasoning)) if has_control(reasoning) else reasoning


def _compared(item: SftItem, *, row: dict[str, Any], index: decontamination.EvalIndex) -> Produced:
    """The row, its overlap with evaluation items judged. Question, rationale and answer decide, which are the same for
    every form: so all forms of an example stay or go together."""
    question = item.compiled["question"]
    if decontamination.same_question(question, index=index):
        return _reject(item, reason="contaminated", detail="its question is an evaluation item's", cure=_OVERLAP_CURE)
    rationale = item.rationale or {}
    for name, text in (
        ("question", question),
        ("rationale", rationale["reasoning"]),
        ("answer", row["ground_truth_answer"]),
    ):
        found = decontamination.overlap(text, index=index)
        if found.runs:
            detail = (
                f"{name}: {found.runs} runs of {index.ngram} words as in evaluation items, such as {found.sample!r}"
            )
            return _reject(item, reason="contaminated", detail=detail, cure=_OVERLAP_CURE)
    found = decontamination.overlap(_context_text(item), index=index)
    if not found.runs:
        return Produced(outputs=[row])
    if item.options.context_overlap == "reject":
        detail = f"context: {found.runs} runs of {index.ngram} words as in evaluation items, such as {found.sample!r}"
        return _reject(item, reason="contaminated_context", detail=detail, cure=_OVERLAP_CURE)
    flags = [*json.loads(row["flags"]), f"eval_overlap_in_context:{found.runs}"]
    return Produced(outputs=[{**row, "flags": _dump(flags)}])


def _context_text(item: SftItem) -> str:
    if item.compiled["form"] != "multi-turn":
        return str(item.compiled["prompt"])
    return "\n".join(str(message.get("content") or "") for message in json.loads(item.compiled["messages"]))


def _flags(item: SftItem, *, rationale: Mapping[str, Any]) -> list[str]:
    flags = []
    if item.compiled.get("sufficiency") == "unknown" and item.compiled["form"] != "multi-turn":
        flags.append("sufficiency_unknown")
    if rationale.get("model") == "rule":
        flags.append("rule_rationale")
    return flags


def _identity(item: SftItem) -> dict[str, Any]:
    row = item.compiled
    return {key: row.get(key) or "" for key in ("example_id", "run_id", "form", "split", "task_id")}


def _reject(item: SftItem, *, reason: str, detail: str, cure: str) -> Produced:
    return Produced(rejects=[RejectRow(reason=reason, detail=detail, cure=cure, columns=_identity(item))])


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
