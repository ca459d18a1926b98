"""`python -m acc_pipeline.training --config run.json`: the program that a step or torchrun starts.

The last line of standard output is the result as JSON. Status 2: the config or the rows are wrong, told in one line.
"""

import argparse
import logging
import sys
from pathlib import Path

from acc_pipeline.training.announce import announce
from acc_pipeline.training.config import ConfigError, load_config
from acc_pipeline.training.rows import RowsError
from acc_pipeline.training.threads import calm_threads, keep_freed_memory


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m acc_pipeline.training", description="Train one arm's checkpoint.")
    parser.add_argument("--config", type=Path, required=True, help="JSON or YAML file; see training/config.py")
    path = parser.parse_args().config
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    for name in ("httpx", "datasets", "transformers", "accelerate"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        config = load_config(path)
        calm_threads()
        keep_freed_memory()

        from acc_pipeline.training.train import run

        result = run(config)
        if result.pop("main_process", True):
            announce(result)
    except (ConfigError, RowsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
