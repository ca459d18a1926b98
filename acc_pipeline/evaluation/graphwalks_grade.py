"""The GraphWalks grader and the cheating baselines that stand beside every score.

Three defects of the published grader are not repeated: `[]` is no node, no overlap scores 0, and the words "Final
Answer" are never part of the first node.
"""

import re
from collections.abc import Collection
from typing import Any

from acc_pipeline.evaluation.graphwalks_prompt import GraphPrompt
from acc_pipeline.evaluation.reply_text import after_thinking

_LIST = re.compile(r"Final Answer:\s*\[([^\[\]]*)\]")
_QUOTES = " \t\"'`"


def parse_answer(response: str) -> list[str] | None:
    """The nodes on the last line that has text, behind the thinking; None when it holds no `Final Answer: [...]`."""
    lines = after_thinking(response).rstrip().splitlines()
    found = _LIST.findall(lines[-1]) if lines else []
    if not found:
        return None
    return [node for node in (part.strip(_QUOTES) for part in found[-1].split(",")) if node]


def grade(response: str, *, answer_nodes: Collection[str]) -> dict[str, Any]:
    """Precision, recall, F1 and exact match of two sets; all 0 when the response cannot be parsed (`parse_ok` False).

    An empty answer to an empty truth scores 1.0 throughout; where only one of them is empty, all are 0. `score` is the
    precision, the headline of the paper; it can be gamed by one sure node, so read F1 beside it.
    """
    told = parse_answer(response)
    return _fields(set(told or ()), truth=set(answer_nodes), parse_ok=told is not None)


def _fields(told: set[str], *, truth: set[str], parse_ok: bool) -> dict[str, Any]:
    if not parse_ok:
        precision = recall = f1 = 0.0
    elif not told and not truth:
        precision = recall = f1 = 1.0
    else:
        both = len(told & truth)
        precision = both / len(told) if told else 0.0
        recall = both / len(truth) if truth else 0.0
        f1 = 2 * both / (len(told) + len(truth))
    exact = parse_ok and told == truth
    fields = {"score": precision, "precision": precision, "recall": recall, "f1": f1}
    return {**fields, "exact": exact, "parse_ok": parse_ok}


def baselines(prompt: GraphPrompt, *, answer_nodes: Collection[str]) -> dict[str, dict[str, Any]]:
    """Score fields of three cheats: "[]", every node of the graph, and one node that is surely right, if one is."""
    truth = set(answer_nodes)
    cheats = {"empty_list": set(), "all_nodes": prompt.nodes(), "one_true_node": set(sorted(truth)[:1])}
    return {name: _fields(told, truth=truth, parse_ok=True) for name, told in cheats.items()}
