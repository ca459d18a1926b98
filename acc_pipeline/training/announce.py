"""Tells whoever started the training program what it made: Dagster through Pipes, and standard output.

Dagster's Pipes is imported only when its bootstrap variable is there, so the program runs alone too.
"""

import json
import os
from typing import Any

PIPES_VARIABLE = "DAGSTER_PIPES_CONTEXT"


def announce(result: dict[str, Any]) -> None:
    """Report `result` once: as the asset's materialisation with `checkpoint_id` as data version, and as a JSON line."""
    if os.environ.get("RANK", "0") != "0":
        return
    if PIPES_VARIABLE in os.environ:
        from dagster_pipes import open_dagster_pipes

        with open_dagster_pipes() as pipes:
            metadata = {key: value for key, value in result.items() if isinstance(value, str | int | float)}
            pipes.report_asset_materialization(metadata=metadata, data_version=result["checkpoint_id"])
    print(json.dumps(result, ensure_ascii=False), flush=True)
