"""The two drawings of a slider, as plotly.js takes them: the plane, and the curves with their moving mark."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from advdim.figures.frames import Frame, Measure
from advdim.figures.style import GRID, INK

Drawing = dict[str, Any]
"""The ``data`` and ``layout`` of a plotly figure, ready for JSON."""

GROUPS = (("#0173b2", "circle"), ("#de8f05", "diamond"), ("#029e73", "square"), ("#cc78bc", "triangle-up"))
GLYPHS = {
    "circle": "\N{BLACK CIRCLE}",
    "diamond": "\N{BLACK DIAMOND}",
    "square": "\N{BLACK SQUARE}",
    "triangle-up": "\N{BLACK UP-POINTING TRIANGLE}",
}
CURVES = (("#029e73", "solid"), ("#d55e00", "dash"), ("#0173b2", "dot"), ("#949494", "dashdot"))
MARK = "#b3261e"
FONT = {"family": "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', sans-serif", "size": 12, "color": INK}
MARGIN = 0.06
"""Empty border of the plane, as a fraction of its extent."""
GAP = 0.13
"""Height between two panels, as a fraction of the drawing."""


def plane(first: Frame, axes: tuple[str, str]) -> Drawing:
    """Draw the groups, the boundary and the marks, still without coordinates and ranges; both axes have one scale."""
    data: list[Drawing] = []
    for (colour, symbol), name in zip(_repeat(GROUPS, len(first.points)), first.points, strict=True):
        marker = {"color": colour, "symbol": symbol, "size": 5, "opacity": 0.6}
        data.append({"type": "scatter", "mode": "markers", "name": name, "marker": marker, "hoverinfo": "x+y+name"})
    line = {"color": INK, "width": 2}
    data.append({"type": "scatter", "mode": "lines", "name": "boundary", "line": line, "hoverinfo": "name"})
    if first.marks:
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": " \N{RIGHTWARDS ARROW} ".join(first.marks),
                "line": {"color": MARK, "width": 1.5},
                "marker": {"color": MARK, "size": 9, "symbol": ["circle", *["x"] * (len(first.marks) - 1)]},
                "hoverinfo": "x+y+name",
            }
        )
    layout = _layout(showlegend=False)
    layout["xaxis"] = _axis(title={"text": axes[0]})
    layout["yaxis"] = _axis(title={"text": axes[1]}, scaleanchor="x", scaleratio=1)
    layout["margin"] = {"l": 56, "r": 8, "t": 8, "b": 44}
    return {"data": data, "layout": layout}


def legend(frame: Frame) -> list[tuple[str, str, str]]:
    """The keys of the plane: colour, glyph and name of each group, the boundary and the marks."""
    looks = zip(_repeat(GROUPS, len(frame.points)), frame.points, strict=True)
    keys = [(colour, GLYPHS[symbol], name) for (colour, symbol), name in looks]
    keys.append((INK, "\N{EM DASH}", "boundary"))
    glyphs = ["\N{BLACK CIRCLE}", *["\N{MULTIPLICATION X}"] * len(frame.marks)]
    return keys + [(MARK, glyph, name) for glyph, name in zip(glyphs, frame.marks, strict=False)]


def curves(measures: Sequence[Measure], label: str) -> Drawing:
    """Draw each measure over the levels, one panel below the other, and a line and dots at one level, without numbers.

    The dots are the last traces, as many as there are measures and in their order; the line is the first shape.
    """
    headings = list(dict.fromkeys(measure.heading for measure in measures))
    layout = _layout(showlegend=False, annotations=[])
    layout["xaxis"] = _axis(title={"text": label}, anchor=f"y{len(headings)}")
    layout["margin"] = {"l": 48, "r": 10, "t": 24, "b": 44}
    layout["shapes"] = [
        {"type": "line", "xref": "x", "yref": "paper", "x0": 0, "x1": 0, "y0": 0, "y1": 1}
        | {"line": {"color": MARK, "width": 1.5, "dash": "dot"}}
    ]
    height = (1 - GAP * (len(headings) - 1)) / len(headings)
    lines: list[Drawing] = []
    dots: list[Drawing] = []
    for place, heading in enumerate(headings):
        top = 1 - place * (height + GAP)
        members = [measure for measure in measures if measure.heading == heading]
        layout[f"yaxis{place + 1}"] = _axis(domain=[max(top - height, 0), top], rangemode="tozero", nticks=5)
        layout["annotations"].append(_heading(heading, members, top))
        for measure, (colour, dash) in zip(members, _looks(len(members)), strict=True):
            common = {"type": "scatter", "xaxis": "x", "yaxis": f"y{place + 1}", "name": measure.name}
            told = {"hovertemplate": f"%{{x}}: %{{y:.{measure.digits}f}}{measure.unit}"}
            style = {"mode": "lines", "line": {"color": colour, "dash": dash, "width": 2}}
            lines.append({**common, **told, **style})
            spot = {"mode": "markers", "marker": {"color": MARK, "size": 9}, "hoverinfo": "skip"}
            dots.append({**common, **spot})
    return {"data": [*lines, *dots], "layout": layout}


def _layout(**more: Any) -> Drawing:
    plain = {"font": FONT, "paper_bgcolor": "white", "plot_bgcolor": "white", "autosize": True}
    return {**plain, "dragmode": False, "hovermode": "closest", **more}


def _axis(**more: Any) -> Drawing:
    lines = {"gridcolor": GRID, "zeroline": False, "linecolor": INK, "linewidth": 1, "showline": True}
    return {**lines, "ticks": "outside", "ticklen": 3, "fixedrange": True, **more}


def _heading(heading: str, members: Sequence[Measure], top: float) -> Drawing:
    """Head a panel; where several measures share it, name each in its colour and say how its line is drawn."""
    text = f"<b>{heading}</b>"
    if len(members) > 1:
        looks = zip(members, _looks(len(members)), strict=True)
        text += "  " + ", ".join(f'<span style="color:{c}">{m.name.lower()} ({dash})</span>' for m, (c, dash) in looks)
    place = {"x": 0, "y": top, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    return {**place, "text": text, "showarrow": False, "bgcolor": "white"}


def _looks(count: int) -> list[tuple[str, str]]:
    return [(INK, "solid")] if count == 1 else _repeat(CURVES, count)


def _repeat(looks: Sequence[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    return [looks[place % len(looks)] for place in range(count)]


def extent(frames: Sequence[Frame]) -> list[list[float]]:
    """Ranges of the plane's axes, [[x low, x high], [y low, y high]], one for all frames of a series.

    They hold the groups, or the boundaries if there are none, so that what moves is the data and not the axes.
    """
    clouds = [points for frame in frames for points in frame.points.values()]
    everything = np.concatenate(clouds or [frame.boundary for frame in frames])
    low, high = everything.min(axis=0), everything.max(axis=0)
    border = MARGIN * np.maximum(high - low, 1e-6)
    return [[round(float(end), 3) for end in ends] for ends in zip(low - border, high + border, strict=True)]
