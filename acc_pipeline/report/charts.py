"""Small charts as PNG bytes for asset metadata and the HTML report. Drawing only: callers bring the numbers.

matplotlib is imported when a chart is drawn, because definitions that load it would be slow everywhere.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

INK, KEPT, REJECTED, GRID = "#24292f", "#2f6f9f", "#c4772e", "#e3e6ea"


def _figure(*, width: float = 6.0, height: float = 2.6) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK, labelsize=8)
    axes.set_axisbelow(True)
    return figure, axes


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def funnel(*, kept: int, reasons: Mapping[str, int], title: str = "") -> bytes:
    """Horizontal bars: records kept, then each reject reason with its count."""
    labels = ["kept", *reasons]
    values = [kept, *reasons.values()]
    figure, axes = _figure(height=0.9 + 0.34 * len(labels))
    bars = axes.barh(labels, values, color=[KEPT] + [REJECTED] * len(reasons), height=0.62)
    axes.bar_label(bars, padding=3, fontsize=8, color=INK)
    axes.invert_yaxis()
    axes.grid(axis="x", color=GRID)
    axes.margins(x=0.12)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("records", fontsize=8)
    axes.set_title(title, fontsize=9, loc="left", color=INK)
    return _png(figure)


def histogram(values: Sequence[float], *, title: str, unit: str) -> bytes:
    """Distribution of `values` in at most 24 bins; `unit` names the x axis."""
    figure, axes = _figure()
    axes.hist(values, bins=min(24, max(4, len(set(values)))), color=KEPT, edgecolor="white", linewidth=0.6)
    axes.grid(axis="y", color=GRID)
    axes.set_xlabel(unit, fontsize=8)
    axes.set_ylabel("rows", fontsize=8)
    axes.set_title(title, fontsize=9, loc="left", color=INK)
    return _png(figure)


def line(points: Mapping[str, Sequence[tuple[float, float]]], *, title: str, x: str, y: str) -> bytes:
    """One line per named series of (x, y) points."""
    figure, axes = _figure()
    for color, (name, series) in zip([KEPT, REJECTED, "#5a8f4f", "#8a5fa8"] * 8, points.items(), strict=False):
        axes.plot([p[0] for p in series], [p[1] for p in series], color=color, label=name, linewidth=1.6, marker=".")
    axes.grid(color=GRID)
    axes.set_xlabel(x, fontsize=8)
    axes.set_ylabel(y, fontsize=8)
    if len(points) > 1:
        axes.legend(fontsize=8, frameon=False)
    axes.set_title(title, fontsize=9, loc="left", color=INK)
    return _png(figure)


def grouped_bars(groups: Mapping[str, Mapping[str, float]], *, title: str, y: str) -> bytes:
    """`groups[series][category] -> value`: one bar per series in each category, values in 0..1 or any one unit."""
    categories = list(dict.fromkeys(category for series in groups.values() for category in series))
    figure, axes = _figure(width=7.2, height=2.9)
    width = 0.8 / max(1, len(groups))
    palette = ["#8c959f", REJECTED, KEPT, "#5a8f4f", "#8a5fa8", "#b0475a", "#3f8f8a"]
    for number, (name, series) in enumerate(groups.items()):
        at = [index + (number - (len(groups) - 1) / 2) * width for index in range(len(categories))]
        heights = [series.get(category, 0.0) for category in categories]
        axes.bar(at, heights, width=width * 0.92, label=name, color=palette[number % len(palette)])
    axes.set_xticks(range(len(categories)), [name.replace(" ", "\n", 1) for name in categories], fontsize=8)
    highest = max((value for series in groups.values() for value in series.values()), default=0.0)
    axes.set_ylim(0, highest * 1.1 if highest > 0 else 1)
    axes.grid(axis="y", color=GRID)
    axes.set_ylabel(y, fontsize=8)
    if groups:
        axes.legend(fontsize=8, frameon=False, ncols=len(groups))
    axes.set_title(title, fontsize=9, loc="left", color=INK)
    return _png(figure)


def markdown_image(png: bytes, *, alt: str) -> str:
    """An image as Markdown with its bytes inside, the only form of picture that asset metadata shows."""
    return f"![{alt}](data:image/png;base64,{base64.b64encode(png).decode()})"
