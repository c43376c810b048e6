"""Markdown with formulas turned into HTML with MathML: the prose of pages and captions."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any

from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from advdim.errors import AdvdimError

UPRIGHT = re.compile(r"\\(?:operatorname|mathrm)\{(\w|\w*\d\w*)\}")
"""Upright words that the converter would set in italics: single letters, and names with digits such as atan2."""
# latex2mathml knows `split` but not its synonym `aligned`, and sets the relation "distributed as" as an accent.
SOURCE_REPAIRS = {r"\begin{aligned}": r"\begin{split}", r"\end{aligned}": r"\end{split}"}
MATHML_REPAIRS = {"<mi>&#x0007E;</mi>": "<mo>&#x0223C;</mo>"}


@dataclass(frozen=True)
class Heading:
    """A heading of the page: its level (1 to 6), its anchor and its inner HTML."""

    level: int
    anchor: str
    html: str


@dataclass
class Prose:
    """The prose of one page: renders markdown and remembers the headings, whose anchors are unique in the page.

    Attributes:
        headings: the headings rendered so far, in order.
    """

    headings: list[Heading] = field(default_factory=list)

    def render(self, source: str) -> str:
        """Turn markdown with ``$...$`` and ``$$...$$`` into HTML with MathML.

        Args:
            source: markdown; HTML in it is passed through.

        Returns:
            The HTML, one block element after the other.

        Raises:
            AdvdimError: if a formula cannot be turned into MathML.
        """
        return str(MarkdownWithMath(renderer=_Renderer(self)).render(source))

    def add(self, level: int, html: str) -> str:
        """Remember a heading and return its anchor, made of its words and unique in the page."""
        words = re.findall(r"\w+", unescape(re.sub(r"<[^>]+>", "", html)).lower())
        stem = "-".join(words) or "section"
        anchor, count = stem, 1
        while any(heading.anchor == anchor for heading in self.headings):
            count += 1
            anchor = f"{stem}-{count}"
        self.headings.append(Heading(level, anchor, html))
        return anchor


def inline(source: str) -> str:
    """Render one paragraph of markdown, a caption for instance, without the paragraph's own tags."""
    html = Prose().render(source).strip()
    return html.removeprefix("<p>").removesuffix("</p>") if html.count("<p>") == 1 else html


def mathml(formula: str, *, display: bool) -> str:
    r"""Turn a formula into MathML.

    Args:
        formula: LaTeX without its delimiters.
        display: True for a formula on a line of its own.

    Returns:
        A ``<math>`` element.

    Raises:
        AdvdimError: if braces do not balance or a command is unknown; the converter would print them as they are.
    """
    for old, new in SOURCE_REPAIRS.items():
        formula = formula.replace(old, new)
    formula = UPRIGHT.sub(r"\\text{\1}", formula)
    bare = re.sub(r"\\[{}]", "", formula)
    if bare.count("{") != bare.count("}"):
        raise AdvdimError(f"The formula '{formula.strip()}' has unbalanced braces: close every '{{' with a '}}'.")
    try:
        html = str(convert(formula, display="block" if display else "inline"))
    except Exception as error:
        problem = f"{type(error).__name__} {error}".strip()
        raise AdvdimError(
            f"The formula '{formula.strip()}' cannot be turned into MathML ({problem}): write it more simply."
        ) from error
    unknown = re.search(r"\\\w+|<mi>&</mi>", html)
    if unknown:
        word = "&" if "&" in unknown[0] else unknown[0]
        raise AdvdimError(
            f"The formula '{formula.strip()}' uses '{word}', for which there is no MathML here: write it otherwise."
        )
    for old, new in MATHML_REPAIRS.items():
        html = html.replace(old, new)
    return html


class _Renderer(IPythonRenderer):  # type: ignore[misc]
    """Markdown to HTML with formulas as MathML and headings whose anchors the page knows."""

    def __init__(self, prose: Prose) -> None:
        super().__init__(escape=False)
        self.prose = prose

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        anchor = self.prose.add(level, text)
        link = f'<a class="anchor" href="#{anchor}" aria-label="Link to this section">#</a>'
        return f'<h{level} id="{anchor}">{text} {link}</h{level}>\n'

    def inline_math(self, body: str) -> str:
        return mathml(body, display=False)

    def block_math(self, body: str) -> str:
        return f'<span class="formula">{mathml(body, display=True)}</span>'

    def latex_environment(self, name: str, body: str) -> str:
        return self.block_math(f"\\begin{{{name}}}{body}\\end{{{name}}}")
