"""Stage `models`: trains a model of any kind in the way that its settings name."""

import importlib

from advdim.job import Job


def make(job: Job) -> None:
    """Train the model; the module that bears the name of the way of training does it."""
    importlib.import_module(f"advdim.training.{job.settings['training']['kind']}").train(job)
