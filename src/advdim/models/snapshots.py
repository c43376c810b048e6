"""Measuring every kept snapshot of a net."""

from collections.abc import Callable

import keras
import pandas as pd

from advdim.artefacts.store import read_recipe
from advdim.device import configure_tensorflow
from advdim.job import Job
from advdim.models.network import build, kept_steps, load_weights


def measure_snapshots(job: Job, prepare: Callable[[keras.Model, Job], Callable[[], pd.DataFrame]]) -> pd.DataFrame:
    """Run a measurement on each snapshot of the job's net.

    Args:
        job: with the inputs `model` and `dataset`; its setting `snapshots` may ask for the last one alone.
        prepare: compiles the measurement on a net, and returns what runs it with the net's weights of the moment.

    Returns:
        The tables of all snapshots, one under the other, with the snapshot's step in the column `step`.
    """
    configure_tensorflow(job.execution)
    folder = job.inputs["model"]
    trained = read_recipe(folder)["recipe"]
    model = build(trained["settings"]["model"], job.inputs["dataset"], trained["seed"])
    run = prepare(model, job)
    kept = kept_steps(folder)
    steps = kept[-1:] if job.settings.get("snapshots") == "last" else kept
    progress = job.progress("snapshot", len(steps))
    tables = []
    for number, step in enumerate(steps):
        progress.at(number)
        load_weights(model, folder, step)
        tables.append(run().assign(step=step))
    return pd.concat(tables, ignore_index=True)
