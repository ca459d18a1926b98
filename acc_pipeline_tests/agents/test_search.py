import pickle

import pytest

from acc_pipeline.agents.base import Gathered, Reference, Role, Sources
from acc_pipeline.agents.pages import canonical_url
from acc_pipeline.agents.search import SearchAgent, SearchOptions
from acc_pipeline.trajectories.schema import Completeness, Outcome, Reject
from acc_pipeline_tests.agents.runs import page, result, run

AGENT = SearchAgent()
GOLD = Sources(reference=Reference(question="Who won the race?", answers=["Santa Claus", "S. Claus"]))
ABOUT = "The 1964 Epsom Derby was won by Santa Claus, a horse from Ireland. " * 3


def gathered(*observed: list, agent: SearchAgent = AGENT, sources: Sources = GOLD, **options: str) -> Gathered:
    found = agent.gather(run(*observed, **options), sources)
    assert isinstance(found, Gathered)
    return found


def roles(found: Gathered) -> list[tuple[str, str]]:
    return [(piece.role.value, piece.locator) for piece in found.pieces]


def test_a_visited_page_is_evidence_and_an_unvisited_result_a_distractor() -> None:
    found = gathered(
        [result("https://a.org/derby", "Santa Claus won", rank=1), result("https://b.org/other", "No horse", rank=2)],
        [page("https://a.org/derby", ABOUT, title="The Derby")],
    )
    assert roles(found) == [("evidence", "https://a.org/derby"), ("distractor", "https://b.org/other")]
    assert found.pieces[0].title == "The Derby"
    assert (found.pieces[0].step, found.pieces[0].call) == (2, "c2")
    assert found.pieces[1].completeness == "snippet"


def test_chunks_of_one_url_are_one_page_without_their_overlap() -> None:
    overlap = "These forty and more characters stand in both of the chunks."
    found = gathered(
        [page("https://a.org/x", f"First part.\n{overlap}", completeness=Completeness.WINDOWED, first=1, last=2)],
        [page("http://www.a.org/x/#s", f"{overlap}\nLast.", completeness=Completeness.WINDOWED, first=2, last=3)],
    )
    assert [piece.text for piece in found.pieces] == [f"First part.\n{overlap}\nLast."]
    assert found.pieces[0].completeness == "windowed"


def test_a_full_text_beats_its_chunks() -> None:
    found = gathered(
        [page("https://a.org/x", "only a part", completeness=Completeness.WINDOWED)], [page("https://a.org/x", ABOUT)]
    )
    assert [(piece.text, piece.completeness) for piece in found.pieces] == [(ABOUT.strip(), "full")]


def test_near_copies_are_dropped_evidence_first() -> None:
    found = gathered(
        [result("https://mirror.org/copy", ABOUT, rank=1), result("https://b.org", "Another text about boats.")],
        [page("https://a.org/x", ABOUT)],
        [page("https://a.org/print", ABOUT + " Print view.")],
    )
    assert roles(found) == [("evidence", "https://a.org/print"), ("distractor", "https://b.org")]


@pytest.mark.parametrize(
    "kind", [Completeness.SUMMARY, Completeness.SNIPPET, Completeness.ELIDED, Completeness.TRUNCATED]
)
def test_what_is_no_full_text_is_never_evidence(kind: Completeness) -> None:
    found = AGENT.gather(run([page("https://a.org/x", ABOUT, completeness=kind)]), GOLD)
    assert isinstance(found, Reject)
    assert found.reason == "no_evidence"
    assert f"1 {kind}" in found.detail
    assert "full text" in found.cure


def test_a_page_without_an_address_is_never_evidence() -> None:
    found = AGENT.gather(run([page(" ", ABOUT)], [page("", "Another text")]), GOLD)
    assert isinstance(found, Reject)
    assert (found.reason, found.detail) == ("no_evidence", "pages read by the run: 1 snippet; search results: 0")


def test_the_snippet_of_a_page_that_was_only_summarised_does_not_distract() -> None:
    found = gathered(
        [result("https://a.org/x", "a snippet"), result("https://b.org/y", "another snippet")],
        [page("https://a.org/x", "a summary", completeness=Completeness.SUMMARY)],
        [page("https://c.org/z", ABOUT)],
    )
    assert roles(found) == [("evidence", "https://c.org/z"), ("distractor", "https://b.org/y")]


def test_uncited_pages_distract_only_on_request_and_only_beside_cited_ones() -> None:
    seen = [page("https://a.org/x", ABOUT)], [page("https://b.org/y", "A long text about quite another matter.")]
    answer = "Santa Claus (https://a.org/x)"
    strict = SearchAgent(SearchOptions(uncited_pages="distractor"))
    assert roles(gathered(*seen, answer=answer)) == [("evidence", "https://a.org/x"), ("evidence", "https://b.org/y")]
    assert roles(gathered(*seen, answer=answer, agent=strict))[1] == ("distractor", "https://b.org/y")
    assert {role for role, _ in roles(gathered(*seen, agent=strict))} == {Role.EVIDENCE.value}


@pytest.mark.parametrize(
    ("answer", "outcome", "gold", "expected"),
    [
        ("santa claus", Outcome(), GOLD, ("correct", "matched")),
        ("Father Christmas", Outcome(), GOLD, ("wrong", "matched")),
        ("", Outcome(), GOLD, ("wrong", "none")),
        ("It was Santa Claus, they say", Outcome(), GOLD, ("unknown", "matched")),
        ("Santa Claus", Outcome(gold=["Santa Claus"]), Sources(), ("correct", "matched")),
        (
            "The red one",
            Outcome(gold=["Nijinsky"], status="correct", field="score"),
            Sources(),
            ("correct", "recorded"),
        ),
        ("Nijinsky", Outcome(gold=["Nijinsky"], status="wrong", field="score"), Sources(), ("unknown", "matched")),
        ("Nijinsky", Outcome(status="wrong", field="score"), Sources(), ("wrong", "recorded")),
        ("Nijinsky", Outcome(), Sources(), ("unknown", "none")),
        ("Nijinsky", Outcome(), Sources(reference=Reference(task_id="t", resolved=True)), ("correct", "recorded")),
    ],
)
def test_verdicts(answer: str, outcome: Outcome, gold: Sources, expected: tuple[str, str]) -> None:
    verdict = AGENT.verify(run(answer=answer, outcome=outcome), gold)
    assert (verdict.outcome, verdict.method) == expected


def test_a_judge_is_asked_only_where_rules_cannot_decide() -> None:
    asked: list[str] = []

    def judge(question: str, answer: str, accepted: list[str]) -> bool:
        asked.append(answer)
        return True

    agent = SearchAgent(judge=judge)
    assert agent.verify(run(answer="Santa Claus"), GOLD).method == "matched"
    assert agent.verify(run(answer="It was Santa Claus, they say"), GOLD).outcome == "correct"
    assert asked == ["It was Santa Claus, they say"]


def test_out_of_a_sentence_only_the_matched_answer_is_trained_on() -> None:
    found = gathered([page("https://a.org/x", ABOUT)], answer="The winner is **Santa Claus**. He was from Ireland.")
    assert found.answer == "Santa Claus"
    assert found.checks == {"answers": ["Santa Claus", "S. Claus"]}


def test_urls_have_one_spelling() -> None:
    one = canonical_url("https://www.Example.org/a/?b=1&utm_source=x#top")
    assert one == canonical_url("http://example.org/a?b=1") == "example.org/a?b=1"
    assert canonical_url("https://example.org/A") != canonical_url("https://example.org/a")
    assert canonical_url("http://[broken") == "http://[broken"


def test_agent_travels_to_workers() -> None:
    assert pickle.loads(pickle.dumps(AGENT)).recipe() == AGENT.recipe()
