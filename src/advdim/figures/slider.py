"""A slider over levels: data and boundary in a plane, curves with a moving mark, pictures and numbers of the level.

The fragment is native HTML around an ``<input type="range">``; plotly.js draws, and ``slider.js`` moves what it has
drawn. All data travel in one block of JSON, in which equal columns and pictures are stored once.
"""

import base64
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment
from PIL import Image
from plotly.offline import get_plotlyjs

from advdim.figures.frames import ByteArray, Frame, Measure, check, decimal, rounded, straight
from advdim.figures.slider_plots import curves, legend, plane

__all__ = ["Frame", "Measure", "plotly_script", "slider", "straight"]

SCRIPT = Path(__file__).with_name("slider.js")
DECIMALS = 3
"""Decimals kept of coordinates in the plane."""

FRAGMENT = """\
<div class="slider" id="{{ anchor }}-slider" data-level="{{ frame.level }}">
<div class="control">
<label for="{{ anchor }}-range">{{ label }}</label>
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
    frames: Sequence[Frame],
    measures: Sequence[Measure],
    axes: tuple[str, str],
    start: int = 0,
    level_digits: int = 1,
) -> str:
    """Make a slider that steps through frames, with the mouse, by touch or with the arrow keys.

    Args:
        anchor: stem of all ids in the fragment (``<anchor>-slider``, ``-range``, ``-output``, ``-plane``, ``-curves``,
            ``-pictures``, ``-data``), unique in the page.
        label: what the slider sets, also the title of the curves' axis, for example ``Regularisation log₁₀ λ``.
        frames: what is shown at each level, from the slider's left to its right. All have the same groups, pictures,
            marks and values.
        measures: the numbers to draw and to tell.
        axes: titles of the plane's axes.
        start: the frame shown first.
        level_digits: decimals of the level that are told.

    Returns:
        A fragment of HTML for ``display.interactive``; it wants ``plotly_script()`` earlier in the page.

    Raises:
        AdvdimError: if the frames do not fit together.
    """
    check(anchor, frames, measures, start)
    data, pictures = _payload(frames, measures, label, axes, start, level_digits)
    frame = data["frames"][start]
    texts = {
        "names": [label, *(measure.name for measure in measures)],
        "keys": legend(frames[start]),
        "ends": [decimal(frames[place].level, level_digits) for place in (0, -1)],
        "pictures": list(zip(frames[start].pictures, (pictures[place] for place in frame["pictures"]), strict=True)),
        "plane_label": f"Scatter of {', '.join(frames[0].points)} and the decision boundary; axes: {', '.join(axes)}",
        "curves_label": f"{', '.join(measure.name for measure in measures)} against {label}; the level set is marked",
        "data": json.dumps(data, separators=(",", ":"), allow_nan=False, ensure_ascii=False).replace("<", "\\u003c"),
        "script": SCRIPT.read_text(encoding="utf-8"),
    }
    places = {"anchor": anchor, "label": label, "frame": frame, "last": len(frames) - 1, "start": start}
    return Environment(autoescape=True).from_string(FRAGMENT).render(**places, **texts)


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
    frames: Sequence[Frame], measures: Sequence[Measure], label: str, axes: tuple[str, str], start: int, digits: int
) -> tuple[dict[str, Any], list[str]]:
    columns, pictures = _Pool(), _Pool()
    steps = []
    for frame in frames:
        step: dict[str, Any] = {
            "level": rounded(frame.level),
            "points": [columns.add_columns(points) for points in frame.points.values()],
            "boundary": columns.add_columns(frame.boundary),
            "values": [rounded(frame.values[measure.key]) for measure in measures],
            "told": [decimal(frame.level, digits), *(measure.told(frame.values[measure.key]) for measure in measures)],
            "pictures": [pictures.add(_png(picture)) for picture in frame.pictures.values()],
        }
        if frame.marks:
            step["marks"] = columns.add_columns(np.stack(list(frame.marks.values())))
        steps.append(step)
    data = {
        "columns": list(columns.places),
        "pictures": list(pictures.places),
        "measures": [measure.key for measure in measures],
        "frames": steps,
        "plane": plane(frames, axes),
        "curves": curves(frames, measures, label, start),
    }
    return data, list(pictures.places)


def _png(picture: ByteArray) -> str:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
