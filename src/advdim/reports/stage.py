"""One page of the report: its notebooks, run on the tables of its study, as one self-contained HTML file."""

import json

import pandas as pd

from advdim.artefacts.tables import read_table
from advdim.job import Job
from advdim.layout import notebooks_of
from advdim.reports.html import export
from advdim.reports.notebook import execute, join
from advdim.reports.page import TITLES
from advdim.statistics.collect import write_results


def make(job: Job) -> None:
    """Render the page that the job's settings name; a notebook that fails leaves its executed copy for reading."""
    page = job.settings["page"]
    handed = job.checkpoint
    write_results(job.settings["results"], handed / "results.json")
    verdicts = [
        read_table(folder / "verdicts.parquet") for role, folder in job.inputs.items() if role.startswith("verdicts-")
    ]
    for told in ("not_run", "recorded"):
        (handed / f"{told}.json").write_text(json.dumps(job.settings[told]), encoding="utf-8")
    pd.concat(verdicts, ignore_index=True).to_parquet(handed / "verdicts.parquet")
    parameters = {"handed": str(handed), "scale": job.settings["scale"]}
    chapters = [execute(source, parameters, handed / f"{source.stem}.ipynb") for source in notebooks_of(page)]
    text = export(join(chapters), title=TITLES[page], active=page)
    (job.output / "page.html").write_text(text, encoding="utf-8")
