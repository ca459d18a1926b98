from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.agents.base import Gathered, Reference, Sources
from acc_pipeline.agents.file_views import SeenFile, parse_windows, relative, render_windows, repository_root
from acc_pipeline.agents.swe import SweAgent, SweOptions
from acc_pipeline.trajectories.schema import Evidence, Outcome, Reject, Trajectory, Verb
from acc_pipeline_tests.agents.runs import FILE, PATCH, run, view

AGENT = SweAgent()
PATH = "/testbed/pkg/m.py"
RIGHT = Outcome(status="correct", field="resolved")
AFTER = [*FILE[:19], "line twenty", *FILE[20:]]
SCRATCH = (
    "diff --git a/reproduce_bug.py b/reproduce_bug.py\nnew file mode 100644\n"
    "--- /dev/null\n+++ b/reproduce_bug.py\n@@ -0,0 +1 @@\n+import pkg\n"
)


def fixed(*observed: list[Evidence], patch: str = PATCH, verbs: dict[int, Verb] | None = None) -> Trajectory:
    return run(*observed, question="Fix it", answer=patch, kind="patch", outcome=RIGHT, verbs=verbs, task_id="o__r-1")


def pieces(found: Gathered | Reject) -> list[tuple[str, str, str]]:
    assert isinstance(found, Gathered), found
    return [(piece.role.value, piece.locator, piece.completeness) for piece in found.pieces]


def test_the_patched_file_as_it_was_before_is_evidence_and_other_views_distract() -> None:
    other = view("/testbed/pkg/other.py", [f"another {n} thing" for n in range(20)])
    found = AGENT.gather(fixed([view(PATH, FILE)], [other], [view(PATH, AFTER, after_edit=True)]), Sources())
    assert pieces(found) == [("evidence", "pkg/m.py", "full"), ("distractor", "pkg/other.py", "full")]
    assert isinstance(found, Gathered)
    assert found.pieces[0].text == "".join(f"{line}\n" for line in FILE)
    assert found.answer == PATCH


def test_windows_that_hold_every_hunk_stand_and_keep_their_line_numbers() -> None:
    found = AGENT.gather(
        fixed([view(PATH, FILE[:9], first=1, total=40), view(PATH, FILE[14:30], first=15, total=40)]), Sources()
    )
    assert pieces(found) == [("evidence", "pkg/m.py", "windowed")]
    assert isinstance(found, Gathered)
    assert found.pieces[0].text.startswith("[lines 1-9 of 40]\nline 1\n")
    assert "[lines 15-30 of 40]\nline 15\n" in found.pieces[0].text
    assert found.checks["windows"] == {"pkg/m.py": [[1, 9], [15, 30]]}


def test_windows_that_cover_the_file_make_it_whole() -> None:
    seen = [view(PATH, FILE[:25], first=1, total=40), view(PATH, FILE[20:], first=21, total=40)]
    assert pieces(AGENT.gather(fixed(seen), Sources())) == [("evidence", "pkg/m.py", "full")]


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ([], "evidence_missing"),
        ([view(PATH, FILE[:20], first=1, total=40)], "evidence_incomplete"),
        ([view(PATH, ["other"] * 40)], "evidence_missing"),
        ([view("/testbed/build/lib/pkg/m.py", FILE)], "evidence_missing"),
    ],
)
def test_what_was_not_seen_is_not_made_up(seen: list[Evidence], reason: str) -> None:
    found = AGENT.gather(fixed(seen), Sources())
    assert isinstance(found, Reject)
    assert found.reason == reason
    assert "repos/" in found.cure


def test_a_whole_view_after_the_last_edit_gives_the_file_before_by_undoing_the_patch() -> None:
    seen = [view("/testbed/setup.py", ["import x"])], [view(PATH, AFTER, after_edit=True)]
    found = AGENT.gather(fixed(*seen), Sources())
    assert isinstance(found, Gathered)
    assert found.pieces[0].text == "".join(f"{line}\n" for line in FILE)
    # With an edit after the view, the view is not the final file.
    edited = fixed(*seen, [], verbs={3: Verb.EDIT})
    assert isinstance(AGENT.gather(edited, Sources()), Reject)


def test_a_repository_gives_whole_files_and_a_wrong_version_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "m.py").write_text("\n".join(FILE) + "\n")
    (tmp_path / "pkg" / "other.py").write_text("".join(f"whole other file {n}\n" for n in range(30)))
    part = view("/testbed/pkg/other.py", ["whole other file 3"], first=4, total=30)
    seen = [view(PATH, FILE[14:30], first=15, total=40), part]
    found = AGENT.gather(fixed(seen), Sources(repo=tmp_path))
    assert pieces(found) == [("evidence", "pkg/m.py", "full"), ("distractor", "pkg/other.py", "full")]
    (tmp_path / "pkg" / "m.py").write_text("another version\n")
    assert pieces(AGENT.gather(fixed(seen), Sources(repo=tmp_path)))[0] == ("evidence", "pkg/m.py", "windowed")
    missing = AGENT.gather(fixed(), Sources(repo=tmp_path))
    assert isinstance(missing, Reject)
    assert "another version" in missing.detail


def test_no_path_leaves_the_repository(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("\n".join(FILE) + "\n")
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "link.py").symlink_to(tmp_path / "secret.py")
    for path in ("../secret.py", "link.py"):
        found = AGENT.gather(fixed(patch=PATCH.replace("pkg/m.py", path)), Sources(repo=repo))
        assert isinstance(found, Reject), path


def test_scratch_files_leave_the_answer_and_new_files_need_no_evidence() -> None:
    found = AGENT.gather(fixed([view(PATH, FILE)], patch=SCRATCH + PATCH), Sources())
    assert isinstance(found, Gathered)
    assert found.answer == PATCH
    kept = SweAgent(SweOptions(drop_scratch=False)).gather(fixed([view(PATH, FILE)], patch=SCRATCH + PATCH), Sources())
    assert isinstance(kept, Gathered)
    assert "reproduce_bug.py" in kept.answer
    only_new = AGENT.gather(fixed([view(PATH, FILE)], patch=SCRATCH.replace("reproduce_bug", "pkg/new")), Sources())
    assert isinstance(only_new, Reject)
    assert only_new.reason == "no_evidence"


@pytest.mark.parametrize(
    ("answer", "kind", "logged", "reference", "expected"),
    [
        (PATCH, "patch", RIGHT, None, ("correct", "recorded")),
        (PATCH, "patch", RIGHT, Reference(task_id="t", resolved=False), ("wrong", "recorded")),
        (PATCH, "patch", Outcome(), Reference(task_id="t", resolved=True), ("correct", "recorded")),
        (PATCH, "patch", Outcome(), Reference(task_id="t", patch=PATCH), ("correct", "matched")),
        (
            PATCH,
            "patch",
            Outcome(),
            Reference(task_id="t", patch=PATCH.replace("twenty", "XX")),
            ("unknown", "matched"),
        ),
        (PATCH, "patch", Outcome(), None, ("unknown", "none")),
        ("done", "answer", Outcome(), None, ("unknown", "none")),
    ],
)
def test_verdicts(
    answer: str, kind: str, logged: Outcome, reference: Reference | None, expected: tuple[str, str]
) -> None:
    verdict = AGENT.verify(run(answer=answer, kind=kind, outcome=logged), Sources(reference=reference))
    assert (verdict.outcome, verdict.method) == expected


def test_context_size_and_junk_do_not_hide_the_gold_patch() -> None:
    short = "--- a/pkg/m.py\n+++ b/pkg/m.py\n@@ -20,1 +20,1 @@\n-line 20\n+line twenty\n"
    verdict = AGENT.verify(run(answer=SCRATCH + PATCH, kind="patch"), Sources(reference=Reference(patch=short)))
    assert verdict.outcome == "correct"


def test_the_repository_is_named_by_task_or_instance() -> None:
    assert AGENT.needs(fixed()).repo == "o/r"
    assert AGENT.needs(run(answer=PATCH, kind="patch", repo="own/er")).repo == "own/er"


def test_roots_of_logged_paths() -> None:
    seen = ["/testbed/build/lib/pkg/m.py", "/testbed/pkg/m.py", "/testbed/setup.py"]
    assert repository_root(seen, ["pkg/m.py"]) == "/testbed"
    assert repository_root(["./pkg/m.py"], ["pkg/m.py"]) == ""
    assert repository_root(["/testbed/setup.py"], ["pkg/m.py"]) is None
    assert relative("/testbed/./a//b.py", "/testbed") == "a/b.py"


@given(st.dictionaries(st.integers(1, 60), st.text(alphabet="ab []0-9lines", max_size=12), min_size=1))
def test_windows_come_back_from_their_text(lines: dict[int, str]) -> None:
    seen = SeenFile(locator="x", step=0, call="", lines=lines, total=60)
    assert parse_windows(render_windows(seen), seen.windows()) == lines


def test_cut_windows_are_noticed() -> None:
    seen = SeenFile(locator="x", step=0, call="", lines={1: "a", 2: "b"})
    with pytest.raises(ValueError, match="cut off"):
        parse_windows("[lines 1-2 of unknown]\na\n", seen.windows())
