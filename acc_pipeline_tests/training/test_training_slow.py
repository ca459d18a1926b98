"""The training program with real surroundings: two processes, a kill, a Dagster step, a model folder."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acc_pipeline_tests.training import program

OPTIONS = {"epochs": 2, "batch_size": 4, "learning_rate": 3e-3}
pytestmark = pytest.mark.slow


def config_in(folder: Path, *, name: str, tokenizer_dir: Path, **options: object) -> Path:
    path = program.write_rows(folder / "rows.jsonl", [program.pieces_row(number) for number in range(8)])
    return program.write_config(
        folder / f"{name}.json",
        out_dir=folder / name,
        rows=path,
        tokenizer_dir=tokenizer_dir,
        options={**OPTIONS, **options},
    )


def test_two_processes_train_on_each_row_once_and_write_once(tmp_path: Path, tokenizer_dir: Path) -> None:
    alone = program.result_of(program.train(config_in(tmp_path, name="alone", tokenizer_dir=tokenizer_dir)))
    config = config_in(tmp_path, name="pair", tokenizer_dir=tokenizer_dir)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*torchrun, "-m", "acc_pipeline.training", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    result = program.result_of(done)
    assert len([line for line in done.stdout.splitlines() if line.startswith("{")]) == 1
    assert result["processes"] == 2
    assert result["checkpoint_id"] == alone["checkpoint_id"]
    assert (result["steps"], result["trained"], result["tokens"]) == (4, 8, alone["tokens"])
    assert result["last_loss"] == pytest.approx(alone["last_loss"], rel=1e-3)
    assert result["validation_loss_after"] is alone["validation_loss_after"] is None  # no validation rows here
    assert {fate["passes"] for fate in program.lines(tmp_path / "pair" / "rows.jsonl")} == {2}


@pytest.mark.kills
def test_a_killed_run_is_made_again_and_ends_the_same(tmp_path: Path, tokenizer_dir: Path) -> None:
    whole = program.result_of(program.train(config_in(tmp_path, name="whole", tokenizer_dir=tokenizer_dir, epochs=20)))
    config = config_in(tmp_path, name="killed", tokenizer_dir=tokenizer_dir, epochs=20)
    process = subprocess.Popen(program.command(config), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    curve = tmp_path / "killed" / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not (curve.exists() and len(curve.read_text().splitlines()) >= 3):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "killed" / "result.json").exists()
    again = program.result_of(program.train(config))
    assert again["reused"] is False
    assert len(program.lines(curve)) == len(program.lines(tmp_path / "whole" / "metrics.jsonl"))
    first, second = (Path(one["checkpoint"]) / "model.safetensors" for one in (whole, again))
    assert first.read_bytes() == second.read_bytes()


def test_a_step_hears_of_the_checkpoint_through_pipes(tmp_path: Path, tokenizer_dir: Path) -> None:
    import dagster as dg

    config = program.write_config(
        tmp_path / "c.json", out_dir=tmp_path / "out", arm="base", tokenizer_dir=tokenizer_dir
    )

    @dg.asset
    def checkpoint(context: dg.AssetExecutionContext, pipes: dg.PipesSubprocessClient) -> dg.MaterializeResult:
        return pipes.run(command=program.command(config), context=context).get_materialize_result()

    run = dg.materialize([checkpoint], resources={"pipes": dg.PipesSubprocessClient()})
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    (event,) = run.asset_materializations_for_node("checkpoint")
    assert event.metadata["checkpoint_id"].value == result["checkpoint_id"]
    assert event.tags is not None
    assert event.tags["dagster/data_version"] == result["checkpoint_id"]


def test_training_goes_on_from_a_checkpoint_folder(tmp_path: Path, tokenizer_dir: Path) -> None:
    """A folder in Hugging Face form, as a real model is; its own tokenizer is taken."""
    first = program.result_of(program.train(config_in(tmp_path, name="first", tokenizer_dir=tokenizer_dir)))
    config = program.write_config(
        tmp_path / "second.json",
        out_dir=tmp_path / "second",
        rows=tmp_path / "rows.jsonl",
        base_model=first["checkpoint"],
        options=OPTIONS,
    )
    second = program.result_of(program.train(config))
    assert second["tiny"] is False
    assert second["first_loss"] < first["first_loss"] - 0.3
    base = program.write_config(
        tmp_path / "b.json", out_dir=tmp_path / "base", arm="base", base_model=first["checkpoint"]
    )
    assert program.result_of(program.train(base))["checkpoint"] == first["checkpoint"]  # not copied


def test_max_steps_tells_which_rows_were_not_reached(tmp_path: Path, tokenizer_dir: Path) -> None:
    result = program.result_of(
        program.train(config_in(tmp_path, name="short", tokenizer_dir=tokenizer_dir, max_steps=1))
    )
    fates = [fate["status"] for fate in program.lines(tmp_path / "short" / "rows.jsonl")]
    assert (fates.count("trained"), fates.count("not_reached")) == (4, 4)
    assert (result["steps"], result["trained"]) == (1, 4)
