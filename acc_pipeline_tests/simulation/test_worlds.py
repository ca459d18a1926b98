"""The worlds' questions have one answer, which only their own pages or rows give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.simulation.bm25 import Index
from acc_pipeline.simulation.search_world import build, draw_tasks
from acc_pipeline.simulation.sql_world import SqlWorld
from acc_pipeline.simulation.sql_world import draw_tasks as draw_sql_tasks


@pytest.mark.parametrize("seed", [0, 7])
def test_answers_stand_on_the_last_page_and_not_in_the_question(seed: int) -> None:
    world = build(seed)
    for task in draw_tasks(world, seed=seed, count=40):
        assert task.answers[0] in task.path[-1].text
        assert task.answers[0] not in task.question
        assert len(task.path) >= 2
        for page, following in zip(task.path, task.path[1:], strict=False):
            assert following.title in page.text
            assert following.url in page.text


def test_answers_change_with_the_seed() -> None:
    answers = [
        {task.question: task.answers for task in draw_tasks(build(seed), seed=seed, count=40)} for seed in (1, 2)
    ]
    shared = set(answers[0]) & set(answers[1])
    assert len(shared) > 10
    assert sum(answers[0][question] == answers[1][question] for question in shared) < len(shared) / 2


@pytest.mark.parametrize("seed", [0, 7])
def test_gold_queries_give_rows_and_wrong_ones_give_others(seed: int) -> None:
    world = SqlWorld(seed)
    tasks = draw_sql_tasks(world, count=20)
    assert len({task.question for task in tasks}) == 20
    for task in tasks:
        gold = world.rows(task.template.database, task.gold)
        wrong = world.rows(task.template.database, task.wrong)
        assert gold
        assert sorted(map(repr, gold)) != sorted(map(repr, wrong))


@given(st.lists(st.text(alphabet="abc ", min_size=1), min_size=1, max_size=8), st.text(alphabet="abcd "))
def test_search_gives_documents_that_share_a_word(texts: list[str], query: str) -> None:
    index = Index([("", text) for text in texts])
    found = index.search(query, top=len(texts))
    assert sorted(found) == [n for n, text in enumerate(texts) if set(text.split()) & set(query.split())]
    for position in found:
        assert index.excerpt(position, query) in texts[position]
