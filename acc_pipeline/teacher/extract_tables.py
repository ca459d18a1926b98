"""The rule for tables: name the tables with their size and columns, restate the final query and its result rows.

Sizes and columns are read back from the table text in the prompt, not from a database: the rationale may only say what
the context holds.
"""

from acc_pipeline.agents.base import Context
from acc_pipeline.teacher.options import TeacherOptions
from acc_pipeline.teacher.quoting import Quotable, evidence, shorten

_MOST_COLUMNS = 20
_MOST_ANSWER = 800


def query_of(context: Context) -> str:
    """The final query that `Context.checks` holds, or ""."""
    for key in ("sql", "query"):
        value = context.checks.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def applies(context: Context) -> bool:
    """Is there a final query, and are there tables to run it on?"""
    return bool(query_of(context)) and any(piece.kind == "table" for piece in context.pieces)


def reasoning(context: Context, *, options: TeacherOptions) -> str:
    """Tables, query, result; "" when a table's text cannot be read back."""
    query = query_of(context)
    tables = [quotable for quotable in evidence(context) if quotable.piece.kind == "table"]
    described = [_describe(quotable) for quotable in tables]
    if not described:
        return ""
    lines = [f"The question: {shorten(context.question, limit=options.quote_characters)}"]
    lines.append("What is needed stands in these tables:\n" + "\n".join(f"- {text}" for text in described))
    lines.append(f"The query that answers the question:\n```sql\n{query}\n```")
    result = context.answer if len(context.answer) <= _MOST_ANSWER else context.answer[:_MOST_ANSWER] + " …"
    lines.append(f"Run on the rows of these tables it gives:\n{result}")
    return "\n\n".join(lines)


def _describe(quotable: Quotable) -> str:
    from acc_pipeline.databases.table_text import parse_table

    table = parse_table(quotable.text)
    shown = ", ".join(str(column) for column in table.columns[:_MOST_COLUMNS])
    more = f" and {len(table.columns) - _MOST_COLUMNS} more" if len(table.columns) > _MOST_COLUMNS else ""
    rows = len(table.rows)
    return f"{quotable.name}: {rows} {'row' if rows == 1 else 'rows'}, columns {shown}{more}"
