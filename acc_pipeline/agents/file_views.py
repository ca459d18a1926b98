"""Files as a run saw them before it changed them: line maps put together from whole views and windows.

Also whose path a logged path is (agents write `/testbed/pkg/a.py`, `./pkg/a.py` and `pkg/a.py` for one file), and how
the seen windows of a file are written as text and read back. What a patch does to files is in `patch.py`.
"""

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from acc_pipeline.agents.patch import line_map
from acc_pipeline.trajectories.schema import Completeness, Evidence, EvidenceKind, Trajectory, Verb

_COPIES = {"build", "dist", "site-packages", "dist-packages", "node_modules", ".git", ".tox", ".eggs"}
_WINDOW = "[lines {first}-{last} of {total}]"


class SeenFile(msgspec.Struct, kw_only=True):
    """What a run saw of one file before changing it: line number from 1 -> text; `total` is 0 when not known."""

    locator: str
    step: int
    call: str
    lines: dict[int, str] = {}
    total: int = 0
    whole: bool = False
    conflicts: int = 0

    @property
    def complete(self) -> bool:
        """True when every line of the file is known."""
        return self.whole or (self.total > 0 and len(self.lines) == self.total)

    def windows(self) -> list[tuple[int, int]]:
        """Runs of known lines as (first, last), inclusive."""
        runs: list[tuple[int, int]] = []
        for number in sorted(self.lines):
            if runs and number == runs[-1][1] + 1:
                runs[-1] = (runs[-1][0], number)
            else:
                runs.append((number, number))
        return runs


def clean_path(locator: str) -> str:
    """One spelling of a logged path; an absolute path stays absolute."""
    path = posixpath.normpath(locator.strip().replace("\\", "/"))
    return "" if path == "." else path


def seen_files(trajectory: Trajectory) -> dict[str, SeenFile]:
    """Every file that the run viewed, by cleaned path, as it was before the run edited it."""
    files: dict[str, SeenFile] = {}
    for step, call, item in _views(trajectory):
        if item.after_edit or item.completeness not in (Completeness.FULL, Completeness.WINDOWED):
            continue
        path = clean_path(item.locator)
        if not path:
            continue
        seen = files.setdefault(path, SeenFile(locator=path, step=step, call=call))
        _add(seen, item)
    return {path: seen for path, seen in files.items() if seen.lines or seen.whole}


def final_views(trajectory: Trajectory) -> dict[str, SeenFile]:
    """Whole views of files after the run's last edit: undoing the patch on one gives the file as it was before."""
    last_edit = max(
        (
            step.index
            for step in trajectory.steps
            for call in step.calls
            if call.verb == Verb.EDIT and not step.demonstration
        ),
        default=-1,
    )
    files: dict[str, SeenFile] = {}
    for step, call, item in _views(trajectory):
        if step > last_edit and item.after_edit and item.completeness == Completeness.FULL:
            seen = SeenFile(locator=clean_path(item.locator), step=step, call=call)
            _add(seen, item)
            files[seen.locator] = seen
    return files


def repository_root(locators: Iterable[str], paths: Iterable[str]) -> str | None:
    """The folder in which the patch's paths stand, as the log spells it ("" for relative paths); None when none fits.

    Build folders and installed packages hold copies under the same relative path: they never count, and of the rest
    the root that explains most paths wins, then the shortest.
    """
    known = [clean_path(locator) for locator in locators]
    roots: Counter[str] = Counter()
    for path in paths:
        for locator in known:
            if locator == path:
                roots[""] += 1
            elif locator.endswith("/" + path):
                root = locator[: -len(path) - 1]
                if not _COPIES & set(root.split("/")):
                    roots[root] += 1
    if not roots:
        return None
    return min(roots, key=lambda root: (-roots[root], root.count("/"), root))


def relative(locator: str, root: str) -> str:
    """A logged path relative to the repository's root; a path outside of it stays as it is."""
    path = clean_path(locator)
    return path[len(root) + 1 :] if root and path.startswith(root + "/") else path


def render(lines: Mapping[int, str]) -> str:
    """A whole file's text: `line_map` reads exactly these lines back."""
    return "".join(f"{lines[number]}\n" for number in sorted(lines))


def render_windows(seen: SeenFile) -> str:
    """The seen windows as text, each under a line that says which lines they are."""
    total = str(seen.total) if seen.total else "unknown"
    parts = []
    for first, last in seen.windows():
        parts.append(_WINDOW.format(first=first, last=last, total=total) + "\n")
        parts += [f"{seen.lines[number]}\n" for number in range(first, last + 1)]
    return "".join(parts)


def parse_windows(text: str, windows: Iterable[tuple[int, int]]) -> dict[int, str]:
    """Read back what `render_windows` wrote. Raises `ValueError` when the text does not hold just those windows."""
    rows = text.split("\n")
    if rows and rows[-1] == "":
        rows.pop()
    lines: dict[int, str] = {}
    position = 0
    for first, last in windows:
        heading = rows[position] if position < len(rows) else ""
        if not re.fullmatch(rf"\[lines {first}-{last} of (?:\d+|unknown)\]", heading):
            raise ValueError(f"no heading for lines {first}-{last} where it should stand")
        block = rows[position + 1 : position + 2 + last - first]
        if len(block) != last - first + 1:
            raise ValueError(f"lines {first}-{last} are cut off")
        lines.update(zip(range(first, last + 1), block, strict=True))
        position += 1 + len(block)
    if position != len(rows):
        raise ValueError("text after the last window")
    return lines


def _views(trajectory: Trajectory) -> Iterable[tuple[int, str, Evidence]]:
    for step in trajectory.steps:
        if step.copied or step.demonstration:
            continue
        for observation in step.observations:
            for item in observation.items:
                if item.kind == EvidenceKind.FILE:
                    yield step.index, observation.call_id or "", item


def _add(seen: SeenFile, item: Evidence) -> None:
    seen.total = max(seen.total, item.total_lines)
    mapped = line_map(item.text)
    if item.completeness == Completeness.FULL and item.first_line <= 1:
        if not seen.whole:
            seen.conflicts += sum(mapped.get(number) != text for number, text in seen.lines.items())
            seen.lines, seen.total, seen.whole = mapped, len(mapped), True
        return
    if not item.first_line or seen.whole:
        return
    if item.last_line:  # a view may end in blank lines that are no lines of the file
        mapped = {n: text for n, text in mapped.items() if item.first_line + n - 1 <= item.last_line}
    for number, text in mapped.items():
        known = seen.lines.setdefault(item.first_line + number - 1, text)
        seen.conflicts += known != text
