"""A wrong setting in words: its name, its value, where that came from, and what is allowed. Secrets are never shown."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

PREFIX = "ACC_"
# Variables of the OpenACC standard, which machines with GPUs set.
_NOT_OURS = {"ACC_DEVICE_TYPE", "ACC_DEVICE_NUM", "ACC_PROFLIB"}
_SECRET = re.compile(r"api_?key|access_?key|secret|password|credential|session_?token|account_?key|sas", re.IGNORECASE)
_LONGEST = 120
_LIST = 'must be a list; in the environment as JSON: ["a", "b"]'
_WORDS = {
    "tuple_type": _LIST,
    "list_type": _LIST,
    "missing": "is needed and has no default",
}
_GROUPS = {"model_type", "model_attributes_type", "dict_type", "dataclass_type"}


class SettingsError(ValueError):
    """A setting is wrong; the message names it, its value, where it came from and what is allowed."""


class Misfit(ValueError):
    """Raised by a check over several settings: which one is wrong, its value, why, and what is allowed."""

    def __init__(self, place: tuple[str, ...], value: Any, wrong: str, *, allowed: Iterable[str] = ()) -> None:
        listed = ", ".join(allowed)
        self.place, self.value, self.wrong = place, value, f"{wrong}; allowed: {listed}" if listed else wrong
        super().__init__(f"{'.'.join(place)} = {value!r}: {self.wrong}")


def is_secret(name: str) -> bool:
    """Must the value of a setting of this name stay out of every message?"""
    return bool(_SECRET.search(name))


def explain(
    error: ValidationError,
    *,
    model: type[BaseModel],
    path: Path,
    environment: Mapping[str, str],
    overrides: Mapping[str, Any],
) -> str:
    """One line for each thing that is wrong with the settings `model`, whose profile lies at `path`."""
    lines = []
    for problem in error.errors():
        place, value, wrong = _told(dict(problem), model=model)
        origin = _origin(place, path=path, environment=environment, overrides=overrides)
        shown = "" if problem["type"] == "missing" else f" = {_shown(place, value)}"
        lines.append(f"{'.'.join(place)}{shown} (from {origin}): {wrong}")
    return "\n  ".join(["wrong settings:", *lines])


def explain_unreadable(error: Exception, *, environment: Mapping[str, str]) -> str:
    """A variable that should hold a list or a group, and is no JSON."""
    field = re.search(r'field "(\w+)"', str(error))
    start = f"{PREFIX}{field.group(1).upper()}" if field else PREFIX
    lines = [
        f"{_name(variable)} = {_shown(_place(variable), value)} (from environment variable {variable}): "
        f'not JSON; write a list as ["a", "b"], a group as {{"name": "value"}}'
        for variable, value in environment.items()
        if variable.upper().split("__")[0] == start and value and not _json(value)
    ]
    return "\n  ".join(["wrong settings:", *(lines or [str(error)])])


def unknown_variables(environment: Mapping[str, str], *, model: type[BaseModel]) -> list[str]:
    """One line for each `ACC_…` variable that names no setting: without this a misspelt one would do nothing."""
    lines = []
    for variable in sorted(environment):
        if not variable.upper().startswith(PREFIX) or variable.upper() in _NOT_OURS or not environment[variable]:
            continue
        place = _place(variable)
        if place[0] not in model.model_fields:
            wrong = _no_such(place[0], model.model_fields)
            lines.append(
                f"{_name(variable)} = {_shown(place, environment[variable])} "
                f"(from environment variable {variable}): {wrong}"
            )
    return lines


def _told(problem: dict[str, Any], *, model: type[BaseModel]) -> tuple[tuple[str, ...], Any, str]:
    """Place, value and what is wrong with it."""
    place = tuple(str(part) for part in problem["loc"])
    value, kind = problem.get("input"), problem["type"]
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, Misfit):
        return (*place, *cause.place), cause.value, cause.wrong
    if kind == "extra_forbidden":
        return place, value, _no_such(place[-1], _fields_at(place[:-1], model=model))
    if kind in _GROUPS:
        allowed = _fields_at(place, model=model)
        return place, value, "must be a group of settings" + (f": {', '.join(sorted(allowed))}" if allowed else "")
    return place, value, _WORDS.get(kind, str(problem["msg"]).removeprefix("Value error, "))


def _no_such(name: str, allowed: Iterable[str]) -> str:
    known = sorted(allowed)
    near = difflib.get_close_matches(name, known, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"no such setting; {meant}allowed here: {', '.join(known)}"


def _origin(place: Sequence[str], *, path: Path, environment: Mapping[str, str], overrides: Mapping[str, Any]) -> str:
    """Where the value at `place` was set, by the order in which sources win."""
    if place and _holds(overrides, place):
        return "an argument"
    for variable, value in environment.items():
        at = _place(variable)
        if not variable.upper().startswith(PREFIX) or not value or tuple(place[: len(at)]) != at:
            continue
        if len(at) == len(place) or _holds(_json(value), place[len(at) :]):
            return f"environment variable {variable}"
    return str(path)


def _holds(values: Any, place: Sequence[str]) -> bool:
    for part in place:
        if isinstance(values, list | tuple) and part.isdigit() and int(part) < len(values):
            values = values[int(part)]
        elif isinstance(values, dict) and part in values:
            values = values[part]
        else:
            return False
    return True


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _place(variable: str) -> tuple[str, ...]:
    return tuple(variable[len(PREFIX) :].lower().split("__"))


def _name(variable: str) -> str:
    return ".".join(_place(variable))


def _shown(place: Sequence[str], value: Any) -> str:
    if any(is_secret(part) for part in place) or "storage_options" in place:
        return "(hidden)"
    shown = repr(value)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def _fields_at(place: Sequence[str], *, model: type[BaseModel]) -> list[str]:
    """Names of the settings in the group at `place`; none where any name may stand."""
    here: Any = model
    for part in place:
        fields = getattr(here, "model_fields", None)
        if fields is not None:
            here = fields[part].annotation if part in fields else None
        else:  # a mapping of groups, such as `arms`: its keys are free, its values are all of one kind
            here = next((one for one in _arguments(here) if hasattr(one, "model_fields")), None)
    return list(getattr(here, "model_fields", []))


def _arguments(annotation: Any) -> Iterator[Any]:
    yield from getattr(annotation, "__args__", ())
