"""Stage `attacks`: attacks every kept snapshot of a net."""

import importlib

from advdim.artefacts.tables import write_table
from advdim.job import Job
from advdim.models.snapshots import measure_snapshots


def make(job: Job) -> None:
    """Attack each snapshot; the module that bears the name of the attack's kind does it.

    The table has one row an attacked input and snapshot, with the snapshot's step in the column `step`.
    """
    prepare = importlib.import_module(f"advdim.attacks.{job.settings['kind']}").prepare
    write_table(measure_snapshots(job, prepare), job.output / "table.parquet")
