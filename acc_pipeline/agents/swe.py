"""Agents that repair software: evidence is the files of the correct patch as they were before it, the answer the patch.

Runs no code and no git: a verdict is recorded elsewhere, and whether a patch fits is decided on lines. Diffs are in
`patch.py` and `patch_compare.py`, the files' texts in `swe_evidence.py`.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from acc_pipeline.agents import patch as diff
from acc_pipeline.agents.base import Context, Gathered, Needs, Piece, Role, Sources, Sufficiency, Verdict
from acc_pipeline.agents.control import restore
from acc_pipeline.agents.file_views import SeenFile, clean_path, parse_windows, render, render_windows
from acc_pipeline.agents.pages import is_near_copy, shingles
from acc_pipeline.agents.patch import PatchError, line_map
from acc_pipeline.agents.patch_compare import lasting, same_change
from acc_pipeline.agents.questions import swe_question
from acc_pipeline.agents.spans import bodies
from acc_pipeline.agents.swe_evidence import FileSource, Missing
from acc_pipeline.trajectories.schema import Reject, Trajectory

RULES_VERSION = 1
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
            if same_change(trajectory.answer.text, reference.patch):
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
        patches = lasting(everything) if self.options.drop_scratch else everything
        changed = [patch for patch in patches if patch.old_path]
        if not changed:
            names = ", ".join(patch.new_path for patch in everything)
            return reject("no_evidence", f"the patch only adds files: {names}", "none: there is no file to reason on")
        if len({change.old_path for change in changed}) < len(changed):
            return reject("bad_patch", "the patch names a file twice", "log the submitted patch as one unified diff")
        files = FileSource(trajectory, changed=changed, repo=sources.repo, max_file_bytes=self.options.max_file_bytes)
        pieces: list[Piece] = []
        windows: dict[str, list[list[int]]] = {}
        for change in changed:
            path = change.old_path
            seen = files.before(change)
            if isinstance(seen, Missing):
                reason = "evidence_incomplete" if seen.partly else "evidence_missing"
                cure = "put the repository as it was before the change into repos/<task id>/ (beside inbox/)"
                return reject(reason, f"{path}: {seen.why}", cure)
            if not seen.complete and self.options.windowed == "reject":
                return reject("evidence_windowed", f"{path}: only windows were seen", "allow option windowed=keep")
            if not seen.complete:
                windows[path] = [list(window) for window in seen.windows()]
            pieces.append(_piece(seen, path=path, role=Role.EVIDENCE))
        touched = {name for patch in everything for name in (patch.old_path, patch.new_path)}
        answer = "".join(patch.text for patch in patches)
        gold = sources.reference.patch if sources.reference else ""
        accepted = [answer, gold] if gold else [answer]
        checks = {"patch": answer, "accepted": accepted, "windows": windows}
        return Gathered(pieces=pieces + self._distractors(files, pieces, touched), answer=answer, checks=checks)

    def sufficient(self, context: Context) -> Sufficiency:
        """Does the patch apply, without any shift, to the files read from the prompt by the pieces' spans?"""
        windowed = any(p.role == Role.EVIDENCE and p.completeness != "full" for p in context.pieces)
        how = "windowed" if windowed else "patch_applies"
        try:
            diff.apply_all(diff.parse_patch(str(context.checks["patch"])), _files(context))
        except ValueError as error:
            return Sufficiency(outcome="fails", how=how, reason=str(error))
        return Sufficiency(outcome="holds", how=how)

    def grade(self, answer: str, context: Context) -> Verdict:
        """The same files after the patch as after an accepted one. Another effect is unknown: only tests could tell."""
        try:
            files = _files(context)
            patches = lasting(diff.parse_patch(diff.extract_patch(restore(answer))))
            got = diff.apply_all(patches, files, drift=_DRIFT)
        except ValueError as error:
            return Verdict(outcome="wrong", method="matched", reason=f"the patch does not apply: {error}")
        for accepted in context.checks["accepted"]:
            try:
                want = diff.apply_all(lasting(diff.parse_patch(str(accepted))), files)
            except PatchError:  # a gold patch may touch files that the run's patch left alone
                continue
            if _texts(got) == _texts(want):
                return Verdict(outcome="correct", method="matched", reason="the same effect as an accepted patch")
        return Verdict(
            outcome="unknown", method="matched", reason="applies, with another effect than the accepted patch"
        )

    def _distractors(self, files: FileSource, evidence: list[Piece], touched: set[str]) -> list[Piece]:
        folders = {piece.locator.rpartition("/")[0] for piece in evidence}
        known = [shingles(piece.text) for piece in evidence]
        taken = set(touched)
        found: list[Piece] = []
        # Neighbours of the changed files are the harder distractors, and the last to be cut.
        for path, seen in sorted(files.inspected(), key=lambda one: one[0].rpartition("/")[0] not in folders):
            if path in taken or len(found) == self.options.max_distractors:
                continue
            taken.add(path)
            piece = _piece(seen, path=path, role=Role.DISTRACTOR)
            own = shingles(piece.text)
            if not own or any(is_near_copy(own, other, share=self.options.near_copy) for other in known):
                continue
            known.append(own)
            found.append(piece)
        return found


def _piece(seen: SeenFile, *, path: str, role: Role) -> Piece:
    runs = seen.windows()
    return Piece(
        role=role,
        kind="file",
        locator=path,
        text=render(seen.lines) if seen.complete else render_windows(seen),
        completeness="full" if seen.complete else "windowed",
        step=seen.step,
        call=seen.call,
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


def _texts(after: Mapping[str, Mapping[int, str] | None]) -> dict[str, list[tuple[int, str]] | None]:
    return {clean_path(path): None if lines is None else sorted(lines.items()) for path, lines in after.items()}
