"""The reports of a plan: verdicts and pages, whose recipes list the results that they read."""

import hashlib
from typing import Any

from advdim.artefacts.keys import canonical_json
from advdim.config.experiments import STUDIES, Study
from advdim.layout import CLAIMS, notebooks_of
from advdim.plan.plan import PAGES, Plan
from advdim.plan.recipe import Recipe


def expand_reports(plan: Plan) -> None:
    """Add the verdicts of each study, and every page."""
    judgements = {study: _expand_judgement(plan, study) for study in STUDIES}
    for page in PAGES:
        _expand_page(plan, page, judgements)


def _claims_digest() -> str:
    return hashlib.sha256(CLAIMS.read_bytes()).hexdigest()


def _expand_judgement(plan: Plan, study: Study) -> Recipe:
    """The verdicts of one study: a table made from its tables."""
    return plan.make_recipe(
        "reports",
        f"verdicts-{study}",
        "advdim.ledger.stage",
        study,
        modules=[f"advdim.ledger.{study}"],
        settings={"study": study, "claims": _claims_digest(), "scale": plan.config.scale} | _results_of(plan, study),
        seed=None,
        execution={},
        inputs=_inputs_of(plan, study),
        seconds=3.0,
    )


def _expand_page(plan: Plan, page: str, judgements: dict[Study, Recipe]) -> None:
    """One HTML page: a study's page reads its tables and verdicts, the front page and the ledger all verdicts."""
    verdicts = {
        f"verdicts-{study}": recipe for study, recipe in judgements.items() if page in (study, "index", "ledger")
    }
    plan.make_recipe(
        "reports",
        page,
        "advdim.reports.stage",
        page,
        modules=[],
        extra=notebooks_of(page),
        settings={"page": page, "claims": _claims_digest(), "scale": plan.config.scale}
        | _results_of(plan, page)
        | {"not_run": [vars(part) for part in plan.not_run if page in (part.study, "index")]}
        | {"recorded": _recorded(plan, page)},
        seed=None,
        execution={},
        inputs=_inputs_of(plan, page) | verdicts,
        seconds=8.0,
    )


def _results_of(plan: Plan, study: str) -> dict[str, Any]:
    listing = [
        {"path": result.path, "stage": result.recipe.stage, "kind": result.kind, "labels": result.labels}
        for result in plan.results
        if result.study == study
    ]
    return {"results": sorted(listing, key=canonical_json)}


def _recorded(plan: Plan, page: str) -> list[dict[str, Any]]:
    """Where a page's results were recorded, if they were: commit, machine, and how many results."""
    read = {result.path for result in plan.results if result.is_recorded and page in (result.study, "index")}
    notes = [(note, folder) for folder, records in plan.records.items() for note in records.notes]
    counted = [(note, len(read.intersection(f"{folder}/{name}" for name in note["Records"]))) for note, folder in notes]
    return [
        {"commit": note["Commit"], "machine": note["Machine"], "results": count} for note, count in counted if count
    ]


def _inputs_of(plan: Plan, study: str) -> dict[str, Recipe]:
    made = (result.recipe for result in plan.results if result.study == study and not result.is_recorded)
    return {recipe.path: recipe for recipe in made}
