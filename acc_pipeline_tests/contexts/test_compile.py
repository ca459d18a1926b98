import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.agents.base import Context, PlacedPiece, Reference, Role, Sources, Sufficiency
from acc_pipeline.agents.control import has_control, neutralise
from acc_pipeline.agents.search import SearchAgent
from acc_pipeline.agents.spans import bodies
from acc_pipeline.agents.swe import SweAgent
from acc_pipeline.contexts.compile import compile_context, compile_forms
from acc_pipeline.contexts.options import CompileOptions
from acc_pipeline.contexts.prompt import block, frame
from acc_pipeline.contexts.stage import COLUMNS, CompileItem, process, recipe
from acc_pipeline.contexts.tokens import TokenCounter
from acc_pipeline.trajectories.schema import Outcome, Reject, Trajectory, to_json
from acc_pipeline_tests.agents.runs import FILE, PATCH, page, result, run, view
from acc_pipeline_tests.contexts.tokenizers_for_tests import build

AGENT = SearchAgent()
GOLD = Sources(reference=Reference(answers=["Santa Claus"]))
PIECES_ONLY = CompileOptions(budget=100_000, forms=("pieces",))
TEXT = st.lists(
    st.sampled_from(
        [
            *("word", " ", "\n", "\n\n", "<|im_end|>", "</document>", "<think>", "é", "12", "\u2060", "<", "  x"),
            *('<document page="x">', "<question>", "</question>", "<document\n", "</"),
        ]
    ),
    max_size=20,
).map("".join)


def compiled(
    trajectory: Trajectory, counter: TokenCounter, options: CompileOptions = PIECES_ONLY, sources: Sources = GOLD
) -> list[Context]:
    found = compile_context(trajectory, AGENT, sources, counter, options)
    assert not isinstance(found, Reject), found
    return found


def many(distractors: int) -> Trajectory:
    results = [result(f"https://d{n}.org", f"distractor number {n} " * 8, rank=n) for n in range(1, distractors + 1)]
    return run(results, [page("https://a.org", "The race was won by Santa Claus.", title="Race")])


@given(texts=st.lists(TEXT, min_size=1, max_size=6), seed=st.integers(0, 5))
def test_spans_give_back_each_piece_and_nothing_of_control_is_left(
    counter: TokenCounter, texts: list[str], seed: int
) -> None:
    pages = [page(f"https://p{n}.org/<think>", f"Page {n}: {text} end") for n, text in enumerate(texts)]
    trajectory = run(
        [*pages, page("https://w.org", "won by Santa Claus")], question="Who <|im_start|> won?\n</question>\n<question>"
    )
    options = CompileOptions(budget=100_000, forms=("pieces",), seed=seed)
    (context,) = compiled(trajectory, counter, options)
    gathered = AGENT.gather(trajectory, GOLD)
    assert not isinstance(gathered, Reject)
    assert sorted((p.locator, text) for p, text in bodies(context)) == sorted(
        (p.locator, p.text) for p in gathered.pieces
    )
    inner = context.prompt
    for piece in reversed(context.pieces):
        inner = inner[: piece.start] + inner[piece.end :]
    framed = {'<document page="': len(context.pieces), "</document>": len(context.pieces)}
    framed |= {"<question>": 1, "</question>": 1}
    assert {tag: context.prompt.count(tag) for tag in framed} == framed
    for tag in framed:
        inner = inner.replace(tag, "")
    for outside_or_body in (
        inner,
        *(context.prompt[p.start : p.end] for p in context.pieces),
    ):
        assert not has_control(outside_or_body)


@pytest.mark.parametrize("split", ["qwen", "bytelevel"])
@given(texts=st.lists(TEXT, min_size=1, max_size=5))
def test_piece_tokens_and_frame_add_up_to_the_prompt(
    tmp_path_factory: pytest.TempPathFactory, split: str, texts: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp() / f"tokenizer-{split}"
    counter = TokenCounter(folder if folder.exists() else build(folder, split=split))
    pages = [page(f"https://p{n}.org", f"Page {n}: {text}") for n, text in enumerate(texts)]
    (context,) = compiled(run([*pages, page("https://w.org", "won by Santa Claus")]), counter)
    opening, closing = frame(AGENT.instruction, question="Who won the race?")
    alone = counter.count_chat([{"role": "user", "content": opening + closing}])
    assert context.tokens == alone + sum(piece.tokens for piece in context.pieces)
    assert context.tokens == counter.count_chat([{"role": "user", "content": context.prompt}])


@given(budget=st.integers(80, 1200), reserve=st.integers(0, 60), distractors=st.integers(0, 9))
def test_the_budget_is_kept_and_distractors_go_first(
    counter: TokenCounter, budget: int, reserve: int, distractors: int
) -> None:
    options = CompileOptions(budget=budget, reserve=reserve, forms=("pieces",))
    found = compile_context(many(distractors), AGENT, GOLD, counter, options)
    (alone,) = compiled(many(0), counter)
    if isinstance(found, Reject):
        assert found.reason == "over_budget"
        assert alone.tokens > budget - reserve
        assert str(alone.tokens) in found.detail
        return
    (context,) = found
    assert context.tokens <= budget - reserve
    assert sum(piece.role == Role.EVIDENCE for piece in context.pieces) == 1
    kept = {piece.locator for piece in context.pieces}
    (everything,) = compiled(many(distractors), counter)
    for cut in everything.pieces:
        assert cut.locator in kept or context.tokens + cut.tokens > budget - reserve


def test_forms_share_identity_order_and_answer(counter: TokenCounter) -> None:
    options = CompileOptions(budget=100_000, forms=("multi-turn", "no-distractors", "pieces"))
    contexts = {context.form: context for context in compiled(many(6), counter, options)}
    assert set(contexts) == {"pieces", "no-distractors", "multi-turn"}
    assert len({context.example_id for context in contexts.values()}) == 1
    assert {context.answer for context in contexts.values()} == {"Santa Claus"}
    whole, lean = contexts["pieces"], contexts["no-distractors"]
    assert [p.locator for p in lean.pieces] == [p.locator for p in whole.pieces if p.role == Role.EVIDENCE]
    assert len(whole.pieces) == 7
    chat = json.loads(contexts["multi-turn"].messages)
    assert [m["role"] for m in chat] == ["user", "assistant", "tool", "assistant", "tool", "assistant"]
    assert chat[-1]["content"] == "Santa Claus"
    assert chat[2]["tool_call_id"] == chat[1]["tool_calls"][0]["id"]


def test_seeds_permute_and_ids_do_not_change(counter: TokenCounter) -> None:
    orders, ids = set(), set()
    for seed in range(6):
        (context,) = compiled(many(6), counter, CompileOptions(budget=100_000, forms=("pieces",), seed=seed))
        orders.add(tuple(piece.locator for piece in context.pieces))
        ids.add(context.example_id)
    assert len(orders) == 6
    assert len(ids) == 1


def test_the_search_prompt_begins_as_the_paper_says_and_numbers_no_piece(counter: TokenCounter) -> None:
    (context,) = compiled(many(2), counter)
    assert context.prompt.startswith(
        "Please reason based on the following documents and answer the question.\n\n<document"
    )
    assert (
        '<document page="https://a.org">\nTitle: Race\n\nThe race was won by Santa Claus.\n</document>'
        in context.prompt
    )
    assert context.prompt.endswith("<question>\nWho won the race?\n</question>")
    assert "snippet" not in context.prompt


def test_pieces_tell_where_they_came_from(counter: TokenCounter) -> None:
    (context,) = compiled(many(1), counter)
    by_role = {piece.role: piece for piece in context.pieces}
    evidence = by_role[Role.EVIDENCE]
    assert (evidence.step, evidence.call, evidence.log_sha256) == (2, "c2", "f" * 64)
    assert by_role[Role.DISTRACTOR].completeness == "snippet"


@pytest.mark.parametrize(
    ("text", "answer", "expected"),
    [
        ("The race was won by Santa Claus.", "Santa Claus", "holds"),
        ("The race was won by somebody.", "Santa Claus", "fails"),
        ("Yes, it was.", "yes", "unknown"),
    ],
)
def test_sufficiency_reads_the_prompt(counter: TokenCounter, text: str, answer: str, expected: str) -> None:
    sources = Sources(reference=Reference(answers=[answer]))
    trajectory = run(
        [result("https://d.org", "Santa Claus here, by chance")], [page("https://a.org", text)], answer=answer
    )
    found = compile_context(trajectory, AGENT, sources, counter, PIECES_ONLY)
    if expected == "fails":
        assert isinstance(found, Reject)
        assert found.reason == "insufficient"
        return
    assert not isinstance(found, Reject)
    assert AGENT.sufficient(found[0]).outcome == expected
    strict = CompileOptions(budget=100_000, forms=("pieces",), unknown_sufficiency="reject")
    again = compile_context(trajectory, AGENT, sources, counter, strict)
    assert isinstance(again, Reject) is (expected == "unknown")


def test_a_tampered_prompt_is_no_longer_sufficient(counter: TokenCounter) -> None:
    (context,) = compiled(many(1), counter)
    broken = msgspec.structs.replace(context, prompt=context.prompt.replace("Santa Claus", "Sinta Kloos"))
    assert AGENT.sufficient(broken).outcome == "fails"


def test_a_patch_applies_to_the_files_read_from_the_prompt_and_grades_by_effect(counter: TokenCounter) -> None:
    agent = SweAgent()
    lines = [*FILE[:5], "s = '<|im_end|><think>'", *FILE[6:]]
    trajectory = run([view("/testbed/pkg/m.py", lines)], question="Fix", answer=PATCH, kind="patch")
    found = compile_context(trajectory, agent, Sources(), counter, PIECES_ONLY)
    assert not isinstance(found, Reject)
    (context,) = found
    assert agent.sufficient(context) == Sufficiency(outcome="holds", how="patch_applies")
    assert agent.grade(f"Here:\n```diff\n{PATCH}```", context).outcome == "correct"
    shifted = PATCH.replace("@@ -18,5 +18,5 @@", "@@ -11,5 +11,5 @@")
    assert agent.grade(shifted, context).outcome == "correct"
    short = "--- a/pkg/m.py\n+++ b/pkg/m.py\n@@ -20 +20 @@\n-line 20\n+line twenty\n"
    assert agent.grade(short, context).outcome == "correct"
    assert agent.grade(PATCH.replace("twenty", "XX"), context).outcome == "unknown"
    assert agent.grade(PATCH.replace(" line 19", " line x"), context).outcome == "wrong"
    assert agent.grade("no patch", context).outcome == "wrong"
    touching = "--- a/pkg/m.py\n+++ b/pkg/m.py\n@@ -6 +6 @@\n-s = '<|im_end|><think>'\n+s = ''\n"
    assert agent.grade(neutralise(touching), context).outcome == "unknown"


def test_windowed_files_say_so(counter: TokenCounter) -> None:
    agent = SweAgent()
    trajectory = run(
        [view("pkg/m.py", FILE[:6], first=1, total=40), view("pkg/m.py", FILE[14:30], first=15, total=40)],
        question="Fix",
        answer=PATCH,
        kind="patch",
        outcome=Outcome(status="correct", field="resolved"),
    )
    compiled_forms, rejects = compile_forms(trajectory, agent, Sources(), counter=counter, options=PIECES_ONLY)
    assert rejects == []
    assert compiled_forms[0].sufficiency == Sufficiency(outcome="holds", how="windowed")
    assert agent.grade(PATCH, compiled_forms[0].context).outcome == "correct"


def test_a_chat_over_budget_costs_only_its_own_form(counter: TokenCounter, tokenizer_dir: Path) -> None:
    long = run([page("https://a.org", "won by Santa Claus")], answer="Santa Claus")
    noisy = msgspec.structs.replace(
        long, steps=[msgspec.structs.replace(step, reasoning="r " * 3000, text=step.text) for step in long.steps]
    )
    noisy = msgspec.structs.replace(
        noisy, steps=[msgspec.structs.replace(step, text=step.text + " filler" * 900) for step in noisy.steps]
    )
    noisy = msgspec.structs.replace(noisy, task=long.task)
    item = CompileItem(
        record=to_json(noisy),
        agent_type="search",
        split="train",
        sources=GOLD,
        tokenizer_dir=str(tokenizer_dir),
        options=CompileOptions(budget=700, reserve=100, forms=("pieces", "multi-turn")),
    )
    produced = process(item)
    assert [row["form"] for row in produced.outputs] == ["pieces"]
    assert [reject.reason for reject in produced.rejects] == ["chat_over_budget"]
    assert set(produced.outputs[0]) == set(COLUMNS)
    assert set(produced.rejects[0].columns) < set(COLUMNS)
    placed = msgspec.json.decode(produced.outputs[0]["pieces"], type=list[PlacedPiece])
    assert produced.outputs[0]["prompt"][placed[0].start : placed[0].end] == "won by Santa Claus"


def test_what_the_agent_type_refuses_is_the_reject(counter: TokenCounter) -> None:
    found = compile_context(run([result("https://d.org", "only a snippet")]), AGENT, GOLD, counter, PIECES_ONLY)
    assert isinstance(found, Reject)
    assert found.reason == "no_evidence"


def test_half_characters_do_not_stop_a_run(counter: TokenCounter) -> None:
    (context,) = compiled(run([page("https://a.org", "won by Santa Claus \ud800 end")]), counter)
    assert "Santa Claus ? end" in context.prompt


def test_the_recipe_tells_settings_and_tokenizer(counter: TokenCounter) -> None:
    told = recipe(AGENT, PIECES_ONLY, counter)
    assert told["compile"]["budget"] == 100_000
    assert told["tokenizer"] == counter.digest()
    json.dumps(told)


def test_a_reserve_as_large_as_the_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="reserve = 512 must be less than budget = 512"):
        CompileOptions(budget=512, reserve=512)


def test_blocks_are_named_and_never_numbered() -> None:
    from acc_pipeline.agents.base import Piece

    one = block(Piece(role=Role.EVIDENCE, kind="file", locator='a "b"\nc.py', text="x"))
    assert one.text.startswith("<document file=\"a 'b' c.py\">\n\n")
    assert one.text[one.start : one.end] == "x"
