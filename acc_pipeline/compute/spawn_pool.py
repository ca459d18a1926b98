"""The engine that runs work in a pool of spawned processes on this machine: the default for real jobs.

Spawned, never forked: a fork would copy the threads' locks of polars and the tokenizers. The workers' side is in
`spawn_worker.py`.
"""

import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

from acc_pipeline.compute.engine import ONE_CORE, ItemError, label_of
from acc_pipeline.compute.needs import Needs
from acc_pipeline.compute.spawn_worker import Failed, call, leave_with_parent

T = TypeVar("T")
R = TypeVar("R")

_Flight = tuple[Future[tuple[bool, bytes]], str]
_AHEAD = 2  # items in flight per slot: one at work, one waiting, so that no worker waits for the caller


class SpawnPoolEngine:
    """`Engine` over `workers` processes (started at the first item, kept between calls until `close`).

    An item that needs several cores takes as many slots. After an error the processes are ended, so that nothing of a
    failed run goes on behind its back; the next `map` starts fresh ones.
    """

    def __init__(self, *, workers: int) -> None:
        if workers < 1:
            raise ValueError(f"workers is {workers}: must be at least 1")
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def map(
        self, fn: Callable[[T], R], items: Iterable[T], *, needs: Needs = ONE_CORE, ordered: bool = True
    ) -> Iterator[R]:
        if needs.nodes > 1:
            raise ValueError(f"needs {needs.nodes} machines: the spawn engine has one; choose another engine")
        try:
            blob = pickle.dumps(fn)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise TypeError(
                f"{fn!r} does not pickle ({error}): give a function of a module, not one made inside"
            ) from error
        return self._run(blob, items, slots=max(1, self.workers // needs.cpus), ordered=ordered)

    def close(self) -> None:
        """End the workers at once; work in flight is lost."""
        pool, self._pool = self._pool, None
        if pool is not None:
            processes = list((getattr(pool, "_processes", None) or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.terminate()
            for process in processes:
                process.join()

    def __enter__(self) -> "SpawnPoolEngine":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _executor(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.workers, mp_context=get_context("spawn"), initializer=leave_with_parent
            )
        return self._pool

    def _run(self, blob: bytes, items: Iterable[T], *, slots: int, ordered: bool) -> Iterator[Any]:
        flying: deque[_Flight] = deque()
        source = enumerate(items)
        # An item of several cores must not share its cores with a waiting one that the pool would start at once.
        room = slots * _AHEAD if slots == self.workers else slots
        finished = False
        try:
            while True:
                while len(flying) < room and (entry := next(source, None)) is not None:
                    index, item = entry
                    label = label_of(item, index=index)
                    try:
                        packed = pickle.dumps(item)
                    except (pickle.PicklingError, AttributeError, TypeError) as error:
                        raise ItemError(label, f"does not pickle: {error}") from error
                    try:
                        flying.append((self._executor().submit(call, blob, packed), label))
                    except BrokenProcessPool as error:
                        raise _lost([label, *(name for _, name in flying)]) from error
                if not flying:
                    finished = True
                    return
                for future, label in _ready(flying, ordered=ordered):
                    yield _value(future, label=label, others=[name for _, name in flying])
        finally:
            if not finished:
                self.close()


def _ready(flying: deque[_Flight], *, ordered: bool) -> list[_Flight]:
    """The work that is done, at least one, taken out of `flying`; in order, that is the first one."""
    if ordered:
        wait([flying[0][0]])
        return [flying.popleft()]
    wait([future for future, _ in flying], return_when=FIRST_COMPLETED)
    ready = [flight for flight in flying if flight[0].done()]
    waiting = [flight for flight in flying if not flight[0].done()]
    flying.clear()
    flying.extend(waiting)
    # What succeeded goes first: the error of another item must not lose it.
    return sorted(ready, key=lambda flight: flight[0].exception() is not None or not flight[0].result()[0])


def _value(future: Future[tuple[bool, bytes]], *, label: str, others: list[str]) -> Any:
    try:
        outcome = pickle.loads(future.result()[1])
    except BrokenProcessPool as error:
        raise _lost([label, *others]) from error
    if isinstance(outcome, Failed):
        raise ItemError(label, f"{outcome.problem}\n{outcome.trace}") from outcome.error
    return outcome


def _lost(labels: list[str]) -> ItemError:
    return ItemError(", ".join(labels), "a worker process was killed or ran out of memory during one of these")
