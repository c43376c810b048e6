"""An executed notebook turned into one page of HTML that needs nothing else."""

import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat
from nbconvert.exporters import TemplateExporter

from advdim.errors import AdvdimError
from advdim.reports.prose import Prose

PAGES = {
    "index": "Overview",
    "spheres": "Spheres",
    "dimension": "Dimension",
    "tilting": "Tilting",
    "ledger": "Ledger",
}
"""The pages of the report: the name of the file without ``.html``, and how the navigation calls it."""

TEMPLATE = Path(__file__).parent / "template"


def export(notebook: nbformat.NotebookNode, *, title: str, active: str) -> str:
    """Turn an executed notebook into a self-contained page.

    Input cells, prompts and stderr are left out; pictures are embedded, formulas become MathML. Equal notebooks give
    equal bytes.

    Args:
        notebook: executed and normalised; its first markdown cell carries the page's one ``# Heading``.
        title: title of the document, as in the browser's tab.
        active: the page this is, a key of ``PAGES``.

    Returns:
        The page.

    Raises:
        AdvdimError: if ``active`` is no page, a formula cannot be rendered, or the page would load something.
    """
    if active not in PAGES:
        raise AdvdimError(f"There is no page '{active}': expected one of {', '.join(PAGES)}.")
    exporter = TemplateExporter(
        template_name=TEMPLATE.name, extra_template_basedirs=[str(TEMPLATE.parent)], template_file="page.html.j2"
    )
    prose = Prose()
    style = (TEMPLATE / "style.css").read_text(encoding="utf-8")
    exporter.environment.globals.update(prose=prose, page_title=title, active=active, pages=PAGES, style=style)
    html, _ = exporter.from_notebook_node(notebook)
    page = str(html)
    loads = external_loads(page)
    if loads:
        raise AdvdimError(
            f"Page {active}.html would load {', '.join(loads[:3])}: embed it as a data URI, pages hold all they show."
        )
    return page


def external_loads(page: str) -> list[str]:
    """List what a page would fetch when it is opened; links that a reader may follow are no loads.

    Args:
        page: a document of HTML.

    Returns:
        One entry a reference, in order, for example ``img src=plot.png``.
    """
    reader = _Loads()
    reader.feed(page)
    reader.close()
    return reader.found


class _Loads(HTMLParser):
    """Collects references to anything but data URIs and anchors, and imports in styles."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_style = tag == "style"
        for name, value in attrs:
            followed = tag == "a" and name == "href"
            loading = name in {"src", "srcset", "href", "xlink:href", "poster", "data"} and not followed
            if loading and value and not value.startswith(("data:", "#")):
                self.found.append(f"{tag} {name}={value[:80]}")
            if name == "style" and value:
                self._read_style(value)

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self._read_style(data)

    def _read_style(self, text: str) -> None:
        self.found += re.findall(r"@import[^;]*|url\(\s*['\"]?(?!data:|#)[^)]*\)", text)
