"""Calls that a model without function calling writes into its text: `<function=name><parameter=key>value</parameter>`.

The tags, and taking calls of any kind out of the text; which messages may hold them is each format's own.
"""

import re
from collections.abc import Iterable

from acc_pipeline.trajectories.schema import Call

_FUNCTION = re.compile(r"<function=([\w.:-]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([\w.:-]+)>\n?(.*?)\n?</parameter>", re.DOTALL)


def function_tags(text: str, *, prefix: str) -> tuple[list[Call], str]:
    """The calls in a text, in order, with ids `<prefix>c<number>`, and the text without them; values stay text.

    `raw` is what a call holds, only where its parameters do not say all of it.
    """
    found = list(_FUNCTION.finditer(text))
    calls = [
        Call(
            id=f"{prefix}c{number}",
            name=match.group(1),
            arguments=dict(_PARAMETER.findall(match.group(2))),
            raw=match.group(2).strip() if _PARAMETER.sub("", match.group(2)).strip() else "",
        )
        for number, match in enumerate(found)
    ]
    return calls, without(text, found)


def without(text: str, calls: Iterable[re.Match[str]]) -> str:
    """The text around its calls: a call that stands beside the text must not be told by it a second time."""
    parts: list[str] = []
    at = 0
    for match in calls:
        parts.append(text[at : match.start()].strip())
        at = match.end()
    return "\n\n".join(part for part in [*parts, text[at:].strip()] if part) if at else text
