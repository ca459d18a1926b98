"""teacher_rationales through the lake: a teacher that goes down half way, a rerun after the cure."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from acc_pipeline.compute.inprocess import InProcessEngine
from acc_pipeline.lake.lake import Lake
from acc_pipeline.lake.recipe import Recipe
from acc_pipeline.lake.runs import Input, RunReport, run_records
from acc_pipeline.lake.tables import TableSpec
from acc_pipeline.llm.breaker import breaker_for
from acc_pipeline.teacher.item import RationaleItem
from acc_pipeline.teacher.options import TeacherOptions, recipe
from acc_pipeline.teacher.stage import COLUMNS, process
from acc_pipeline_tests.llm.server import Handler, Server, say, serving, status
from acc_pipeline_tests.teacher.tiny import TinyAgent, context

SPEC = TableSpec("teacher_rationales", COLUMNS)
RIGHT = say("Final answer: Charles Babbage", reasoning_content="Engine names him.")


def _run(lake: Lake, server: Server, tmp_path: Path, keys: Sequence[str]) -> RunReport:
    options = TeacherOptions(backend="openai", model="m", base_url=server.url, samples=1, tries=1, timeout_seconds=5)

    def item(key: str) -> RationaleItem:
        made = context(
            {"Engine": "Charles Babbage designed it."},
            question=f"Who ({key})?",
            answer="Charles Babbage",
            example_id=key,
        )
        return RationaleItem(
            context=made,
            split="held-out" if key == "h" else "train",
            options=options,
            store_path=tmp_path / "s.sqlite",
            agent=TinyAgent(),
        )

    return run_records(
        lake,
        SPEC,
        partition="tiny",
        recipe=Recipe(recipe(options)),
        inputs=[Input(key=key, digest=key) for key in keys],
        load=lambda wanted: [item(one.key) for one in wanted],
        process=process,
        engine=InProcessEngine(),
        shard_size=2,
    )


def _kept(lake: Lake) -> list[str]:
    return sorted(lake.scan(SPEC, "tiny").select("example_id").collect().to_series().to_list())


def test_a_rerun_asks_only_for_what_the_fault_left_out(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))

    def down_for_b(handler: Handler) -> None:
        asked = handler.server.requests[-1]["messages"][1]["content"]
        (status(503) if "(b)" in asked and not cured else RIGHT)(handler)

    cured = False
    with serving(down_for_b) as server:
        first = _run(lake, server, tmp_path, ["a", "b", "c", "h"])
        assert (first.kept, first.retryable) == (2, 1)
        assert first.reasons == {"teacher_unavailable": 1, "held_out": 1}
        assert _kept(lake) == ["a", "c"]
        assert len(server.requests) == 3

        cured = True
        breaker_for(server.url, "m").worked()
        second = _run(lake, server, tmp_path, ["a", "b", "c", "h"])
        assert (second.processed, second.reused, second.kept, second.retryable) == (1, 3, 3, 0)
        assert _kept(lake) == ["a", "b", "c"]
        assert len(server.requests) == 4

        third = _run(lake, server, tmp_path, ["a", "b", "c", "h"])
        assert (third.processed, third.committed, third.data_version) == (0, False, second.data_version)
        assert len(server.requests) == 4


def test_a_lake_that_is_lost_is_rebuilt_from_stored_responses(tmp_path: Path) -> None:
    with serving(RIGHT) as server:
        first = _run(Lake(str(tmp_path / "one")), server, tmp_path, ["a", "b"])
        again = Lake(str(tmp_path / "two"))
        second = _run(again, server, tmp_path, ["a", "b"])
        assert len(server.requests) == 2
    assert first.data_version == second.data_version
    assert again.scan(SPEC, "tiny").select(pl.col("kept").all()).collect().item()
