"""The tiny tokenizer as `ChatTokenizer` without transformers, so that encoding is tested without a 4 s import."""

from pathlib import Path

from tokenizers import Tokenizer

from acc_pipeline.contexts.tokens import TokenCounter
from acc_pipeline.training.encode import Message


class PlainTokenizer:
    """Template through jinja2, ids through `tokenizers`."""

    end_token = "<|im_end|>"

    def __init__(self, folder: Path) -> None:
        self.counter = TokenCounter(folder, backend="tokenizers")
        self.inner = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def render(self, messages: list[Message], *, generate: bool) -> str:
        return self.counter.render(messages, generate=generate) if messages else ""

    def encode(self, text: str) -> list[int]:
        return list(self.inner.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: list[int]) -> str:
        return str(self.inner.decode(ids, skip_special_tokens=False))
