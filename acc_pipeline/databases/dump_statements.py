"""Cutting an SQL dump into statements, and counting the rows of an INSERT, on characters alone.

Deliberately not sqlglot: the count made here checks what sqlglot read.
"""

import re
from collections.abc import Iterator

_COMMON = r"""
  | `(?:[^`]|``)*`
  | /\*.*?\*/
  | [;(),]
"""
_BACKSLASH = re.compile(
    r"""
    '(?:[^'\\]|\\.|'')*'          # strings, with backslash escapes and doubled quotes
  | "(?:[^"\\]|\\.|"")*"
  | (?:--[ \t\r]|--$|\#)[^\n]*    # comments; MySQL wants a blank after --
  | --(?=\n)
"""
    + _COMMON,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_STANDARD = re.compile(
    r"""
    (?<!\w)[eE]'(?:[^'\\]|\\.|'')*'     # PostgreSQL's own strings with escapes
  | '(?:[^']|'')*'                      # a backslash is a character like any other
  | "(?:[^"]|"")*"
  | --[^\n]*
  | (?<!\w)\$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$
"""
    + _COMMON,
    re.VERBOSE | re.DOTALL,
)
_STANDARD_DIALECTS = {"sqlite", "postgres", "postgresql", "duckdb", "redshift", "oracle", "tsql", "trino", "presto"}
_HEAD = re.compile(r"(?i)(DELIMITER\s+\S+\s+)?\W*CREATE\b|END\b")
_ROUTINE = re.compile(r"(?is)\bCREATE\b[^;(]*\b(TRIGGER|PROCEDURE|FUNCTION|EVENT)\b.*\bBEGIN\b")
_ROUTINE_END = re.compile(r"(?i)END\b(?!\s+(IF|LOOP|CASE|WHILE|REPEAT)\b)")


def _token(dialect: str) -> re.Pattern[str]:
    return _STANDARD if dialect in _STANDARD_DIALECTS else _BACKSLASH


def _blanked(text: str, dialect: str) -> str:
    """`text` with its strings, quoted names and comments as blanks."""
    return _token(dialect).sub(lambda m: m.group() if m.group() in ";()," else " " * len(m.group()), text)


def numbered_statements(text: str, *, dialect: str = "mysql") -> Iterator[tuple[int, str]]:
    """(line, statement) without semicolons; comments (conditional ones, too) and blanks are left out.

    The line is that of the statement's first character, from 1. The body of a trigger or routine belongs to its CREATE
    statement, whose text then ends at the first semicolon inside. Raises ValueError when such a body does not end.
    """
    start, parts, first = 0, [""], 0
    line, counted = 1, 0
    routine = 0

    def piece_until(end: int) -> None:
        nonlocal first
        piece = text[start:end]
        if not "".join(parts).strip() and piece.strip():
            first = start + len(piece) - len(piece.lstrip())
        parts.append(piece)

    def finish() -> Iterator[tuple[int, str]]:
        nonlocal parts, line, counted, routine
        statement, parts = "".join(parts).strip(), [""]
        if not statement:
            return
        line, counted = line + text.count("\n", counted, first), first
        if routine and not _ROUTINE_END.match(statement):
            return
        inside, routine = routine, 0
        if _HEAD.match(statement) and _ROUTINE.search(_blanked(statement, dialect)):
            routine = line
        if inside and not routine and re.search(r"(?i)\b(INSERT|REPLACE|UPDATE|DELETE)\b", statement):
            raise ValueError(f"line {line}: a statement that no semicolon parts from the routine before it")
        if not inside:
            yield line, statement

    for token in _token(dialect).finditer(text):
        piece = token.group()
        if piece == ";" or piece.startswith(("--", "#", "/*")):
            piece_until(token.start())
            start = token.end()
        if piece == ";":
            yield from finish()
    piece_until(len(text))
    yield from finish()
    if routine:
        raise ValueError(f"line {routine}: a trigger or routine whose END is not found")


def statements(text: str, *, dialect: str = "mysql") -> Iterator[str]:
    """The statements of `numbered_statements`, without their lines."""
    return (statement for _, statement in numbered_statements(text, dialect=dialect))


def split_actions(text: str, *, dialect: str) -> list[str]:
    """`text` cut at its commas outside brackets and strings: the actions of an ALTER TABLE."""
    depth, start, actions = 0, 0, []
    for token in _token(dialect).finditer(text):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if token.group() == "," and depth == 0:
            actions.append(text[start : token.start()].strip())
            start = token.end()
    return [*actions, text[start:].strip()]


def count_rows(insert: str, *, dialect: str = "mysql") -> int:
    """How many rows an `INSERT … VALUES (…),(…)` holds: its brackets at the outermost level after VALUES."""
    found = re.search(r"(?i)\bVALUES\b", _blanked(insert, dialect))
    if found is None:
        return 0
    depth = rows = 0
    for token in _token(dialect).finditer(insert, found.end()):
        if token.group() == "(":
            depth += 1
            rows += depth == 1
        elif token.group() == ")":
            depth -= 1
    return rows
