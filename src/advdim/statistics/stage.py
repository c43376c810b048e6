"""Stage `statistics`: measures a dataset or a model by the module that bears the name of the statistic's kind."""

import importlib

from advdim.job import Job


def make(job: Job) -> None:
    """Measure what the job's settings name; the tables go to its output folder."""
    importlib.import_module(f"advdim.statistics.{job.settings['kind']}").measure(job)
