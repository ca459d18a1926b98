"""Does a rationale name a piece by number or position?

Rationales are written once and serve every order of the pieces, so "the third document" would be false in another
order. What is quoted from the pieces, or is part of a title, says nothing about order and is let through.
"""

import re
from collections.abc import Iterable

_NOUN = (
    r"(?:documents?|docs?\.?|pieces?|passages?|sources?|contexts?|snippets?|webpages?|web\s+pages?|pages?|files?"
    r"|tables?)"
)
_ORDINAL = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|final|next|previous|following|preceding"
    r"|\d+(?:st|nd|rd|th))"
)
_PATTERNS = [
    re.compile(rf"\b{_NOUN}\s*(?:no\.?|number|nr\.?|#)?\s*\(?\[?#?\d+\b(?!\s*(?:rows|columns|lines))", re.IGNORECASE),
    re.compile(rf"\b(?:the|this|that|our|my)\s+{_ORDINAL}\s+(?:(?:given|provided|listed)\s+)?{_NOUN}\b", re.IGNORECASE),
    re.compile(rf"\b{_NOUN}\s+(?:above|below|at\s+the\s+(?:top|bottom|start|beginning|end|middle))\b", re.IGNORECASE),
    re.compile(rf"\b(?:the|this)\s+(?:above|below)\s+{_NOUN}\b", re.IGNORECASE),
    re.compile(
        r"(?:(?<=[\w.,\"”)]\s)|(?<=[.,\"”)]))(?:【|\[)(?:doc(?:ument)?\s*)?\d{1,3}(?:】|\])(?=[\s.,;:)]|$)",
        re.IGNORECASE,
    ),
]
_MARKED = re.compile(r"[\"“`]([^\"“”`]+)[\"”`]")
_AROUND = 12  # characters each side that must be found in the pieces for a match to count as a quotation


def position_named(text: str, *, quotable: str, names: Iterable[str] = ()) -> str:
    """The first phrase of `text` that names a piece by number or position, or "" when there is none.

    `quotable` is the text of the pieces: a phrase that stands there word for word, inside the same quotation marks or
    with the characters around it, is a quotation. `names` are titles and locators: a phrase in one is a name.
    """
    flat = " ".join(text.split())
    source = " ".join(quotable.split())
    known = [" ".join(name.split()).casefold() for name in names]
    for pattern in _PATTERNS:
        for match in pattern.finditer(flat):
            quoted = _in_marks(flat, source, match.start()) or _goes_on(flat, source, match.start(), match.end())
            named = any(_whole_words(flat, match.start(), match.end()).casefold() in name for name in known)
            if not quoted and not named:
                return match.group(0)
    return ""


def _in_marks(flat: str, source: str, start: int) -> bool:
    """Does the phrase stand in quotation marks whose whole content stands in the source?"""
    return any(found.start() < start < found.end() and found.group(1) in source for found in _MARKED.finditer(flat))


def _goes_on(flat: str, source: str, start: int, end: int) -> bool:
    # A quotation may begin or end right at the phrase, so it is enough that one side goes on as in the source.
    before, after = flat[max(0, start - _AROUND) : end], flat[start : end + _AROUND]
    return (len(before) > end - start and before in source) or (len(after) > end - start and after in source)


def _whole_words(flat: str, start: int, end: int) -> str:
    """The phrase up to the spaces around it, without punctuation at its ends."""
    first = flat.rfind(" ", 0, start) + 1
    last = flat.find(" ", end)
    return flat[first : last if last >= 0 else len(flat)].strip(".,;:!?\"'`()[]“”")
