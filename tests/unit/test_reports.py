"""From percent text to a page: equal bytes, nothing from the web, and failures that can be read."""

import re
from pathlib import Path

import nbformat
import pytest

from advdim.errors import AdvdimError
from advdim.figures.slider import plotly_script
from advdim.layout import NOTEBOOKS, notebooks_of
from advdim.reports.html import PAGES, export, external_loads
from advdim.reports.notebook import convert, execute, join
from advdim.reports.prose import Prose, inline, mathml

NOTEBOOK = r"""
# %% [markdown]
# # Distances
#
# The cap's distance is $\Phi^{-1}(p)/\sqrt{d}$, that is
#
# $$ d(E) = \frac{1}{\sqrt{d}} \int_0^1 x \, \mathrm{d}x . $$
#
# ## Results
#
# ## Results

# %% tags=["parameters"]
count = 2
names = ["a"]

# %%
import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from advdim.figures import style
from advdim.figures.display import figure, interactive, table
from advdim.figures.slider import Frame, Measure, plotly_script, slider, straight

style.apply()
print("names", names)
warnings.warn("to stderr only")
print("to stderr too", file=sys.stderr)

# %%
fig, axes = plt.subplots(figsize=style.COLUMN)
axes.plot(range(count))
data = pd.DataFrame({"x": range(count)})
figure(fig, anchor="line", caption="A line, $d=2$.", scale="test", claims=["S16"], alt="A line", data=data,
       recipes=["../data/x/recipe.json"])

# %%
table(data, anchor="numbers", caption="Numbers.")

# %%
frames = [Frame(level=float(k), points={"a": np.ones((3, 2)) * k}, boundary=straight(0.1, k, 2), values={"v": k})
          for k in range(3)]
drawn = slider(anchor="s", label="Level", series=[frames], measures=[Measure("v", "Value")], axes=("x", "y"))
interactive(plotly_script() + drawn,
            anchor="sliding", caption="A slider.", scale="test", claims=[])

# %%
{"a": {3, 1, 2}, "b": "<&>"}
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[nbformat.NotebookNode, str]]:
    """The notebook executed twice in two folders, and its pages."""
    results = []
    for name in ("first", "second"):
        folder = tmp_path_factory.mktemp(name)
        source = folder / "spheres.py"
        source.write_text(NOTEBOOK, encoding="utf-8")
        executed = folder / "executed.ipynb"
        notebook = execute(source, {"count": 4, "names": ["b", "c"]}, executed)
        assert not executed.exists()
        results.append((notebook, export(notebook, title="Spheres & more", active="spheres")))
    return results


def without_plotly(page: str) -> str:
    """The page without plotly.js, which it brings along once and whose code may speak of addresses."""
    before, between, after = page.partition(plotly_script())
    assert between
    assert plotly_script() not in after
    return before + after


def test_two_runs_give_equal_bytes(runs: list[tuple[nbformat.NotebookNode, str]]) -> None:
    (first, first_page), (second, second_page) = runs
    assert nbformat.writes(first) == nbformat.writes(second)
    assert first_page.encode() == second_page.encode()


def test_the_page_loads_nothing(runs: list[tuple[nbformat.NotebookNode, str]]) -> None:
    page = runs[0][1]
    assert external_loads(page) == []
    assert not re.search(r'(src|href)\s*=\s*["\']?https?:|@import|<link[^>]*stylesheet', without_plotly(page))


def test_the_page_shows_results_and_no_inputs(runs: list[tuple[nbformat.NotebookNode, str]]) -> None:
    page = without_plotly(runs[0][1])
    assert "names [&#39;b&#39;, &#39;c&#39;]" in page
    assert "{&#39;a&#39;: {1, 2, 3}, &#39;b&#39;: &#39;&lt;&amp;&gt;&#39;}" in page
    for absent in ("import pandas", "stderr", "count = ", "In [", "mathjax", "require.min.js"):
        assert absent not in page
    for present in ('id="line"', 'id="numbers"', 'id="sliding"', 'id="s-range"', "<title>Spheres &amp; more</title>"):
        assert page.count(present) == 1


def test_the_page_is_made_for_reading(runs: list[tuple[nbformat.NotebookNode, str]]) -> None:
    page = runs[0][1]
    assert '<html lang="en">' in page
    assert 'name="viewport"' in page
    assert page.count("<h1") == 1
    assert page.count('<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">') == 1
    assert '<h2 id="results">' in page
    assert '<h2 id="results-2">' in page
    assert re.findall(r'<li><a href="(\w+)\.html"', page) == list(PAGES)
    assert re.findall(r'<a href="(\w+)\.html" aria-current="page">', page) == ["spheres"]
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert all('alt="' in image for image in re.findall(r"<img[^>]*>", page))


def test_a_failing_cell_is_named_and_its_copy_is_kept(tmp_path: Path) -> None:
    source, executed = tmp_path / "tilting.py", tmp_path / "kept {1}" / "tilting.ipynb"
    source.write_text("# %%\nprint('went well')\n\n# %%\nx = 1\nraise ValueError('two\\nlines')\n", encoding="utf-8")
    with pytest.raises(AdvdimError) as caught:
        execute(source, {}, executed)
    sentence = (
        f"Notebook {source} failed in code cell 2 (line 5) with ValueError: two lines; the executed copy lies at "
    )
    assert str(caught.value) == f"{sentence}{executed}."
    assert "went well" in executed.read_text(encoding="utf-8")


def test_a_parameter_that_the_notebook_does_not_know_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "tilting.py"
    source.write_text('# %% tags=["parameters"]\nseeds = 1\n', encoding="utf-8")
    with pytest.raises(AdvdimError, match="knows no parameter sedes: expected one of seeds"):
        execute(source, {"sedes": 3}, tmp_path / "executed.ipynb")


def test_chapters_become_one_notebook_in_their_order() -> None:
    whole = join([convert(f"# %% [markdown]\n# {heading}\n") for heading in ("# Page", "## Chapter")])
    assert [(cell.id, cell.source) for cell in whole.cells] == [("cell-000", "# Page"), ("cell-001", "## Chapter")]
    page = export(whole, title="Spheres", active="spheres")
    assert page.index("<h1") < page.index('<h2 id="chapter">')


def test_the_chapters_of_a_page_come_in_the_order_of_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = NOTEBOOKS / "spheres"
    folder.mkdir(parents=True)
    for name in ("2-theory.py", "1-errors.py", "notes.txt"):
        (folder / name).touch()
    assert notebooks_of("spheres") == (folder / "1-errors.py", folder / "2-theory.py")
    with pytest.raises(AdvdimError, match="no notebook in workflow/notebooks/tilting: expected the chapters of page"):
        notebooks_of("tilting")


def test_a_notebook_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(AdvdimError, match="There is no notebook"):
        execute(tmp_path / "none.py", {}, tmp_path / "executed.ipynb")


def test_a_malformed_header_is_told() -> None:
    with pytest.raises(AdvdimError, match="header is malformed"):
        convert("# ---\n# jupyter:\n#   kernelspec:\n#     name: python3\n# ---\n\n# %%\n1\n")


def test_an_unknown_page_is_refused() -> None:
    with pytest.raises(AdvdimError, match="no page 'appendix'"):
        export(nbformat.v4.new_notebook(), title="Appendix", active="appendix")


@pytest.mark.parametrize(
    "html",
    ['<img src="plot.png" alt="">', '<script src="//x.test/a.js"></script>', '<p style="background: url(a.png)">'],
)
def test_a_page_that_would_load_something_is_refused(html: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(html)])
    with pytest.raises(AdvdimError, match="would load"):
        export(notebook, title="Loads", active="index")


def test_links_that_readers_follow_are_no_loads() -> None:
    assert external_loads('<a href="https://arxiv.org/abs/1801.02774">paper</a><style>a { color: red }</style>') == []
    assert external_loads("<style>@import 'a.css'; p { background: url(data:,) }</style>") == ["@import 'a.css'"]


@pytest.mark.parametrize(("formula", "words"), [(r"\frac{1}{2", "unbalanced"), (r"\foo x", "foo"), ("a & b", "'&'")])
def test_formulas_that_cannot_be_rendered_are_told(formula: str, words: str) -> None:
    with pytest.raises(AdvdimError, match=words):
        mathml(formula, display=False)


def test_formulas_that_the_converter_needs_help_with() -> None:
    assert "<mtable" in mathml(r"\begin{aligned} a &= b \\ &= c \end{aligned}", display=True)
    assert "<mtext>atan2</mtext>" in mathml(r"\operatorname{atan2}(y, x)", display=False)
    assert "&#x0223C;" in mathml(r"x \sim y", display=False)


def test_prose() -> None:
    prose = Prose()
    html = prose.render("## Angle $\\theta$ & more\n\n\\begin{align*} a &= b \\end{align*}")
    assert [heading.level for heading in prose.headings] == [2]
    assert prose.headings[0].anchor == "angle-θ-more"
    assert "<mtable" in html
    assert inline("*one* paragraph") == "<em>one</em> paragraph"
