"""The training program, started as a step starts it, on a tiny random model: what it leaves is what it says."""

import json
from pathlib import Path
from typing import Any

import pytest

from acc_pipeline_tests.training import program

OPTIONS = {"epochs": 3, "batch_size": 4, "learning_rate": 3e-3, "max_tokens": 400, "warmup_share": 0.1}


class Run:
    """A finished run: its folder, its config file and what it printed last."""

    def __init__(self, folder: Path, *, tokenizer_dir: Path) -> None:
        self.rows = [
            *(program.pieces_row(number) for number in range(10)),
            *(program.pieces_row(number, split="validation") for number in (10, 11)),
            program.pieces_row(12, words=500),  # over max_tokens
            program.pieces_row(3),  # came before
            {**program.pieces_row(13), "split": "held-out"},
            program.chat_row(14),
        ]
        self.out = folder / "out"
        path = program.write_rows(folder / "rows.jsonl", self.rows)
        self.config = program.write_config(
            folder / "c.json", out_dir=self.out, rows=path, tokenizer_dir=tokenizer_dir, options=OPTIONS
        )
        self.result = program.result_of(program.train(self.config))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tokenizer_dir: Path) -> Run:
    return Run(tmp_path_factory.mktemp("run"), tokenizer_dir=tokenizer_dir)


def test_every_row_is_accounted_for(run: Run) -> None:
    fates = program.lines(run.out / "rows.jsonl")
    assert len(fates) == len(run.rows) == run.result["rows"]
    by_status: dict[str, list[str]] = {}
    for fate in fates:
        by_status.setdefault(fate["status"], []).append(fate["example_id"])
    assert {status: sorted(ids) for status, ids in by_status.items()} == {
        "trained": [*(f"e{number:02}" for number in range(10)), "e14"],
        "validated": ["e10", "e11"],
        "refused": ["e03", "e12", "e13"],
    }
    reasons = {fate["example_id"]: fate["reason"] for fate in fates if fate["status"] == "refused"}
    assert reasons == {"e03": "repeated_row", "e12": "too_long", "e13": "other_split"}
    assert run.result["refusals"] == {"repeated_row": 1, "too_long": 1, "other_split": 1}
    assert (run.result["trained"], run.result["validated"], run.result["refused"]) == (11, 2, 3)


def test_every_trained_row_was_seen_once_an_epoch(run: Run) -> None:
    trained = [fate for fate in program.lines(run.out / "rows.jsonl") if fate["status"] == "trained"]
    assert {fate["passes"] for fate in trained} == {3}
    assert run.result["tokens"] == 3 * sum(fate["tokens"] for fate in trained)
    assert run.result["supervised_tokens"] == 3 * sum(fate["supervised"] for fate in trained)
    assert run.result["steps"] == 9  # 11 rows in batches of 4, three times


def test_the_loss_falls_and_its_curve_is_kept(run: Run) -> None:
    curve = program.lines(run.out / "metrics.jsonl")
    losses = [point["loss"] for point in curve if "loss" in point]
    assert [point["step"] for point in curve if "loss" in point] == list(range(1, 10))
    assert losses[-1] < losses[0] - 1
    assert run.result["validation_loss_after"] < run.result["validation_loss_before"] - 1


def test_the_loss_is_the_mean_over_the_supervised_tokens(run: Run) -> None:
    """The first validation loss, counted again from the logits of the same random model, by transformers alone."""
    import torch
    from transformers import AutoTokenizer

    from acc_pipeline.training.tiny_model import make_tiny_model

    tokenizer: Any = AutoTokenizer.from_pretrained(run.out / "checkpoint")
    model = make_tiny_model(seed=0).eval()
    means = []
    for row in run.rows:
        if row["split"] != "validation":
            continue
        prompt = tokenizer.apply_chat_template(row["messages"][:1], tokenize=False, add_generation_prompt=True)
        written = row["completion"].removeprefix("<think>\n") + "<|im_end|>"
        given, target = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, written))
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([given + target])).logits[0, len(given) - 1 : -1]
        means.append(torch.nn.functional.cross_entropy(logits, torch.tensor(target)).item())
    assert run.result["validation_loss_before"] == pytest.approx(sum(means) / len(means), rel=1e-4)


def test_the_checkpoint_is_in_hugging_face_form_with_the_same_tokenizer(run: Run, tokenizer_dir: Path) -> None:
    from transformers import AutoModelForCausalLM

    folder = Path(run.result["checkpoint"])
    for path in tokenizer_dir.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes()
    assert not list(folder.glob("*.bin"))  # nothing pickled
    config = json.loads((folder / "config.json").read_text())
    assert config["architectures"] == ["Qwen3MoeForCausalLM"]
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    stops = model.generation_config.eos_token_id
    end = json.loads((folder / "tokenizer.json").read_text())["added_tokens"]
    assert {token["content"] for token in end if token["id"] in ([stops] if isinstance(stops, int) else stops)} == {
        "<|im_end|>"
    }


def test_records_tell_how_it_was_made(run: Run) -> None:
    recipe = json.loads((run.out / "recipe.json").read_text())
    assert recipe["checkpoint_id"] == run.result["checkpoint_id"]
    assert recipe["epochs"] == 3
    result = json.loads((run.out / "result.json").read_text())
    assert result == run.result
    assert (result["arm"], result["seed"], result["tiny"], result["reused"]) == ("acc", 0, True, False)


def test_the_same_run_again_is_taken_as_it_is(run: Run) -> None:
    before = (run.out / "checkpoint" / "model.safetensors").stat().st_mtime_ns
    assert program.result_of(program.train(run.config)) == {**run.result, "reused": True}
    assert (run.out / "checkpoint" / "model.safetensors").stat().st_mtime_ns == before


def test_another_recipe_never_overwrites_a_checkpoint(run: Run, tmp_path: Path, tokenizer_dir: Path) -> None:
    config = program.write_config(
        tmp_path / "c.json",
        out_dir=run.out,
        rows=run.out.parent / "rows.jsonl",
        tokenizer_dir=tokenizer_dir,
        options={**OPTIONS, "epochs": 4},
    )
    done = program.train(config)
    assert done.returncode == 2
    assert "epochs: 3.0 -> 4.0" in done.stderr
    assert (run.out / "result.json").is_file()


def test_the_same_recipe_elsewhere_gives_the_same_weights(run: Run, tmp_path: Path, tokenizer_dir: Path) -> None:
    rows = list(reversed(run.rows))  # and the order of the file does not matter
    path = program.write_rows(tmp_path / "rows.jsonl", rows)
    config = program.write_config(
        tmp_path / "c.json", out_dir=tmp_path / "out", rows=path, tokenizer_dir=tokenizer_dir, options=OPTIONS
    )
    again = program.result_of(program.train(config))
    assert again["checkpoint_id"] == run.result["checkpoint_id"]
    first, second = (Path(one["checkpoint"]) / "model.safetensors" for one in (run.result, again))
    assert first.read_bytes() == second.read_bytes()


def test_an_arm_without_rows_keeps_the_base_model(tmp_path: Path, tokenizer_dir: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from acc_pipeline.training.tiny_model import make_tiny_model

    config = program.write_config(
        tmp_path / "c.json", out_dir=tmp_path / "out", arm="base", tokenizer_dir=tokenizer_dir
    )
    result = program.result_of(program.train(config))
    assert (result["arm"], result["rows"], result["steps"]) == ("base", 0, 0)
    saved = AutoModelForCausalLM.from_pretrained(result["checkpoint"]).state_dict()
    for name, weight in make_tiny_model(seed=0).state_dict().items():
        assert torch.equal(saved[name], weight), name


def test_rows_that_cannot_be_trained_on_are_an_error_in_one_line(tmp_path: Path, tokenizer_dir: Path) -> None:
    path = program.write_rows(tmp_path / "rows.jsonl", [program.pieces_row(1, words=500)])
    config = program.write_config(
        tmp_path / "c.json", out_dir=tmp_path / "out", rows=path, tokenizer_dir=tokenizer_dir, options=OPTIONS
    )
    done = program.train(config)
    assert done.returncode == 2
    assert "none of 1 rows can be trained on; refused: {'too_long': 1}" in done.stderr
    assert not (tmp_path / "out" / "result.json").exists()


def test_a_wrong_config_is_told_before_anything_heavy_loads(tmp_path: Path) -> None:
    config = program.write_config(tmp_path / "c.json", out_dir=tmp_path / "out", rows=tmp_path / "none.jsonl")
    done = program.train(config)
    assert done.returncode == 2
    assert "none.jsonl: no such file" in done.stderr
    assert "Traceback" not in done.stderr
