"""A wrong config names its field; a checkpoint's identity follows what decides it and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from acc_pipeline.training.config import ConfigError, TrainingConfig, check_folder, identity, load_config
from acc_pipeline.training.options import TrainingOptions


def config(tokenizer_dir: Path, **changes: Any) -> TrainingConfig:
    return TrainingConfig(
        **{"arm": "acc", "out_dir": Path("out"), "rows": Path("rows.jsonl"), "tokenizer_dir": tokenizer_dir, **changes}
    )


def checkpoint_id(tokenizer_dir: Path, *, rows: str = "r", **changes: Any) -> str:
    return str(identity(config(tokenizer_dir, **changes), rows_digest=rows)["checkpoint_id"])


def test_json_and_yaml_read_alike(tmp_path: Path) -> None:
    raw = {"arm": "acc", "out_dir": "o", "options": {"epochs": 2, "learning_rate": 1e-3}}
    (tmp_path / "c.json").write_text(json.dumps(raw))
    (tmp_path / "c.yaml").write_text("arm: acc\nout_dir: o\noptions: {epochs: 2, learning_rate: 0.001}\n")
    assert load_config(tmp_path / "c.json") == load_config(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"out_dir": "o"}, "arm"),
        ({"arm": "a", "out_dir": "o", "epoch": 3}, "epoch"),
        ({"arm": "a", "out_dir": "o", "options": {"batch_size": 0}}, "options.batch_size = 0"),
        ({"arm": "a", "out_dir": "o", "options": {"objective": "answers"}}, "options.objective = 'answers'"),
        (["no", "object"], "wrong training config"),
    ],
)
def test_a_wrong_field_is_named_with_its_value(tmp_path: Path, raw: object, named: str) -> None:
    (tmp_path / "c.json").write_text(json.dumps(raw))
    with pytest.raises(ConfigError, match=r"c\.json") as caught:
        load_config(tmp_path / "c.json")
    assert named in str(caught.value)


@pytest.mark.parametrize("text", ["{", "a: ]"])
def test_a_file_that_is_no_config_says_so(tmp_path: Path, text: str) -> None:
    for name in ("c.json", "c.yaml"):
        (tmp_path / name).write_text(text)
        with pytest.raises(ConfigError, match="neither JSON nor YAML"):
            load_config(tmp_path / name)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.json")


def test_identity_follows_what_decides_the_checkpoint(tokenizer_dir: Path) -> None:
    same = checkpoint_id(tokenizer_dir)
    options = TrainingOptions()
    for field, value in {"epochs": 3, "learning_rate": 1e-4, "objective": "answer", "batch_size": 8}.items():
        assert checkpoint_id(tokenizer_dir, options=options.model_copy(update={field: value})) != same, field
    for field, value in {"threads": 7, "micro_batch": 4, "log_every": 5}.items():
        assert checkpoint_id(tokenizer_dir, options=options.model_copy(update={field: value})) == same, field
    assert checkpoint_id(tokenizer_dir, rows="other") != same
    assert checkpoint_id(tokenizer_dir, seed=1) != same
    assert checkpoint_id(tokenizer_dir, base_seed=1) != same
    assert checkpoint_id(tokenizer_dir, out_dir=Path("elsewhere"), arm="other name") == same


def test_an_arm_without_training_depends_on_the_model_alone(tokenizer_dir: Path) -> None:
    plain, other = (
        config(tokenizer_dir, rows=None),
        config(tokenizer_dir, rows=None, seed=4, options=TrainingOptions(epochs=9)),
    )
    assert identity(plain, rows_digest="none") == identity(other, rows_digest="none")


def test_identity_sees_another_base_model_in_the_same_folder(tokenizer_dir: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.json").write_text("{}")
    (base / "model.safetensors").write_bytes(b"1")
    first = checkpoint_id(tokenizer_dir, base_model=str(base))
    (base / "model.safetensors").write_bytes(b"12")
    assert checkpoint_id(tokenizer_dir, base_model=str(base)) != first


def test_a_folder_of_another_recipe_is_refused_and_the_change_told(tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(json.dumps({"epochs": 4, "seed": 0, "checkpoint_id": "a"}))
    (tmp_path / "result.json").write_text("{}")
    assert check_folder(tmp_path, recipe={"epochs": 4, "seed": 0, "checkpoint_id": "a"})
    with pytest.raises(ConfigError, match=r"epochs: 4 -> 2\); choose another out_dir"):
        check_folder(tmp_path, recipe={"epochs": 2, "seed": 0, "checkpoint_id": "b"})


def test_an_unfinished_folder_of_the_same_recipe_is_worked_on_again(tmp_path: Path) -> None:
    assert not check_folder(tmp_path, recipe={"checkpoint_id": "a"})
    (tmp_path / "recipe.json").write_text(json.dumps({"checkpoint_id": "a"}))
    assert not check_folder(tmp_path, recipe={"checkpoint_id": "a"})


def test_a_tokenizer_folder_without_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no tokenizer\.json there"):
        checkpoint_id(tmp_path)
