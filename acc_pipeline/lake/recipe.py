"""A recipe: the settings that decide what a record becomes, their fingerprint, and a change of them told in words.

Never where or how fast a record was made. Where recipes are kept is in `recipe_table.py`.
"""

import hashlib
from typing import Any

import msgspec
from msgspec import Struct

_SHOWN = 80  # characters of a value in a sentence


class Recipe(Struct, frozen=True):
    """JSON-able settings, such as `options.model_dump(mode="json")` plus a version of the rules."""

    settings: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """16 hex digits; the same for equal settings in any order of their keys."""
        return hashlib.sha256(self.json.encode()).hexdigest()[:16]

    @property
    def json(self) -> str:
        """The settings as JSON with sorted keys; raises `TypeError` for a value that JSON does not have."""
        return msgspec.json.encode(self.settings, order="sorted").decode()


def describe_change(old: Recipe | dict[str, Any] | None, new: Recipe | dict[str, Any]) -> list[str]:
    """One sentence a setting that differs, such as `teacher.budget: 4096 -> 8192`; none when there is no old recipe."""
    if old is None:
        return []
    before, after = _flat(_settings(old)), _flat(_settings(new))
    return [
        f"{name}: {_shown(before, name)} -> {_shown(after, name)}"
        for name in sorted(before.keys() | after.keys())
        if name not in before or name not in after or _differs(before[name], after[name])
    ]


def _settings(recipe: Recipe | dict[str, Any]) -> dict[str, Any]:
    settings = recipe.settings if isinstance(recipe, Recipe) else recipe
    # Through JSON, so that a tuple and the list that was stored for it, or a date and its text, are the same.
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(settings))
    return plain


def _flat(settings: dict[str, Any], *, prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, prefix=f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _differs(left: Any, right: Any) -> bool:
    # As JSON: 1, 1.0 and true are equal to Python and different recipes.
    return msgspec.json.encode(left, order="sorted") != msgspec.json.encode(right, order="sorted")


def _shown(flat: dict[str, Any], name: str) -> str:
    if name not in flat:
        return "(not set)"
    text = msgspec.json.encode(flat[name]).decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
