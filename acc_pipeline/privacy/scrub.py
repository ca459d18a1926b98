"""Secrets and personal data out of text, consistently: the same finding gets the same placeholder throughout one run.

What counts as one is in `patterns`. Placeholders are numbered by first appearance, never derived from the secret, and
keep the number of lines, so that line numbers and patches still fit.
"""

import re
from collections import Counter

from acc_pipeline.privacy.patterns import EMAIL, HOME, SECRETS, Pattern

RULES_VERSION = 1


class Scrubber:
    """Replaces findings over many texts of one run. `counts` holds replacements by kind so far."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._names: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()

    def scrub(self, text: str) -> str:
        """`text` with each finding replaced, such as `<EMAIL_1>`, or `USER_1` for the name in a home directory."""
        lowered = ""
        for pattern in (*SECRETS, EMAIL, HOME):
            if not lowered:
                lowered = text.lower()
            if any(hint in lowered for hint in pattern.hints):
                replaced = pattern.regex.sub(lambda match, pattern=pattern: self._replace(match, pattern), text)  # type: ignore[misc]
                if replaced != text:
                    text, lowered = replaced, ""
        return text

    def _replace(self, match: re.Match[str], pattern: Pattern) -> str:
        whole = match.group(0)
        secret = match.group(1) if match.re.groups else whole
        self.counts[pattern.kind] += 1
        name = self._name(pattern.kind, secret)
        if not match.re.groups:
            return name
        start, end = match.start(1) - match.start(0), match.end(1) - match.start(0)
        return whole[:start] + name + whole[end:]

    def _name(self, kind: str, secret: str) -> str:
        key = (kind, secret)
        if key not in self._names:
            self._numbers[kind] += 1
            number = self._numbers[kind]
            # in a path angle brackets would break the commands that name it
            name = f"USER_{number}" if kind == "USER" else f"<{kind}_{number}>"
            self._names[key] = name + "\n" * secret.count("\n")
        return self._names[key]


def scrub_text(text: str) -> tuple[str, dict[str, int]]:
    """(text without secrets, e-mail addresses and user names of home paths; replacements by kind)."""
    scrubber = Scrubber()
    return scrubber.scrub(text), dict(scrubber.counts)
