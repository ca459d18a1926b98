"""Where the real logs lie on machines that have them; contract tests are skipped, by name, where they do not."""

from pathlib import Path

import pytest

_SHARED = Path(__file__).parents[2] / "shared"


def shared_path(relative: str) -> Path:
    """The path of a shared file; skips the calling test, naming the file, when it is not on this machine."""
    path = _SHARED / relative
    if not path.exists():
        pytest.skip(f"real log not on this machine: shared/{relative}")
    return path
