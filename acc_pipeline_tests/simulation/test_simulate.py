"""A simulation is the same for the same seed, says what is true, and refuses what it cannot do."""

import json
import shutil
from pathlib import Path

import pytest

from acc_pipeline.simulation.simulate import simulate
from acc_pipeline_tests.simulation.judging import judge

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("kind", ["search", "sql", pytest.param("swe", marks=needs_git)])
def test_equal_seeds_give_equal_bytes(kind: str, tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        simulate(kind, out=tmp_path / name, runs=4, wrong=1, seed=seed)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert tree(tmp_path / "a") != tree(tmp_path / "c")


@pytest.mark.parametrize("kind", ["search", "sql", pytest.param("swe", marks=needs_git)])
@pytest.mark.parametrize("seed", [11, 12])
def test_without_defects_every_verdict_is_the_truth(kind: str, seed: int, tmp_path: Path) -> None:
    manifest = simulate(kind, out=tmp_path, runs=7, wrong=3, seed=seed, defects=False)
    judged, rejects = judge(tmp_path, kind)
    assert not rejects
    assert sum(run["right"] for run in manifest.runs) == 4
    assert [one.verdict == "correct" for one in judged] == [run["right"] for run in manifest.runs]


def test_a_second_simulation_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    simulate("search", out=tmp_path, runs=6, wrong=0, seed=1)
    simulate("search", out=tmp_path, runs=2, wrong=0, seed=2, formats=["atif"], defects=False)
    logs = [p for p in (tmp_path / "inbox" / "search").rglob("*") if p.is_file()]
    assert len(logs) == 2
    assert all(json.loads(p.read_text())["schema_version"] == "ATIF-v1.5" for p in logs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"agent_type": "chess"}, "choose from search, swe, sql"),
        ({"agent_type": "sql", "formats": ["atif"]}, "no writer for 'atif' in sql"),
        ({"agent_type": "sql", "runs": 3, "wrong": 5}, "of 3 sql runs 3 can go wrong"),
        ({"agent_type": "search", "runs": 900}, "ask for at most so many runs"),
        ({"agent_type": "sql", "runs": 900}, "ask for at most so many runs"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(arguments: dict, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(arguments.pop("agent_type"), out=tmp_path, **arguments)
