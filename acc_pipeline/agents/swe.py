"""Agents that repair software: evidence is the files of the correct patch as they were before it, the answer the patch.

Runs no code and no git: a verdict is recorded elsewhere, and whether a patch fits is decided on lines. Diffs are in
`patch.py`, what a log shows of files in `file_views.py`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from acc_pipeline.agents import patch as diff
from acc_pipeline.agents.base import Context, Gathered, Needs, Piece, Role, Sources, Sufficiency, Verdict
from acc_pipeline.agents.control import restore
from acc_pipeline.agents.file_views import (
    SeenFile,
    clean_path,
    final_views,
    parse_windows,
    relative,
    render,
    render_windows,
    repository_root,
    seen_files,
)
from acc_pipeline.agents.pages import is_near_copy, shingles
from acc_pipeline.agents.patch import FilePatch, Hunk, PatchError, line_map
from acc_pipeline.agents.questions import swe_question
from acc_pipeline.agents.spans import bodies
from acc_pipeline.trajectories.schema import Reject, Trajectory

RULES_VERSION = 1
_SCRATCH = re.compile(
    r"^(?:.*[_-])?(?:repro\w*|test|tests|debug|demo|check|verify|edge|try|tmp|temp|patch)(?:[_-].*)?\.\w+$", re.I
)
_INSTANCE = re.compile(r"^([\w.\-]+)__([\w.\-]+?)-\d+(?:_\d+)?$")
_DRIFT = 200  # lines by which a written hunk header may be off, as `git apply` allows
Files = dict[str, tuple[Mapping[int, str], int | None]]


class SweOptions(BaseModel):
    """What a software-engineering run may give to a context."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    windowed: Literal["keep", "reject"] = Field(
        default="keep",
        description="Evidence of which only windows were seen; kept only when every hunk lies inside them.",
    )
    drop_scratch: bool = Field(
        default=True,
        description="Leave new top-level scripts (reproduce_*, test_*, debug_* …) out of the answer's patch.",
    )
    near_copy: float = Field(default=0.9, gt=0, le=1, description="Share of five-word runs that makes a near copy.")
    max_distractors: int = Field(default=50, ge=0, description="Most distractors offered to the budget.")
    max_file_bytes: int = Field(default=1_000_000, ge=1, description="Largest file that is read from a repository.")


class SweAgent:
    """Software-engineering agents."""

    name = "swe"
    instruction = (
        "Below are files of a repository, as they are now. Please reason based on them and write the patch, "
        "as a unified diff, that resolves the issue."
    )

    def __init__(self, options: SweOptions | None = None) -> None:
        self.options = options or SweOptions()

    def recipe(self) -> dict[str, Any]:
        return {"rules": RULES_VERSION, **self.options.model_dump(mode="json")}

    def needs(self, trajectory: Trajectory) -> Needs:
        task = trajectory.task
        repo = task.repo
        if not repo and (found := _INSTANCE.match(task.task_id)):
            repo = f"{found[1]}/{found[2]}"
        if repo and task.base_commit:
            repo = f"{repo}@{task.base_commit}"
        return Needs(task_id=task.task_id, question=self.question(trajectory), repo=repo or task.task_id)

    def question(self, trajectory: Trajectory) -> str:
        return swe_question(trajectory.task.question)

    def verify(self, trajectory: Trajectory, sources: Sources) -> Verdict:
        """A recorded test verdict (the reference file's before the log's), or the gold patch itself."""
        reference, logged = sources.reference, trajectory.outcome
        facts = {"log": logged.status, "log_field": logged.field}
        if reference is not None and reference.resolved is not None:
            outcome = "correct" if reference.resolved else "wrong"
            return Verdict(
                outcome=outcome, method="recorded", reason="test verdict in the reference file", evidence=facts
            )
        if logged.status in ("correct", "wrong"):
            reason = f"test verdict in the log ({logged.field})"
            return Verdict(outcome=logged.status, method="recorded", reason=reason, evidence=facts)
        if trajectory.answer.kind != "patch" or not trajectory.answer.text.strip():
            return Verdict(outcome="unknown", method="none", reason="the log holds no patch and no test verdict")
        if reference is not None and reference.patch:
            if _same_changes(trajectory.answer.text, reference.patch):
                return Verdict(outcome="correct", method="matched", reason="the same change as the gold patch")
            return Verdict(
                outcome="unknown", method="matched", reason="differs from the gold patch, which proves nothing"
            )
        return Verdict(outcome="unknown", method="none", reason="no test verdict in the references or the log")

    def gather(self, trajectory: Trajectory, sources: Sources) -> Gathered | Reject:
        def reject(reason: str, detail: str, cure: str) -> Reject:
            return Reject(reason=reason, detail=detail, cure=cure, source=trajectory.source)

        if trajectory.answer.kind != "patch" or not trajectory.answer.text.strip():
            return reject("no_patch", "the log holds no final patch", "log the patch that the run handed in (git diff)")
        try:
            everything = diff.parse_patch(trajectory.answer.text)
        except PatchError as error:
            return reject("bad_patch", str(error), "log the submitted patch as a unified diff")
        patches = [p for p in everything if not (self.options.drop_scratch and is_scratch(p))]
        changed = [p for p in patches if p.old_path]
        if not changed:
            names = ", ".join(p.new_path for p in everything)
            return reject("no_evidence", f"the patch only adds files: {names}", "none: there is no file to reason on")
        views, finals = seen_files(trajectory), final_views(trajectory)
        root = repository_root([*views, *finals], [p.old_path for p in changed])
        pieces: list[Piece] = []
        windows: dict[str, list[tuple[int, int]]] = {}
        for change in changed:
            path = change.old_path
            seen = self._before(change, views=views, finals=finals, root=root, repo=sources.repo)
            if isinstance(seen, str):
                reason = "evidence_incomplete" if seen.startswith("incomplete") else "evidence_missing"
                cure = "put the repository as it was before the change into data/repos/<task id>/"
                return reject(reason, f"{path}: {seen}", cure)
            if not seen.complete and self.options.windowed == "reject":
                return reject("evidence_windowed", f"{path}: only windows were seen", "allow option windowed=keep")
            if not seen.complete:
                windows[path] = seen.windows()
            pieces.append(_piece(seen, path=path, role=Role.EVIDENCE))
        pieces += self._distractors(pieces, everything=everything, views=views, root=root, repo=sources.repo)
        answer = "".join(p.text for p in patches)
        accepted = [answer]
        gold = sources.reference.patch if sources.reference else ""
        if gold and {p.old_path for p in _parsed(gold)} <= {p.old_path for p in changed}:
            accepted.append(gold)
        checks = {
            "patch": answer,
            "accepted": accepted,
            "windows": {p: [list(w) for w in ws] for p, ws in windows.items()},
        }
        return Gathered(pieces=pieces, answer=answer, checks=checks)

    def sufficient(self, context: Context) -> Sufficiency:
        """Does the patch apply, without any shift, to the files read from the prompt by the pieces' spans?"""
        windowed = any(p.role == Role.EVIDENCE and p.completeness != "full" for p in context.pieces)
        how = "windowed" if windowed else "patch_applies"
        try:
            diff.apply_all(diff.parse_patch(str(context.checks["patch"])), _files(context))
        except (PatchError, ValueError) as error:
            return Sufficiency(outcome="fails", how=how, reason=str(error))
        return Sufficiency(outcome="holds", how=how)

    def grade(self, answer: str, context: Context) -> Verdict:
        """The same files after the patch as after an accepted one. Another effect is unknown: only tests could tell."""
        files = _files(context)
        try:
            got = diff.apply_all(_lasting(diff.extract_patch(restore(answer))), files, drift=_DRIFT)
        except PatchError as error:
            return Verdict(outcome="wrong", method="matched", reason=f"the patch does not apply: {error}")
        for accepted in context.checks["accepted"]:
            try:
                want = diff.apply_all(_lasting(str(accepted)), files)
            except PatchError:
                continue
            if _texts(got) == _texts(want):
                return Verdict(outcome="correct", method="matched", reason="the same effect as an accepted patch")
        return Verdict(
            outcome="unknown", method="matched", reason="applies, with another effect than the accepted patch"
        )

    def _before(
        self,
        change: FilePatch,
        *,
        views: Mapping[str, SeenFile],
        finals: Mapping[str, SeenFile],
        root: str | None,
        repo: Path | None,
    ) -> SeenFile | str:
        """The file before the patch, from the repository, a view before the first edit, or a final view with the patch
        undone; or why there is none. The patch must fit it exactly."""
        path = change.old_path
        seen = self._read(repo, path)
        if seen is not None and _fits(change, seen):
            return seen
        problem = "not seen before the run changed it"
        if seen is not None:
            problem = "the repository's file is another version: the patch does not fit it"
        view = _of(views, path, root)
        if view is not None and _fits(change, view):
            return view
        if view is not None:
            problem = (
                "the patch does not fit the file that was seen"
                if view.complete
                else "incomplete: hunks outside the seen lines"
            )
        final = _of(finals, path, root)
        if final is not None:
            try:
                before = diff.apply(diff.reverse(change), final.lines, total=final.total)
            except PatchError:
                return problem
            return SeenFile(locator=path, step=final.step, call=final.call, lines=before, total=len(before), whole=True)
        return problem

    def _distractors(
        self,
        evidence: list[Piece],
        *,
        everything: list[FilePatch],
        views: Mapping[str, SeenFile],
        root: str | None,
        repo: Path | None,
    ) -> list[Piece]:
        taken = {p.old_path for p in everything} | {p.new_path for p in everything}
        folders = {piece.locator.rpartition("/")[0] for piece in evidence}
        known = [shingles(piece.text) for piece in evidence]
        order = sorted(
            views.values(),
            key=lambda seen: (relative(seen.locator, root or "").rpartition("/")[0] not in folders, seen.step),
        )
        found: list[Piece] = []
        for view in order:
            path = relative(view.locator, root or "")
            if path in taken or len(found) == self.options.max_distractors:
                continue
            taken.add(path)
            piece = _piece(self._read(repo, path) or view, path=path, role=Role.DISTRACTOR, seen_at=view)
            own = shingles(piece.text)
            if not own or any(is_near_copy(own, other, share=self.options.near_copy) for other in known):
                continue
            known.append(own)
            found.append(piece)
        return found

    def _read(self, repo: Path | None, path: str) -> SeenFile | None:
        if repo is None or path.startswith("/") or ".." in path.split("/"):
            return None
        base = repo.resolve()
        full = (base / path).resolve()
        if not full.is_relative_to(base) or not full.is_file() or full.stat().st_size > self.options.max_file_bytes:
            return None
        try:
            lines = line_map(full.read_bytes().decode("utf-8"))
        except UnicodeDecodeError:
            return None
        return SeenFile(locator=path, step=-1, call="", lines=lines, total=len(lines), whole=True)


def is_scratch(patch: FilePatch) -> bool:
    """A new file at the repository's top whose name says that the agent made it to try things out."""
    return not patch.old_path and "/" not in patch.new_path and _SCRATCH.match(patch.new_path) is not None


def _piece(seen: SeenFile, *, path: str, role: Role, seen_at: SeenFile | None = None) -> Piece:
    at = seen_at or seen
    runs = seen.windows()
    return Piece(
        role=role,
        kind="file",
        locator=path,
        text=render(seen.lines) if seen.complete else render_windows(seen),
        completeness="full" if seen.complete else "windowed",
        step=at.step,
        call=at.call,
        first_line=runs[0][0] if runs else 0,
        last_line=runs[-1][1] if runs else 0,
    )


def _files(context: Context) -> Files:
    windows = context.checks.get("windows", {})
    files: Files = {}
    for piece, text in bodies(context):
        if piece.role != Role.EVIDENCE:
            continue
        if piece.locator in windows:
            files[piece.locator] = (parse_windows(text, [(a, b) for a, b in windows[piece.locator]]), None)
        else:
            lines = line_map(text)
            files[piece.locator] = (lines, len(lines))
    return files


def _of(files: Mapping[str, SeenFile], path: str, root: str | None) -> SeenFile | None:
    if root is None:
        return None
    return files.get(f"{root}/{path}") or files.get(path) if root else files.get(path)


def _fits(change: FilePatch, seen: SeenFile) -> bool:
    if seen.conflicts:
        return False
    try:
        diff.apply(change, seen.lines, total=len(seen.lines) if seen.complete else None)
    except PatchError:
        return False
    return True


def _texts(after: Mapping[str, Mapping[int, str] | None]) -> dict[str, list[tuple[int, str]] | None]:
    return {clean_path(path): None if lines is None else sorted(lines.items()) for path, lines in after.items()}


def _lasting(text: str) -> list[FilePatch]:
    return [p for p in diff.parse_patch(text) if not is_scratch(p)]


def _parsed(text: str) -> list[FilePatch]:
    try:
        return diff.parse_patch(text)
    except PatchError:
        return []


def _same_changes(left: str, right: str) -> bool:
    def changes(text: str) -> dict[tuple[str, str], list[tuple[int, list[str], list[str]]]]:
        found = [p for p in _parsed(text) if not is_scratch(p)]
        return {(p.old_path, p.new_path): [_core(hunk) for hunk in p.hunks] for p in found}

    ours = changes(left)
    return bool(ours) and ours == changes(right)


def _core(hunk: Hunk) -> tuple[int, list[str], list[str]]:
    """A hunk's place and lines without the context around it, which differs with the tool that wrote the diff."""
    old, new = hunk.old, hunk.new
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return hunk.old_start + start, old[start : len(old) - end], new[start : len(new) - end]
