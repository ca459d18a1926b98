"""The hashed index says the same as comparing words one by one."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from acc_pipeline.sft.decontamination import EvalText, build, load, overlap, same_question, save, words

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "中", "Ä"]), max_size=25).map(" ".join)


@given(items=st.lists(TEXTS, max_size=4), text=TEXTS, ngram=st.integers(1, 5))
@settings(max_examples=200, deadline=None)
def test_as_many_runs_as_a_naive_count(items: list[str], text: str, ngram: int) -> None:
    def runs(some: str) -> list[tuple[str, ...]]:
        read = words(some)
        return [tuple(read[i : i + ngram]) for i in range(len(read) - ngram + 1)]

    index = build([EvalText(question=item, texts=[item]) for item in items], ngram=ngram)
    known = {run for item in items for run in runs(item)}
    hits = [run for run in runs(text) if run in known]
    found = overlap(text, index=index)
    assert found.runs == len(hits)
    assert found.sample == (" ".join(hits[0]) if hits else "")
    assert same_question(text, index=index) == any(words(text) == words(item) for item in items)


def test_a_saved_index_is_read_back_and_named_by_its_content(tmp_path: Path) -> None:
    one = build([EvalText(question="Who is it?", texts=["a b c d"])], ngram=3)
    path = save(one, tmp_path)
    assert save(build([EvalText(question="who IS it", texts=["A, b c D"])], ngram=3), tmp_path) == path
    other = save(build([EvalText(question="Who is it?", texts=["a b c e"])], ngram=3), tmp_path)
    assert other != path
    index = load(path)
    assert overlap("x a b c y", index=index).sample == "a b c"
    assert same_question("WHO is it", index=index)
    assert index.digest == one.digest
