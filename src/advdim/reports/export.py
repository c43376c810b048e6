"""Results for the repository: the figures and tables of one page as files, with verdicts and provenance."""

import base64
import json
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path

from advdim.artefacts.store import RECIPE
from advdim.artefacts.tables import read_table
from advdim.errors import AdvdimError
from advdim.make import verified_folder
from advdim.plan.plan import Plan
from advdim.reports.publish import provenance_facts

LIBRARIES = ("numpy", "scipy", "scikit-learn", "tensorflow", "keras", "pandas")


def export_page(plan: Plan, study: str, data: Path, into: Path) -> None:
    """Take a rendered page apart.

    Args:
        plan: the plan whose artefacts are complete.
        study: the study whose page and verdicts are written.
        data: the data folder.
        into: gets a PNG and a CSV for each figure that has them, `verdicts.csv` and `provenance.json`.

    Raises:
        AdvdimError: the page is missing or not as it was written, or artefacts or records lie in the folder.
    """
    _refuse_recipes(into)
    page = verified_folder(plan.page(study), data)
    verdicts = read_table(verified_folder(plan.page(f"verdicts-{study}"), data) / "verdicts.parquet")
    provenance = _provenance(plan, study)  # before the files make the checkout one with changes
    into.mkdir(parents=True, exist_ok=True)
    parts = _Parts()
    parts.feed((page / "page.html").read_text(encoding="utf-8"))
    for name, content in parts.files.items():
        (into / name).write_bytes(content)
    verdicts.to_csv(into / "verdicts.csv", index=False, lineterminator="\n")
    (into / "provenance.json").write_text(json.dumps(provenance, indent=1) + "\n", encoding="utf-8")


def _refuse_recipes(into: Path) -> None:
    """Refuse a folder of artefacts or records: these have a `provenance.json` of their own."""
    found = next(into.rglob(RECIPE), None)
    if found:
        raise AdvdimError(
            f"{into}: found {found.relative_to(into)}; expected a folder without artefacts or records, such as "
            "docs/paper-scale/tilting; name another"
        )


def _provenance(plan: Plan, study: str) -> dict[str, object]:
    """Where the files come from: commit, machine, versions, and the recipe of every artefact behind them."""
    results = [result for result in plan.results if result.study == study]
    experiments = {name: e.model_dump(mode="json") for name, e in plan.config.experiments.items() if e.study == study}
    return {
        **provenance_facts(),
        "Scale": plan.config.scale,
        "Device": plan.device,
        "Libraries": {name: version(name) for name in LIBRARIES},
        "Experiments": experiments,
        "Page": plan.page(study).path,
        "Artefacts": sorted({result.path for result in results}),
    }


class _Parts(HTMLParser):
    """Collects the picture and the data of each figure, named by the figure's anchor."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self._anchor = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "figure":
            self._anchor = found.get("id", "").replace("-", "_") if found.get("class") != "interactive" else ""
        elif self._anchor and tag == "img":
            self._keep("png", found.get("src", ""))
        elif self._anchor and "download" in found:
            self._keep("csv", found.get("href", ""))

    def _keep(self, ending: str, address: str) -> None:
        _, comma, content = address.partition(";base64,")
        if comma:
            self.files[f"{self._anchor}.{ending}"] = base64.b64decode(content)
