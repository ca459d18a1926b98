"""Exact token counts with the student's tokenizer: of texts, and of chats as the trainer will see them.

Reads `tokenizer.json` with fastokens, or with `tokenizers` where fastokens cannot; both give the same ids. The chat
template is rendered as transformers renders it. Neither torch nor transformers is imported.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any


class TokenizerError(ValueError):
    """A folder holds no tokenizer that can be read, or its template refuses a chat; the message says which and why."""


class TokenCounter:
    """Counts tokens with the tokenizer in `tokenizer_dir` (Hugging Face form). Picklable by its folder."""

    def __init__(self, tokenizer_dir: Path | str, *, backend: str = "auto") -> None:
        self.tokenizer_dir = str(tokenizer_dir)
        self.backend = backend

    def count(self, text: str) -> int:
        """Tokens of a text by itself, special tokens recognised, none added."""
        return len(self.encode(text))

    def encode(self, text: str) -> list[int]:
        """Token ids of a text by itself."""
        return _encoder(self.tokenizer_dir, self.backend)(text)

    def count_chat(self, messages: Sequence[dict[str, Any]], *, generate: bool = True) -> int:
        """Tokens of a chat through the chat template; `generate` adds the opening of the assistant's turn."""
        return self.count(self.render(messages, generate=generate))

    def render(self, messages: Sequence[dict[str, Any]], *, generate: bool = True) -> str:
        """The chat as the text that is tokenised. Raises `TokenizerError` when the template refuses it."""
        from jinja2.exceptions import TemplateError

        template, names = _template(self.tokenizer_dir)
        try:
            return str(template.render(messages=list(messages), add_generation_prompt=generate, **names))
        except (TemplateError, TypeError, KeyError) as error:
            raise TokenizerError(f"{self.tokenizer_dir}: the chat template refuses the chat: {error}") from None

    def digest(self) -> str:
        """Content hash of tokenizer and template: two counters of one digest count alike."""
        return _digest(self.tokenizer_dir)


@lru_cache(maxsize=8)
def _encoder(folder: str, backend: str) -> Callable[[str], list[int]]:
    path = Path(folder) / "tokenizer.json"
    if not path.is_file():
        raise TokenizerError(f"{path}: no such file; a tokenizer folder in Hugging Face form is needed")
    if backend in ("auto", "fastokens"):
        try:
            import fastokens

            fast = fastokens.Tokenizer.from_file(str(path))
            return lambda text: list(fast.encode(text, add_special_tokens=False).ids)
        except (ImportError, ValueError, RuntimeError, OSError) as error:
            if backend == "fastokens":
                raise TokenizerError(f"{path}: fastokens cannot read it: {error}") from None
    import tokenizers

    exact = tokenizers.Tokenizer.from_file(str(path))
    return lambda text: list(exact.encode(text, add_special_tokens=False).ids)


@lru_cache(maxsize=8)
def _template(folder: str) -> tuple[Any, dict[str, Any]]:
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    config_path, template_path = Path(folder) / "tokenizer_config.json", Path(folder) / "chat_template.jinja"
    config = json.loads(config_path.read_text()) if config_path.is_file() else {}
    source = template_path.read_text() if template_path.is_file() else config.get("chat_template")
    if isinstance(source, list):  # several named templates
        source = next((entry["template"] for entry in source if entry.get("name") == "default"), None)
    if not source:
        raise TokenizerError(f"{folder}: no chat template (chat_template.jinja or tokenizer_config.json)")
    # The environment that transformers gives to templates (utils/chat_template_utils.py).
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda form: datetime.now().strftime(form)
    names = {}
    for key in ("bos_token", "eos_token", "pad_token", "unk_token"):
        value = config.get(key)
        value = value.get("content") if isinstance(value, dict) else value
        if value is not None:
            names[key] = value
    return environment.from_string(source), names


@lru_cache(maxsize=8)
def _digest(folder: str) -> str:
    import hashlib

    digest = hashlib.sha256()
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        path = Path(folder) / name
        digest.update(name.encode() + (path.read_bytes() if path.is_file() else b""))
    return digest.hexdigest()


def _to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **others: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **others)


def _refuse(message: str) -> None:
    from jinja2.exceptions import TemplateError

    raise TemplateError(message)
