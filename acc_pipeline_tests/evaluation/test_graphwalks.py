"""GraphWalks items: right answers by another route, bounded sizes, exact lengths, and what each variant promises."""

import hashlib
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acc_pipeline.evaluation import graphwalks
from acc_pipeline.evaluation.graphwalks_grade import baselines
from acc_pipeline.evaluation.graphwalks_prompt import parse_prompt, render_prompt


def rough(text: str) -> int:
    return -(-len(text) // 2)


def edges_of(row: dict) -> list[tuple[str, str]]:
    graph = row["prompt"].split("Here is the graph to operate on:")[1]
    return re.findall(r"^(\w{10}) -> (\w{10})$", graph, flags=re.M)


def truth(row: dict) -> set[str]:
    """The answer by powers of the adjacency relation, not by a queue."""
    edges = edges_of(row)
    if found := re.search(r"parents of node (\w{10})\.", row["prompt"]):
        return {a for a, b in edges if b == found[1]} - {found[1]}
    found = re.search(r"BFS from node (\w{10}) with depth (\d+)\.", row["prompt"])
    within = [{found[1]}]
    for _ in range(int(found[2])):
        within.append(within[-1] | {b for a, b in edges if a in within[-1]})
    return within[-1] - within[-2]


@settings(max_examples=80, deadline=None)
@given(
    problem=st.sampled_from(["parents", "bfs"]),
    variant=st.sampled_from(["clean", "official"]),
    tokens=st.integers(1100, 20_000),
    seed=st.integers(0, 10**6),
    index=st.integers(0, 200),
)
def test_items_are_right_and_bounded(problem, variant, tokens, seed, index):
    row = graphwalks.make_row(problem=problem, variant=variant, tokens=tokens, seed=seed, index=index, count=rough)
    assert tuple(row) == graphwalks.COLUMNS
    assert set(row["answer_nodes"]) == truth(row)
    assert len(row["answer_nodes"]) == len(set(row["answer_nodes"])) <= 64
    assert bool(row["answer_nodes"]) != graphwalks.is_empty(seed=seed, problem=problem, index=index)
    assert row["prompt_chars"] == len(row["prompt"])
    assert abs(rough(row["prompt"]) - tokens) <= 0.03 * tokens
    edges = edges_of(row)
    nodes = {node for edge in edges for node in edge}
    assert parse_prompt(row["prompt"]).node in nodes
    if variant == "clean":
        assert len(set(edges)) == len(edges)
        assert all(a != b for a, b in edges)
    else:
        known = {hashlib.md5(str(i).encode()).hexdigest()[:10] for i in range(len(edges))}
        assert nodes <= known
        sources = [a for a, _ in edges]
        assert sources == sorted(sources, key=sources.index)  # grouped by source


def test_lengths_by_a_real_tokenizer(counter):
    for tokens in (512, 700, 1024, 4096):
        for variant in ("clean", "official"):
            for problem in ("parents", "bfs"):
                for index in range(6):
                    row = graphwalks.make_row(
                        problem=problem, variant=variant, tokens=tokens, seed=9, index=index, count=counter
                    )
                    assert abs(counter(row["prompt"]) - tokens) <= 0.03 * tokens


def test_official_graphs_have_four_edges_a_node_with_duplicates_and_self_loops():
    row = graphwalks.make_row(problem="parents", variant="official", tokens=16_000, seed=0, index=0, count=rough)
    edges = edges_of(row)
    assert set(list(Counter(a for a, _ in edges).values())[:-1]) == {4}
    assert len(set(edges)) < len(edges)
    assert any(a == b for a, b in edges)


def test_ids_are_shared_between_official_items_but_not_between_clean_ones():
    def nodes(variant: str, index: int) -> set[str]:
        row = graphwalks.make_row(problem="bfs", variant=variant, tokens=4000, seed=0, index=index, count=rough)
        return parse_prompt(row["prompt"]).nodes()

    assert len(nodes("official", 0) & nodes("official", 1)) > 30
    assert not nodes("clean", 0) & nodes("clean", 1)


def test_one_answer_in_twenty_is_empty():
    for problem in ("parents", "bfs"):
        for seed in range(5):
            empty = [i for i in range(200) if graphwalks.is_empty(seed=seed, problem=problem, index=i)]
            assert len(empty) == 10
            row = graphwalks.make_row(
                problem=problem, variant="clean", tokens=2000, seed=seed, index=empty[0], count=rough
            )
            assert row["answer_nodes"] == []
            assert truth(row) == set()


def test_the_wording_asks_for_the_exact_depth_and_the_last_line():
    row = graphwalks.make_row(problem="bfs", variant="clean", tokens=2000, seed=0, index=0, count=rough)
    for words in (
        "only return the nodes that are reachable at that depth, do not return the starting node",
        "a node counts at exactly its smallest depth",
        "only return the nodes that have an edge leading to the given node",
        "\n\n\nOperation:\nPerform a BFS from node ",
        "Final Answer: [node1, node2]",
        "Final Answer: []",
    ):
        assert words in row["prompt"]
    assert row["prompt"].split("<end example>")[0].count("Operation:") == 4


def test_bfs_counts_a_node_at_its_smallest_depth_only():
    edges = [("a", "b"), ("b", "a"), ("b", "c"), ("a", "c"), ("c", "d"), ("a", "a")]
    for depth, wanted in ((1, ["b", "c"]), (2, ["d"]), (3, [])):
        assert parse_prompt(render_prompt(edges, problem="bfs", node="a", depth=depth)).answer() == wanted


def test_parents_leave_out_the_node_itself():
    edges = [("a", "b"), ("b", "b"), ("c", "b"), ("a", "b")]
    assert parse_prompt(render_prompt(edges, problem="parents", node="b", depth=0)).answer() == ["a", "c"]


def test_a_wrong_truth_is_named():
    row = graphwalks.make_row(problem="parents", variant="official", tokens=4000, seed=0, index=0, count=rough)
    node = parse_prompt(row["prompt"]).node
    with pytest.raises(ValueError, match="are not the answer"):
        graphwalks.check_row({**row, "answer_nodes": [*row["answer_nodes"], node]})


def test_needed_lines_alone_give_the_answer():
    for problem in ("parents", "bfs"):
        for index in range(6):
            row = graphwalks.make_row(problem=problem, variant="clean", tokens=3000, seed=4, index=index, count=rough)
            whole = parse_prompt(row["prompt"])
            kept = whole.needed_lines()
            assert whole.with_lines(range(len(whole.edges))) == row["prompt"]
            assert set(parse_prompt(whole.with_lines(kept)).answer()) == set(row["answer_nodes"])
            without = whole.with_lines(set(range(len(whole.edges))) - set(kept))
            assert not set(parse_prompt(without).answer()) & set(row["answer_nodes"])


def test_too_few_tokens_name_how_many_are_needed():
    with pytest.raises(ValueError, match="200 tokens are too few; about"):
        graphwalks.make_row(problem="bfs", variant="clean", tokens=200, seed=0, index=0, count=rough)


def test_cheats_are_measured(capsys):
    f1: dict[str, list[float]] = {}
    for index in range(40):
        row = graphwalks.make_row(problem="bfs", variant="clean", tokens=4000, seed=1, index=index, count=rough)
        for name, fields in baselines(parse_prompt(row["prompt"]), answer_nodes=row["answer_nodes"]).items():
            f1.setdefault(name, []).append(fields["f1"])
            if name == "one_true_node":
                assert fields["precision"] == 1.0  # why F1 stands beside precision
    means = {name: sum(found) / len(found) for name, found in f1.items()}
    with capsys.disabled():
        print("\nGraphWalks BFS cheats, F1:", {name: round(mean, 2) for name, mean in means.items()})
    assert means["empty_list"] == pytest.approx(0.05)
    assert 0.1 < means["all_nodes"] < 0.6
