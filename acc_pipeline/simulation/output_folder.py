"""The folder that a simulation fills: inbox, references and databases, as a workspace's data folder holds them."""

import shutil
from pathlib import Path
from typing import Any

from acc_pipeline.simulation.records import Manifest, Run
from acc_pipeline.simulation.writers.output import write_json, write_lines


class OutputFolder:
    """Writes the files of one agent type and keeps the manifest."""

    def __init__(self, root: Path, *, agent_type: str, seed: int) -> None:
        self.root = root
        self.manifest = Manifest(agent_type=agent_type, seed=seed)
        # what an earlier simulation left would be read as logs of this one
        for place in ("inbox", "references"):
            shutil.rmtree(root / place / agent_type, ignore_errors=True)

    def log(self, name: str, value: Any, *, runs: list[Run], log_format: str) -> None:
        """Write a log file: a list of rows as JSON Lines for `.jsonl`, text for `.txt` and `.md`, else one document."""
        relative = f"inbox/{self.manifest.agent_type}/{name}"
        path = self.root / relative
        if name.endswith(".jsonl"):
            write_lines(path, value)
        elif isinstance(value, str):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(value, encoding="utf-8")
        else:
            write_json(path, value)
        self.manifest.files.append(relative)
        for run in runs:
            self.manifest.note(run, relative, log_format)

    def defect(self, name: str, what: str) -> None:
        """Record what was broken on purpose, and in which file."""
        self.manifest.defects.append({"file": f"inbox/{self.manifest.agent_type}/{name}", "what": what})

    def references(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Write a file of references, one a line."""
        relative = f"references/{self.manifest.agent_type}/{name}"
        write_lines(self.root / relative, rows)
        self.manifest.files.append(relative)

    def finish(self) -> Manifest:
        """Write the manifest, which tells what is true of each run, and give it back."""
        write_json(self.root / "manifests" / f"{self.manifest.agent_type}.json", vars(self.manifest))
        return self.manifest
