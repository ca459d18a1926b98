"""The tiny tokenizer, built once."""

from pathlib import Path

import pytest

from acc_pipeline.training.tiny_tokenizer import build_tiny_tokenizer
from acc_pipeline_tests.training.tokenizers_for_tests import PlainTokenizer


@pytest.fixture(scope="session")
def tokenizer_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_tokenizer(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tokenizer(tokenizer_dir: Path) -> PlainTokenizer:
    return PlainTokenizer(tokenizer_dir)
