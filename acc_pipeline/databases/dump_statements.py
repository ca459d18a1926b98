"""Cutting an SQL dump into statements, and counting the rows of an INSERT, on characters alone.

Deliberately not sqlglot: the count made here checks what sqlglot read.
"""

import re
from collections.abc import Iterator

_TOKEN = re.compile(
    r"""
    '(?:[^'\\]|\\.|'')*'          # strings, with backslash escapes and doubled quotes
  | "(?:[^"\\]|\\.|"")*"
  | `(?:[^`]|``)*`
  | (?:--[ \t\r]|--$|\#)[^\n]*    # comments; MySQL wants a blank after --
  | --(?=\n)
  | /\*.*?\*/
  | [;(),]
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def statements(text: str) -> Iterator[str]:
    """The statements of a dump without their semicolons; comments (conditional ones, too) and blanks are left out."""
    start, parts = 0, []
    for token in _TOKEN.finditer(text):
        piece = token.group()
        if piece == ";" or piece.startswith(("--", "#", "/*")):
            parts.append(text[start : token.start()])
            start = token.end()
        if piece == ";":
            statement = "".join(parts).strip()
            parts = []
            if statement:
                yield statement
    statement = ("".join(parts) + text[start:]).strip()
    if statement:
        yield statement


def count_rows(insert: str) -> int:
    """How many rows an `INSERT … VALUES (…),(…)` holds: its brackets at the outermost level after VALUES."""
    found = re.search(
        r"(?i)\bVALUES\b", _TOKEN.sub(lambda m: " " * len(m.group()) if m.group()[0] in "'\"`" else m.group(), insert)
    )
    if found is None:
        return 0
    depth = rows = 0
    for token in _TOKEN.finditer(insert, found.end()):
        if token.group() == "(":
            depth += 1
            rows += depth == 1
        elif token.group() == ")":
            depth -= 1
    return rows
