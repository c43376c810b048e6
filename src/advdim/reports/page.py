"""What a notebook is handed: the results of its study, the verdicts, and the claims."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from advdim.artefacts.tables import read_table
from advdim.layout import CLAIMS
from advdim.ledger.claims import Claims, load_claims
from advdim.ledger.wording import counted, numbers
from advdim.statistics.collect import Results, read_results

PROVENANCE_MARK = "<!-- provenance of this copy -->"
"""Where the publication fills in commit and machine: a page itself is a function of its recipe alone."""

TITLES = {
    "index": "advdim: adversarial vulnerability and input dimension",
    "spheres": "Adversarial spheres",
    "dimension": "Vulnerability and input dimension",
    "tilting": "Boundary tilting",
    "ledger": "The claims ledger",
}


@dataclass(frozen=True)
class Page:
    """Everything that a page shows comes from here.

    Attributes:
        results: the artefacts of the page's study; none for the front page and the ledger.
        verdicts: one row a claim, the fields of `advdim.ledger.verdict.Verdict`; of one study or of all.
        scale: name of the scale, from the configuration.
        not_run: what was left out of the page's study, or of all: `study`, `experiment`, `what` and `needs`.
        recorded: where results were recorded that this run did not make: `commit`, `machine`, and how many `results`.
    """

    results: Results
    verdicts: pd.DataFrame
    scale: str
    not_run: tuple[dict[str, str], ...] = ()
    recorded: tuple[dict[str, str | int], ...] = ()

    @cached_property
    def claims(self) -> Claims:
        """The sources' claims."""
        return load_claims(CLAIMS)

    def recipes(self, results: Results) -> list[str]:
        """Addresses of the recipes behind some results, as seen from `reports/`."""
        return [f"../{path}" for path in results.recipes]

    def behind(self, frame: pd.DataFrame) -> Results:
        """The artefacts behind a table whose columns name nets or measurements, and the datasets of those."""
        columns = [name for name in ("dataset", "model", "training", "seed", "measurement") if name in frame]
        wanted = set(frame[columns].drop_duplicates().itertuples(index=False, name=None))
        datasets = set(frame["dataset"])
        kept = [
            row
            for row in self.results.rows
            if tuple(row["labels"].get(name) for name in columns) in wanted
            or (row["stage"] == "datasets" and row["labels"]["dataset"] in datasets)
        ]
        return Results(tuple(kept), self.results.root)

    def scale_of(self, results: Results) -> str:
        """The scale of some results in a few words: name, dimensions or widths, models, steps and seeds."""
        return "; ".join([self.scale, *_told(results)])


def open_page(handed: str, scale: str) -> Page:
    """Open what the workflow handed to a notebook.

    Args:
        handed: folder of the hand-over.
        scale: name of the scale.

    Returns:
        The page's results and verdicts.
    """
    folder = Path(handed)
    return Page(
        read_results(folder / "results.json", Path()),
        read_table(folder / "verdicts.parquet"),
        scale,
        *(tuple(json.loads((folder / f"{told}.json").read_text(encoding="utf-8"))) for told in ("not_run", "recorded")),
    )


def _told(results: Results) -> list[str]:
    told = [", ".join(sorted({str(row["labels"]["dataset"]) for row in results.rows}))]
    models = [row for row in results.rows if row["stage"] == "models"]
    trained = [results.settings(row)["training"] for row in models]
    steps = {training["steps"] for training in trained if "steps" in training}
    if steps:
        told.append(f"{numbers(steps)} steps")
    if models:
        told.append(counted(len({row["labels"].get("seed") for row in models}), "seed"))
    return told
