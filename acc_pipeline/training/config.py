"""The file that the training program is started with, its recipe, and the identity of the checkpoint it makes.

Typed and checked before anything heavy is imported; reads and writes no model.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acc_pipeline.contexts.tokens import TokenCounter
from acc_pipeline.training.options import TrainingOptions
from acc_pipeline.training.tiny_tokenizer import build_tiny_tokenizer

TINY = "tiny"


class ConfigError(ValueError):
    """A training config is wrong or clashes with what lies in its folder; the message names the field and the cure."""


class TrainingConfig(BaseModel):
    """One run of `python -m acc_pipeline.training`: one arm, one base model, one seed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: str = Field(min_length=1, description="Name of the arm, for the records only.")
    out_dir: Path = Field(description="Folder of this run; made when missing.")
    rows: Path | None = Field(
        None, description="JSONL of sft_dataset rows (example_id, form, messages, split, …); none: nothing is trained."
    )
    base_model: str = Field(TINY, description="A folder or hub name in Hugging Face form; `tiny`: random, made here.")
    base_seed: int = Field(
        0, description="Seed of the random weights of `tiny`; the same for all arms of a comparison."
    )
    seed: int = Field(0, description="Seed of the order of rows.")
    tokenizer_dir: Path | None = Field(
        None, description="Tokenizer folder; none: the base model's, or the tiny one made in out_dir."
    )
    options: TrainingOptions = Field(default_factory=TrainingOptions, description="How it is trained.")

    def recipe(self) -> dict[str, Any]:
        """What decides the checkpoint, JSON-able, less the rows' content (see `checkpoint_id`)."""
        base = {"base_model": self.base_model}
        if self.base_model == TINY:
            base["base_seed"] = str(self.base_seed)
        if self.rows is None:
            return base
        return {**base, "seed": self.seed, **self.options.recipe()}


def load_config(path: Path) -> TrainingConfig:
    """Read a JSON or YAML file. Raises `ConfigError` naming each wrong field."""
    try:
        text = path.read_text(encoding="utf-8")
        # YAML reads JSON too, except for tabs.
        raw = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: neither JSON nor YAML: {error}") from None
    try:
        return TrainingConfig.model_validate(raw)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, p['loc']))} = {p['input']!r}: {p['msg']}" for p in error.errors()]
        raise ConfigError(f"{path}: wrong training config:\n  " + "\n  ".join(problems)) from None


def tokenizer_folder(config: TrainingConfig) -> str:
    """Where the tokenizer is: the folder that the config names, the tiny one (made when missing), or the base model."""
    if config.tokenizer_dir is not None:
        if not (config.tokenizer_dir / "tokenizer.json").is_file():
            raise ConfigError(f"tokenizer_dir = {config.tokenizer_dir}: no tokenizer.json there")
        return str(config.tokenizer_dir)
    if config.base_model == TINY:
        return str(build_tiny_tokenizer(config.out_dir / "tokenizer"))
    return config.base_model


def identity(config: TrainingConfig, *, rows_digest: str) -> dict[str, Any]:
    """The whole recipe with its `checkpoint_id`: two runs of one id give the same checkpoint on the same machine."""
    tokenizer = tokenizer_folder(config)
    recipe = {**config.recipe(), "rows": rows_digest}
    if (Path(tokenizer) / "tokenizer.json").is_file():
        recipe["tokenizer"] = TokenCounter(tokenizer).digest()
    if (Path(config.base_model) / "config.json").is_file():
        recipe["base_files"] = _folder_digest(Path(config.base_model))
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()
    return {**recipe, "checkpoint_id": digest[:16]}


def _folder_digest(folder: Path) -> str:
    """Hash of a model's configuration and its weights' names and sizes: reading 60 GB of them would take minutes."""
    weights = sorted((path.name, path.stat().st_size) for path in folder.glob("*.safetensors"))
    return hashlib.sha256((folder / "config.json").read_bytes() + json.dumps(weights).encode()).hexdigest()


def check_folder(out_dir: Path, *, recipe: dict[str, Any]) -> bool:
    """True when the folder already holds the finished checkpoint of `recipe`.

    Raises `ConfigError` when it holds another recipe's, told field by field: checkpoints are never overwritten.
    """
    path = out_dir / "recipe.json"
    if not path.is_file():
        return False
    old = json.loads(path.read_text(encoding="utf-8"))
    if old == recipe:
        return (out_dir / "result.json").is_file()
    names = [name for name in sorted({*old, *recipe} - {"checkpoint_id"}) if old.get(name) != recipe.get(name)]
    changes = "; ".join(f"{name}: {old.get(name)!r} -> {recipe.get(name)!r}" for name in names)
    raise ConfigError(
        f"{out_dir} holds a checkpoint of another recipe ({changes}); choose another out_dir or remove it"
    )
