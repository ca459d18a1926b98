"""The rule for patches: name the files, quote the lines that each hunk changes as they stand in the context.

The lines quoted as "reads" are looked up in the file's piece, so a patch that does not belong to the context's files
yields no rationale.
"""

import re

from msgspec import Struct

from acc_pipeline.agents.base import Context
from acc_pipeline.teacher.options import TeacherOptions
from acc_pipeline.teacher.quoting import Quotable, evidence, shorten

_FILE = re.compile(r"^\+\+\+ (?:b/)?(\S+)|^--- (?:a/)?(\S+)", re.MULTILINE)


class Hunk(Struct, frozen=True):
    """One hunk: what it takes away, puts in, and the unchanged line before it. Lines without their mark."""

    removed: list[str]
    added: list[str]
    before: str


class FileChange(Struct, frozen=True):
    path: str
    is_new: bool
    hunks: list[Hunk]


def applies(context: Context) -> bool:
    """Is the answer a unified diff?"""
    return bool(re.search(r"^@@ ", context.answer, re.MULTILINE) and _FILE.search(context.answer))


def parse(patch: str) -> list[FileChange]:
    """The changes of a unified diff, file by file, hunk by hunk."""
    changes: list[FileChange] = []
    old = ""
    hunk: Hunk | None = None
    for line in patch.splitlines():
        if line.startswith("--- "):
            old, hunk = _path(line), None
        elif line.startswith("+++ "):
            new = _path(line)
            changes.append(FileChange(path=old if new == "/dev/null" else new, is_new=old == "/dev/null", hunks=[]))
        elif line.startswith("diff "):
            hunk = None
        elif line.startswith("@@") and changes:
            hunk = Hunk(removed=[], added=[], before="")
            changes[-1].hunks.append(hunk)
        elif hunk is not None and changes:
            if line.startswith("-"):
                hunk.removed.append(line[1:])
            elif line.startswith("+"):
                hunk.added.append(line[1:])
            elif line.strip() and not hunk.removed and not hunk.added:
                hunk = Hunk(removed=hunk.removed, added=hunk.added, before=line[1:])
                changes[-1].hunks[-1] = hunk
    return changes


def reasoning(context: Context, *, options: TeacherOptions) -> str:
    """File by file and hunk by hunk what reads so and should read otherwise; "" when the files are not there."""
    pieces = evidence(context)
    changes = parse(context.answer)
    lines = [f"The task: {shorten(context.question, limit=options.quote_characters)}"]
    lines.append("What has to change is in " + _list([change.path for change in changes]) + ".")
    told = 0
    for change in changes:
        piece = _piece_of(change.path, pieces)
        if piece is None and not change.is_new:
            return ""
        for hunk in change.hunks:
            if told >= options.quotes:
                break
            sentence = _tell(hunk, change=change, piece=piece, limit=options.quote_characters)
            if not sentence:
                return ""
            lines.append(sentence)
            told += 1
    left = sum(len(change.hunks) for change in changes) - told
    if left > 0:
        lines.append(f"{left} more {'hunk' if left == 1 else 'hunks'} of the patch belong to the same change.")
    lines.append("The patch is the unified diff of these changes.")
    return "\n\n".join(lines) if told else ""


def _tell(hunk: Hunk, *, change: FileChange, piece: Quotable | None, limit: int) -> str:
    added = _code(hunk.added, limit=limit)
    if piece is None:
        return f"`{change.path}` does not exist yet and is created. It begins:\n{added}"
    held = piece.text
    if any(line.strip() and line.strip() not in held for line in [*hunk.removed, hunk.before]):
        return ""
    if not hunk.removed:
        place = f"after the line `{shorten(hunk.before, limit=limit)}`" if hunk.before.strip() else "at the beginning"
        return f"In `{change.path}`, {place} something is missing. It needs:\n{added}"
    removed = _code(hunk.removed, limit=limit)
    if not hunk.added:
        return f"`{change.path}` reads:\n{removed}\nThat has to go."
    return f"`{change.path}` reads:\n{removed}\nIt should read:\n{added}"


def _code(lines: list[str], *, limit: int) -> str:
    kept: list[str] = []
    for line in lines:
        if kept and sum(map(len, kept)) + len(line) > limit:
            kept.append("…")
            break
        kept.append(line[:limit])
    return "```\n" + "\n".join(kept) + "\n```"


def _piece_of(path: str, pieces: list[Quotable]) -> Quotable | None:
    """The piece of a file: its locator ends with the path, as logs name files by absolute path or path@version."""
    for quotable in pieces:
        locator = quotable.piece.locator.rsplit("@", 1)[0] if "@" in quotable.piece.locator else quotable.piece.locator
        if locator == path or locator.endswith("/" + path) or path.endswith("/" + locator.lstrip("/")):
            return quotable
    return None


def _path(line: str) -> str:
    name = line[4:].split("\t", 1)[0].strip()
    return name[2:] if name.startswith(("a/", "b/")) else name


def _list(names: list[str]) -> str:
    quoted = [f"`{name}`" for name in dict.fromkeys(names)]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + f" and {quoted[-1]}"
