"""The stage eval_items: items of every benchmark as rows of one shape, and the chats that are made from such a row.

Generators and graders are in mrcr.py and graphwalks*.py; this module only brings their columns together. No torch.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from acc_pipeline.evaluation import graphwalks, mrcr
from acc_pipeline.evaluation.graphwalks_prompt import parse_prompt
from acc_pipeline.evaluation.options import EvaluationOptions

RULES_VERSION = 1
BENCHMARKS = ("mrcr", "graphwalks")

COLUMNS: dict[str, pl.DataType | type[pl.DataType]] = {
    "item_id": pl.String,  # unique over benchmarks; changes with the prompt
    "subset": pl.String,  # mrcr: "2-needle"…; graphwalks: "parents" or "bfs"
    "prompt": pl.String,  # JSON list of chat messages
    "answer": pl.String,  # JSON: the answer's text (mrcr) or a list of nodes (graphwalks)
    "meta": pl.String,  # JSON object: the official columns but prompt and answer
    "tokens": pl.Int64,  # mrcr: all contents and the answer; graphwalks: the prompt; no chat template
    "needed": pl.String,  # JSON: {"messages": indices} or {"lines": edge indices} that the answer rests on
}
_ANSWER = {"mrcr": "answer", "graphwalks": "answer_nodes"}


def generate_items(options: EvaluationOptions, *, count: Callable[[str], int]) -> dict[str, list[dict[str, Any]]]:
    """Rows of COLUMNS by benchmark; `count` gives the tokens of a text. Asking for more items keeps the first ones."""
    made = {
        "mrcr": official_mrcr(
            items=options.mrcr_items,
            needles=options.mrcr_needles,
            tokens=options.mrcr_tokens,
            seed=options.seed,
            count=count,
        ),
        "graphwalks": official_graphwalks(
            items=options.graphwalks_items,
            variant=options.graphwalks_variant,
            tokens=options.graphwalks_tokens,
            seed=options.seed,
            count=count,
        ),
    }
    return {
        benchmark: [item_row(benchmark, row, index=index, count=count) for index, row in enumerate(rows)]
        for benchmark, rows in made.items()
        if rows
    }


def official_mrcr(
    *, items: int, needles: tuple[int, ...], tokens: int, seed: int, count: Callable[[str], int]
) -> list[dict[str, Any]]:
    """Rows in the official columns, the numbers of needles taking turns."""
    n = len(needles)
    return [
        mrcr.make_row(n_needles=needles[at % n], tokens=tokens, seed=seed, index=at // n, count=count)
        for at in range(items)
    ]


def official_graphwalks(
    *, items: int, variant: graphwalks.Variant, tokens: int, seed: int, count: Callable[[str], int]
) -> list[dict[str, Any]]:
    """Rows in the official columns, parents and bfs taking turns."""
    problems = graphwalks.PROBLEMS
    return [
        graphwalks.make_row(
            problem=problems[at % 2], variant=variant, tokens=tokens, seed=seed, index=at // 2, count=count
        )
        for at in range(items)
    ]


def item_row(benchmark: str, official: Mapping[str, Any], *, index: int, count: Callable[[str], int]) -> dict[str, Any]:
    """A row of COLUMNS from a row in the official columns, generated or published."""
    answer = official[_ANSWER[benchmark]]
    if benchmark == "mrcr":
        messages = mrcr.messages_of(official)
        tokens = sum(count(message["content"]) for message in messages) + count(answer)
        desired = official["desired_msg_index"]
        # The ordinal can only be told with the earlier needles in sight; later ones are distractors.
        requests = [at for at in mrcr.needle_indices(messages, desired=desired) if at <= desired]
        needed = {"messages": [at for request in requests for at in (request, request + 1)]}
        subset = f"{official['n_needles']}-needle"
    else:
        answer = list(answer)
        messages = [{"role": "user", "content": official["prompt"]}]
        tokens = count(official["prompt"])
        needed = {"lines": parse_prompt(official["prompt"]).needed_lines()}
        subset = official["problem_type"]
    prompt = json.dumps(messages, ensure_ascii=False)
    digest = hashlib.sha256(prompt.encode()).hexdigest()[:12]
    return {
        "item_id": f"{benchmark}-{subset}-{index:04d}-{digest}",
        "subset": subset,
        "prompt": prompt,
        "answer": json.dumps(answer, ensure_ascii=False),
        "meta": json.dumps({k: v for k, v in official.items() if k not in ("prompt", _ANSWER[benchmark])}, default=str),
        "tokens": tokens,
        "needed": json.dumps(needed),
    }


def official_row(benchmark: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The official columns of a row of COLUMNS, in the official order."""
    prompt = row["prompt"] if benchmark == "mrcr" else json.loads(row["prompt"])[0]["content"]
    official = {"prompt": prompt, _ANSWER[benchmark]: json.loads(row["answer"]), **json.loads(row["meta"])}
    columns = mrcr.COLUMNS if benchmark == "mrcr" else graphwalks.COLUMNS
    return {name: official[name] for name in columns if name in official}


def target_text(benchmark: str, row: Mapping[str, Any]) -> str:
    """The response that scores 1."""
    answer = json.loads(row["answer"])
    return str(answer) if benchmark == "mrcr" else f"Final Answer: [{', '.join(answer)}]"


def prompt_variants(benchmark: str, row: Mapping[str, Any]) -> dict[str, list[dict[str, str]]]:
    """Four chats for the likelihood measure: full, query_only, needed, distractors.

    Each keeps the instructions and the question; `needed` and `distractors` share out the rest between them.
    """
    messages = json.loads(row["prompt"])
    needed = json.loads(row["needed"])
    if benchmark == "mrcr":
        between = range(1, len(messages) - 1)
        parts = _shares(needed["messages"], among=between)
        edge = {0, len(messages) - 1}
        return {
            "full": messages,
            **{name: [m for at, m in enumerate(messages) if at in kept | edge] for name, kept in parts.items()},
        }
    prompt = parse_prompt(messages[0]["content"])
    parts = _shares(needed["lines"], among=range(len(prompt.edges)))
    return {
        "full": messages,
        **{name: [{"role": "user", "content": prompt.with_lines(kept)}] for name, kept in parts.items()},
    }


def _shares(needed: list[int], *, among: range) -> dict[str, set[int]]:
    return {"query_only": set(), "needed": set(needed), "distractors": set(among) - set(needed)}


def child_item(benchmark: str, row: Mapping[str, Any], *, likelihood: bool) -> dict[str, Any]:
    """What the generating process needs of an item: item_id, messages, answer, and the variants when asked for."""
    return {
        "item_id": row["item_id"],
        "messages": json.loads(row["prompt"]),
        "answer": target_text(benchmark, row),
        "variants": prompt_variants(benchmark, row) if likelihood else {},
    }
