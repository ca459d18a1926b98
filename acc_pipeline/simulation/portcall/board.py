"""The arrivals board: plain text tables for the office window and CSV for the web page."""


def pad(text: str, width: int, right: bool = False) -> str:
    """Text in a field of fixed width, cut with a full stop when it is too long."""
    if len(text) > width:
        text = text[: width - 1] + "."
    return text.rjust(width) if right else text.ljust(width)


def widths(header: list[str], rows: list[list[str]]) -> list[int]:
    """The width of each column: its longest cell, header included."""
    return [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]


def render_text(header: list[str], rows: list[list[str]]) -> str:
    """A table with a rule under its header; lines end where their text ends."""
    sizes = widths(header, rows)
    lines = [header, ["-" * size for size in sizes], *rows]
    return "\n".join("  ".join(pad(c, s) for c, s in zip(line, sizes, strict=True)).rstrip() for line in lines)


def clock(minutes: int) -> str:
    """Minutes since midnight as 24-hour time; the day after counts from midnight again."""
    hours, rest = divmod(minutes % 1440, 60)
    return f"{hours:02d}:{rest:02d}"


def duration(minutes: int) -> str:
    """A stay in words that fit the board: "45 min", "3 h", "3 h 05"."""
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02d}" if rest else f"{hours} h"


def quote(cell: str) -> str:
    """A CSV cell; quotes are doubled, and a cell with a comma, a quote or a line break is quoted."""
    if any(mark in cell for mark in ',"\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def render_csv(header: list[str], rows: list[list[str]]) -> str:
    """The same table for machines, with a line break after each line."""
    return "".join(",".join(quote(cell) for cell in line) + "\n" for line in [header, *rows])
