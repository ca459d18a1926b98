"""Functions that the engines' tests run in other processes, so they must live in a module."""

import os
import time
from pathlib import Path
from typing import NamedTuple


class Named(NamedTuple):
    key: str
    value: int


class Picky(Exception):
    """An error that does not survive pickling: its init takes other arguments than it keeps."""

    def __init__(self, left: int, right: int) -> None:
        super().__init__(f"{left} and {right}")


def square(n: int) -> int:
    return n * n


def pid(_: int) -> int:
    time.sleep(0.02)
    return os.getpid()


def slow_first(n: int) -> int:
    if n == 0:
        time.sleep(1.0)
    return n


def fail_on_three(item: Named) -> int:
    if item.value == 3:
        raise KeyError("no such column")
    return item.value


def fail_picky(n: int) -> int:
    if n == 1:
        raise Picky(1, 2)
    return n


def unpicklable(_: int) -> object:
    return lambda: 1


def die_on_two(item: Named) -> int:
    if item.value == 2:
        os.kill(os.getpid(), 9)
    return item.value


def touch_slowly(path: str) -> str:
    time.sleep(0.3)
    Path(path).touch()
    return path


class Counter:
    """A callable that counts its own calls: a worker that keeps it between items counts past one."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, _: int) -> int:
        self.calls += 1
        return self.calls
