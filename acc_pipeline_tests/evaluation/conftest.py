"""A real tokenizer's count for tests of lengths."""

from collections.abc import Callable
from pathlib import Path

import pytest

from acc_pipeline.contexts.tokens import TokenCounter
from acc_pipeline.training.tiny_tokenizer import build_tiny_tokenizer


@pytest.fixture(scope="session")
def tokenizer_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_tokenizer(tmp_path_factory.mktemp("tokenizer") / "tiny")


@pytest.fixture(scope="session")
def counter(tokenizer_dir: Path) -> Callable[[str], int]:
    return TokenCounter(tokenizer_dir).count
