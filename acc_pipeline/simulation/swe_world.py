"""Tasks of the simulated swe world: the package with one defect in it, its gold patch, and the tests that decide.

Puts defects into `portcall` and judges patches by running tests. What an agent does about a defect is `swe_agent`.
"""

from dataclasses import dataclass
from pathlib import Path

from acc_pipeline.simulation.sandbox import Sandbox
from acc_pipeline.simulation.swe_defect import Defect
from acc_pipeline.simulation.swe_defects_office import OFFICE
from acc_pipeline.simulation.swe_defects_water import WATER

# in turn, so that few runs meet many modules
DEFECTS = (
    [one for pair in zip(WATER, OFFICE, strict=False) for one in pair] + WATER[len(OFFICE) :] + OFFICE[len(WATER) :]
)
_PACKAGE = Path(__file__).parent / "portcall"
_README = """# portcall

What a harbour office works out every day, as plain functions: which berth a ship can lie at, when the tide lets her in,
what she pays, and what stands on the arrivals board. Pure Python, no dependencies.

    python -c "from portcall.board import duration; print(duration(185))"
"""


@dataclass(frozen=True)
class SweTask:
    """One defect under an id of its own; the same defect may come back under another number."""

    instance_id: str
    defect: Defect

    @property
    def path(self) -> str:
        """The module with the defect, by its path in the repository."""
        return f"portcall/{self.defect.module}.py"

    @property
    def question(self) -> str:
        """The issue as its reporter wrote it."""
        return f"{self.defect.title}\n\n{self.defect.body}"

    def files(self) -> dict[str, str]:
        """The repository that the agent is given, defect included."""
        files = {"README.md": _README}
        for source in sorted(_PACKAGE.glob("*.py")):
            files[f"portcall/{source.name}"] = source.read_text(encoding="utf-8")
        files["portcall/__init__.py"] = '"""What a harbour office works out every day."""\n'
        files[self.path] = self.changed(files[self.path], to="wrong", of="right")
        return files

    def changed(self, text: str, *, to: str, of: str = "wrong") -> str:
        """The module with each edit's text `of` replaced by its text `to` (right, wrong or tempting)."""
        for edit in self.defect.edits:
            old, new = getattr(edit, of), getattr(edit, to)
            if text.count(old) != 1:
                raise ValueError(f"{self.instance_id}: {old!r} stands {text.count(old)} times in {self.path}, not once")
            text = text.replace(old, new)
        return text


def task(number: int) -> SweTask:
    """Task `number`, counted from 0; after the last defect the first one comes back under a new id."""
    return SweTask(instance_id=f"harbour__portcall-{1001 + 7 * number}", defect=DEFECTS[number % len(DEFECTS)])


def gold_patch(task: SweTask, *, folder: Path) -> str:
    """The patch that mends the defect as the maintainers would, made by git."""
    sandbox = Sandbox(folder, files=task.files())
    sandbox.write(task.path, task.changed(sandbox.read(task.path), to="right"))
    return sandbox.run("git diff")[1]


def resolves(task: SweTask, patch: str, *, folder: Path) -> bool:
    """Whether the patch applies to the untouched repository and the task's tests then pass; really run."""
    sandbox = Sandbox(folder, files=task.files())
    if patch:
        sandbox.write("../submitted.patch", patch)
        code, _ = sandbox.run("git apply ../submitted.patch")
        if code:
            return False
    sandbox.write("check_issue.py", task.defect.tests + "\n")
    return sandbox.run("python check_issue.py")[0] == 0
