"""A training that is killed, fails or finds no room loses nothing: it ends with the bits of an undisturbed one."""

import contextlib
import errno
import itertools
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainings import EXECUTION, KINDS, STEPS, files_of, job_of, trained

from advdim.config.training import Gradient
from advdim.errors import AdvdimError
from advdim.make import make
from advdim.plan.recipe import Recipe
from advdim.training import gradient
from advdim.training.checkpoint import NAME, save_checkpoint

KILLS = 10
"""Each at a random moment after some more progress."""
PATIENCE_SECONDS = 600
"""How long a process may take that has to import TensorFlow on a machine with other work."""
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["advdim.training.gradient"])


def train_with_a_checkpoint_each_stretch(kind: str, folder: Path, pause: float) -> None:
    """Train in a process of its own; a pause after each checkpoint leaves time for a kill, and the end waits for it."""
    checkpoints = itertools.count(1)

    def save_and_pause(*arguments: Any) -> None:
        save_checkpoint(*arguments)
        last = pause and next(checkpoints) >= 0.75 * gradient.HISTORY_ROWS
        time.sleep(PATIENCE_SECONDS if last else pause)

    gradient.save_checkpoint = save_and_pause
    gradient.train(job_of(kind, folder, checkpoint_seconds=0))


@contextlib.contextmanager
def child(target: Callable[..., None], *arguments: Any) -> Iterator[Any]:
    process = PROCESSES.Process(target=target, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def written(checkpoint: Path) -> int:
    """When a checkpoint was written, in nanoseconds; 0 if there is none."""
    return checkpoint.stat().st_mtime_ns if checkpoint.is_file() else 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_killed_training_resumes_and_ends_with_the_bits_of_an_undisturbed_one(
    tmp_path: Path, undisturbed: Callable[[str], dict[str, bytes]], kind: str
) -> None:
    pause = 0.05
    checkpoint = job_of(kind, tmp_path).checkpoint / NAME
    for _ in range(KILLS):
        before = written(checkpoint)
        with child(train_with_a_checkpoint_each_stretch, kind, tmp_path, pause) as process:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while written(checkpoint) == before and process.is_alive() and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(random.uniform(0, 2 * pause))
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL, "the kill came too late to test anything"
    with np.load(checkpoint) as stored:
        assert 0 < int(stored["step"]) < STEPS
    with child(train_with_a_checkpoint_each_stretch, kind, tmp_path, 0) as process:
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == 0
    assert files_of(job_of(kind, tmp_path)) == undisturbed(kind)


def test_a_training_that_fails_after_its_last_step_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Callable[[str], dict[str, bytes]]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    job = job_of("finite quadratic", tmp_path, checkpoint_seconds=0)
    monkeypatch.setattr(gradient, "write_table", refuse)
    with pytest.raises(OSError, match="No space left"):
        gradient.train(job)
    monkeypatch.undo()
    shutil.rmtree(job.output)
    assert trained("finite quadratic", tmp_path) == undisturbed("finite quadratic")


def make_with_little_room(folder: Path, recipe: Recipe) -> None:
    """Run a training job that cannot write a file of more than a few bytes; tell how it ended in a file."""
    sys.dont_write_bytecode = True  # Python does not notice that a limit cuts it off, which breaks later imports
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))
    try:
        make(recipe, data=folder / "data", checkpoint_seconds=60)
    except AdvdimError as error:
        (folder / "told").write_text(str(error), encoding="utf-8")


@pytest.mark.slow
def test_a_disk_that_fills_up_while_weights_are_saved_is_told(tmp_path: Path) -> None:
    settings = {"kind": "spheres", "dimension": 6, "outer_radius": 1.3, "points": None}
    dataset = Recipe("datasets", "balls", "advdim.datasets.stage", settings, 0, {}, "", {})
    make(dataset, data=tmp_path / "data", checkpoint_seconds=60)
    training = Gradient(kind="gradient", learning_rate=0.01, batch=20, steps=5, snapshots=(0,))
    settings = {"model": KINDS["online relu"]["model"], "training": training.model_dump(mode="json")}
    net = Recipe("models", "net", "advdim.training.stage", settings, 0, EXECUTION, "", {}, {"dataset": dataset})
    with child(make_with_little_room, tmp_path, net) as process:
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == 0, "the process died of the full disk"
    assert "cannot be written" in (tmp_path / "told").read_text(encoding="utf-8")
    assert not (tmp_path / net.path).exists()
