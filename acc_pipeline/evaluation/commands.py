"""What `acc generate` and `acc grade` do: items to a file in the official columns, and responses to scores.

Generators and graders are elsewhere; here files are read, checked and told about.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from acc_pipeline.evaluation import graphwalks, mrcr
from acc_pipeline.evaluation.items import BENCHMARKS, item_row, official_graphwalks, official_mrcr
from acc_pipeline.evaluation.options import MIN_TOKENS, NEEDLES
from acc_pipeline.evaluation.score import floors, summarise
from acc_pipeline.evaluation.score import grade as grade_one

_FIELDS = {"mrcr": ("score", "exact", "parse_ok"), "graphwalks": ("precision", "recall", "f1", "exact", "parse_ok")}
_NEEDED = {"mrcr": ("answer", "random_string_to_prepend"), "graphwalks": ("answer_nodes",)}


class CommandError(ValueError):
    """An argument or an input file is wrong; the message names the file, the line and the cure."""


def generate(
    benchmark: str,
    *,
    tokens: int,
    items: int,
    seed: int,
    out: Path,
    needles: tuple[int, ...] = NEEDLES,
    variant: graphwalks.Variant = "clean",
    tokenizer_dir: Path | None = None,
) -> str:
    """Write `items` items of about `tokens` tokens as JSON lines in the official columns; answers what was written.

    Tokens are those of the tokenizer in `tokenizer_dir`, or of the project's tiny one, which splits digits as Qwen's
    does. Raises CommandError for an argument out of range, ValueError where an item cannot be so short.
    """
    if tokens < MIN_TOKENS:
        raise CommandError(f"--tokens {tokens}: at least {MIN_TOKENS} are needed")
    if items < 1:
        raise CommandError(f"--items {items}: at least 1 is needed")
    _known(benchmark)
    with tempfile.TemporaryDirectory(prefix="acc-tokenizer-") as scratch:
        count = _counter(tokenizer_dir, scratch=Path(scratch))
        if benchmark == "mrcr":
            rows = official_mrcr(items=items, needles=needles, tokens=tokens, seed=seed, count=count)
        else:
            rows = official_graphwalks(items=items, variant=variant, tokens=tokens, seed=seed, count=count)
        lengths = [item_row(benchmark, row, index=0, count=count)["tokens"] for row in rows]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return f"{len(rows)} {benchmark} items of {min(lengths):,} to {max(lengths):,} tokens -> {out}"


def _counter(tokenizer_dir: Path | None, *, scratch: Path) -> Callable[[str], int]:
    from acc_pipeline.contexts.tokens import TokenCounter
    from acc_pipeline.training.tiny_tokenizer import build_tiny_tokenizer

    return TokenCounter(tokenizer_dir or build_tiny_tokenizer(scratch / "tiny")).count


def grade(benchmark: str, *, items: Path, responses: Path, as_json: bool) -> Iterator[str]:
    """Lines to print: with `as_json` one object a response, then one summary object; else a table.

    `items` has the official columns and `responses` `{"response": "…"}`, both as JSON lines in the same order. Raises
    CommandError before the first line when a file is not so.
    """
    _known(benchmark)
    rows = [
        _item(benchmark, official, path=items, number=number)
        for number, official in enumerate(_lines(items, needed=_NEEDED[benchmark]), start=1)
    ]
    texts = [
        _response(one, path=responses, number=n) for n, one in enumerate(_lines(responses, needed=("response",)), 1)
    ]
    if len(rows) != len(texts):
        raise CommandError(
            f"{responses}: {len(texts)} responses, but {items} has {len(rows)} items; write one line per item, "
            'in order, with an empty "response" where there is none'
        )
    if not rows:
        raise CommandError(f"{items}: no items in it")
    scores = [grade_one(benchmark, row, text) for row, text in zip(rows, texts, strict=True)]
    full = [
        {"benchmark": benchmark, "subset": row["subset"], "item_id": row["item_id"], **score}
        for row, score in zip(rows, scores, strict=True)
    ]
    summaries = [_trimmed(one, benchmark) for one in summarise(full, items={benchmark: _sound(rows)})]
    return _json_lines(benchmark, rows, scores, summaries) if as_json else _table(benchmark, rows, summaries)


def _sound(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if "problem" not in row]


def _json_lines(
    benchmark: str, rows: list[dict[str, Any]], scores: list[dict[str, Any]], summaries: list[dict[str, Any]]
) -> Iterator[str]:
    for row, score in zip(rows, scores, strict=True):
        about = {"item_id": row["item_id"], "subset": row["subset"]}
        fields = {name: score[name] for name in _FIELDS[benchmark]}
        beside = {"problem": row["problem"]} if "problem" in row else {"floors": floors(benchmark, row)}
        yield json.dumps({**about, **fields, **beside})
    yield json.dumps({"summary": True, **summaries[0], "subsets": summaries[1:]})


def _table(benchmark: str, rows: list[dict[str, Any]], summaries: list[dict[str, Any]]) -> Iterator[str]:
    fields = _FIELDS[benchmark]
    yield f"{'':24} items " + " ".join(f"{name:>9}" for name in fields) + "  parse failures"
    for one in summaries:
        figures = " ".join(f"{one[name]:9.3f}" for name in fields)
        yield f"{benchmark + ' ' + one['subset']:24} {one['items']:5} {figures}  {one['parse_failures']}"
        for name, floor in one["floors"].items():
            figures = " ".join(f"{floor[field]:9.3f}" if field in floor else f"{'':9}" for field in fields)
            yield f"  {'floor ' + name:22} {'':5} {figures}"
    for row in rows:
        if "problem" in row:
            yield f"no floors for {row['item_id']}: {row['problem']}"


def _trimmed(summary: dict[str, Any], benchmark: str) -> dict[str, Any]:
    wanted = ("benchmark", "subset", "items", "responses", *_FIELDS[benchmark], "parse_failures", "floors")
    return {name: summary[name] for name in wanted}


def _known(benchmark: str) -> None:
    if benchmark not in BENCHMARKS:
        raise CommandError(f"no benchmark {benchmark!r}; there are {', '.join(BENCHMARKS)}")


def _lines(path: Path, *, needed: tuple[str, ...]) -> list[dict[str, Any]]:
    found = []
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"{path}: not UTF-8 (byte {error.start}); JSON lines are wanted") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            one = json.loads(line)
        except ValueError as error:
            raise CommandError(f"{path}, line {number}: not JSON ({error}); write one object a line") from None
        missing = [name for name in needed if not isinstance(one, dict) or name not in one]
        if missing:
            raise CommandError(f"{path}, line {number}: no {', '.join(missing)} in it")
        found.append(one)
    return found


def _item(benchmark: str, official: dict[str, Any], *, path: Path, number: int) -> dict[str, Any]:
    """A row of eval_items; one that breaks the benchmark's rules is graded too, with a `problem` for its floors."""
    answer = official["answer"] if benchmark == "mrcr" else official["answer_nodes"]
    nonce = official.get("random_string_to_prepend")
    if benchmark == "mrcr" and not (isinstance(answer, str) and isinstance(nonce, str) and nonce):
        raise CommandError(f"{path}, item {number}: answer and random_string_to_prepend must be texts")
    if benchmark == "mrcr" and not answer.startswith(nonce):
        raise CommandError(f"{path}, item {number}: the answer does not begin with random_string_to_prepend {nonce!r}")
    if benchmark == "graphwalks" and not (isinstance(answer, list) and all(isinstance(one, str) for one in answer)):
        raise CommandError(f"{path}, item {number}: answer_nodes is {answer!r}; it must be a list of texts")
    try:
        (mrcr if benchmark == "mrcr" else graphwalks).check_row(official)
        return item_row(benchmark, official, index=number - 1, count=len)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        return {
            "item_id": f"{benchmark}-{number - 1:04d}",
            "subset": str(official.get("problem_type") or f"{official.get('n_needles', 'unknown')}-needle"),
            "answer": json.dumps(answer),
            "meta": json.dumps({"random_string_to_prepend": nonce}),
            "problem": f"{type(error).__name__}: {error}",
        }


def _response(one: dict[str, Any], *, path: Path, number: int) -> str:
    if not isinstance(one["response"], str):
        raise CommandError(f"{path}, response {number}: `response` is {one['response']!r}; it must be a text")
    return one["response"]
