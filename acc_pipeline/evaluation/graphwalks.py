"""GraphWalks items in the columns of `openai/graphwalks`, made offline from a seed: variants `official` and `clean`.

A directed graph as a list of edges, and one question: the parents of a node, or the nodes at an exact BFS depth.
Reading such a prompt back is in graphwalks_prompt.py, grading in graphwalks_grade.py.
"""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from acc_pipeline.evaluation.graphwalks_prompt import Edge, at_depth, parents_of, parse_prompt, render_prompt

RULES_VERSION = 1
COLUMNS = ("prompt", "answer_nodes", "prompt_chars", "problem_type", "date_added")
PROBLEMS: tuple["Problem", ...] = ("parents", "bfs")
EMPTY_SHARE = 0.05  # of the items of each problem
MAX_ANSWER = 64  # nodes; also never more than half of the graph's, so that "all nodes" pays little
OUT_EDGES = 4
RULES_DATE = "2026-02-27"  # date_added: the published rows whose wording these follow
_MAX_DEPTH = 4  # deeper levels of small graphs are mostly empty
_GRAPH_TRIES = 8

Problem = Literal["parents", "bfs"]
Variant = Literal["clean", "official"]


class _Graph(NamedTuple):
    nodes: list[str]
    edges: list[Edge]


def make_row(
    *, problem: Problem, variant: Variant, tokens: int, seed: int, index: int, count: Callable[[str], int]
) -> dict[str, Any]:
    """Item `index` of a seed and a problem in the official columns; `tokens` of the prompt are met within 3 %.

    Whether the answer is empty follows from the index, so that 5 % of any long run of items are. Raises ValueError when
    the instructions alone leave no room for a graph.
    """
    name = f"graphwalks/{RULES_VERSION}/{variant}/{problem}/{seed}/{tokens}/{index}"
    empty = is_empty(seed=seed, problem=problem, index=index)
    overhead, per_edge = _costs(name, variant=variant, count=count)
    edges = round((tokens - overhead) / per_edge)
    if edges < 3:
        raise ValueError(f"graphwalks: {tokens} tokens are too few; about {round(overhead + 3 * per_edge)} are needed")
    best: tuple[int, dict[str, Any]] | None = None
    for attempt in range(_GRAPH_TRIES):
        row = _try_row(f"{name}/{attempt}", problem=problem, variant=variant, edges=edges, empty=empty)
        if row is None:
            continue
        off = tokens - count(row["prompt"])
        if best is None or abs(off) < abs(best[0]):
            best = off, row
        if abs(off) <= max(0.6 * per_edge, 0.002 * tokens):
            break
        edges = max(3, edges + round(off / per_edge))
    if best is None:
        raise ValueError(f"graphwalks: no {problem} question found in graphs of {edges} edges; ask for more tokens")
    check_row(best[1])
    return best[1]


def is_empty(*, seed: int, problem: Problem, index: int) -> bool:
    """Is the answer of this item empty? Every twentieth one, from a place that the seed decides."""
    start = random.Random(f"graphwalks empty/{seed}/{problem}").random()
    return int((index + 1) * EMPTY_SHARE + start) > int(index * EMPTY_SHARE + start)


def _costs(name: str, *, variant: Variant, count: Callable[[str], int]) -> tuple[float, float]:
    """(tokens of a prompt without edges, tokens of an edge)."""
    nodes = _node_ids(random.Random(name), variant=variant, n=64)
    edges = list(pairwise(nodes))
    empty, some = (count(render_prompt(part, problem="bfs", node=nodes[0], depth=2)) for part in ([], edges))
    return empty, (some - empty) / len(edges)


def _try_row(name: str, *, problem: Problem, variant: Variant, edges: int, empty: bool) -> dict[str, Any] | None:
    rng = random.Random(name)
    out = OUT_EDGES if edges >= 8 * OUT_EDGES else 2 if edges >= 10 else 1
    nodes = _node_ids(rng, variant=variant, n=-(-edges // out))
    if empty:
        graph, node, depth = _graph_without_answer(rng, nodes, problem=problem, variant=variant, edges=edges, out=out)
        answer: list[str] = []
    else:
        graph = _graph(rng, nodes, variant=variant, edges=edges, out=out)
        found = _question(rng, graph, problem=problem)
        if found is None:
            return None
        node, depth, answer = found
    prompt = render_prompt(graph.edges, problem=problem, node=node, depth=depth)
    return {
        "prompt": prompt,
        "answer_nodes": answer,
        "prompt_chars": len(prompt),
        "problem_type": problem,
        "date_added": RULES_DATE,
    }


def _node_ids(rng: random.Random, *, variant: Variant, n: int) -> list[str]:
    if variant == "official":
        return [hashlib.md5(str(i).encode()).hexdigest()[:10] for i in range(n)]
    ids: dict[str, None] = {}
    while len(ids) < n:
        ids[f"{rng.getrandbits(40):010x}"] = None
    return list(ids)


def _graph(
    rng: random.Random,
    nodes: list[str],
    *,
    variant: Variant,
    edges: int,
    out: int,
    never: str = "",
    closed: Sequence[str] = (),
) -> _Graph:
    """`out` edges a node, the last one may have fewer; none leads to `never`, those of `closed` stay inside it."""
    targets = [node for node in nodes if node != never]
    inside = set(closed)
    made: list[Edge] = []
    for source in nodes:
        pool = closed if source in inside else targets
        wanted = min(out, edges - len(made))
        if variant == "official":
            made += [(source, pool[int(rng.random() * len(pool))]) for _ in range(wanted)]
            continue
        drawn: dict[str, None] = {}
        # Only a small pool can run out of targets, and looking the source up in a large one is slow.
        others = len(pool) - (source in pool) if len(pool) <= out + 1 else len(pool)
        while len(drawn) < min(wanted, others):
            target = pool[int(rng.random() * len(pool))]
            if target != source:
                drawn[target] = None
        made += [(source, target) for target in drawn]
    if variant == "clean":
        rng.shuffle(made)
    return _Graph(nodes, made)


def _graph_without_answer(
    rng: random.Random, nodes: list[str], *, problem: Problem, variant: Variant, edges: int, out: int
) -> tuple[_Graph, str, int]:
    """A node that no edge leads to; or a BFS from inside a group that no edge leaves, past the group's last level."""
    if problem == "parents":
        node = rng.choice(nodes[:-1])
        return _graph(rng, nodes, variant=variant, edges=edges, out=out, never=node), node, 0
    closed = rng.sample(nodes[:-1], out + 1) if len(nodes) > out + 1 else list(nodes)
    graph = _graph(rng, nodes, variant=variant, edges=edges, out=out, closed=closed)
    node = closed[0]
    last = next(depth for depth in range(1, len(nodes) + 2) if not at_depth(graph.edges, node=node, depth=depth))
    return graph, node, rng.randint(last, max(last, _MAX_DEPTH))


def _question(rng: random.Random, graph: _Graph, *, problem: Problem) -> tuple[str, int, list[str]] | None:
    """(node, depth, answer) with 1 to 64 nodes in the answer, at most half of the graph; None when none is found."""
    most = min(MAX_ANSWER, max(1, len(graph.nodes) // 2))
    for node in rng.sample(graph.nodes, min(len(graph.nodes), 40)):
        if problem == "parents":
            answers = {0: parents_of(graph.edges, node=node)}
        else:
            answers = {depth: at_depth(graph.edges, node=node, depth=depth) for depth in range(1, _MAX_DEPTH + 1)}
        fitting = [depth for depth, answer in answers.items() if 1 <= len(answer) <= most]
        if fitting:
            depth = rng.choice(fitting)
            return node, depth, answers[depth]
    return None


def check_row(row: Mapping[str, Any]) -> None:
    """Raise ValueError naming the rule that a row breaks; the answer is worked out again from the prompt's text."""
    asked = parse_prompt(row["prompt"])
    told = list(row["answer_nodes"])
    if row["problem_type"] != asked.problem:
        raise ValueError(
            f"graphwalks row: problem_type {row['problem_type']!r}, but the prompt asks for {asked.problem}"
        )
    if row["prompt_chars"] != len(row["prompt"]):
        raise ValueError(f"graphwalks row: prompt_chars {row['prompt_chars']}, but it has {len(row['prompt'])}")
    if asked.node not in asked.nodes():
        raise ValueError(f"graphwalks row: node {asked.node} is in no edge")
    truth = asked.answer()
    if set(told) != set(truth) or len(set(told)) != len(told):
        raise ValueError(f"graphwalks row: answer_nodes {told[:8]}… are not the answer {truth[:8]}…")
