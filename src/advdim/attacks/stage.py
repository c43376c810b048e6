"""Stage `attacks`: attacks every kept snapshot of a net."""

import importlib

from advdim.artefacts.tables import write_table
from advdim.attacks.flags import suspicions
from advdim.attacks.kept import STORED, write_kept
from advdim.job import Job
from advdim.models.snapshots import measure_snapshots


def make(job: Job) -> None:
    """Attack each snapshot; the module that bears the name of the attack's kind does it.

    The table has one row an attacked input and snapshot, with the snapshot's step in the column `step`; `flags` beside
    it has one row a suspicion and snapshot. Adversarial images that the attack hands over in a column of the table go
    to a file of their own.
    """
    module = importlib.import_module(f"advdim.attacks.{job.settings['kind']}")
    draws = job.settings.get("random_start", job.settings["kind"] != "deepfool")
    reuse = not getattr(module, "WRITES_FILES", False)
    table = measure_snapshots(job, module.prepare, reuse=reuse, draws=draws)
    if STORED in table:
        write_kept(table, job.output)
        table = table.drop(columns=STORED)
    write_table(table, job.output / "table.parquet")
    write_table(suspicions(table, job.settings), job.output / "flags.parquet")
