"""Starts the training program as a step would, and writes the small data it is tried on."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

WORDS = "the of river bridge was built in city author wrote novel table order price".split()  # noqa: SIM905


def pieces_row(number: int, *, split: str = "train", words: int = 60) -> dict[str, Any]:
    rng = random.Random(number)
    completion = f"<think>\nThe page says {number % 3}.\n</think>\n\n{number % 3} bridges"
    return {
        "example_id": f"e{number:02}",
        "form": "pieces",
        "split": split,
        "messages": [
            {"role": "user", "content": " ".join(rng.choice(WORDS) for _ in range(words))},
            {"role": "assistant", "content": completion},
        ],
        "completion": completion,
    }


def chat_row(number: int) -> dict[str, Any]:
    call = {"type": "function", "function": {"name": "visit", "arguments": {"url": f"u{number}"}}}
    return {
        "example_id": f"e{number:02}",
        "form": "multi-turn",
        "split": "train",
        "messages": [
            {"role": "user", "content": "Who built the bridge?"},
            {"role": "assistant", "content": "", "reasoning_content": "I look.", "tool_calls": [call]},
            {"role": "tool", "content": "A page about bridges."},
            {"role": "assistant", "content": "Ada", "reasoning_content": "It says so."},
        ],
    }


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_config(path: Path, *, out_dir: Path, **fields: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"arm": "acc", **fields, "out_dir": str(out_dir)}, default=str))
    return path


def command(config: Path) -> list[str]:
    return [sys.executable, "-m", "acc_pipeline.training", "--config", str(config)]


def train(config: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(config), capture_output=True, text=True, timeout=240)


def result_of(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]
