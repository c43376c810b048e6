"""docs/extending.md, taken at its word: its blocks are applied to a copy of the project and run."""

import re
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import ROOT, Project

PAGE = ROOT / "docs/extending.md"
BLOCK = re.compile(r"^```(python|diff|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_extensions_of_the_page_run(project: Project) -> None:
    written = extend(project.folder, PAGE.read_text(encoding="utf-8"))
    project.run("ruff", "check", *written)
    project.run("ruff", "format", "--check", *written)
    project.run("advdim", "generate")
    project.select("config/extended.yaml")
    paths = [path for path in planned(project) if is_wanted(path)]
    project.run("advdim", "make", *paths)  # one process: the libraries are imported once
    assert "Nothing to be done" in project.run("snakemake", "--dry-run", "attacks", "statistics")
    check_tables(project.folder)
    page = (project.folder / paths[-1] / "page.html").read_text(encoding="utf-8")
    assert '<figure class="plot" id="noise">' in page


def is_wanted(path: str) -> bool:
    """Whether an artefact is the page that shows the new figure, or needed for it."""
    return not path.startswith("data/reports/") or "dimension-" in path


def extend(folder: Path, page: str) -> list[str]:
    """Apply every block of the page; returns the files that were added or changed."""
    written = []
    for kind, text in BLOCK.findall(page):
        head, _, body = text.partition("\n")
        name = head.removeprefix("# ").removesuffix(", at the end")
        path = folder / name
        if kind == "diff":
            path.write_text(edited(path.read_text(encoding="utf-8"), body, name), encoding="utf-8")
        elif head.endswith(", at the end"):
            path.write_text(path.read_text(encoding="utf-8") + body, encoding="utf-8")
        else:
            assert not path.exists(), f"docs/extending.md adds {name}, which exists; expected a new file"
            path.write_text(text, encoding="utf-8")
        written += [name] if name.endswith(".py") else []
    return written


def edited(text: str, diff: str, name: str) -> str:
    """Replace each place that the diff shows, which must stand in the text once."""
    for hunk in diff.split("@@\n"):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] for line in lines if line[0] in " -")
        after = "".join(line[1:] for line in lines if line[0] in " +")
        if text.count(before) != 1:
            pytest.fail(f"docs/extending.md changes a place in {name} that is not there; mend the page:\n{before}")
        text = text.replace(before, after)
    return text


def planned(project: Project) -> list[str]:
    """Folders of the artefacts that would be made, in the order of the stages."""
    table = project.run("advdim", "plan", "--missing")
    return [line.split()[0] for line in table.splitlines() if line.startswith("data/")]


def check_tables(folder: Path) -> None:
    """See that the new kinds made what they promise."""
    (manifest,) = folder.glob("data/datasets/textures-w16-*/manifest.parquet")
    assert pd.read_parquet(manifest).groupby(["split", "label"]).size().to_dict() == {
        (split, label): count for split, count in (("train", 60), ("test", 20)) for label in range(3)
    }
    (noise,) = (pd.read_parquet(path) for path in folder.glob("data/attacks/textures-w16/*-noise-*/table.parquet"))
    (linf,) = (pd.read_parquet(path) for path in folder.glob("data/attacks/textures-w16/*-linf-*/table.parquet"))
    assert noise.groupby("step").size().to_dict() == {0: 60, 60: 60}
    trained, climbed = noise[noise["step"] == 60], linf[linf["step"] == 60]
    assert trained["prediction"].tolist() == climbed["prediction"].tolist()
    assert trained["fooled"].mean() <= climbed["fooled"].mean()
    (margins,) = (
        pd.read_parquet(path) for path in folder.glob("data/statistics/textures-w16/*-margins-*/table.parquet")
    )
    assert (margins["margin"] >= 0).all()
