"""The text of pieces, read back from a compiled prompt by their character spans and by nothing else."""

from acc_pipeline.agents.base import Context, PlacedPiece
from acc_pipeline.agents.control import restore


def body(context: Context, piece: PlacedPiece) -> str:
    """The text of one piece as it was before control strings were neutralised."""
    return restore(context.prompt[piece.start : piece.end])


def bodies(context: Context) -> list[tuple[PlacedPiece, str]]:
    """All pieces of a context with their texts, in the prompt's order."""
    return [(piece, body(context, piece)) for piece in context.pieces]
