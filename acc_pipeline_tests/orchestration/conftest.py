"""What the tests of the whole graph share: no settings of this machine, one tokenizer, an empty workspace each."""

import os
from pathlib import Path

import pytest

from acc_pipeline_tests.orchestration.workbench import Bench


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ACC_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def tiny_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny student's tokenizer, made once: it takes longer than all stages of a small workspace."""
    from acc_pipeline.training.tiny_tokenizer import build_tiny_tokenizer

    return build_tiny_tokenizer(tmp_path_factory.mktemp("tokenizer") / "tiny")


@pytest.fixture
def bench(tmp_path: Path, tiny_tokenizer: Path) -> Bench:
    """An empty workspace."""
    return Bench(root=tmp_path, tokenizer=tiny_tokenizer)
