"""The engine that runs everything in the calling process, one item at a time: for tests, debugging and small jobs."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from acc_pipeline.compute.engine import ONE_CORE, ItemError, label_of
from acc_pipeline.compute.needs import Needs

T = TypeVar("T")
R = TypeVar("R")


class InProcessEngine:
    """`Engine` without processes. It has no slots to share out, so `needs` changes nothing but `nodes`."""

    def map(
        self, fn: Callable[[T], R], items: Iterable[T], *, needs: Needs = ONE_CORE, ordered: bool = True
    ) -> Iterator[R]:
        if needs.nodes > 1:
            raise ValueError(f"needs {needs.nodes} machines: the inprocess engine has one; choose another engine")
        return self._run(fn, items)

    def close(self) -> None:
        """Nothing is held."""

    def _run(self, fn: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        for index, item in enumerate(items):
            try:
                result = fn(item)
            except Exception as error:
                raise ItemError(label_of(item, index=index), f"{type(error).__name__}: {error}") from error
            yield result
