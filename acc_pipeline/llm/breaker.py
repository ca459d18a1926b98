"""Stop asking a server that is down: after some failed questions in a row the next ones fail at once, for a while.

Without it, a run over many records against a dead server would go through every retry for each of them.
"""

import functools
import time
from collections.abc import Callable

from acc_pipeline.llm.errors import LlmError


class Breaker:
    """Counts questions (all their tries together), not requests."""

    def __init__(self, *, limit: int = 3, pause: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit, self._pause, self._clock = limit, pause, clock
        self._failures = 0
        self._last: LlmError | None = None
        self._until = 0.0

    def check(self) -> None:
        """Raise the last failure again while the pause lasts."""
        if self._last is not None and self._failures >= self._limit and self._clock() < self._until:
            detail = f"{self._last.detail} ({self._failures} questions in a row; not asked again for {self._pause:g} s)"
            raise LlmError(self._last.code, detail=detail, cure=self._last.cure)

    def failed(self, error: LlmError) -> None:
        if error.server_wide:
            self._failures += 1
            self._last, self._until = error, self._clock() + self._pause

    def worked(self) -> None:
        self._failures, self._last = 0, None


@functools.cache
def breaker_for(base_url: str, model: str) -> Breaker:
    """The breaker that all clients of this process share for one server and model."""
    return Breaker()
