"""How a prompt of the forms `pieces` and `no-distractors` is written: instruction, pieces, question.

Pieces are named by their locator and never by a number, so that a rationale written for one order serves every order.
A piece's block begins with "<" and ends with one line end: common tokenizers split there (and with two line ends some
would not), so the tokens of the blocks and the frame add up to the tokens of the prompt.
"""

from collections.abc import Sequence
from typing import NamedTuple

from acc_pipeline.agents.base import Piece
from acc_pipeline.agents.control import neutralise

_ASKED = "<question>\n{question}\n</question>"


class Block(NamedTuple):
    """A piece as it stands in a prompt: `text[start:end]` is its body, control strings neutralised."""

    text: str
    start: int
    end: int


def block(piece: Piece) -> Block:
    """Write one piece: a frame that names it, and its body, untouched but for control strings."""
    body = neutralise(piece.text)
    head = [f'<document {piece.kind}="{_line(piece.locator)}">']
    if piece.title:
        head.append(f"Title: {_line(piece.title)}")
    # Completeness stays out: "snippet" in the text would tell distractors apart without reading them.
    opening = "\n".join(head) + "\n\n"
    closing = "\n</document>\n"
    return Block(text=opening + body + closing, start=len(opening), end=len(opening) + len(body))


def frame(instruction: str, *, question: str) -> tuple[str, str]:
    """What stands before the first and after the last block."""
    return f"{neutralise(instruction)}\n\n", _ASKED.format(question=neutralise(question.strip()))


def write(instruction: str, *, question: str, blocks: Sequence[Block]) -> tuple[str, list[tuple[int, int]]]:
    """The whole prompt, and for each block the character span (start, end) of its body in it."""
    opening, closing = frame(instruction, question=question)
    parts, spans, position = [opening], [], len(opening)
    for one in blocks:
        spans.append((position + one.start, position + one.end))
        parts.append(one.text)
        position += len(one.text)
    return "".join(parts) + closing, spans


def _line(text: str) -> str:
    return neutralise(" ".join(text.split())).replace('"', "'")
