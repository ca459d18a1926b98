"""The HTML report: one file that opens anywhere, with the results, the funnel of every stage and one example in colour.

Rendering only: callers bring plain records. Log text is hostile, so the template escapes everything.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

_TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ report.title }}</title>
<style>
:root { --ink:#24292f; --soft:#57606a; --line:#d8dee4; --kept:#2f6f9f; --rejected:#b35c1e; --paper:#fff;
        --wash:#f6f8fa }
body { font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif; color:var(--ink); background:var(--paper);
       max-width:1040px; margin:2rem auto 4rem; padding:0 1.2rem }
h1 { font-size:1.5rem; margin:0 } h2 { font-size:1.12rem; margin:2.2rem 0 .6rem }
h3 { font-size:.95rem; margin:1.2rem 0 .4rem; color:var(--soft) }
p.sub { color:var(--soft); margin:.2rem 0 0 } .stamp { display:inline-block; margin-top:.8rem; padding:.25rem .7rem;
  border:1px solid var(--rejected); color:var(--rejected); border-radius:4px; font-weight:600 }
.scroll { overflow-x:auto } table { border-collapse:collapse; font-size:.86rem; min-width:40%;
        margin-bottom:1.4rem }
th,td { padding:.32rem .7rem; border-bottom:1px solid var(--line); text-align:left; vertical-align:top }
th { font-weight:600; border-bottom:2px solid var(--line) } td.number, th.number { text-align:right;
  font-variant-numeric:tabular-nums } tr:hover td { background:var(--wash) }
img { max-width:100%; display:block; margin:.4rem 0 }
.charts { display:grid; grid-template-columns:repeat(auto-fit,minmax(440px,1fr)); gap:.4rem 1.2rem }
pre { white-space:pre-wrap; word-break:break-word; font-size:.8rem; line-height:1.45; background:var(--wash);
  border:1px solid var(--line); border-radius:4px; padding:.8rem; max-height:26rem; overflow:auto }
mark { background:#dcebf7; border-left:3px solid var(--kept); padding-left:.3rem; color:inherit }
mark.distractor { background:#f9ead9; border-left-color:var(--rejected) } small { color:var(--soft) }
</style></head><body>
<h1>{{ report.title }}</h1><p class="sub">{{ report.subtitle }}</p>
{% if report.stamp %}<div class="stamp">{{ report.stamp }}</div>{% endif %}
{% for section in report.sections %}
<h2>{{ section.title }}</h2>{% if section.text %}<p>{{ section.text }}</p>{% endif %}
{% for table in section.tables %}
{% if table.title %}<h3>{{ table.title }}</h3>{% endif %}
<div class="scroll"><table><thead><tr>{% for name in table.columns %}<th{% if loop.index0 in table.numeric %}
 class="number"{% endif %}>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in table.rows %}<tr>{% for cell in row %}<td{% if loop.index0 in table.numeric %} class="number"{% endif %}>
{{- cell -}}</td>{% endfor %}</tr>{% endfor %}</tbody></table></div>
{% endfor %}
{% if section.charts %}<div class="charts">{% for png in section.charts %}
<img alt="chart" src="data:image/png;base64,{{ png }}">{% endfor %}</div>{% endif %}
{% for example in section.examples %}
<h3>{{ example.title }}</h3><p><small>{{ example.origin }}</small></p>
<pre>{% for part in example.parts %}{% if part.role %}<mark class="{{ part.role }}" title="{{ part.label }}">
{{- part.text }}</mark>{% else %}{{ part.text }}{% endif %}{% endfor %}</pre>
{% endfor %}
{% endfor %}
</body></html>
"""


@dataclass(frozen=True)
class Table:
    """Rows of cells as text; `numeric` are the indices of right-aligned columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Part:
    """A stretch of an example's text; `role` colours it (evidence, distractor) and `label` is its tooltip."""

    text: str
    role: str = ""
    label: str = ""


@dataclass(frozen=True)
class Example:
    """One compiled context; `origin` says which log it came from."""

    title: str
    origin: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Section:
    """One heading with what stands below it; `charts` are PNG bytes."""

    title: str
    text: str = ""
    tables: Sequence[Table] = ()
    pictures: Sequence[bytes] = ()
    examples: Sequence[Example] = ()

    @property
    def charts(self) -> list[str]:
        return [base64.b64encode(png).decode() for png in self.pictures]


@dataclass(frozen=True)
class Report:
    """The whole page. `stamp` is shown large, for what nobody may overlook."""

    title: str
    subtitle: str = ""
    stamp: str = ""
    sections: Sequence[Section] = field(default=())


def render(report: Report) -> str:
    """The page as HTML text; every text of the report is escaped."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(_TEMPLATE).render(report=report)


def split_by_spans(text: str, spans: Sequence[tuple[int, int, str, str]]) -> list[Part]:
    """Cut `text` at (start, end, role, label) spans, which may not overlap, into parts that join to `text` again."""
    parts: list[Part] = []
    at = 0
    for start, end, role, label in sorted(spans):
        if start < at or end < start or end > len(text):
            raise ValueError(f"span {start}:{end} overlaps another one or leaves the text of {len(text)} characters")
        if start > at:
            parts.append(Part(text=text[at:start]))
        parts.append(Part(text=text[start:end], role=role, label=label))
        at = end
    if at < len(text):
        parts.append(Part(text=text[at:]))
    return parts
