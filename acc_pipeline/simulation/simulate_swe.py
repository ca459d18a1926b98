"""Software logs: runs on the package with a defect, written in three frameworks' formats, with verdicts."""

import tempfile
from pathlib import Path
from typing import Any

from acc_pipeline.simulation import swe_agent as agent
from acc_pipeline.simulation.output_folder import OutputFolder
from acc_pipeline.simulation.plan import slots
from acc_pipeline.simulation.records import Manifest, Run
from acc_pipeline.simulation.swe_world import gold_patch, task
from acc_pipeline.simulation.writers import foreign, mini_swe_agent, openhands, swe_agent


def simulate(out: Path, *, runs: int, wrong: int, seed: int, formats: list[str] | None, defects: bool) -> Manifest:
    """Write the logs, and a report of test verdicts with the gold patches. With `defects` one run sees only windows,
    one misses a place that it changes, one is in no report, and a foreign file is added, which counts as no run."""
    able = {number for number in range(runs) if all(edit.tempting for edit in task(number).defect.edits)}
    two_places = next((number for number in range(runs) if len(task(number).defect.edits) > 1), -1)
    if defects:
        able.discard(two_places)
    plan = slots("swe", runs=runs, wrong=wrong, seed=seed, formats=formats, able=able)
    folder = OutputFolder(out, agent_type="swe", seed=seed)
    right = [slot.number for slot in plan if not slot.wrong and slot.number != two_places]
    traits = {two_places: "hunk_unseen"}
    if len(right) > 2:
        traits |= {right[1]: "windowed", right[2]: "no_reference"}
    made: dict[str, list[Run]] = {}
    report: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="acc-swe-") as place:
        for slot in plan:
            one, work = task(slot.number), Path(place) / str(slot.number)
            trait = traits.get(slot.number, "full") if defects else "full"
            kit = "shell" if slot.log_format == mini_swe_agent.NAME else "editor"
            mend = "tempting" if slot.wrong else "right"
            reading = "full" if trait == "no_reference" else trait
            run = agent.work(one, kit=kit, mend=mend, trait=reading, seed=seed, folder=work)
            run = Run(**{**vars(run), "trait": trait})
            made.setdefault(slot.log_format, []).append(run)
            if trait != "no_reference":
                gold = gold_patch(one, folder=work / "gold")
                report.append({"instance_id": one.instance_id, "resolved": run.right, "patch": gold})
        if defects:
            other = agent.work(
                task(runs), kit="editor", mend="right", trait="full", seed=seed, folder=Path(place) / "aider"
            )
            folder.log("aider/aider.chat.history.md", foreign.aider(other), runs=[], log_format="aider")
            folder.defect("aider/aider.chat.history.md", "a format that is recognised and not read")
    for run in made.get(swe_agent.NAME, []):
        name = f"swe-agent/{run.task_id}.traj"
        folder.log(name, swe_agent.trajectory(run), runs=[run], log_format=swe_agent.NAME)
    for run in made.get(mini_swe_agent.NAME, []):
        name = f"mini-swe-agent/{run.task_id}.traj.json"
        folder.log(name, mini_swe_agent.trajectory(run), runs=[run], log_format=mini_swe_agent.NAME)
    streams = made.get(openhands.NAME, [])
    if streams:
        rows = [openhands.row(run) for run in streams]
        folder.log("openhands/output.jsonl", rows, runs=streams, log_format=openhands.NAME)
    folder.references("report.jsonl", report)
    return folder.finish()
