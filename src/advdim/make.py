"""Making one artefact from its recipe, or finding it made."""

import importlib
import logging
import shutil
from pathlib import Path

from advdim.artefacts import store
from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.plan.recipe import STAGES, Recipe

logger = logging.getLogger("advdim")


def make(recipe: Recipe, *, data: Path, checkpoint_seconds: float, logs: Path | None = None) -> bool:
    """Make an artefact unless it exists, and leave its token.

    Two processes may be asked for the same artefact at once: the second waits for the first and finds it made.

    Args:
        recipe: what to make; its inputs must exist.
        data: the data folder.
        checkpoint_seconds: seconds between the checkpoints of long work.
        logs: folder in which training leaves TensorBoard's files, one folder a recipe; None for none.

    Returns:
        Whether it had to be made.

    Raises:
        AdvdimError: an input is missing or corrupt, or the artefact cannot be written.
    """
    final = data.parent / recipe.path
    with store.exclusively(data, recipe.key):
        if store.is_complete(final, recipe.key):
            store.write_token(final, recipe.key)
            return False
        inputs = {role: verified_folder(needed, data) for role, needed in recipe.inputs.items()}
        checkpoint = data / ".checkpoints" / recipe.key
        with store.staged(data, final, recipe.key, recipe.document) as output:
            checkpoint.mkdir(parents=True, exist_ok=True)
            job = Job(
                name=recipe.path.removeprefix("data/"),
                settings=recipe.settings,
                seed=recipe.seed or 0,
                execution=recipe.execution,
                inputs=inputs,
                output=output,
                checkpoint=checkpoint,
                checkpoint_seconds=checkpoint_seconds,
                logs=logs / recipe.path if logs else None,
            )
            importlib.import_module(recipe.entry).make(job)
        shutil.rmtree(checkpoint, ignore_errors=True)
    return True


def prepare_folders(data: Path) -> None:
    """Make the folder of every stage, so that a stage without work leaves an empty one."""
    for stage in STAGES:
        store.make_folder(data / stage)


def verified_folder(recipe: Recipe, data: Path) -> Path:
    """The folder of an artefact that is complete and as it was written.

    Raises:
        AdvdimError: it is not.
    """
    folder = data.parent / recipe.path
    if not store.is_complete(folder, recipe.key):
        raise AdvdimError(
            f"{folder}: no artefact there; expected one that is read here; run snakemake to make it (a run whose "
            "settings or code changed under way must be started again)"
        )
    store.verify(folder)
    return folder
