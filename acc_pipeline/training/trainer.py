"""TRL's SFTTrainer, fed with sequences that are encoded already, and counting what it really trained on.

Imports torch and trl, so only child processes may import this module.
"""

import json
import logging
import math
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from datasets import Dataset
from transformers import PreTrainedModel, PrinterCallback, TrainerCallback
from trl import SFTConfig, SFTTrainer

from acc_pipeline.training.config import ConfigError, TrainingConfig
from acc_pipeline.training.encode import IGNORED, Sequence
from acc_pipeline.training.stock_tokenizer import StockTokenizer

_LOG = logging.getLogger(__name__)
_CURVE = ("loss", "learning_rate", "grad_norm", "mean_token_accuracy", "num_tokens", "eval_loss", "aux_loss")


class CountingTrainer(SFTTrainer):
    """SFTTrainer that knows which sequences it has trained on: `seen[number]` counts their passes on this process."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.seen: Counter[int] = Counter()

    def training_step(self, model: Any, inputs: dict[str, Any], *rest: Any, **named: Any) -> Any:
        self.seen.update(int(number) for number in inputs.pop("number"))
        return super().training_step(model, inputs, *rest, **named)

    def prediction_step(self, model: Any, inputs: dict[str, Any], *rest: Any, **named: Any) -> Any:
        inputs.pop("number")
        return super().prediction_step(model, inputs, *rest, **named)

    def passes(self, total: int) -> list[int]:
        """Passes of each of `total` sequences over all processes."""
        counts = torch.zeros(total, dtype=torch.int64, device=self.accelerator.device)
        for number, times in self.seen.items():
            counts[number] = times
        return [int(count) for count in self.accelerator.reduce(counts, reduction="sum")]


class Curve(TrainerCallback):
    """Appends each logged step to `metrics.jsonl`, on the main process only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.start = time.monotonic()
        self.last: dict[str, Any] = {}

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        values = {key: float(logs[key]) for key in _CURVE if logs and key in logs}
        if not state.is_world_process_zero or not values:
            return
        self.last = {"step": state.global_step, **values, "seconds": round(time.monotonic() - self.start, 3)}
        with self.path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(self.last) + "\n")
        _LOG.info("%s", " ".join(f"{key} {value:.6g}" for key, value in self.last.items()))


def make_trainer(
    config: TrainingConfig,
    *,
    model: PreTrainedModel,
    tokenizer: StockTokenizer,
    train: list[Sequence],
    validation: list[Sequence],
    curve: Curve,
) -> CountingTrainer:
    """A trainer for these sequences. Raises `ConfigError` when the batch cannot be shared out."""
    options = config.options
    processes = PartialState().num_processes
    micro = min(options.micro_batch, options.batch_size)
    if options.batch_size % (micro * processes):
        raise ConfigError(
            f"options.batch_size = {options.batch_size} must be a multiple of micro_batch ({micro}) x processes "
            f"({processes})"
        )
    accumulate = options.batch_size // (micro * processes)
    steps = _steps(options.epochs, sequences=len(train), micro=micro * processes, accumulate=accumulate)
    steps = options.max_steps or steps
    arguments = SFTConfig(
        output_dir=str(config.out_dir / "trainer"),
        seed=config.seed,
        data_seed=config.seed,
        max_steps=steps,
        use_cpu=not torch.cuda.is_available(),
        per_device_train_batch_size=micro,
        per_device_eval_batch_size=1,
        gradient_accumulation_steps=accumulate,
        learning_rate=options.learning_rate,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr": min(options.final_learning_rate, options.learning_rate)},
        warmup_steps=min(steps - 1, round(steps * options.warmup_share)),
        weight_decay=options.weight_decay,
        adam_beta1=options.adam_betas[0],
        adam_beta2=options.adam_betas[1],
        max_grad_norm=options.max_grad_norm,
        router_aux_loss_coef=options.router_loss if hasattr(model.config, "output_router_logits") else None,
        bf16=_bf16(options.precision),
        activation_checkpointing=options.gradient_checkpointing,
        # Rows longer than TRL's default of 1,024 would be cut, and those left without labels dropped, in silence.
        max_length=None,
        packing=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        save_strategy="no",
        logging_steps=options.log_every,
        report_to="none",
        disable_tqdm=True,
        log_level="error",
        dataloader_pin_memory=torch.cuda.is_available(),
    )
    trainer = CountingTrainer(
        model=model,
        args=arguments,
        processing_class=tokenizer.inner,
        train_dataset=_dataset(train),
        eval_dataset=_dataset(validation) if validation else None,
        data_collator=_collator(tokenizer.pad_id),
        callbacks=[curve],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _steps(epochs: float, *, sequences: int, micro: int, accumulate: int) -> int:
    return math.ceil(epochs * math.ceil(math.ceil(sequences / micro) / accumulate))


def _bf16(precision: str) -> bool:
    return precision == "bf16" or (precision == "auto" and torch.cuda.is_available() and torch.cuda.is_bf16_supported())


def _dataset(sequences: list[Sequence]) -> Dataset:
    columns = {
        "input_ids": [one.input_ids for one in sequences],
        "labels": [one.labels for one in sequences],
        "number": list(range(len(sequences))),
    }
    return Dataset.from_dict(columns)


def _collator(pad_id: int) -> Callable[[list[dict[str, Any]]], dict[str, torch.Tensor]]:
    def collate(features: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        longest = max(len(one["input_ids"]) for one in features)

        def padded(values: list[int], filler: int) -> list[int]:
            return values + [filler] * (longest - len(values))

        ids = [padded(one["input_ids"], pad_id) for one in features]
        labels = [padded(one["labels"], IGNORED) for one in features]
        mask = [padded([1] * len(one["input_ids"]), 0) for one in features]
        return {
            "input_ids": torch.tensor(ids),
            "labels": torch.tensor(labels),
            "attention_mask": torch.tensor(mask),
            "number": torch.tensor([one["number"] for one in features]),
        }

    return collate
