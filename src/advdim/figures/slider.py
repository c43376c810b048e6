"""A slider over levels: data and boundary in a plane, curves with a moving mark, pictures and numbers of the level.

The fragment is native HTML around an ``<input type="range">``, with a button that plays the levels and, where there is
something to choose, with ``<select>`` elements; plotly.js draws, and ``slider.js`` moves what it has drawn. All data
travel in one block of JSON, in which equal columns and pictures are stored once.
"""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment
from PIL import Image
from plotly.offline import get_plotlyjs

from advdim.figures.frames import ByteArray, Frame, Measure, check, decimal, rounded, straight
from advdim.figures.slider_plots import curves, extent, legend, plane

__all__ = ["Frame", "Measure", "plotly_script", "slider", "straight"]

SCRIPT = Path(__file__).with_name("slider.js")
DECIMALS = 3
"""Decimals kept of coordinates in the plane."""

FRAGMENT = """\
<div class="slider" id="{{ anchor }}-slider" data-level="{{ frame.level }}">
<div class="control">
{%- if choices %}
<div class="choices">
{%- for name, options in choices.items() %}
<span>
<label for="{{ anchor }}-choice-{{ loop.index }}">{{ name }}</label>
<select id="{{ anchor }}-choice-{{ loop.index }}" autocomplete="off">
{%- for option in options %}<option>{{ option }}</option>{% endfor -%}
</select>
</span>
{%- endfor %}
</div>
{%- endif %}
<div class="bar">
<label for="{{ anchor }}-range">{{ label }}</label>
<span id="{{ anchor }}-plays">{{ plays }}</span>
<button type="button" id="{{ anchor }}-play" aria-describedby="{{ anchor }}-plays">Play</button>
</div>
<input type="range" id="{{ anchor }}-range" min="0" max="{{ last }}" step="1" value="{{ start }}" autocomplete="off" \
aria-valuetext="{{ frame.told[0] }}">
<span class="ends" aria-hidden="true"><span>{{ ends[0] }}</span><span>{{ ends[1] }}</span></span>
</div>
<output id="{{ anchor }}-output" for="{{ anchor }}-range">
{%- for name in names %}
<span><b>{{ frame.told[loop.index0] }}</b> {{ name }}</span>
{%- endfor %}
</output>
<div class="drawings">
<div>
<ul class="legend">
{%- for colour, glyph, name in keys %}
<li><span style="color:{{ colour }}" aria-hidden="true">{{ glyph }}</span> {{ name }}</li>
{%- endfor %}
</ul>
<div class="plane" id="{{ anchor }}-plane" role="img" aria-label="{{ plane_label }}"></div>
</div>
<div class="curves" id="{{ anchor }}-curves" role="img" aria-label="{{ curves_label }}"></div>
</div>
<div class="pictures" id="{{ anchor }}-pictures">
{%- for name, address in pictures %}
<div><img src="{{ address }}" alt="{{ name }}"><span aria-hidden="true">{{ name }}</span></div>
{%- endfor %}
</div>
<noscript><p>The slider needs JavaScript, which the page brings along but the browser does not run.</p></noscript>
<script type="application/json" id="{{ anchor }}-data">{{ data | safe }}</script>
<script>
{{ script | safe }}
window.advdimSlider({{ anchor | tojson }});
</script>
</div>
"""


def plotly_script() -> str:
    """The script element that carries plotly.js; a page with sliders needs it once, before the first of them."""
    return f"<script>{get_plotlyjs()}</script>"


def slider(
    *,
    anchor: str,
    label: str,
    series: Sequence[Sequence[Frame]],
    measures: Sequence[Measure],
    axes: tuple[str, str],
    choices: Mapping[str, Sequence[str]] | None = None,
    start: int = 0,
    plays: str = "",
    level_digits: int = 1,
) -> str:
    """Make a slider that steps through frames, with the mouse, by touch, with the arrow keys, or by itself.

    Its button plays the frames from the last to the first.

    Args:
        anchor: stem of all ids in the fragment (``<anchor>-slider``, ``-range``, ``-play``, ``-choice-1`` and so on,
            ``-output``, ``-plane``, ``-curves``, ``-pictures``, ``-data``), unique in the page.
        label: what the slider sets, also the title of the curves' axis, for example ``Regularisation log₁₀ λ``.
        series: frames from the slider's left to its right, one series for each combination of options, in the order of
            ``itertools.product(*choices.values())``. All frames have the same groups, pictures, marks and values.
        measures: the numbers to draw and to tell.
        axes: titles of the plane's axes.
        choices: what can be chosen, by its label: for example ``{"Classes": ["2 against 3", "7 against 9"]}``. None
            where there is one series only. Whoever chooses another series stays at the level nearest to the present.
        start: the frame shown first.
        plays: what the button plays, in words, beside it: from which end to which.
        level_digits: decimals of the level that are told.

    Returns:
        A fragment of HTML for ``display.interactive``; it wants ``plotly_script()`` earlier in the page.

    Raises:
        AdvdimError: if the frames do not fit together.
    """
    choices = choices or {}
    check(anchor, series, choices, measures, start)
    data = _payload(series, measures, label, axes, level_digits)
    first, shown = series[0][start], data["series"][0]["frames"][start]
    addresses = [data["pictures"][place] for place in shown["pictures"]]
    return (
        Environment(autoescape=True)
        .from_string(FRAGMENT)
        .render(
            anchor=anchor,
            label=label,
            plays=plays,
            choices={name: options for name, options in choices.items() if len(options) > 1},
            start=start,
            last=len(series[0]) - 1,
            frame=shown,
            names=[label, *(measure.name for measure in measures)],
            keys=legend(first),
            ends=[data["series"][0]["frames"][place]["told"][0] for place in (0, -1)],
            pictures=list(zip(first.pictures, addresses, strict=True)),
            plane_label=f"Scatter of {', '.join(first.points)} and the decision boundary; axes: {', '.join(axes)}",
            curves_label=f"{', '.join(measure.name for measure in measures)} against {label}; the level set is marked",
            data=json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=False).replace("<", "\\u003c"),
            script=SCRIPT.read_text(encoding="utf-8"),
        )
    )


class _Pool:
    """Equal things stored once; ``add`` gives the place."""

    def __init__(self) -> None:
        self.places: dict[Any, int] = {}

    def add(self, thing: Any) -> int:
        return self.places.setdefault(thing, len(self.places))

    def add_columns(self, points: Any) -> list[int]:
        """Store the two columns of an (n, 2) array, rounded."""
        rounded = np.round(np.asarray(points, dtype=float), DECIMALS) + 0.0
        return [self.add(tuple(column)) for column in rounded.T.tolist()]


def _payload(
    series: Sequence[Sequence[Frame]], measures: Sequence[Measure], label: str, axes: tuple[str, str], digits: int
) -> dict[str, Any]:
    """All that slider.js reads: columns and pictures once each, and frames that name their places."""
    columns, pictures = _Pool(), _Pool()
    packed = [
        {"ranges": extent(frames), "frames": [_packed(frame, measures, digits, columns, pictures) for frame in frames]}
        for frames in series
    ]
    return {
        "columns": list(columns.places),
        "pictures": list(pictures.places),
        "measures": [measure.key for measure in measures],
        "series": packed,
        "plane": plane(series[0][0], axes),
        "curves": curves(measures, label),
    }


def _packed(frame: Frame, measures: Sequence[Measure], digits: int, columns: _Pool, pictures: _Pool) -> dict[str, Any]:
    packed: dict[str, Any] = {
        "level": rounded(frame.level),
        "points": [columns.add_columns(points) for points in frame.points.values()],
        "boundary": columns.add_columns(frame.boundary),
        "values": [rounded(frame.values[measure.key]) for measure in measures],
        "told": [decimal(frame.level, digits), *(measure.told(frame.values[measure.key]) for measure in measures)],
        "pictures": [pictures.add(_png(picture)) for picture in frame.pictures.values()],
    }
    if frame.marks:
        packed["marks"] = columns.add_columns(np.stack(list(frame.marks.values())))
    return packed


def _png(picture: ByteArray) -> str:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
