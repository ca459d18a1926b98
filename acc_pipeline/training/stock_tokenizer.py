"""The stock tokenizer of a model folder as `encode.ChatTokenizer`: what transformers itself would give the model.

Imports transformers, so only child processes may import this module.
"""

import shutil
from pathlib import Path
from typing import Any

from acc_pipeline.training.encode import Message

FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "vocab.json", "merges.txt")


class StockTokenizer:
    """`AutoTokenizer` of a folder or hub name. Raises `ValueError` when it has no chat template or end token."""

    def __init__(self, name: str) -> None:
        from transformers import AutoTokenizer

        self.name = name
        self.inner: Any = AutoTokenizer.from_pretrained(name)
        if not self.inner.chat_template or not self.inner.eos_token:
            raise ValueError(f"tokenizer {name}: it has no chat template or no end-of-turn token; set tokenizer_dir")
        self.end_token: str = self.inner.eos_token
        # A base model without padding token pads with its end token: padding never carries loss.
        self.pad_id: int = self.inner.pad_token_id if self.inner.pad_token_id is not None else self.inner.eos_token_id

    def render(self, messages: list[Message], *, generate: bool) -> str:
        """The chat as text; an empty chat is the empty text, which templates need not bear."""
        if not messages and not generate:
            return ""
        return str(self.inner.apply_chat_template(messages, tokenize=False, add_generation_prompt=generate))

    def encode(self, text: str) -> list[int]:
        return list(self.inner.encode(text, add_special_tokens=False))

    def decode(self, ids: list[int]) -> str:
        return str(self.inner.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def save(self, out_dir: Path) -> None:
        """The tokenizer's own files, byte by byte where they lie in a folder, so that counts made before stay true."""
        source = Path(self.name)
        if (source / "tokenizer.json").is_file():
            for name in FILES:
                if (source / name).is_file():
                    shutil.copyfile(source / name, out_dir / name)
        else:
            self.inner.save_pretrained(out_dir)
