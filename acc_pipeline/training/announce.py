"""Tells whoever started the training program what it made: Dagster through Pipes, and standard output.

Dagster's Pipes is opened only when a step started the program, so it runs alone too.
"""

import json
from typing import Any

from dagster_pipes import PipesEnvVarParamsLoader, open_dagster_pipes


def announce(result: dict[str, Any]) -> None:
    """Report `result` once: as the asset's materialisation with `checkpoint_id` as data version, and as a JSON line."""
    if PipesEnvVarParamsLoader().is_dagster_pipes_process():
        with open_dagster_pipes() as pipes:
            metadata = {key: value for key, value in result.items() if isinstance(value, str | int | float)}
            pipes.report_asset_materialization(metadata=metadata, data_version=result["checkpoint_id"])
    print(json.dumps(result, ensure_ascii=False), flush=True)
