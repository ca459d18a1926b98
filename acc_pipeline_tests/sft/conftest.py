"""One small tokenizer for this folder."""

from pathlib import Path

import pytest

from acc_pipeline.training.tiny_tokenizer import build_tiny_tokenizer


@pytest.fixture(scope="session")
def tokenizer_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_tokenizer(tmp_path_factory.mktemp("tokenizer"))
