"""The seam between the pipeline and where its work runs: one method, `Engine.map`, and the error that it raises.

What every engine promises is written here; how it keeps the promise is in the engine's own file. No stage logic.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

from acc_pipeline.compute.needs import Needs

T = TypeVar("T")
R = TypeVar("R")

ONE_CORE = Needs()
_SHOWN = 120  # characters of an item that an error shows


class Engine(Protocol):
    """Applies a function to many items, somewhere.

    `map` takes items from the iterable only as it has room (a bounded number is in flight), yields each result as it
    is ready (`ordered=True`: in the order of the items), and stops at the first error: what has not begun is dropped
    and `ItemError` names the item. A caller that stops early drops the rest as well. `close` frees what is held.
    """

    def map(
        self, fn: Callable[[T], R], items: Iterable[T], *, needs: Needs = ONE_CORE, ordered: bool = True
    ) -> Iterator[R]: ...

    def close(self) -> None: ...


class ItemError(RuntimeError):
    """Work on one item failed; `label` names the item, `__cause__` is the error of the work where it could be kept."""

    def __init__(self, label: str, problem: str) -> None:
        super().__init__(f"{label}: {problem}")
        self.label = label
        self.problem = problem

    def __reduce__(self) -> tuple[type["ItemError"], tuple[str, str]]:
        return type(self), (self.label, self.problem)


def label_of(item: Any, *, index: int) -> str:
    """How an error names an item: by its `key`, else by its own short text, always with its place in the input."""
    key = getattr(item, "key", None)
    text = key if isinstance(key, str) else repr(item)
    return f"item {index} ({text if len(text) <= _SHOWN else text[:_SHOWN] + '…'})"
