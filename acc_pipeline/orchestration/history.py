"""Where runs are remembered: the Dagster instance of a workspace."""

from pathlib import Path

import dagster as dg

from acc_pipeline.settings import DEFAULT_PROFILE, PROJECT_DIR, Settings


def instance_folder(settings: Settings) -> Path:
    """The folder whose `dagster.yaml` defines the instance.

    The default profile uses the project's own, which `dagster dev` finds by itself. Any other profile is another
    workspace, so it gets a copy whose history lies apart: `<data_dir>/.dagster-<profile>`.
    """
    if settings.profile == DEFAULT_PROFILE and settings.data_dir == Path("data"):
        return PROJECT_DIR
    folder = (settings.data_dir / f".dagster-{settings.profile}").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    text = (PROJECT_DIR / "dagster.yaml").read_text(encoding="utf-8").replace("data/.dagster", str(folder))
    (folder / "dagster.yaml").write_text(text, encoding="utf-8")
    return folder


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance, created on first use. Close it, or use it in a `with`."""
    return dg.DagsterInstance.from_config(str(instance_folder(settings)))
