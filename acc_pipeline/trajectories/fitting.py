"""Values and file names made fit to be stored as UTF-8: hostile and careless logs have some that cannot be.

Values and names only; where they come from is `container`, `content` and `stage`.
"""

import math
from typing import Any


def fit_value(value: Any, *, max_nesting: int, depth: int = 0) -> Any:
    """The value with surrogates joined or replaced, integers beyond 64 bits as text, and NaN and infinities as None.

    Raises ValueError naming the limit when it is nested deeper than `max_nesting`.
    """
    if depth > max_nesting:
        raise ValueError(f"nested deeper than {max_nesting} levels (limit max_nesting)")
    if isinstance(value, str):
        return value if value.isascii() else fit_text(value)
    if isinstance(value, dict):
        return {
            fit_text(str(key)): fit_value(item, max_nesting=max_nesting, depth=depth + 1) for key, item in value.items()
        }
    if isinstance(value, list | tuple | set):
        return [fit_value(item, max_nesting=max_nesting, depth=depth + 1) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value if value is None or isinstance(value, int | float) else str(value)


def fit_text(text: str) -> str:
    """Text that UTF-8 can hold: surrogate pairs joined, lone surrogates replaced."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def fit_path(path: str) -> str:
    r"""A file's path as it is told and stored: bytes that are no UTF-8 as `\xff`. Nothing is opened by it."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
