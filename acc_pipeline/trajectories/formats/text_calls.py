"""Calls that a model without function calling writes into its text: `<function=name><parameter=key>value</parameter>`.

The tags only; which messages may hold them is each format's own.
"""

import re

from acc_pipeline.trajectories.schema import Call

_FUNCTION = re.compile(r"<function=([\w.:-]+)>(.*?)(?:</function>|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter=([\w.:-]+)>\n?(.*?)\n?</parameter>", re.DOTALL)


def function_tags(text: str, *, prefix: str) -> list[Call]:
    """The calls in a text, in order, with ids `<prefix>c<number>`; parameter values stay text."""
    return [
        Call(
            id=f"{prefix}c{number}",
            name=match.group(1),
            arguments=dict(_PARAMETER.findall(match.group(2))),
            raw=match.group(0),
        )
        for number, match in enumerate(_FUNCTION.finditer(text))
    ]
