"""What the pipeline makes of a simulated folder, run by run, for tests that compare it with the manifest's truth."""

import json
from dataclasses import dataclass
from pathlib import Path

from acc_pipeline.agents.registry import agent_type as agent_of
from acc_pipeline.agents.sources import SourcesRoot
from acc_pipeline.agents.stage import VerifyItem, needs_of, process
from acc_pipeline.trajectories.limits import Limits
from acc_pipeline.trajectories.reading import read_file
from acc_pipeline.trajectories.schema import Reject, Trajectory, to_json


@dataclass
class Judged:
    """One run as read, with its verdict (a reject's reason, or "correct") and what became of its evidence."""

    trajectory: Trajectory
    verdict: str
    gathered: str
    truth: dict


def judge(root: Path, kind: str) -> tuple[list[Judged], list[Reject]]:
    """All runs of one agent type below `root`, in the manifest's order, and what could not be read."""
    manifest = json.loads((root / "manifests" / f"{kind}.json").read_text())
    sources = SourcesRoot(root / "references", root / "databases", root / "repos")
    agent = agent_of(kind)
    found: dict[tuple[str, str], tuple[Trajectory, str, str]] = {}
    rejects: list[Reject] = []
    for path in sorted(p for p in (root / "inbox" / kind).rglob("*") if p.is_file()):
        reading = read_file(path, rel=str(path.relative_to(root)), limits=Limits())
        assert len(reading.trajectories) + len(reading.rejects) == reading.n_records
        rejects += reading.rejects
        for one in reading.trajectories:
            record = to_json(one)
            resolved = sources.resolve(needs_of(record, kind), agent_type=kind)
            produced = process(VerifyItem(record=record, agent_type=kind, sources=resolved))
            verdict = produced.rejects[0].reason if produced.rejects else "correct"
            gathered = ""
            if verdict == "correct":
                made = agent.gather(one, resolved)
                gathered = made.reason if isinstance(made, Reject) else "pieces"
            found[(one.source.path, one.task.question)] = (one, verdict, gathered)
    judged = []
    for truth in manifest["runs"]:
        match = [
            value
            for (path, question), value in found.items()
            if path == truth["file"] and truth["question"] in question
        ]
        assert len(match) == 1, f"{truth['run_id']} was read {len(match)} times"
        judged.append(Judged(*match[0], truth=truth))
    return judged, rejects
