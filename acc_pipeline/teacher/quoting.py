"""Reading a context for quotation: its evidence pieces with their text, names to call them by, and cutting to length.

No judgement here about what to quote; that is each rule's own.
"""

from msgspec import Struct

from acc_pipeline.agents.base import Context, PlacedPiece, Role


class Quotable(Struct, frozen=True):
    """An evidence piece as it stands in the prompt. `name` is its title, or else its locator: never its position."""

    name: str
    text: str
    piece: PlacedPiece


def evidence(context: Context) -> list[Quotable]:
    """The evidence pieces in an order of their own (by locator): the order in the prompt must leave no trace."""
    found = [
        Quotable(name=piece.title or piece.locator, text=context.prompt[piece.start : piece.end], piece=piece)
        for piece in context.pieces
        if piece.role == Role.EVIDENCE
    ]
    return sorted(found, key=lambda quotable: (quotable.piece.locator, quotable.piece.first_line))


def shorten(text: str, *, limit: int, around: int = 0) -> str:
    """At most `limit` characters of `text` on one line, whole words, holding the character at `around`."""
    text = " ".join(text.split()) if "\n" in text or "  " in text else text.strip()
    if len(text) <= limit:
        return text
    start = max(0, min(around - limit // 3, len(text) - limit))
    end = min(len(text), start + limit)
    cut = text[start:end]
    if start > 0 and " " in cut:
        cut = "… " + cut.split(" ", 1)[1]
    if end < len(text) and " " in cut:
        cut = cut.rsplit(" ", 1)[0] + " …"
    return cut
