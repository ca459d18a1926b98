"""What runs inside a worker of the spawn pool: one call at a time, failures told as data, and an end with the parent.

Imports nothing of the pipeline, so that a worker starts fast; the work itself brings what it needs when unpickled.
"""

import os
import pickle
import threading
import traceback
from collections.abc import Callable
from functools import lru_cache
from multiprocessing import parent_process
from typing import Any, NamedTuple


class Failed(NamedTuple):
    problem: str
    trace: str
    error: Exception | None  # None when the error itself cannot travel between processes


def leave_with_parent() -> None:
    """Start the thread that ends this worker when its parent is gone.

    A worker waits on a pipe of which it holds both ends, so it would outlive a killed parent for ever.
    """
    parent = parent_process()
    if parent is not None:

        def watch() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, name="leave-with-parent", daemon=True).start()


@lru_cache(maxsize=4)
def _function(blob: bytes) -> Callable[[Any], Any]:
    # Unpickled once per worker, not once per item: a callable may keep a tokenizer or an index between items.
    function: Callable[[Any], Any] = pickle.loads(blob)
    return function


def call(blob: bytes, item: bytes) -> tuple[bool, bytes]:
    """Apply the pickled function to the pickled item; give whether it worked, and the pickled result or `Failed`.

    Everything is pickled here, in the open: a value that does not pickle is then a failure of its own item and not
    the end of the pool.
    """
    try:
        return True, pickle.dumps(_function(blob)(pickle.loads(item)))
    except Exception as error:
        return False, pickle.dumps(Failed(f"{type(error).__name__}: {error}", traceback.format_exc(), _portable(error)))


def _portable(error: Exception) -> Exception | None:
    try:
        copy = pickle.loads(pickle.dumps(error))
    except Exception:  # whatever an error's own __reduce__ or __init__ raises: it stays behind, its text travels
        return None
    return copy if isinstance(copy, Exception) else None
