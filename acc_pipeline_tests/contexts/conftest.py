from pathlib import Path

import pytest

from acc_pipeline.contexts.tokens import TokenCounter
from acc_pipeline_tests.contexts.tokenizers_for_tests import build


@pytest.fixture(scope="session")
def tokenizer_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("qwen"))


@pytest.fixture(scope="session")
def counter(tokenizer_dir: Path) -> TokenCounter:
    return TokenCounter(tokenizer_dir)
