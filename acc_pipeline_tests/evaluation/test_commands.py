"""Items written to a file and responses graded from one, as a user of the command line sees it."""

import json
from pathlib import Path

import pytest

from acc_pipeline.evaluation.commands import CommandError, generate, grade


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tokenizer_dir):
    folder = tmp_path_factory.mktemp("items")
    for benchmark in ("mrcr", "graphwalks"):
        generate(
            benchmark, tokens=1024, items=6, seed=2, out=folder / f"{benchmark}.jsonl", tokenizer_dir=tokenizer_dir
        )
    return folder


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def right(row: dict) -> str:
    return row["answer"] if "answer" in row else f"Final Answer: [{', '.join(row['answer_nodes'])}]"


def responses(path: Path, texts: list) -> Path:
    path.write_text("".join(json.dumps({"response": text}) + "\n" for text in texts))
    return path


@pytest.mark.parametrize(
    ("benchmark", "fields"),
    [("mrcr", {"score"}), ("graphwalks", {"precision", "recall", "f1", "exact", "parse_ok"})],
)
def test_one_object_a_response_then_a_summary(folder, tmp_path, benchmark, fields):
    rows = read(folder / f"{benchmark}.jsonl")
    texts = [right(row) if at % 2 else "nothing" for at, row in enumerate(rows)]
    lines = grade(
        benchmark, items=folder / f"{benchmark}.jsonl", responses=responses(tmp_path / "r", texts), as_json=True
    )
    *scores, summary = [json.loads(line) for line in lines]
    assert len(scores) == 6
    assert all(fields <= set(one) and one["floors"] for one in scores)
    name = "score" if benchmark == "mrcr" else "f1"
    assert [one[name] for one in scores] == [0, 1, 0, 1, 0, 1]
    assert (summary["items"], summary["parse_failures"], summary[name]) == (6, 3, 0.5)
    assert summary["floors"]
    table = grade(benchmark, items=folder / f"{benchmark}.jsonl", responses=tmp_path / "r", as_json=False)
    assert any("floor" in line for line in table)


def test_the_same_seed_writes_the_same_bytes_with_a_tokenizer_of_its_own(folder, tmp_path):
    generate("mrcr", tokens=1024, items=6, seed=2, out=tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (folder / "mrcr.jsonl").read_bytes()


def test_items_that_break_the_rules_are_graded_and_named(tmp_path):
    items = tmp_path / "items.jsonl"
    items.write_text(json.dumps({"prompt": "no graph", "answer_nodes": ["a"], "problem_type": "parents"}) + "\n")
    given = responses(tmp_path / "r", ["Final Answer: [a]"])
    one, summary = [json.loads(line) for line in grade("graphwalks", items=items, responses=given, as_json=True)]
    assert one["exact"] is True
    assert "no graph" in one["problem"]
    assert summary["f1"] == 1.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"response": "a"}\n', "1 responses, but .* has 6 items"),
        ('{"response": "a"}\n{broken\n', "line 2: not JSON"),
        ('{"text": "a"}\n', "line 1: no response in it"),
        ('{"response": 5}\n' * 6, "response 1: `response` is 5; it must be a text"),
        ('"a"\n', "line 1: no response in it"),
    ],
)
def test_wrong_response_files_are_named(folder, tmp_path, text, told):
    path = tmp_path / "r"
    path.write_text(text)
    with pytest.raises(CommandError, match=told):
        list(grade("mrcr", items=folder / "mrcr.jsonl", responses=path, as_json=True))


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"tokens": 100}, "--tokens 100"), ({"items": 0}, "--items 0"), ({"benchmark": "x"}, "no benchmark 'x'")],
)
def test_wrong_arguments_are_named(tmp_path, changed, told):
    given = {"benchmark": "mrcr", "tokens": 1024, "items": 1, "seed": 0, "out": tmp_path / "o", **changed}
    with pytest.raises(CommandError, match=told):
        generate(given.pop("benchmark"), **given)
    assert not (tmp_path / "o").exists()
