"""A scripted researcher: searches, reads pages, follows names from page to page, and answers. Its tools really run.

Ways to be wrong: to follow another page than the one asked about, to stop one page early, or to give up.
"""

import random

from acc_pipeline.simulation.records import Run, Turn, stable_id
from acc_pipeline.simulation.search_tools import Result, Tools, WikiTools
from acc_pipeline.simulation.search_world import Page, SearchTask, SearchWorld

_STOP = "I could not find an answer to this question."
_SPOKEN = {"people": "number of people", "born": "year of birth", "bell": "bell that it keeps", "port": "home port"}
_KEYWORDS = {
    "people": "inhabitants",
    "founder": "founded",
    "teacher": "learned",
    "port": "home port",
    "festival": "celebrates",
    "yard": "built by",
    "birthplace": "born",
}


def work(world: SearchWorld, task: SearchTask, *, tools: Tools, way: str, trait: str, seed: int, kit: str) -> Run:
    """One run on a task. `way` is right, astray, early or give_up. With trait `snippets` no page is read."""
    draw = random.Random(f"{seed} {task.task_id} {kit}")
    path = _astray(world, task, draw=draw) if way == "astray" else task.path
    turns: list[Turn] = []
    if isinstance(tools, WikiTools):
        answer = _by_paragraphs(tools, turns, task, path)
    else:
        answer = _by_pages(tools, turns, task, path, trait=trait, way=way, draw=draw)
    return Run(
        run_id=stable_id("search", seed, task.task_id, kit, length=16),
        task_id=task.task_id,
        question=task.question,
        turns=turns,
        answer=answer,
        right=answer in task.answers,
        trait="gave_up" if way == "give_up" else trait,
        extra={"gold": task.answers[0]},
    )


def _astray(world: SearchWorld, task: SearchTask, *, draw: random.Random) -> list[Page]:
    """The way from another start page of the same kind, to another answer."""
    ways = [
        world.walk(task.chain, page.title)
        for page in world.pages.values()
        if page.kind == task.chain.kind and page.title != task.path[0].title
    ]
    asks, right = task.chain.asks, task.path[-1].facts[task.chain.asks]
    return draw.choice([way for way in ways if way[-1].facts[asks] != right])


def _by_pages(
    tools: Tools, turns: list[Turn], task: SearchTask, path: list[Page], *, trait: str, way: str, draw: random.Random
) -> str:
    length = max(1, len(path) - 1) if way in ("early", "give_up") else len(path)
    for number, page in enumerate(path[:length]):
        query = task.chain.queries[number].format(page.title)
        thought = f"I begin with {page.title}." if number == 0 else f"That leads to {page.title}."
        found = tools.search(query)
        turns.append(_turn(draw.choice([thought, f"{thought} What is known of it?"]), found))
        if page not in found.hits:
            raise RuntimeError(f"{task.task_id}: the search for {query!r} does not list {page.title!r}")
        if trait == "snippets":
            continue
        others = [hit for hit in found.hits if hit not in path]
        if number == 0 and others and draw.random() < 0.4:
            turns.append(_turn(f"{others[0].title} may have to do with it.", tools.read(others[0])))
        turns.append(_turn(f"I read the page on {page.title}.", tools.read(page)))
    if way == "give_up":
        return _STOP
    if way == "early":
        return path[-1].title
    return path[-1].facts[task.chain.asks]


def _by_paragraphs(tools: WikiTools, turns: list[Turn], task: SearchTask, path: list[Page]) -> str:
    wanted = [*task.chain.hops, task.chain.asks]
    for page, fact in zip(path, wanted, strict=True):
        spoken = _SPOKEN.get(fact, fact)
        found = tools.search(page.title)
        turns.append(_turn(f"I need to search {page.title} and find the {spoken}.", found))
        if page.facts[fact] not in found.text:
            found = tools.lookup(_KEYWORDS.get(fact, fact))
            turns.append(_turn(f"The paragraph does not give the {spoken}. I look it up.", found))
        if page.facts[fact] not in found.text:
            raise RuntimeError(f"{task.task_id}: no paragraph of {page.title!r} gives its {fact}")
    return path[-1].facts[task.chain.asks]


def _turn(thought: str, found: Result) -> Turn:
    return Turn(thought, found.tool, found.arguments, found.text)
