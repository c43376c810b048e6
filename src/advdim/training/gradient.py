"""Adam on mini-batches: the whole loop inside a compiled graph, resumable to the bit."""

import contextlib
import importlib
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from advdim.artefacts.keys import canonical_json
from advdim.artefacts.tables import write_table
from advdim.device import configure_tensorflow, strategy_of
from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.models.loss import cross_entropy
from advdim.models.network import build, has_finite_weights, save_architecture, save_weights
from advdim.seeds import named_seed
from advdim.training.checkpoint import restore_checkpoint, save_checkpoint
from advdim.training.history import History
from advdim.training.sources import Source, open_source
from advdim.training.trainer import LONGEST_STRETCH, Trainer
from advdim.training.validation import validator

HISTORY_ROWS = 50
_compiled: dict[str, Trainer] = {}
"""The last trainer of this process, by all that its net's other seeds have in common with it."""


def train(job: Job) -> None:
    """Train the net of a job, keeping the weights of the steps that its settings name."""
    configure_tensorflow(job.execution)
    settings = job.settings["training"]
    with strategy_of(job.execution).scope(), _activations_in(settings["precision"]):
        source, apart = open_source(job.inputs["dataset"], settings, job.seed)
        fresh = build(job.settings["model"], job.inputs["dataset"], job.seed)
        trainer = _prepare(fresh, source, job)
        validate = validator(trainer.model, apart) if apart else lambda: (np.nan, np.nan)
        history = History(job.logs)
        _run(trainer, history, validate, job)
    for path in sorted(job.checkpoint.glob("step-*.weights.h5")):
        shutil.copyfile(path, job.output / path.name)  # no move: the checkpoint must stay whole until the end
    save_architecture(fresh, job.output)  # it names the seeds of its weights, which another seed's net does not share
    write_table(history.table(), job.output / "history.parquet")


@contextlib.contextmanager
def _activations_in(precision: str) -> Iterator[None]:
    """Build nets that compute in this type, and keep their weights in float32."""
    before = keras.config.dtype_policy()
    if precision != "float32":
        keras.config.set_dtype_policy(f"mixed_{precision}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _prepare(fresh: keras.Model, source: Source, job: Job) -> Trainer:
    """A trainer of a net with the weights of a fresh one; what was compiled for another seed serves again.

    Compiling takes as long as training a small net.
    """
    seed = named_seed(job.seed, "training", "objective")
    sort = canonical_json([job.settings, str(job.inputs["dataset"].resolve()), job.execution])
    if sort in _compiled:
        _compiled[sort].restart(fresh.get_weights(), source, seed)
        return _compiled[sort]
    _compiled.clear()
    trainer = _trainer(fresh, source, job.settings["training"], seed)
    if job.execution.get("replicas", 1) == 1:  # several devices belong to the strategy of their job
        _compiled[sort] = trainer
    return trainer


def _trainer(model: keras.Model, source: Source, settings: dict[str, Any], seed: tuple[int, int]) -> Trainer:
    options = dict(settings["objective"])
    module = importlib.import_module(f"advdim.training.objectives.{options.pop('kind')}")
    objective = module.prepare(model, cross_entropy, **options)
    return Trainer(
        model,
        source,
        objective,
        settings["learning_rate"],
        schedule=settings["schedule"],
        steps=settings["steps"],
        seed=seed,
        xla=settings["xla"],
    )


def _run(trainer: Trainer, history: History, validate: Callable[[], tuple[float, float]], job: Job) -> None:
    settings = job.settings["training"]
    kept = {*settings["snapshots"], settings["steps"]}
    step, history.rows = restore_checkpoint(job.checkpoint, trainer.variables)
    progress = job.progress("step", settings["steps"])
    saved = time.monotonic()
    if step == 0 and 0 in kept:
        save_weights(trainer.model, job.checkpoint, 0)
    for end in _stretch_ends(settings["steps"], kept):
        if end <= step:
            continue
        means, rate = trainer.advance(step, end), trainer.learning_rate(end - 1)
        _refuse_divergence(means, trainer.model, step, end)
        history.add(end, *means, rate, *validate())
        step = end
        progress.at(step)
        if step in kept:
            save_weights(trainer.model, job.checkpoint, step)
        if time.monotonic() - saved > job.checkpoint_seconds:
            save_checkpoint(job.checkpoint, trainer.variables, step, history.rows)
            saved = time.monotonic()


def _refuse_divergence(means: tuple[float, float], model: keras.Model, start: int, end: int) -> None:
    """Stop a training whose loss is no number any more: its net would be measured like any other.

    A step's loss is that of the weights before it, so that only the weights tell of the last step.
    """
    if not (np.isfinite(means).all() and has_finite_weights(model)):
        raise AdvdimError(
            f"training: found a mean loss of {means[0]} and an objective of {means[1]} in steps {start} to {end}, "
            "or weights that are no numbers; expected finite ones; lower learning_rate or the objective's strength"
        )


def _stretch_ends(steps: int, kept: set[int]) -> list[int]:
    """Ends of the stretches: the rows of the history, and every step whose weights are kept."""
    length = min(max(steps // HISTORY_ROWS, 1), LONGEST_STRETCH)
    regular = np.arange(length, steps + length, length).clip(max=steps)
    return sorted({int(end) for end in regular} | (kept - {0}))
