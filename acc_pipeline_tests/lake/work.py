"""A small stage and its inputs, as the lake's tests run it here and in other processes.

An input's text says what becomes of it: `a b c` is three rows, `!word` a reject, `?word` a reject that passes by
itself, an empty text nothing at all.
"""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from acc_pipeline.compute.inprocess import InProcessEngine
from acc_pipeline.lake.lake import Lake
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.runs import Input, Produced, RejectRow, RunReport, run_records
from acc_pipeline.lake.tables import TableSpec

WORDS = TableSpec("words", {"word": pl.String, "size": pl.Int64, "letters": pl.List(pl.String)})
RECIPE = Recipe({"budget": 4096, "rules": 1})


class Text(NamedTuple):
    key: str
    text: str


def split(item: Text) -> Produced:
    outputs: list[dict[str, Any]] = []
    rejects: list[RejectRow] = []
    for word in item.text.split():
        if word[0] in "!?":
            columns = {"word": word[1:]}
            rejects.append(RejectRow("bad_word", f"{word} in {item.key}", "write another", word[0] == "?", columns))
        else:
            outputs.append({"word": word, "size": len(word), "letters": list(word)})
    return Produced(outputs, rejects)


def run(
    root: Path,
    texts: dict[str, str],
    *,
    partition: str = "sql",
    recipe: Recipe = RECIPE,
    side: dict[str, dict[str, str]] | None = None,
    process: Callable[[Any], Produced] = split,
    shard_size: int = 3,
    seen: list[str] | None = None,
    **options: Any,
) -> RunReport:
    """Run the stage over the texts by key; `seen` collects the keys that were loaded."""

    def load(shard: Sequence[Input]) -> Iterable[Text]:
        for item in shard:
            if seen is not None:
                seen.append(item.key)
            yield Text(item.key, texts[item.key])

    return run_records(
        Lake(str(root)),
        WORDS,
        partition=partition,
        recipe=recipe,
        inputs=[Input(key, text, (side or {}).get(key, {})) for key, text in texts.items()],
        load=load,
        process=process,
        shard_size=shard_size,
        **{"engine": InProcessEngine(), **options},
    )


def content(root: Path, partition: str = "sql") -> list[tuple[Any, ...]]:
    """All rows of the complete partition, sorted."""
    frame = Lake(str(root)).scan(WORDS, partition, status=None).collect()
    return sorted(frame.select(pl.all().exclude("letters")).rows()) + sorted(frame["letters"].to_list(), key=str)


def many(count: int, *, salt: str = "") -> dict[str, str]:
    return {f"runs/{n:03d}.json": f"w{n}{salt} " * (n % 4) + ("!no" if n % 5 == 0 else "") for n in range(count)}


def slow_split(item: Text) -> Produced:
    time.sleep(0.02)
    return split(item)


def main() -> None:
    """`ROOT PARTITION COUNT SALT`: a run in a process of its own, at a pace at which it can be killed half way."""
    root, partition, count, salt = sys.argv[1:]
    report = run(Path(root), many(int(count), salt=salt), partition=partition, process=slow_split, shard_size=4)
    print(report.kept, report.rejected, report.data_version, flush=True)


if __name__ == "__main__":
    main()
