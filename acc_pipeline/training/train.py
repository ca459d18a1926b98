"""One training run from config to checkpoint: rows in, each accounted for, checkpoint and records out.

Written to `out_dir`: `checkpoint/` (Hugging Face form with tokenizer), `recipe.json`, `metrics.jsonl` (loss curve),
`rows.jsonl` (what became of each row), `result.json` (written last: a folder without it is not finished).
Heavy imports happen inside, after the config and the rows have been checked.
"""

import json
import logging
import shutil
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acc_pipeline.training.config import TINY, TrainingConfig, check_folder, identity, tokenizer_folder
from acc_pipeline.training.encode import Sequence, encode_row
from acc_pipeline.training.rows import Refusal, Row, RowsError, digest, read_rows, split_rows

if TYPE_CHECKING:
    from acc_pipeline.training.stock_tokenizer import StockTokenizer

_LOG = logging.getLogger(__name__)


def run(config: TrainingConfig) -> dict[str, Any]:
    """Train, or take what is there already of the same recipe (`reused` is then true); returns `result.json`'s object.

    Raises `ConfigError` for a folder with another recipe's checkpoint and `RowsError` when no row can be trained on.
    """
    start = time.monotonic()
    rows = read_rows(config.rows) if config.rows is not None else []
    recipe = identity(config, rows_digest=digest(rows))
    out_dir = config.out_dir
    if check_folder(out_dir, recipe=recipe):
        found: dict[str, Any] = json.loads((out_dir / "result.json").read_text(encoding="utf-8"))
        return {**found, "reused": True}

    import torch
    import transformers
    from accelerate import PartialState

    torch.set_num_threads(config.options.threads)
    transformers.utils.logging.disable_progress_bar()
    # Under torchrun every process works through the same steps, and the main one writes.
    # Without being told of the CPU, it would take each of torchrun's processes for the only one.
    state = PartialState(cpu=not torch.cuda.is_available())
    if state.is_main_process:
        _clear(out_dir)
        _write(out_dir / "recipe.json", recipe)
    state.wait_for_everyone()
    made = _train(config, rows=rows) if config.rows is not None else _keep_base(config)
    result = {
        "arm": config.arm,
        "base_model": config.base_model,
        "tiny": config.base_model == TINY,
        "seed": config.seed,
        "checkpoint_id": recipe["checkpoint_id"],
        **made,
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "trl": version("trl")},
        "device": str(state.device),
        "processes": state.num_processes,
        "seconds": round(time.monotonic() - start, 2),
        "reused": False,
    }
    if state.is_main_process:
        _write(out_dir / "result.json", result)
    return {**result, "main_process": state.is_main_process}


def _keep_base(config: TrainingConfig) -> dict[str, Any]:
    """An arm without training: the base model as it is. A model with a name or folder of its own is not copied."""
    from acc_pipeline.training.base_model import load_model
    from acc_pipeline.training.stock_tokenizer import StockTokenizer

    counts = {"rows": 0, "trained": 0, "refused": 0, "steps": 0, "tokens": 0, "supervised_tokens": 0}
    if config.base_model != TINY:
        return {"checkpoint": config.base_model, **counts}
    tokenizer = StockTokenizer(tokenizer_folder(config))
    model = load_model(config, tokenizer=tokenizer)
    part = config.out_dir / "checkpoint.part"
    model.save_pretrained(part)
    return {"checkpoint": _finish(config.out_dir, tokenizer=tokenizer), **counts}


def _train(config: TrainingConfig, *, rows: list[Row]) -> dict[str, Any]:
    from acc_pipeline.training.base_model import load_model
    from acc_pipeline.training.stock_tokenizer import StockTokenizer

    tokenizer = StockTokenizer(tokenizer_folder(config))
    train_rows, validation_rows, refused = split_rows(rows)
    train = _encode(train_rows, config=config, tokenizer=tokenizer, refused=refused)
    wanted = validation_rows if config.options.validate_rows else []
    validation = _encode(wanted, config=config, tokenizer=tokenizer, refused=refused)
    if not train:
        reasons = Counter(one.reason for one in refused)
        raise RowsError(f"{config.rows}: none of {len(rows)} rows can be trained on; refused: {dict(reasons)}")

    from acc_pipeline.training.trainer import Curve, make_trainer

    curve = Curve(config.out_dir / "metrics.jsonl")
    model = load_model(config, tokenizer=tokenizer)
    trainer = make_trainer(config, model=model, tokenizer=tokenizer, train=train, validation=validation, curve=curve)
    before = trainer.evaluate()["eval_loss"] if validation else None
    outcome = trainer.train()
    after = trainer.evaluate()["eval_loss"] if validation else None
    passes = trainer.passes(len(train))
    trainer.save_model(str(config.out_dir / "checkpoint.part"))
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    made = {
        "rows": len(rows),
        "trained": len({(s.example_id, s.form) for s, n in zip(train, passes, strict=True) if n}),
        "validated": len({(s.example_id, s.form) for s in validation}),
        "refused": len(refused),
        "refusals": dict(Counter(one.reason for one in refused)),
        "steps": trainer.state.global_step,
        "tokens": sum(len(s.input_ids) * n for s, n in zip(train, passes, strict=True)),
        "supervised_tokens": sum(s.supervised * n for s, n in zip(train, passes, strict=True)),
        "first_loss": losses[0] if losses else None,
        "last_loss": losses[-1] if losses else None,
        "mean_loss": outcome.training_loss,
        "validation_loss_before": before,
        "validation_loss_after": after,
    }
    if not trainer.is_world_process_zero():
        return made
    _write_fates(config, rows=rows, train=train, passes=passes, validation=validation, refused=refused)
    shutil.rmtree(config.out_dir / "trainer", ignore_errors=True)
    return {"checkpoint": _finish(config.out_dir, tokenizer=tokenizer), **made}


def _encode(
    rows: list[Row], *, config: TrainingConfig, tokenizer: "StockTokenizer", refused: list[Refusal]
) -> list[Sequence]:
    options = config.options
    sequences: list[Sequence] = []
    for row in rows:
        made = encode_row(row, tokenizer=tokenizer, objective=options.objective, max_tokens=options.max_tokens)
        if isinstance(made, Refusal):
            _LOG.warning("row %s (%s) refused: %s: %s", row.example_id, row.form, made.reason, made.detail)
            refused.append(made)
        else:
            sequences += made
    return sequences


def _write_fates(
    config: TrainingConfig,
    *,
    rows: list[Row],
    train: list[Sequence],
    passes: list[int],
    validation: list[Sequence],
    refused: list[Refusal],
) -> None:
    """`rows.jsonl`, one line for each row that came in: trained, not_reached, validated, unused or refused."""
    turned_away = {(one.example_id, one.form): one for one in refused}
    by_row: dict[tuple[str, str], dict[str, Any]] = {}
    for sequences, counts, status in ((train, passes, "trained"), (validation, [0] * len(validation), "validated")):
        for sequence, count in zip(sequences, counts, strict=True):
            entry = by_row.setdefault(
                (sequence.example_id, sequence.form),
                {"status": status, "sequences": 0, "tokens": 0, "supervised": 0, "passes": count},
            )
            entry["sequences"] += 1
            entry["tokens"] += len(sequence.input_ids)
            entry["supervised"] += sequence.supervised
            entry["passes"] = min(entry["passes"], count)
            if status == "trained" and not entry["passes"]:
                entry["status"] = "not_reached"
    with (config.out_dir / "rows.jsonl").open("w", encoding="utf-8") as out:
        for row in rows:
            fate = by_row.pop((row.example_id, row.form), None)
            refusal = turned_away.get((row.example_id, row.form))
            if fate is None and refusal is not None:
                fate = {"status": "refused", "reason": refusal.reason, "detail": refusal.detail}
            elif fate is None:  # validation rows when validate_rows is off
                fate = {"status": "unused"}
            line = {"example_id": row.example_id, "form": row.form, "split": row.split, **fate}
            out.write(json.dumps(line, ensure_ascii=False) + "\n")


def _clear(out_dir: Path) -> None:
    """What an interrupted run of the same recipe left is made again."""
    out_dir.mkdir(parents=True, exist_ok=True)
    for name in ("checkpoint", "checkpoint.part", "trainer"):
        shutil.rmtree(out_dir / name, ignore_errors=True)
    for name in ("metrics.jsonl", "rows.jsonl", "result.json"):
        (out_dir / name).unlink(missing_ok=True)


def _finish(out_dir: Path, *, tokenizer: "StockTokenizer") -> str:
    part, done = out_dir / "checkpoint.part", out_dir / "checkpoint"
    tokenizer.save(part)
    (part / "training_args.bin").unlink(missing_ok=True)  # a pickle: not to be loaded by anyone
    part.rename(done)
    return str(done)


def _write(path: Path, value: dict[str, Any]) -> None:
    scratch = path.with_name(path.name + ".part")
    scratch.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    scratch.replace(path)
