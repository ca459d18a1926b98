"""Unified diffs: reading them, applying them to lines of files, undoing them. Exact context.

Files are lists of lines without line ends (a `\\r` at the end is dropped, as agents' logs lose it), or line maps where
only some lines of a file are known. Nothing here touches a disk or runs git.
"""

import re
from collections.abc import Mapping

import msgspec
from unidiff import PatchSet
from unidiff.errors import UnidiffParseError

_HEADER = re.compile(r"^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_CONTEXT = 10  # lines; no tool writes more context after a change unless it is asked to
_FENCE = re.compile(r"```(?:diff|patch)?\s*\n(.*?)```", re.S)


class PatchError(ValueError):
    """A text is no unified diff, or does not fit the files; the message says where."""


class Hunk(msgspec.Struct, frozen=True, kw_only=True):
    """One hunk: `old` and `new` are its lines before and after; starts count from 1 (0 for an empty side)."""

    old_start: int
    old: list[str]
    new_start: int
    new: list[str]


class FilePatch(msgspec.Struct, frozen=True, kw_only=True):
    """All hunks of one file. `old_path` is empty for a new file, `new_path` for a deleted one; `text` is its diff."""

    old_path: str
    new_path: str
    hunks: list[Hunk]
    text: str = ""


def extract_patch(text: str) -> str:
    """The diff inside an answer: its fenced block, or from the first diff header on; the text itself when neither."""
    fenced = [block for block in _FENCE.findall(text) if "@@" in block]
    if fenced:
        return fenced[-1]
    start = re.search(r"^(?:diff --git |--- )", text, re.M)
    return text[start.start() :] if start else text


def parse_patch(text: str) -> list[FilePatch]:
    """Read a unified diff (git's or plain). Raises `PatchError` for binary changes, no change, or malformed hunks.

    Frameworks strip the submitted text, so blank context lines may have lost their space, and the last hunk may lack
    its closing blank context lines: exactly these are restored.
    """
    if re.search(r"^(?:GIT binary patch|Binary files .* differ)", text, re.M):
        raise PatchError("binary change: no text to compile")
    try:
        files = PatchSet(_repair(text))
    except UnidiffParseError as error:
        raise PatchError(str(error)) from None
    patches = [
        FilePatch(
            old_path=_path(file.source_file),
            new_path=_path(file.target_file),
            hunks=[
                Hunk(
                    old_start=hunk.source_start,
                    old=[line.value.rstrip("\r\n") for line in hunk if line.is_context or line.is_removed],
                    new_start=hunk.target_start,
                    new=[line.value.rstrip("\r\n") for line in hunk if line.is_context or line.is_added],
                )
                for hunk in file
            ],
            text=str(file),
        )
        for file in files
    ]
    patches = [p for p in patches if p.hunks or p.old_path != p.new_path]
    if not patches:
        raise PatchError("no file is changed")
    return patches


def apply(patch: FilePatch, lines: Mapping[int, str], *, total: int | None, drift: int = 0) -> dict[int, str]:
    """Apply one file's hunks to a line map (number from 1 -> text) and give the new map, numbered as after the patch.

    `total` is the file's number of lines when all are known, else None. Every context and removed line must be known
    and equal, at most `drift` lines away from where the hunk says. Raises `PatchError` naming the hunk otherwise.
    """
    out: dict[int, str] = {}
    position, shift, moved = 1, 0, 0
    for number, hunk in enumerate(patch.hunks, start=1):
        start = hunk.old_start if hunk.old else hunk.old_start + 1
        found = _find(hunk.old, lines, start=start + moved, drift=drift, earliest=position, total=total)
        if found is None:
            raise PatchError(f"{patch.old_path or patch.new_path}: hunk {number} at line {start} does not fit the file")
        moved = found - start
        for n in range(position, found):
            if n in lines:
                out[n + shift] = lines[n]
        for offset, text in enumerate(hunk.new):
            out[found + shift + offset] = text
        position = found + len(hunk.old)
        shift += len(hunk.new) - len(hunk.old)
    for n, text in lines.items():
        if n >= position:
            out[n + shift] = text
    return dict(sorted(out.items()))


def reverse(patch: FilePatch) -> FilePatch:
    """The patch that undoes this one."""
    hunks = [Hunk(old_start=h.new_start, old=h.new, new_start=h.old_start, new=h.old) for h in patch.hunks]
    return FilePatch(old_path=patch.new_path, new_path=patch.old_path, hunks=hunks)


def apply_all(
    patches: list[FilePatch], files: Mapping[str, tuple[Mapping[int, str], int | None]], *, drift: int = 0
) -> dict[str, dict[int, str] | None]:
    """What each touched path holds after the patch: path -> line map, None for a deleted file.

    `files` maps a path to (line map, total lines or None). Raises `PatchError` for a file that is not there.
    """
    after: dict[str, dict[int, str] | None] = {}
    for patch in patches:
        if not patch.old_path:
            after[patch.new_path] = apply(patch, {}, total=0)
            continue
        if patch.old_path not in files:
            raise PatchError(f"{patch.old_path}: changed by the patch but not in the context")
        lines, total = files[patch.old_path]
        result = apply(patch, lines, total=total, drift=drift)
        if patch.new_path != patch.old_path:
            after[patch.old_path] = None
        if patch.new_path:
            after[patch.new_path] = result
    return after


def line_map(text: str) -> dict[int, str]:
    """Number the lines of a whole file from 1; one closing line end makes no line of its own."""
    if not text:
        return {}
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return {number: line.rstrip("\r") for number, line in enumerate(lines, start=1)}


def _repair(text: str) -> str:
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if lines[-1] == "":
        lines.pop()
    out: list[str] = []
    old_left = new_left = 0
    for number, line in enumerate(lines, start=1):
        in_hunk = old_left > 0 or new_left > 0
        if in_hunk and line.startswith("diff --git "):
            out += _closing(old_left, new_left, number)
            old_left = new_left = 0
        elif in_hunk:
            line = line or " "
            mark = line[0]
            if mark not in " -+\\":
                raise PatchError(f"line {number}: not a line of a hunk: {line[:60]!r}")
            old_left -= mark in " -"
            new_left -= mark in " +"
            if old_left < 0 or new_left < 0:
                raise PatchError(f"line {number}: the hunk is longer than its header says")
        header = None if in_hunk else _HEADER.match(line)
        if header:
            old_left, new_left = int(header[2] or 1), int(header[4] or 1)
        elif not in_hunk and line.startswith("@@"):
            raise PatchError(f"line {number}: malformed hunk header {line[:60]!r}")
        out.append(line)
    out += _closing(old_left, new_left, len(lines))
    return "\n".join(out) + "\n"


def _closing(old_left: int, new_left: int, number: int) -> list[str]:
    if old_left != new_left or old_left > _CONTEXT:
        raise PatchError(f"line {number}: the hunk ends too early")
    return [" "] * old_left


def _find(
    wanted: list[str], lines: Mapping[int, str], *, start: int, drift: int, earliest: int, total: int | None
) -> int | None:
    for distance in range(drift + 1):
        for position in {start - distance, start + distance}:
            if position < earliest:
                continue
            if not wanted and total is not None and position > total + 1:
                continue
            if all(lines.get(position + offset) == text for offset, text in enumerate(wanted)):
                return position
    return None


def _path(text: str) -> str:
    name = text.split("\t")[0].strip().strip('"')
    if name == "/dev/null":
        return ""
    return name[2:] if name[:2] in ("a/", "b/") else name
