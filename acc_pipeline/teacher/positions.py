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
_SINGULAR = r"(?:document|doc\.?|piece|passage|source|context|snippet|webpage|web\s+page|page|file|table)"
_PLURAL = r"(?:documents|docs|pieces|passages|sources|contexts|snippets|webpages|web\s+pages|pages|files|tables)"
_MARK = r"\s*(?:no\.?|number|nr\.?|#)?\s*[(\[\"']?#?"
_COUNT = r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_ORDINAL = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|last|final|next|previous"
    r"|following|preceding|earlier|later|former|latter|\d+(?:st|nd|rd|th))"
)
_THE = r"(?:the|this|that|these|those|our|my)"
_GIVEN = r"(?:given|provided|listed|supplied|shown|retrieved|available|input)"
_AND = r"(?:\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or|to|through)\s+|\s*[&/]\s*)(?:the\s+)?"
_SAYS = r"(?:says?|states?|shows?|gives?|lists?|mentions?|describes?|contains?|holds?|confirms?|tells?|notes?|and|or)"
# "document one" names it, "the page one sees" does not; and "I" is mostly the writer.
_ENDED = rf"(?=\s*(?:[.,;:)\]\"']|$|{_SAYS}\b))"
# "the file three times", "page two million people read": a count of something else
_COUNTED = (
    r"(?!(?:\s+|-)(?:rows?|columns?|lines?|times?|people|persons?|men|women|hundred|thousand|million|billion|days?|weeks?"
    r"|months?|years?|hours?|minutes?|seconds?|times|others?|more|different|separate|distinct|further|additional)\b)"
)
_ROMAN = r"(?-i:II|III|IV|VI{1,3}|IX|XI{1,3}|XIV|XV)"
# Letters stand alone: not "file A.py", "file C:\", "the source C code", "Table A's" nor the title "Page A Story".
_LETTER = r"(?-i:[A-HJ-Z])(?![\w'’+#-]|\.\w|:[\\/])(?!\s+(?:code|files?|programs?|compiler)\b)(?!(?-i:\s+[A-Z][a-z]))"

_PATTERNS = [
    re.compile(rf"\b{_NOUN}\s*(?:no\.?|number|nr\.?|#)?\s*\(?\[?#?\d+\b(?!\s*(?:rows|columns|lines))", re.IGNORECASE),
    re.compile(rf"\b{_SINGULAR}{_MARK}\b{_COUNT}\b{_COUNTED}", re.IGNORECASE),
    re.compile(rf"\b{_PLURAL}\s+(?:one|{_COUNT}){_AND}{_COUNT}\b{_COUNTED}", re.IGNORECASE),
    re.compile(rf"\b{_SINGULAR}{_MARK}\bone\b{_ENDED}", re.IGNORECASE),
    re.compile(rf"\b{_NOUN}{_MARK}\b(?P<label>{_ROMAN}\b(?!\.\w)|{_LETTER}|(?-i:I)\b{_ENDED})", re.IGNORECASE),
    re.compile(rf"\b{_THE}\s+(?:{_ORDINAL}{_AND})*{_ORDINAL}\s+(?:{_GIVEN}\s+)?{_NOUN}\b", re.IGNORECASE),
    re.compile(rf"\b{_ORDINAL}\s+(?:few|couple\s+of|one|{_COUNT}|\d+)\s+(?:{_GIVEN}\s+)?{_NOUN}\b", re.IGNORECASE),
    re.compile(
        rf"\b{_ORDINAL}(?:\s+(?:one|{_COUNT}|few))?\s+(?:of|in|among)\s+(?:all\s+)?{_THE}\s+"
        rf"(?:(?:{_GIVEN}|above|{_COUNT}|\d+)\s+)*{_PLURAL}\b",
        re.IGNORECASE,
    ),
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
    with the characters around it, is a quotation. `names` are titles and locators: a phrase in one is a name, and so is
    a letter that is a whole one, such as a table's.
    """
    flat = " ".join(text.split())
    source = " ".join(quotable.split())
    known = [" ".join(name.split()).casefold() for name in names]
    for pattern in _PATTERNS:
        for match in pattern.finditer(flat):
            quoted = _in_marks(flat, source, match.start()) or _goes_on(flat, source, match.start(), match.end())
            named = any(_whole_words(flat, match.start(), match.end()).casefold() in name for name in known)
            label = match.groupdict().get("label", "").casefold()
            if not quoted and not named and label not in known:
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
