"""The model that training starts from: the tiny random one, a folder, or a hub name.

Imports torch and transformers, so only child processes may import this module.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from acc_pipeline.training.config import TINY, ConfigError, TrainingConfig

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from acc_pipeline.training.stock_tokenizer import StockTokenizer


def load_model(config: TrainingConfig, *, tokenizer: "StockTokenizer") -> "PreTrainedModel":
    """Weights in fp32. Raises `ConfigError` when the model cannot be read or is too small for the tokenizer."""
    from transformers import AutoModelForCausalLM

    if config.base_model == TINY:
        from acc_pipeline.training.tiny_model import make_tiny_model

        model = make_tiny_model(seed=config.base_seed)
    else:
        if Path(config.base_model).is_absolute() and not Path(config.base_model).is_dir():
            raise ConfigError(f"base_model = {config.base_model!r}: no such folder")
        try:
            model = AutoModelForCausalLM.from_pretrained(config.base_model, dtype="float32")
        except (OSError, ValueError) as error:
            raise ConfigError(f"base_model = {config.base_model!r}: cannot be loaded: {error}") from None
    size = int(model.get_input_embeddings().weight.shape[0])  # type: ignore[index]
    if len(tokenizer.inner) > size:
        raise ConfigError(
            f"base_model = {config.base_model!r} has {size} token embeddings, its tokenizer {tokenizer.name} needs "
            f"{len(tokenizer.inner)}; set tokenizer_dir to the model's own"
        )
    # The saved model should stop where training taught it to, and pad as it was padded.
    model.generation_config.eos_token_id = tokenizer.inner.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_id
    return model
