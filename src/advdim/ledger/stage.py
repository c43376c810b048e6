"""The ledger: every claim of a study, judged by the tables that were made."""

import importlib
from pathlib import Path

from advdim.artefacts.tables import write_table
from advdim.job import Job
from advdim.layout import CLAIMS
from advdim.ledger.claims import load_claims
from advdim.ledger.verdict import judge_all
from advdim.statistics.collect import Results


def make(job: Job) -> None:
    """Judge the claims of the job's study; the module that bears the study's name holds the judges."""
    study = job.settings["study"]
    claims = tuple(claim for claim in load_claims(CLAIMS).claims if claim.study == study)
    results = Results(tuple(job.settings["results"]), Path())
    judges = importlib.import_module(f"advdim.ledger.{study}").JUDGES
    write_table(judge_all(claims, judges, results), job.output / "verdicts.parquet")
