"""Every defect is one: its tests fail before the gold patch and pass after it, and tempting mends do not pass."""

import shutil
from pathlib import Path

import pytest

from acc_pipeline.simulation.sandbox import Editor, Sandbox
from acc_pipeline.simulation.swe_agent import work
from acc_pipeline.simulation.swe_world import DEFECTS, gold_patch, resolves, task

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.mark.parametrize("number", range(len(DEFECTS)))
def test_tests_tell_the_mend_from_the_defect(number: int, tmp_path: Path) -> None:
    one = task(number)
    assert not resolves(one, "", folder=tmp_path / "before")
    gold = gold_patch(one, folder=tmp_path / "gold")
    assert gold.startswith(f"diff --git a/{one.path} b/{one.path}\n")
    assert resolves(one, gold, folder=tmp_path / "after")


@pytest.mark.slow
@pytest.mark.parametrize("number", [n for n, one in enumerate(DEFECTS) if all(e.tempting for e in one.edits)])
def test_a_tempting_mend_stops_the_symptom_and_is_wrong(number: int, tmp_path: Path) -> None:
    run = work(task(number), kit="shell", mend="tempting", trait="full", seed=0, folder=tmp_path)
    shown = [turn.observation for turn in run.turns if "python -c" in turn.arguments.get("command", "")]
    assert shown[0] != shown[1]
    assert not run.right


def test_what_the_agent_saw_is_what_the_files_hold(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path, files={"a.py": "one\ntwo\nthree\n"})
    editor = Editor(sandbox)
    shown = editor.view("/testbed/a.py").splitlines()[1:]
    assert [line.split("\t")[1] for line in shown] == ["one", "two", "three", ""]
    assert "     2\ttwo\n     3\tthree\n" in editor.view("/testbed/a.py", lines=(2, 3))
    assert "edited" in editor.str_replace("/testbed/a.py", old="two", new="2")
    assert sandbox.read("a.py") == "one\n2\nthree\n"
    assert "No replacement" in editor.str_replace("/testbed/a.py", old="four", new="4")
    assert sandbox.run("cat /testbed/a.py; pwd") == (0, "one\n2\nthree\n/testbed\n")
    assert sandbox.run("exit 3") == (3, "")


def test_equal_files_have_one_base_commit(tmp_path: Path) -> None:
    first = Sandbox(tmp_path / "a", files={"a.py": "x\n"})
    again = Sandbox(tmp_path / "b", files={"a.py": "x\n"})
    other = Sandbox(tmp_path / "c", files={"a.py": "y\n"})
    assert first.base_commit == again.base_commit != other.base_commit
