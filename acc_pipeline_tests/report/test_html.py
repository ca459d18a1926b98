"""The report shows what it was given and lets no log text become markup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acc_pipeline.report.html import Example, Part, Report, Section, Table, render, split_by_spans

HOSTILE = "<script>alert(1)</script>"


def test_log_text_is_escaped_everywhere():
    page = render(
        Report(
            title=HOSTILE,
            sections=[
                Section(
                    title=HOSTILE,
                    tables=[Table(columns=[HOSTILE], rows=[[HOSTILE]])],
                    examples=[
                        Example(
                            title=HOSTILE, origin=HOSTILE, parts=[Part(text=HOSTILE, role="evidence", label='"><b>')]
                        )
                    ],
                )
            ],
        )
    )
    assert "<script>" not in page
    assert "<b>" not in page
    assert page.count("&lt;script&gt;") >= 7


def test_the_stamp_is_shown_only_when_there_is_one():
    assert "smoke run" in render(Report(title="t", stamp="smoke run, not a result"))
    assert 'class="stamp"' not in render(Report(title="t"))


@given(st.text(), st.lists(st.integers(0, 60), max_size=8))
def test_parts_join_to_the_text(text, cuts):
    points = sorted({min(cut, len(text)) for cut in cuts})
    spans = [(a, b, "evidence", "") for a, b in zip(points[::2], points[1::2], strict=False)]
    parts = split_by_spans(text, spans)
    assert "".join(part.text for part in parts) == text
    assert [part.text for part in parts if part.role] == [text[a:b] for a, b, _, _ in spans]


def test_an_overlap_is_an_error():
    with pytest.raises(ValueError, match="overlaps"):
        split_by_spans("abcdef", [(0, 3, "evidence", ""), (2, 4, "evidence", "")])
