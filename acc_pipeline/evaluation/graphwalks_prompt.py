"""The text of a GraphWalks prompt: written from a graph and a question, and read back from official rows too."""

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

Edge = tuple[str, str]

_INTRODUCTION = """You will be given a graph as a list of directed edges. All nodes are at least degree 1. \
You will also get a description of an operation to perform on the graph.
Execute the operation and return the set of nodes that it results in. If asked for a breadth-first search (BFS), \
only return the nodes that are reachable at that depth, do not return the starting node: a node counts at exactly \
its smallest depth. If asked for the parents of a node, only return the nodes that have an edge leading to the given \
node, do not return the given node itself.

Here is an example:
<begin example>
The graph has the following edges:
uvwx -> alke
abcd -> uvwx
abcd -> efgh
efgh -> uvwx

Operation:
Perform a BFS from node abcd with depth 1.
Final Answer: [uvwx, efgh]

Operation:
Perform a BFS from node alke with depth 1.
Final Answer: []

Operation:
Find the parents of node uvwx.
Final Answer: [abcd, efgh]

Operation:
Find the parents of node abcd.
Final Answer: []
<end example>

"""
GRAPH_HEAD = "Here is the graph to operate on:\nThe graph has the following edges:\n"
_DEMAND = """

Return the nodes on the very last line of your response, as Final Answer: [node1, node2], \
or Final Answer: [] when there are none."""
_OPERATION = re.compile(
    r"Operation:\s*\n\s*(?:Perform a BFS from node (?P<start>\S+) with depth (?P<depth>\d+)"
    r"|Find the parents of node (?P<child>\S+?))\.(?=\s|$)"
)
_EDGE = re.compile(r"^(\S+) -> (\S+)$")


class GraphPrompt(Struct, frozen=True, kw_only=True):
    """A prompt taken apart: `head + lines of edges + tail` is the prompt again. `depth` is 0 for parents."""

    head: str
    edges: list[Edge]
    tail: str
    problem: Literal["parents", "bfs"]
    node: str
    depth: int

    def nodes(self) -> set[str]:
        """All nodes that stand in an edge."""
        return {node for edge in self.edges for node in edge}

    def answer(self) -> list[str]:
        """The nodes asked for, in order of their first sight."""
        if self.problem == "parents":
            return parents_of(self.edges, node=self.node)
        return at_depth(self.edges, node=self.node, depth=self.depth)

    def needed_lines(self) -> list[int]:
        """Indices of the edges that the answer rests on: into the node; or out of every node before the depth."""
        if self.problem == "parents":
            return [at for at, (_, target) in enumerate(self.edges) if target == self.node]
        inner = {
            node for level in _levels(self.edges, node=self.node, depth=self.depth)[: self.depth] for node in level
        }
        return [at for at, (source, _) in enumerate(self.edges) if source in inner]

    def with_lines(self, wanted: Iterable[int]) -> str:
        """The prompt with only these edges, in their order."""
        return self.head + _lines([self.edges[at] for at in sorted(wanted)]) + self.tail


def render_prompt(edges: Sequence[Edge], *, problem: str, node: str, depth: int) -> str:
    """The prompt of one item; `depth` is not told for parents."""
    asked = (
        f"Perform a BFS from node {node} with depth {depth}."
        if problem == "bfs"
        else f"Find the parents of node {node}."
    )
    return f"{_INTRODUCTION}{GRAPH_HEAD}{_lines(edges)}\n\n\nOperation:\n{asked}{_DEMAND}"


def _lines(edges: Sequence[Edge]) -> str:
    return "\n".join([f"{source} -> {target}" for source, target in edges])


def parse_prompt(prompt: str) -> GraphPrompt:
    """Raises ValueError when the text has no graph or no operation behind it."""
    before, found, after = prompt.rpartition(GRAPH_HEAD)
    if not found:
        raise ValueError(f"graphwalks prompt has no graph: no {GRAPH_HEAD.splitlines()[0]!r} in it")
    edges: list[Edge] = []
    at = 0
    for line in after.split("\n"):
        edge = _EDGE.match(line)
        if edge is None:
            break
        edges.append((edge[1], edge[2]))
        at += len(line) + 1
    tail = after[max(0, at - 1) :]
    asked = _OPERATION.search(tail)
    if asked is None:
        raise ValueError("graphwalks prompt has no operation behind its graph: neither a BFS nor parents are asked for")
    return GraphPrompt(
        head=before + found,
        edges=edges,
        tail=tail,
        problem="bfs" if asked["start"] else "parents",
        node=asked["start"] or asked["child"],
        depth=int(asked["depth"] or 0),
    )


def parents_of(edges: Iterable[Edge], *, node: str) -> list[str]:
    """Nodes with an edge to the node, without the node itself; distinct, in order of first sight."""
    return list(dict.fromkeys(source for source, target in edges if target == node and source != node))


def at_depth(edges: Iterable[Edge], *, node: str, depth: int) -> list[str]:
    """Nodes whose shortest way from the node has exactly `depth` edges; distinct, in order of first sight."""
    levels = _levels(edges, node=node, depth=depth)
    return levels[depth] if depth else []


def _levels(edges: Iterable[Edge], *, node: str, depth: int) -> list[list[str]]:
    """Levels 0 to `depth` of a breadth-first search; the empty ones too."""
    out: dict[str, list[str]] = {}
    for source, target in edges:
        out.setdefault(source, []).append(target)
    levels, seen = [[node]], {node}
    for _ in range(depth):
        level: list[str] = []
        for source in levels[-1]:
            for target in out.get(source, ()):
                if target not in seen:
                    seen.add(target)
                    level.append(target)
        levels.append(level)
    return levels
