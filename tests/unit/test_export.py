"""A page taken apart: each figure as PNG and CSV, the verdicts, and where all of it comes from."""

import io
import json
import platform
from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
import yaml
from PIL import Image

from advdim.artefacts import store
from advdim.artefacts.tables import write_table
from advdim.config.experiments import Config
from advdim.errors import AdvdimError
from advdim.figures import display
from advdim.plan.expand import expand
from advdim.plan.plan import Plan
from advdim.reports.export import export_page

ROOT = Path(__file__).parents[2]
CONFIG = """
scale: small
dataset_seed: 0
threads: 1
datasets:
  balls: {kind: spheres, dimension: 5}
  boxes: {kind: toy_classes, dimension: 2}
models: {}
training: {}
attacks: {}
statistics:
  pairs: {kind: pair_distance, pairs: 10}
  tilts: {kind: toy_tilt}
experiments:
  distances: {study: spheres, datasets: [balls], seeds: [0, 1], statistics: [pairs]}
  toy: {study: tilting, datasets: [boxes], statistics: [tilts]}
"""
PICTURE = "data:image/png;base64,aGVsbG8="
TILTS = pd.DataFrame({"tilt_deg": [0.5, 89.0], "d_adv": [0.5, 1 / 3]})
ROWS = pd.DataFrame({"claim": ["T03", "T04"], "verdict": ["reproduced", "needs"], "value": [0.25, None]})


def draw(height: float) -> plt.Figure:
    mpl.use("Agg")
    fig, axes = plt.subplots(figsize=(2, height))
    axes.plot([0, 1], [0, height])
    return fig


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> str:
    """Two figures, one of them without data, a slider with a picture and data of its own, and a table."""
    shown: list[str] = []
    monkeypatch.setattr(display, "display", lambda html: shown.append(html.data))
    common = {"caption": "A caption.", "scale": "small", "claims": ["T03"], "recipes": ["../data/x/recipe.json"]}
    display.figure(draw(1.0), anchor="toy-tilts", alt="A line", data=TILTS, **common)  # type: ignore[arg-type]
    slider = f'<script>const text = "<figure id=\'no\'>";</script><img src="{PICTURE}" alt="a picture">'
    display.interactive(slider, anchor="slider", data=TILTS, **common)  # type: ignore[arg-type]
    display.table(TILTS, anchor="numbers", caption="Numbers.")
    display.figure(draw(2.0), anchor="path", alt="A line", **common)  # type: ignore[arg-type]
    return "<!DOCTYPE html>\n<html><body>" + "\n<p>prose</p>\n".join(shown) + "</body></html>"


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.chdir(ROOT)
    return expand(Config.model_validate(yaml.safe_load(CONFIG)))


@pytest.fixture
def data(tmp_path: Path, plan: Plan, page: str) -> Path:
    """A data folder with the page of the tilting study and its verdicts."""
    data = tmp_path / "data"
    rendered, judged = plan.page("tilting"), plan.page("verdicts-tilting")
    with store.staged(data, tmp_path / rendered.path, rendered.key, rendered.document) as staging:
        (staging / "page.html").write_text(page, encoding="utf-8")
    with store.staged(data, tmp_path / judged.path, judged.key, judged.document) as staging:
        write_table(ROWS, staging / "verdicts.parquet")
    return data


def test_every_figure_becomes_files_and_nothing_else_does(tmp_path: Path, plan: Plan, data: Path) -> None:
    into = tmp_path / "docs" / "tilting"
    export_page(plan, "tilting", data, into)
    figures = {"toy_tilts.png", "toy_tilts.csv", "path.png"}
    assert {path.name for path in into.iterdir()} == figures | {"verdicts.csv", "provenance.json"}
    pd.testing.assert_frame_equal(pd.read_csv(into / "toy_tilts.csv"), TILTS, rtol=1e-9)
    sizes = [Image.open(io.BytesIO((into / name).read_bytes())).size for name in ("toy_tilts.png", "path.png")]
    assert sizes[0][0] == sizes[1][0] > 1
    assert sizes[1][1] == pytest.approx(2 * sizes[0][1], abs=1)
    pd.testing.assert_frame_equal(pd.read_csv(into / "verdicts.csv"), ROWS)


def test_provenance_tells_what_was_run_and_no_place_of_this_machine(tmp_path: Path, plan: Plan, data: Path) -> None:
    into = tmp_path / "out"
    export_page(plan, "tilting", data, into)
    text = (into / "provenance.json").read_text(encoding="utf-8")
    found = json.loads(text)
    assert (found["Scale"], found["Device"]) == ("small", "cpu")
    assert found["Page"] == plan.page("tilting").path
    assert set(found["Experiments"]) == {"toy"}
    assert found["Experiments"]["toy"]["statistics"] == ["tilts"]
    of_study = {path for path, recipe in plan.recipes.items() if recipe.name.split("/")[0] == "boxes"}
    assert set(found["Artefacts"]) == of_study
    assert len(of_study) == 2
    assert found["Libraries"]["numpy"] == version("numpy")
    assert found["Commit"]
    assert platform.node() not in f"{found['Machine']}, {found['System']}".replace(",", "").split()
    for place in (ROOT, tmp_path, Path.home()):
        assert f"{place}/" not in text


def test_older_files_are_replaced(tmp_path: Path, plan: Plan, data: Path) -> None:
    into = tmp_path / "out"
    into.mkdir()
    (into / "path.png").write_text("an older picture")
    (into / "README.md").write_text("what a person wrote")
    export_page(plan, "tilting", data, into)
    first = {path.name: path.read_bytes() for path in into.iterdir()}
    assert first["path.png"].startswith(b"\x89PNG")
    assert first["README.md"] == b"what a person wrote"
    export_page(plan, "tilting", data, into)
    assert {path.name: path.read_bytes() for path in into.iterdir()} == first


def test_a_page_that_is_missing_or_was_changed_is_told_and_nothing_is_written(
    tmp_path: Path, plan: Plan, data: Path
) -> None:
    into = tmp_path / "out"
    with pytest.raises(AdvdimError, match=r"data/reports/spheres-.*: no artefact there; expected one"):
        export_page(plan, "spheres", data, into)
    html = data.parent / plan.page("tilting").path / "page.html"
    html.write_text(html.read_text(encoding="utf-8").replace("prose", "verse"), encoding="utf-8")
    with pytest.raises(AdvdimError, match=r"page\.html: found another content"):
        export_page(plan, "tilting", data, into)
    assert not into.exists()


def test_a_folder_of_records_is_refused_and_keeps_its_provenance(tmp_path: Path, plan: Plan, data: Path) -> None:
    with pytest.raises(AdvdimError, match=r"recipe\.json; expected a folder without artefacts or records"):
        export_page(plan, "tilting", data, data)
    assert not (data / "provenance.json").exists()
