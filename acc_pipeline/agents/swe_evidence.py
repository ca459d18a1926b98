"""Where the text of a repository's files comes from: a checkout, the run's views, or a last view, the patch undone.

What comes back fits the patch exactly or does not come back at all. Which files count as evidence, and what is made of
them, is the swe agent type's decision.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from acc_pipeline.agents.file_views import SeenFile, final_views, relative, repository_root, seen_files
from acc_pipeline.agents.patch import FilePatch, PatchError, apply, line_map, reverse
from acc_pipeline.trajectories.schema import Trajectory


class Missing(msgspec.Struct, frozen=True):
    """Why a file's text before the patch is not known. `partly`: the run saw it, but not every line that is needed."""

    why: str
    partly: bool = False


class FileSource:
    """The files of one run's repository as they were before its patch.

    `changed` are the patch's files that existed before; they tell where the repository stands in logged paths.
    """

    def __init__(
        self, trajectory: Trajectory, *, changed: list[FilePatch], repo: Path | None, max_file_bytes: int
    ) -> None:
        self._views = seen_files(trajectory)
        self._finals = final_views(trajectory)
        self._root = repository_root([*self._views, *self._finals], [change.old_path for change in changed])
        self._repo = repo
        self._max_file_bytes = max_file_bytes
        # A checkout of another version must not lend its files, not even as distractors.
        self._repo_fits = all(
            (seen := self._read(change.old_path)) is not None and _fits(change, seen) for change in changed
        )

    def before(self, change: FilePatch) -> SeenFile | Missing:
        """The file that `change` starts from. A part of it is enough when every hunk and its context lie inside."""
        path = change.old_path
        view = self._of(self._views, path)
        checkout = self._read(path)
        if checkout is not None and _fits(change, checkout):
            return checkout if view is None else msgspec.structs.replace(checkout, step=view.step, call=view.call)
        if view is not None and _fits(change, view):
            return view
        final = self._of(self._finals, path)
        if final is not None:
            try:
                lines = apply(reverse(change), final.lines, total=final.total)
            except PatchError:
                pass
            else:
                return SeenFile(
                    locator=path, step=final.step, call=final.call, lines=lines, total=len(lines), whole=True
                )
        if view is not None and not view.complete:
            return Missing("hunks of the patch lie outside the lines that were seen", partly=True)
        if view is not None:
            return Missing("the patch does not fit the file that was seen")
        if checkout is not None:
            return Missing("not seen, and the checkout holds another version: the patch does not fit it")
        return Missing("not seen before the run changed it")

    def inspected(self) -> list[tuple[str, SeenFile]]:
        """Every file that the run viewed before editing it, by its path in the repository, in order of first sight."""
        found = []
        for view in sorted(self._views.values(), key=lambda view: view.step):
            path = relative(view.locator, self._root or "")
            checkout = self._read(path) if self._repo_fits else None
            whole = view if checkout is None else msgspec.structs.replace(checkout, step=view.step, call=view.call)
            found.append((path, whole))
        return found

    def _of(self, files: Mapping[str, SeenFile], path: str) -> SeenFile | None:
        if self._root is None:
            return None
        return files.get(f"{self._root}/{path}" if self._root else path) or files.get(path)

    def _read(self, path: str) -> SeenFile | None:
        """A text file of the checkout; nothing that a path or a link leads to outside of it."""
        if self._repo is None or path.startswith("/") or ".." in path.split("/") or "\0" in path:
            return None
        base = self._repo.resolve()
        full = (base / path).resolve()
        try:
            if not full.is_relative_to(base) or not full.is_file() or full.stat().st_size > self._max_file_bytes:
                return None
            lines = line_map(full.read_bytes().decode("utf-8"))
        except (OSError, UnicodeDecodeError):  # a name too long for a file system, or no text
            return None
        return SeenFile(locator=path, step=-1, call="", lines=lines, total=len(lines), whole=True)


def _fits(change: FilePatch, seen: SeenFile) -> bool:
    if seen.conflicts:
        return False
    try:
        apply(change, seen.lines, total=len(seen.lines) if seen.complete else None)
    except PatchError:
        return False
    return True
