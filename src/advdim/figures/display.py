"""What notebooks call to show figures, sliders and tables, each with its scale, claims, data and recipes."""

import base64
import io
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML, display
from markupsafe import Markup
from matplotlib.figure import Figure

from advdim.errors import AdvdimError
from advdim.figures import tables
from advdim.figures.style import DPI
from advdim.figures.tables import Format, number, verdict
from advdim.reports.prose import inline

__all__ = ["Format", "figure", "interactive", "number", "table", "verdict"]

CSS_PIXELS_PER_INCH = 96
NARROW = 600
"""Width in CSS pixels up to which a picture may shrink to a telephone's screen; wider ones scroll there."""


def figure(
    fig: Figure,
    *,
    anchor: str,
    caption: str,
    scale: str,
    claims: Sequence[str],
    alt: str,
    data: pd.DataFrame | None = None,
    recipes: Sequence[str] = (),
) -> None:
    """Show a Matplotlib figure as an embedded PNG within its frame, and close it.

    Args:
        fig: the figure; of a seaborn grid pass ``grid.figure``.
        anchor: id of the frame, unique in the page: lower-case letters, digits and dashes.
        caption: one paragraph of markdown, formulas included.
        scale: the scale at which the figure was made, for example ``laptop: d = 500, 3 seeds``.
        claims: ids of the claims it bears on, each linked to its row of the ledger.
        alt: what the picture shows, for those who do not see it.
        data: the plotted table, offered as a CSV download.
        recipes: addresses, relative to the page, of the recipes behind the data.

    Raises:
        AdvdimError: if ``anchor`` is malformed or ``alt`` empty.
    """
    if not alt.strip():
        raise AdvdimError(f"Figure '{anchor}' has no alt text: say in a sentence what the picture shows.")
    png = _png(fig)
    plt.close(fig)
    width, height = (round(side * CSS_PIXELS_PER_INCH / DPI) for side in struct.unpack(">II", png[16:24]))
    wide = Markup(' class="wide"') if width > NARROW else ""
    image = Markup('<img{} src="data:image/png;base64,{}" alt="{}" width="{}" height="{}">').format(
        wide, base64.b64encode(png).decode(), alt, width, height
    )
    _show(_Frame(anchor, caption, scale, claims, data, recipes).around(image, kind="plot"))


def interactive(
    fragment: str,
    *,
    anchor: str,
    caption: str,
    scale: str,
    claims: Sequence[str],
    data: pd.DataFrame | None = None,
    recipes: Sequence[str] = (),
) -> None:
    """Show a fragment of HTML, a slider for instance, within the same frame as a figure.

    Args:
        fragment: HTML that needs nothing from the web; its ids differ from ``anchor``.
        anchor: as in ``figure``.
        caption: as in ``figure``.
        scale: as in ``figure``.
        claims: as in ``figure``.
        data: as in ``figure``.
        recipes: as in ``figure``.

    Raises:
        AdvdimError: if ``anchor`` is malformed.
    """
    _show(_Frame(anchor, caption, scale, claims, data, recipes).around(Markup(fragment), kind="interactive"))  # noqa: S704


def table(
    frame: pd.DataFrame,
    *,
    anchor: str,
    caption: str,
    formats: Mapping[str, Format] | None = None,
    row_anchor: str | None = None,
) -> None:
    """Show a frame as a table; its index is left out.

    Where it is wider than the page it scrolls in its own box; on a narrow screen the cells of a table with long texts
    stand one below the other. What a column of words says in every row is said once, above the table, unless the column
    has a format. Cells are escaped unless they, or what a format returns, are ``markupsafe.Markup``. The first column
    heads the rows.

    Args:
        frame: the cells; column names become the head.
        anchor: id of the table, unique in the page.
        caption: one paragraph of markdown, formulas included.
        formats: format by column; others show numbers with four significant digits.
        row_anchor: column whose words become the ids of the rows, so that links reach them.

    Raises:
        AdvdimError: if ``anchor`` is malformed or a column named does not exist.
    """
    label = f"{_checked(anchor)}-caption"
    formats = formats or {}
    said_once = tables.constant_words(frame, kept={*formats, row_anchor or ""})
    cells = tables.cells(
        frame.drop(columns=list(said_once)), name=anchor, label=label, formats=formats, row_anchor=row_anchor
    )
    _show(
        Markup(
            '<figure class="table" id="{anchor}">\n<figcaption id="{label}"><p>{caption}</p>{constant}</figcaption>\n'
            '<div class="scroll" role="region" tabindex="0" aria-labelledby="{label}">\n{cells}\n</div>\n</figure>'
        ).format(
            anchor=anchor,
            label=label,
            caption=Markup(inline(caption)),  # noqa: S704
            constant=_in_every_row(said_once),
            cells=cells,
        )
    )


def not_part_of_this_run() -> None:
    """Say under a heading that this run has nothing to show there."""
    _show(Markup('<p class="absent">Not part of this run.</p>'))


def _in_every_row(words: Mapping[str, str]) -> Markup:
    told = Markup("; ").join(Markup("{} <b>{}</b>").format(tables.heading(name), word) for name, word in words.items())
    return Markup("<p>In every row: {}.</p>").format(told) if told else Markup("")


@dataclass(frozen=True)
class _Frame:
    """The frame around a figure: its caption and where it comes from."""

    anchor: str
    caption: str
    scale: str
    claims: Sequence[str]
    data: pd.DataFrame | None
    recipes: Sequence[str]

    def around(self, body: Markup, *, kind: str) -> Markup:
        """Put the frame around a picture or a fragment."""
        return Markup(
            '<figure class="{kind}" id="{anchor}">\n<div class="body">{body}</div>\n<figcaption>\n<p>{caption}</p>\n'
            '<ul class="facts">\n{facts}\n</ul>\n{recipes}</figcaption>\n</figure>'
        ).format(
            kind=kind,
            anchor=_checked(self.anchor),
            body=body,
            caption=Markup(inline(self.caption)),  # noqa: S704
            facts=Markup("\n").join(Markup("<li>{}</li>").format(fact) for fact in self._facts()),
            recipes=self._recipes(),
        )

    def _facts(self) -> list[Markup]:
        facts = [Markup("<b>Scale:</b> {}").format(self.scale)]
        if self.claims:
            links = (Markup('<a href="ledger.html#{0}">{0}</a>').format(claim) for claim in self.claims)
            facts.append(Markup("<b>Claims:</b> {}").format(Markup(", ").join(links)))
        if self.data is not None:
            text = self.data.to_csv(index=False, float_format="%.10g", lineterminator="\n")
            facts.append(
                Markup('<b>Data:</b> <a download="{}.csv" href="data:text/csv;base64,{}">CSV, {} rows</a>').format(
                    self.anchor, base64.b64encode(text.encode()).decode(), len(self.data)
                )
            )
        facts.append(Markup('<a class="anchor" href="#{}" aria-label="Link to this figure">#</a>').format(self.anchor))
        return facts

    def _recipes(self) -> Markup:
        if not self.recipes:
            return Markup("")
        links = Markup("\n").join(
            Markup('<li><a href="{}">{}</a></li>').format(address, _recipe_name(address)) for address in self.recipes
        )
        return Markup("<details>\n<summary>Recipes ({})</summary>\n<ul>\n{}\n</ul>\n</details>\n").format(
            len(self.recipes), links
        )


def _recipe_name(address: str) -> str:
    """Name a recipe by its artefact: the path without leading dots and the file's own name."""
    parts = [part for part in PurePosixPath(address).parts if part != ".."]
    return "/".join(parts[:-1] or parts)


def _checked(anchor: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]*", anchor):
        raise AdvdimError(f"'{anchor}' is no anchor: expected lower-case letters, digits and dashes, a letter first.")
    return anchor


def _png(fig: Figure) -> bytes:
    """Draw a figure as PNG, without the name and version of the software in it."""
    stream = io.BytesIO()
    fig.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    return stream.getvalue()


def _show(html: Markup) -> None:
    display(HTML(str(html)))  # type: ignore[no-untyped-call]
