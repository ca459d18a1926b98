"""Where runs are remembered: the Dagster instance of a workspace."""

from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._daemon.asset_daemon import set_auto_materialize_paused

from acc_pipeline.settings import DEFAULT_PROFILE, PROJECT_DIR, Settings

_HISTORY = Path("data/.dagster")  # as the project's own file writes it


def instance_folder(settings: Settings) -> Path:
    """The folder whose `dagster.yaml` defines the instance.

    The default profile on the project's own data uses the project's file, which `dagster dev` finds by itself. Any
    other profile or data folder is another workspace: it gets a copy whose history lies apart, in
    `<data_dir>/.dagster-<profile>`. Paths of a copy are absolute, because steps may run in any folder.
    """
    data = settings.data_dir.resolve()
    default = settings.profile == DEFAULT_PROFILE and data == PROJECT_DIR / "data"
    if default and Path.cwd() == PROJECT_DIR:
        return PROJECT_DIR
    folder = data / (".dagster" if default else f".dagster-{settings.profile}")
    folder.mkdir(parents=True, exist_ok=True)
    config = yaml.safe_load((PROJECT_DIR / "dagster.yaml").read_text(encoding="utf-8"))
    text = yaml.safe_dump(_moved(config, folder), sort_keys=False)
    (folder / "dagster.yaml").write_text(text, encoding="utf-8")
    return folder


def _moved(config: Any, folder: Path) -> Any:
    """The config with every path below the project's history put below `folder`."""
    if isinstance(config, dict):
        return {name: _moved(value, folder) for name, value in config.items()}
    if isinstance(config, list):
        return [_moved(value, folder) for value in config]
    if isinstance(config, str) and Path(config).is_relative_to(_HISTORY):
        return str(folder / Path(config).relative_to(_HISTORY))
    return config


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance, created on first use. Close it, or use it in a `with`."""
    instance = dg.DagsterInstance.from_config(str(instance_folder(settings)))
    # A switch from before there were automation sensors: it stops nothing, but where it was never touched the page of
    # each job says "Auto-materialize off".
    set_auto_materialize_paused(instance, paused=False)
    return instance
