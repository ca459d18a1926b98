"""A scripted software agent: it looks for a defect, shows it, mends it and submits, all with tools that really run.

Two tool kits, as frameworks have them: an editor beside a shell (SWE-agent, OpenHands), or the shell alone
(mini-swe-agent). Nothing here writes logs.
"""

import random
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from acc_pipeline.simulation.records import Run, Turn, stable_id
from acc_pipeline.simulation.sandbox import ROOT, Editor, Sandbox
from acc_pipeline.simulation.swe_world import SweTask, resolves

SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT && cat patch.txt"


@dataclass
class _Session:
    """The agent's hands: each method runs one tool and keeps the turn."""

    sandbox: Sandbox
    turns: list[Turn]

    def bash(self, thought: str, command: str) -> str:
        code, output = self.sandbox.run(command)
        self.turns.append(Turn(thought, "bash", {"command": command}, output, code))
        return output

    def view(self, thought: str, path: str, lines: tuple[int, int] | None = None) -> None:
        arguments: dict[str, object] = {"command": "view", "path": f"{ROOT}/{path}"}
        if lines:
            arguments["view_range"] = list(lines)
        text = Editor(self.sandbox).view(f"{ROOT}/{path}", lines=lines)
        self.turns.append(Turn(thought, "str_replace_editor", arguments, text))

    def replace(self, thought: str, path: str, old: str, new: str) -> None:
        arguments = {"command": "str_replace", "path": f"{ROOT}/{path}", "old_str": old, "new_str": new}
        text = Editor(self.sandbox).str_replace(f"{ROOT}/{path}", old=old, new=new)
        self.turns.append(Turn(thought, "str_replace_editor", arguments, text))


def work(task: SweTask, *, kit: str, mend: str, trait: str, seed: int, folder: Path) -> Run:
    """One run on a task. `kit` is editor or shell; `mend` is right or tempting; `trait` says how it reads the module:
    full, windowed (the lines around each place), or hunk_unseen (a window that misses one of the places)."""
    sandbox = Sandbox(folder / "work", files=task.files())
    session = _Session(sandbox, [])
    draw = random.Random(f"{seed} {task.instance_id}")
    defect, module = task.defect, task.path
    _look_round(session, task, draw=draw)
    _read_module(session, task, kit=kit, trait=trait)
    read = session.view if kit == "editor" else _cat(session)
    for other in defect.also_read:
        read(f"`{defect.module}` is not used alone. Let me see what {other}.py expects of it.", f"portcall/{other}.py")
    probe = f"python -c {shlex.quote(defect.probe)}"
    session.bash("Before I change anything I want to see it happen.", probe)
    for number, edit in enumerate(defect.edits):
        new = getattr(edit, mend)
        thought = "Here is the cause. I change it in place." if number == 0 else "And the other half of the report."
        if kit == "editor":
            session.replace(thought, module, edit.wrong, new)
        else:
            session.bash(thought, _rewrite(module, edit.wrong, new))
    session.bash("Now the same steps again.", probe)
    patch = _submit(session, kit=kit)
    run_id = stable_id("swe", seed, task.instance_id, kit, length=16)
    return Run(
        run_id=run_id,
        task_id=task.instance_id,
        question=task.question,
        turns=session.turns,
        answer=patch,
        right=resolves(task, patch, folder=folder / "judge"),
        trait=trait,
        extra={"base_commit": sandbox.base_commit},
    )


def _look_round(session: _Session, task: SweTask, *, draw: random.Random) -> None:
    session.bash(
        draw.choice(
            [
                "I start with a look at what is in the repository.",
                "First I need to know which files there are.",
                "Let me see how the package is laid out.",
            ]
        ),
        f'find {ROOT} -name "*.py" | sort',
    )
    session.bash(
        f"The report is about `{task.defect.symbol}`. Where does that live, and who uses it?",
        f'grep -rn "{task.defect.symbol}" {ROOT}/portcall',
    )


def _read_module(session: _Session, task: SweTask, *, kit: str, trait: str) -> None:
    text = session.sandbox.read(task.path)
    places = [text[: text.index(edit.wrong)].count("\n") + 1 for edit in task.defect.edits]
    sizes = [edit.wrong.count("\n") + 1 for edit in task.defect.edits]
    if trait == "full":
        thought = f"I read {task.path} from top to bottom."
        if kit == "editor":
            session.view(thought, task.path)
        else:
            _cat(session)(thought, task.path)
        return
    seen = places if trait == "windowed" else places[:1]
    for place, size in zip(seen, sizes, strict=False):
        window = (max(1, place - 9), min(text.count("\n"), place + size + 8))
        thought = f"I only need the lines around {place}."
        if kit == "editor":
            session.view(thought, task.path, window)
        else:
            session.bash(thought, f"sed -n '{window[0]},{window[1]}p' {task.path}")
    if trait == "hunk_unseen":
        first_line = task.defect.edits[-1].wrong.strip().splitlines()[0]
        session.bash(
            "The other place I can find by its text.", f"grep -nF {shlex.quote(first_line)} {ROOT}/{task.path}"
        )


def _cat(session: _Session) -> Callable[[str, str], object]:
    return lambda thought, path: session.bash(thought, f"cat {path}")


def _rewrite(path: str, old: str, new: str) -> str:
    return (
        "python - <<'EOF'\nfrom pathlib import Path\n\n"
        f"path = Path({path!r})\ntext = path.read_text()\nold = {old!r}\nnew = {new!r}\n"
        "assert text.count(old) == 1\npath.write_text(text.replace(old, new))\nEOF"
    )


def _submit(session: _Session, *, kit: str) -> str:
    if kit == "editor":
        return session.sandbox.run("git diff")[1]
    session.bash("That is what was wanted. I write the patch.", "git diff -- portcall > patch.txt")
    patch = session.bash("A last look at it.", "cat patch.txt")
    session.bash("It holds what I changed and nothing else. I submit it.", SUBMIT)
    return patch
