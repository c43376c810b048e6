"""The small configuration from an empty folder to pages in a browser, and what must not happen afterwards."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Project, copy_project
from tests.workflow.products import products

PAGES = ("index", "spheres", "dimension", "tilting", "ledger")
CHROMIUM = shutil.which("chromium")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A checkout in which the small configuration has run."""
    project = copy_project(tmp_path_factory.mktemp("first") / "checkout")
    project.select("config/test.yaml")
    project.commit("Select the small configuration")
    said = project.run("snakemake")
    assert "The reports lie in reports/" in said
    return project


def planned(project: Project) -> list[str]:
    return [line.split()[0] for line in project.run("advdim", "plan").splitlines() if line.startswith("data/")]


def test_five_reports_and_the_metrics_are_published(finished: Project) -> None:
    reports = finished.folder / "reports"
    assert sorted(path.stem for path in reports.glob("*.html")) == sorted(PAGES)
    metrics = json.loads((reports / "ledger.json").read_text())
    assert len(metrics) == 42
    assert {entry["verdict"] for entry in metrics.values()} <= {"reproduced", "deviates", "erratum", "needs"}


def test_a_second_run_does_nothing_and_says_so_quickly(finished: Project) -> None:
    start = time.monotonic()
    assert "Nothing to be done" in finished.run("snakemake")
    assert time.monotonic() - start < 10


def test_dvc_records_all_stages_and_runs_no_job(finished: Project) -> None:
    said = finished.run("dvc", "repro")
    assert said.count("Nothing to be done") == 5
    assert "up to date" in finished.run("dvc", "repro")
    recorded = (finished.folder / "dvc.lock").read_text()
    for stage in ("datasets", "models", "attacks", "statistics", "reports"):
        assert f"\n  {stage}:\n" in recorded


def test_metrics_tell_the_claims(finished: Project) -> None:
    finished.run("dvc", "repro")
    said = finished.run("dvc", "metrics", "show", "--json")
    shown = json.loads(said[said.index("{") :])
    assert shown[""]["data"]["reports/ledger.json"]["data"]["S15"]["verdict"] == "erratum"


def test_two_folders_give_identical_bytes(finished: Project, tmp_path: Path) -> None:
    second = Project(tmp_path / "another folder")
    finished.run("git", "clone", "--quiet", ".", str(second.folder))
    second.run("snakemake", "--cores", "1")
    paths = planned(finished)
    assert paths == planned(second)
    assert products(second.folder, paths) == products(finished.folder, paths)


def test_a_deleted_artefact_is_made_again_and_nothing_else(finished: Project) -> None:
    paths = planned(finished)
    before = products(finished.folder, paths)
    victim = next(path for path in paths if path.startswith("data/statistics/") and "alphas" in path)
    shutil.rmtree(finished.folder / victim)
    dry = finished.run("snakemake", "--dry-run")
    assert re.search(r"^total\s+3$", dry, re.MULTILINE), dry
    finished.run("snakemake")
    assert products(finished.folder, paths) == before


def test_a_corrupt_artefact_stops_the_run_with_a_sentence(finished: Project) -> None:
    paths = planned(finished)
    victim = next(path for path in paths if path.startswith("data/statistics/") and "alphas" in path)
    table = finished.folder / victim / "table.parquet"
    content = table.read_bytes()
    table.write_bytes(content[:-1] + b"?")
    shutil.rmtree(finished.folder / next(path for path in paths if "verdicts-spheres" in path))
    said = finished.run("snakemake", check=False)
    assert f"{victim}/table.parquet: found another content" in said
    assert "Traceback" not in said
    table.write_bytes(content)
    finished.run("snakemake")


def test_captions_name_scale_claims_and_recipes(finished: Project) -> None:
    for page in ("spheres", "dimension", "tilting"):
        text = (finished.folder / "reports" / f"{page}.html").read_text()
        captions = re.findall(r"<figcaption>.*?</figcaption>", text, re.DOTALL)
        assert captions
        assert all("<b>Scale:</b>" in caption and 'href="ledger.html#' in caption for caption in captions)
        for address in re.findall(r'href="(\.\./data/[^"]+)"', text):
            assert (finished.folder / "reports" / address).resolve().is_file(), address


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Headless Chromium without a network."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: the pages were not opened in a browser")
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=[*options, "--disable-component-update"])
        yield chromium
        chromium.close()


@pytest.mark.parametrize("page", PAGES)
def test_page_opens_without_a_network(finished: Project, browser: object, page: str) -> None:
    context = browser.new_context(offline=True)  # type: ignore[attr-defined]
    opened = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto((finished.folder / "reports" / f"{page}.html").as_uri())
    widths = opened.eval_on_selector_all("img", "images => images.map(image => image.naturalWidth)")
    assert complaints == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in requests)
    assert all(width > 0 for width in widths)
    assert len(widths) >= {"spheres": 5, "dimension": 4, "tilting": 2}.get(page, 0)
    assert opened.inner_text("h1")
    for link in opened.eval_on_selector_all("nav a", "links => links.map(link => link.getAttribute('href'))"):
        target, _, anchor = link.partition("#")
        assert (finished.folder / "reports" / (target or f"{page}.html")).is_file()
        assert not anchor or opened.locator(f"#{anchor}").count() == 1
    context.close()


def test_slider_follows_the_table(finished: Project, browser: object) -> None:
    import pandas as pd

    path = next(path for path in planned(finished) if "tilting" in path and path.startswith("data/statistics/"))
    levels = pd.read_parquet(finished.folder / path / "levels.parquet").sort_values("log10_lambda")
    context = browser.new_context(offline=True)  # type: ignore[attr-defined]
    opened = context.new_page()
    opened.goto((finished.folder / "reports" / "tilting.html").as_uri())
    slider = opened.locator("input[type=range]")
    pictures = []
    for key, row in (("Home", levels.iloc[0]), ("End", levels.iloc[-1])):
        slider.focus()
        opened.keyboard.press(key)
        told = opened.inner_text("output")
        assert f"{row['angle_deg']:.1f}°" in told
        assert f"{row['err_test']:.2f} %" in told
        pictures.append(opened.eval_on_selector_all("#slider img", "images => images.map(image => image.src)"))
    assert pictures[0] != pictures[1]
    context.close()
