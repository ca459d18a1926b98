"""The log sensor: one digest an agent type over what lies in its inbox, reported as an observation of `agent_logs`.

Level-triggered: it compares what is there with what was last reported, so a file that arrives late, with an old
modification time, or is taken away is seen just the same. Only the touched partition goes stale.
"""

import hashlib
import json
from pathlib import Path

import dagster as dg

from acc_pipeline.settings import Settings

_DATA_VERSION_TAG = "dagster/data_version"


def folder_digest(folder: Path) -> tuple[str, int]:
    """Digest over (path, size, mtime) of every file below `folder`, and their number; an absent folder is empty."""
    digest = hashlib.sha256()
    count = 0
    if folder.exists():
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
            stat = path.stat()
            digest.update(f"{path.relative_to(folder)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
            count += 1
    return digest.hexdigest()[:16], count


def build_log_sensor(settings: Settings) -> dg.SensorDefinition:
    """Observes logs, references (by agent type) and databases, repositories (whole)."""
    watched: dict[tuple[str, str | None], Path] = {}
    for agent_type in settings.agent_types:
        watched[("agent_logs", agent_type)] = settings.inbox_dir / agent_type
        watched[("references", agent_type)] = settings.references_dir / agent_type
    watched[("databases", None)] = settings.databases_dir
    watched[("repos", None)] = settings.repos_dir

    @dg.sensor(
        name="log_sensor",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reports new, changed and removed logs, references, databases and repositories.",
    )
    def log_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        known: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        seen: dict[str, str] = {}
        counts: list[str] = []
        events: list[dg.AssetObservation] = []
        for (asset, partition), folder in watched.items():
            name = f"{asset}/{partition}" if partition else asset
            seen[name], count = folder_digest(folder)
            counts.append(f"{name}: {count} files")
            if known.get(name) != seen[name]:
                events.append(
                    dg.AssetObservation(
                        asset_key=asset,
                        partition=partition,
                        metadata={"acc/files": count, "acc/folder": str(folder)},
                        tags={_DATA_VERSION_TAG: seen[name]},
                    )
                )
        if not events:
            return dg.SkipReason("nothing changed; " + ", ".join(counts))
        return dg.SensorResult(asset_events=events, cursor=json.dumps(seen))

    return log_sensor
