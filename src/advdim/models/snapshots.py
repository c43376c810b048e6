"""Measuring every kept snapshot of a net."""

from collections import OrderedDict
from collections.abc import Callable

import keras
import pandas as pd

from advdim.artefacts.keys import canonical_json
from advdim.artefacts.store import read_recipe
from advdim.device import configure_tensorflow
from advdim.job import Job
from advdim.models.network import build, kept_steps, load_weights

Measurement = Callable[[], pd.DataFrame]
"""Measures a net with its weights of the moment."""

PREPARED = 8
"""Measurements that a process keeps compiled: those of the nets of one sort, which come one after the other."""
_prepared: "OrderedDict[str, tuple[keras.Model, Measurement]]" = OrderedDict()


def measure_snapshots(
    job: Job, prepare: Callable[[keras.Model, Job], Measurement], *, reuse: bool = True, draws: bool = True
) -> pd.DataFrame:
    """Run a measurement on each snapshot of the job's net.

    Args:
        job: with the inputs `model` and `dataset`; its setting `snapshots` may ask for the last one alone.
        prepare: compiles the measurement on a net, and returns what runs it with the net's weights of the moment. It
            may use of the job what another net of the same sort has in common with it: settings, seed, dataset.
        reuse: whether what was compiled serves other nets of that sort too.
        draws: whether the measurement draws random numbers; if not, it serves nets of every seed.

    Returns:
        The tables of all snapshots, one under the other, with the snapshot's step in the column `step`.
    """
    configure_tensorflow(job.execution)
    folder = job.inputs["model"]
    model, run = _prepare(job, prepare, draws) if reuse else _compile(job, prepare)
    kept = kept_steps(folder)
    steps = kept[-1:] if job.settings.get("snapshots") == "last" else kept
    progress = job.progress("snapshot", len(steps))
    tables = []
    for number, step in enumerate(steps):
        progress.at(number)
        load_weights(model, folder, step)
        tables.append(run().assign(step=step))
    return pd.concat(tables, ignore_index=True)


def _prepare(
    job: Job, prepare: Callable[[keras.Model, Job], Measurement], draws: bool
) -> tuple[keras.Model, Measurement]:
    """A net of the job's sort and its compiled measurement; compiling takes longer than measuring a small net.

    What was compiled for another net serves again if nothing but the weights, which are loaded, can differ.
    """
    model = read_recipe(job.inputs["model"])["recipe"]["settings"]["model"]
    sort = [model, str(job.inputs["dataset"].resolve()), job.settings, job.seed * draws, job.execution]
    key = canonical_json([prepare.__module__, prepare.__qualname__, *sort])
    if key not in _prepared:
        _prepared[key] = _compile(job, prepare)
    _prepared.move_to_end(key)
    while len(_prepared) > PREPARED:
        _prepared.popitem(last=False)
    return _prepared[key]


def _compile(job: Job, prepare: Callable[[keras.Model, Job], Measurement]) -> tuple[keras.Model, Measurement]:
    trained = read_recipe(job.inputs["model"])["recipe"]
    model = build(trained["settings"]["model"], job.inputs["dataset"], trained["seed"])
    return model, prepare(model, job)
