"""The cells of accessible tables: numbers, verdicts, rows that links can reach."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from advdim.errors import AdvdimError

MISSING = Markup("\N{EN DASH}")
LONG = 32
"""Characters beyond which a cell is long."""

LONG_KIND = Markup(' class="long"')

Format = str | Callable[[Any], object]
"""How a column's cells are written: a format specification such as ``.3f``, or a function of the cell."""


def verdict(word: str) -> Markup:
    """Mark up a verdict (``reproduced``, ``deviates``, ``erratum``, ``needs SCALE``) for a cell of a table."""
    kind = word.split(maxsplit=1)[0].lower() if word.strip() else "none"
    return Markup('<span class="verdict verdict-{}">{}</span>').format(kind, word)


def number(value: float, digits: int = 4) -> Markup:
    """Write a number with so many significant digits, and a power of ten as one reads it, not as 3e-22."""
    mantissa, _, exponent = f"{value:.{digits}g}".replace("-", "\N{MINUS SIGN}").partition("e")
    if not exponent:
        return escape(mantissa)
    sign, figures = exponent[0].replace("+", ""), exponent[1:].lstrip("0")
    return Markup("{} \N{MULTIPLICATION SIGN} 10<sup>{}{}</sup>").format(mantissa, sign, figures)


def cells(
    frame: pd.DataFrame, *, name: str, label: str, formats: Mapping[str, Format], row_anchor: str | None
) -> Markup:
    """Write a frame as a table element; see ``advdim.figures.display.table``.

    Args:
        frame: the cells.
        name: what errors call the table.
        label: id of the element that labels the table.
        formats: format by column.
        row_anchor: column whose words become the ids of the rows, or None.

    Returns:
        The table element.

    Raises:
        AdvdimError: if a column named does not exist.
    """
    known = list(map(str, frame.columns))
    strange = [column for column in [*formats, *([row_anchor] if row_anchor else [])] if column not in known]
    if strange:
        raise AdvdimError(f"Table '{name}' has no column {', '.join(strange)}: expected some of {', '.join(known)}.")
    kinds = [_kind(frame.iloc[:, position]) for position in range(len(known))]
    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(kind, heading(column))
        for column, kind in zip(known, kinds, strict=True)
    )
    rows = Markup("\n").join(_row(frame, row, kinds, formats, row_anchor) for row in range(len(frame)))
    return Markup('<table{} aria-labelledby="{}">\n<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody>\n</table>').format(
        Markup(' class="stacks"') if LONG_KIND in kinds else "", label, head, rows
    )


def heading(column: object) -> str:
    """The name of a column as words, between which a line may break."""
    return str(column).replace("_", " ")


def constant_words(frame: pd.DataFrame, kept: Collection[str]) -> dict[str, str]:
    """Find the columns that say the same in each of several rows, which a sentence can say once.

    Args:
        frame: the cells.
        kept: columns that stay whatever they say.

    Returns:
        The words by column; of columns of words only, for numbers are to be compared.
    """
    if len(frame) < 2:
        return {}
    words = {str(name): set(frame[name]) for name in frame.columns if name not in kept}
    return {name: said.pop() for name, said in words.items() if len(said) == 1 and isinstance(next(iter(said)), str)}


def _row(
    frame: pd.DataFrame, row: int, kinds: Sequence[Markup], formats: Mapping[str, Format], row_anchor: str | None
) -> Markup:
    cells = []
    for position, name in enumerate(frame.columns):
        text = _cell(frame.iloc[row, position], formats.get(name))
        if position == 0:
            cells.append(Markup('<th scope="row"{}>{}</th>').format(kinds[position], text))
        else:
            cells.append(Markup('<td{} data-column="{}">{}</td>').format(kinds[position], heading(name), text))
    id_ = Markup(' id="{}"').format(frame[row_anchor].iloc[row]) if row_anchor else ""
    return Markup("<tr{}>{}</tr>").format(id_, Markup("").join(cells))


def _cell(value: Any, form: Format | None) -> Markup:
    if value is None or value is pd.NA or value is pd.NaT or (_is_real(value) and math.isnan(value)):
        return MISSING
    if callable(form):
        return escape(form(value))
    if form is not None:
        return escape(format(value, form))
    return number(value) if _is_real(value) else escape(value)


def _is_real(value: Any) -> bool:
    return isinstance(value, float | np.floating)


def _kind(column: "pd.Series[Any]") -> Markup:
    """The class of a column's cells: numbers are aligned to the right, long texts are kept from becoming narrow."""
    types = pd.api.types
    if types.is_numeric_dtype(column.dtype) and not types.is_bool_dtype(column.dtype):
        return Markup(' class="number"')
    long = any(isinstance(value, str) and len(value) > LONG for value in column)
    return LONG_KIND if long else Markup("")
