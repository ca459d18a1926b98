"""Charts are real pictures: PNG bytes whose pixels follow the numbers."""

import pytest

from acc_pipeline.report import charts

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    "png",
    [
        lambda: charts.funnel(kept=3, reasons={"wrong_answer": 2}),
        lambda: charts.funnel(kept=0, reasons={}),
        lambda: charts.histogram([], title="t", unit="tokens"),
        lambda: charts.histogram([5, 5, 9], title="t", unit="tokens"),
        lambda: charts.line({"loss": [(0, 2.0), (1, 1.5)]}, title="t", x="step", y="loss"),
        lambda: charts.grouped_bars({"base": {"a": 0.1}, "acc": {"a": 0.4, "b": 0.2}}, title="t", y="score"),
    ],
)
def test_every_chart_draws(png):
    assert png().startswith(PNG)


def test_a_different_number_draws_a_different_picture():
    assert charts.funnel(kept=3, reasons={"x": 1}) != charts.funnel(kept=3, reasons={"x": 2})


def test_markdown_image_holds_the_bytes():
    text = charts.markdown_image(b"abc", alt="kept")
    assert text == "![kept](data:image/png;base64,YWJj)"
