"""The small configuration from an empty folder to pages in a browser, and what must not happen afterwards."""

import base64
import importlib.util
import io
import json
import os
import re
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from tests.conftest import PATIENCE_MS, Project, copy_project
from tests.workflow.products import products

PAGES = ("index", "spheres", "dimension", "tilting", "ledger")
BROUGHT = ("mnist", "cifar10", "imagenet12", "resized", "pictures")
"""Kinds of dataset whose files a user brings, which a fresh checkout does not have."""
WITHOUT_CLAIM = {"tilting": {"local-tilt"}}
"""Figures that the sources do not have and that no claim is about."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A checkout in which the small configuration has run."""
    project = copy_project(tmp_path_factory.mktemp("first") / "checkout")
    project.select("config/test.yaml")
    project.commit("Select the small configuration")
    said = project.run("snakemake")
    assert "The reports lie in reports/" in said
    return project


@cache
def planned(project: Project) -> list[str]:
    """Folders of all artefacts of a checkout whose configuration and code no test changes."""
    return [line.split()[0] for line in project.run("advdim", "plan").splitlines() if line.startswith("data/")]


def test_five_reports_and_the_metrics_are_published(finished: Project) -> None:
    reports = finished.folder / "reports"
    assert sorted(path.stem for path in reports.glob("*.html")) == sorted(PAGES)
    metrics = json.loads((reports / "ledger.json").read_text())
    assert len(metrics) == 42
    assert {entry["verdict"] for entry in metrics.values()} <= {"reproduced", "deviates", "erratum", "needs"}


def test_a_second_run_does_nothing_and_says_so_within_ten_seconds(finished: Project) -> None:
    tries = [timed(lambda: finished.run("snakemake")) for _ in range(3)]
    assert all("Nothing to be done" in said for said, _ in tries)
    assert min(seconds for _, seconds in tries) < 10


def timed(command: Callable[[], str]) -> tuple[str, float]:
    """What a command says, and its seconds; on a machine that has more to do than cores those that it computes."""
    start, computed = time.monotonic(), seconds_of_children()
    said = command()
    elapsed, computed = time.monotonic() - start, seconds_of_children() - computed
    return said, computed if os.getloadavg()[0] > (os.cpu_count() or 1) else elapsed


def seconds_of_children() -> float:
    """Seconds that ended child processes, and theirs, have computed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
    # The statistic, the verdicts and the page of its study, and the goal.
    assert re.search(r"^total\s+4$", dry, re.MULTILINE), dry
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


def test_what_is_not_at_hand_is_told_and_stops_nothing_else(finished: Project) -> None:
    said = [line for line in finished.run("advdim", "plan").splitlines() if line.startswith("not run: ")]
    config = yaml.safe_load((finished.folder / "config" / "test.yaml").read_text())
    wanting = []
    for name, experiment in config["experiments"].items():
        missing = [dataset for dataset in experiment["datasets"] if config["datasets"][dataset]["kind"] in BROUGHT]
        wanting += [(name, dataset) for dataset in missing]
        asked = {attack: config["attacks"][attack].get("library") for attack in experiment.get("attacks", [])}
        peers = [attack for attack, library in asked.items() if library and not importlib.util.find_spec(library)]
        wanting += [(name, f"{attack} on {dataset}") for dataset in experiment["datasets"] for attack in peers]
    assert ("mnist", "mnist") in wanting
    assert ("inception", "pictures") in wanting
    assert [line.split(" needs ")[0] for line in said] == [f"not run: experiment {name} ({of})" for name, of in wanting]
    assert "advdim fetch mnist" in next(line for line in said if "experiment mnist" in line)
    told = {page: (finished.folder / "reports" / f"{page}.html").read_text() for page in PAGES}
    naming = {page for page, text in told.items() if "Not run: experiment <code>mnist</code>" in text}
    assert naming == {"index", "tilting"}


def test_adversarial_images_hold_in_a_fresh_process(finished: Project) -> None:
    said = finished.run("advdim", "verify", "--attacks")
    found = re.search(r"(\d+) adversarial images looked at again: class changed", said)
    assert found, said
    assert int(found[1]) > 20


def test_captions_name_scale_claims_and_recipes(finished: Project) -> None:
    for page in ("spheres", "dimension", "tilting"):
        text = (finished.folder / "reports" / f"{page}.html").read_text()
        found = re.findall(
            r'<figure class="(?:plot|interactive)" id="(.*?)">.*?(<figcaption>.*?</figcaption>)', text, re.S
        )
        assert len(found) == text.count("<figcaption>") > 0
        assert all("<b>Scale:</b>" in caption for _, caption in found)
        assert all("recipe.json" in caption or "<b>Scale:</b> theory" in caption for _, caption in found)
        without = {anchor for anchor, caption in found if 'href="ledger.html#' not in caption}
        assert without == WITHOUT_CLAIM.get(page, set())
        for address in re.findall(r'href="(\.\./data/[^"]+)"', text):
            assert (finished.folder / "reports" / address).resolve().is_file(), address


@pytest.mark.parametrize("page", PAGES)
def test_page_opens_without_a_network(finished: Project, browser: Any, page: str) -> None:
    context = browser.new_context(offline=True)
    context.set_default_timeout(PATIENCE_MS)
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
    assert len(widths) >= {"spheres": 5, "dimension": 4, "tilting": 15}.get(page, 0)
    assert opened.inner_text("h1")
    for link in opened.eval_on_selector_all("nav a", "links => links.map(link => link.getAttribute('href'))"):
        target, _, anchor = link.partition("#")
        assert (finished.folder / "reports" / (target or f"{page}.html")).is_file()
        assert not anchor or opened.locator(f"#{anchor}").count() == 1
    for width in (1300, 420):
        opened.set_viewport_size({"width": width, "height": 900})
        wider = opened.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider == 0, f"something is wider than a screen of {width} pixels"
    context.close()


@dataclass(frozen=True)
class PairOnDisk:
    """The support vector machines of a pair of digits, as a run left them."""

    levels: pd.DataFrame
    rotation: pd.DataFrame
    weights: np.ndarray
    biases: np.ndarray
    image: np.ndarray

    def reflected(self, end: int) -> np.ndarray:
        """The first image of class I behind the boundary of the weakest (0) or strongest (-1) regularisation."""
        w, b = self.weights[end], self.biases[end]
        mirrored = self.image.ravel() - 2 * (self.image.ravel() @ w + b) / (w @ w) * w
        return 255 * np.clip(mirrored, 0, 1).reshape(self.image.shape)


def read_pair_on_disk(project: Project, pair: str) -> PairOnDisk:
    stem, paths = f"digits/linear-{pair}-svm-path-s0", planned(project)

    def folder(stage: str, name: str) -> Path:
        (path,) = (path for path in paths if re.fullmatch(f"data/{stage}/{name}-[0-9a-f]{{10}}", path))
        return project.folder / path

    with np.load(folder("models", stem) / "path.npz") as path:
        order = np.argsort(path["log10_lambda"])
        weights, biases = path["weights"][order], path["biases"][order]
    measured, projected = folder("statistics", f"{stem}-tilting"), folder("statistics", f"{stem}-projections")
    with np.load(projected / "pictures.npz") as pictures:
        image = pictures["images"][pictures["y"] == -1][0, ..., 0]
    levels, rotation = (
        pd.read_parquet(path).sort_values("log10_lambda", ignore_index=True)
        for path in (measured / "levels.parquet", projected / "rotation.parquet")
    )
    return PairOnDisk(levels, rotation, weights, biases, image)


def pixels(address: str) -> np.ndarray:
    """Grey levels of an embedded picture."""
    content = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(content)), dtype=float)


@pytest.fixture
def tilting_page(finished: Project, browser: Any) -> Iterator[Any]:
    """The page of the tilting study in a browser without a network, which must complain of nothing."""
    context = browser.new_context(offline=True)
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto((finished.folder / "reports" / "tilting.html").as_uri())
    yield opened
    context.close()
    assert complaints == []


def test_slider_follows_the_table(finished: Project, tilting_page: Any) -> None:
    """Moved to both ends it changes picture, angle and errors as the table says, for each pair of classes."""
    pairs = tilting_page.eval_on_selector_all("#regularisation-choice-1 option", "all => all.map(one => one.text)")
    assert pairs == ["2 against 3", "2 against 8"]
    seen = []
    for pair in pairs:
        tilting_page.select_option("#regularisation-choice-1", pair)
        on_disk = read_pair_on_disk(finished, pair.replace(" against ", "-"))
        for key, end in (("Home", 0), ("End", -1)):
            tilting_page.focus("#regularisation-range")
            tilting_page.keyboard.press(key)
            row = on_disk.levels.iloc[end]
            assert tilting_page.eval_on_selector_all(
                "#regularisation-output b", "all => all.map(one => one.innerText)"
            ) == [
                f"{row['log10_lambda']:.1f}".replace("-", "\N{MINUS SIGN}"),
                f"{row['angle_deg']:.1f}°",
                f"{row['d_adv']:.3f}",
                f"{row['err_train']:.2f} %",
                f"{row['err_test']:.2f} %",
            ]
            image, perturbation, mirror = map(
                pixels,
                tilting_page.eval_on_selector_all("#regularisation-pictures img", "all => all.map(one => one.src)"),
            )
            assert np.abs(image - 255 * on_disk.image).max() <= 0.51
            assert np.abs(mirror - on_disk.reflected(end)).max() <= 0.51
            seen.append((row["angle_deg"], row["err_test"], perturbation.tobytes(), mirror.tobytes()))
    for numbers_or_pictures in zip(*seen, strict=True):
        weak_first, strong_first, weak_second, strong_second = numbers_or_pictures
        assert weak_first != strong_first
        assert weak_second != strong_second


def test_the_turning_boundary_follows_its_table(finished: Project, tilting_page: Any) -> None:
    rotation = read_pair_on_disk(finished, "2-3").rotation
    for key, end in (("Home", 0), ("End", -1)):
        tilting_page.focus("#turning-range")
        tilting_page.keyboard.press(key)
        told = tilting_page.inner_text("#turning-output")
        assert f"{rotation['angle_deg'].iloc[end]:.1f}°" in told
    assert rotation["angle_deg"].iloc[0] > rotation["angle_deg"].iloc[-1] + 10
