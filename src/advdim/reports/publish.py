"""Publishing: the rendered pages under their plain names in `reports/`.

A token with the key of all pages lies beside them, so that the names are refreshed whenever other pages should stand
there, also when no page had to be rendered.
"""

import html
import json
import os
import platform
import subprocess
from pathlib import Path

from advdim.artefacts.keys import key_of
from advdim.artefacts.store import exclusively
from advdim.artefacts.tables import read_table
from advdim.make import verified_folder
from advdim.plan.plan import PAGES, Plan
from advdim.reports.page import PROVENANCE_MARK

METRICS = "ledger.json"


def publication_token(plan: Plan) -> str:
    """Name of the token, relative to `reports/`: it changes with any page of the plan."""
    return f"published-{key_of([plan.page(page).key for page in PAGES])}"


def publish(plan: Plan, data: Path, reports: Path) -> None:
    """Copy every page and the ledger's figures to their plain names, then leave the token.

    Args:
        plan: the plan whose pages are complete.
        data: the data folder.
        reports: where the pages go.

    Raises:
        AdvdimError: a page is missing or not as it was written.
    """
    reports.mkdir(parents=True, exist_ok=True)
    with exclusively(data, "published"):  # a job of a run that was killed may still be publishing other pages
        for old in reports.glob("published-*"):
            old.unlink()
        provenance = _provenance()
        for page in PAGES:
            text = (verified_folder(plan.page(page), data) / "page.html").read_text(encoding="utf-8")
            _replace(reports / f"{page}.html", text.replace(PROVENANCE_MARK, provenance))
        _replace(reports / METRICS, _metrics(plan, data))
        _replace(reports / publication_token(plan), "")


def _metrics(plan: Plan, data: Path) -> str:
    verdicts: dict[str, dict[str, object]] = {}
    for recipe in plan.of_stage("reports"):
        if recipe.name.startswith("verdicts-"):
            table = read_table(data.parent / recipe.path / "verdicts.parquet")
            for row in table.to_dict("records"):
                figures = {name: row[name] for name in ("value", "low", "high") if row[name] == row[name]}
                verdicts[str(row["claim"])] = {"verdict": row["verdict"]} | figures
    return json.dumps(dict(sorted(verdicts.items())), indent=1) + "\n"


def provenance_facts() -> dict[str, str]:
    """Commit and machine in words."""
    return {
        "Commit": _git("log", "-1", "--format=%H, %cs") or "none: not a git checkout",
        "Changes since": "none" if not _git("status", "--porcelain") else "some, not committed",
        "Machine": f"{platform.machine()}, {_processor()}, {os.cpu_count()} cores",
        "System": f"{platform.system()}, Python {platform.python_version()}",
    }


def _provenance() -> str:
    """Commit and machine, as HTML: the only bytes of a page that depend on where it was published."""
    facts = provenance_facts().items()
    return "".join(f"<tr><th scope='row'>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in facts)


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
