import difflib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acc_pipeline.agents.patch import (
    PatchError,
    apply,
    apply_all,
    extract_patch,
    line_map,
    parse_patch,
    reverse,
)

LINES = st.lists(st.sampled_from(["", "a", "b", "    return x", "def f():", "-- c", "+++ d", "@@ e"]), max_size=25)


def diff_of(before: list[str], after: list[str], *, path: str = "pkg/m.py", context: int = 3) -> str:
    body = difflib.unified_diff(
        [f"{line}\n" for line in before],
        [f"{line}\n" for line in after],
        f"a/{path}",
        f"b/{path}",
        n=context,
    )
    return f"diff --git a/{path} b/{path}\n" + "".join(body)


def numbered(lines: list[str]) -> dict[int, str]:
    return dict(enumerate(lines, start=1))


@given(LINES.filter(bool), LINES.filter(bool), st.integers(0, 3))
def test_a_diff_applies_to_its_file_and_is_undone(before: list[str], after: list[str], context: int) -> None:
    if before == after:
        return
    (change,) = parse_patch(diff_of(before, after, context=context))
    assert apply(change, numbered(before), total=len(before)) == numbered(after)
    assert apply(reverse(change), numbered(after), total=len(after)) == numbered(before)


@given(LINES.filter(bool), LINES.filter(bool), st.sampled_from(["strip", "rstrip-lines", "crlf"]))
def test_what_frameworks_do_to_a_diff_is_mended(before: list[str], after: list[str], how: str) -> None:
    if before == after:
        return
    text = diff_of(before, after)
    if how == "strip":
        # Only blank context lines at the end may be restored: an added or removed blank line is content.
        text = text.rstrip(" \n") if text.endswith(" \n") else text.rstrip("\n")
    elif how == "crlf":
        text = text.replace("\n", "\r\n")
    else:
        text = "\n".join("" if line == " " else line for line in text.split("\n"))
    (change,) = parse_patch(text)
    assert apply(change, numbered(before), total=len(before)) == numbered(after)


@settings(max_examples=15, deadline=None)
@given(LINES.filter(bool), LINES.filter(bool))
def test_git_agrees(tmp_path_factory: pytest.TempPathFactory, before: list[str], after: list[str]) -> None:
    if before == after:
        return
    folder = tmp_path_factory.mktemp("repo")
    (folder / "pkg").mkdir()
    file = folder / "pkg" / "m.py"
    file.write_text("".join(f"{line}\n" for line in before))
    (change,) = parse_patch(diff_of(before, after))
    done = subprocess.run(["git", "apply", "-"], input=change.text, text=True, cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert line_map(file.read_text()) == apply(change, numbered(before), total=len(before))


def test_context_must_be_equal_and_in_place() -> None:
    before = [f"line {n}" for n in range(1, 21)]
    after = [*before[:9], "changed", *before[10:]]
    (change,) = parse_patch(diff_of(before, after))
    with pytest.raises(PatchError, match=r"pkg/m\.py: hunk 1 at line 7"):
        apply(change, numbered([*before[:10], "other", *before[11:]]), total=20)
    shifted = numbered(["new first line", *before])
    with pytest.raises(PatchError):
        apply(change, shifted, total=21)
    assert apply(change, shifted, total=21, drift=5)[11] == "changed"


def test_windows_suffice_when_every_hunk_lies_in_them() -> None:
    before = [f"line {n}" for n in range(1, 101)]
    after = [*before[:49], "changed", *before[50:]]
    (change,) = parse_patch(diff_of(before, after))
    window = {n: before[n - 1] for n in range(45, 56)}
    assert apply(change, window, total=None)[50] == "changed"
    with pytest.raises(PatchError):
        apply(change, {n: text for n, text in window.items() if n != 47}, total=None)


def test_new_deleted_and_renamed_files() -> None:
    text = (
        "diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1,2 @@\n+a\n+b\n"
        "diff --git a/old.py b/old.py\ndeleted file mode 100644\n--- a/old.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-gone\n"
        "diff --git a/was.py b/is.py\nsimilarity index 100%\nrename from was.py\nrename to is.py\n"
    )
    patches = parse_patch(text)
    assert [(p.old_path, p.new_path) for p in patches] == [("", "new.py"), ("old.py", ""), ("was.py", "is.py")]
    after = apply_all(patches, {"old.py": ({1: "gone"}, 1), "was.py": ({1: "x"}, 1)})
    assert after == {"new.py": {1: "a", 2: "b"}, "old.py": None, "was.py": None, "is.py": {1: "x"}}


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(PatchError, match=r"pkg/m\.py: changed by the patch but not in the context"):
        apply_all(parse_patch(diff_of(["a"], ["b"])), {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no file"),
        ("just words", "no file"),
        ("diff --git a/x b/x\nBinary files a/x and b/x differ\n", "binary"),
        ("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n", "ends too early"),
        ("--- a/x\n+++ b/x\n@@ nonsense @@\n a\n", "malformed"),
    ],
)
def test_broken_diffs_say_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(PatchError, match=says):
        parse_patch(text)


@given(st.text(max_size=300))
def test_reading_any_text_gives_patches_or_a_patch_error(text: str) -> None:
    try:
        patches = parse_patch(f"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n{text}")
    except PatchError:
        return
    assert len(patches[0].hunks[0].old) == 3


def test_a_diff_is_found_inside_an_answer() -> None:
    text = diff_of(["a"], ["b"])
    assert parse_patch(extract_patch(f"Here it is:\n```diff\n{text}```\nDone.")) == parse_patch(text)
    assert parse_patch(extract_patch(f"Here it is:\n\n{text}")) == parse_patch(text)


def test_line_map_and_closing_line_ends(tmp_path: Path) -> None:
    assert line_map("a\n\nb\n") == {1: "a", 2: "", 3: "b"}
    assert line_map("a\r\nb") == {1: "a", 2: "b"}
    assert line_map("") == {}
