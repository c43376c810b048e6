"""Training is a function of its recipe: the same seed gives the same bits, killed and resumed or not."""

import contextlib
import dataclasses
import errno
import itertools
import logging
import multiprocessing
import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from advdim.artefacts.tables import read_table
from advdim.config.training import Gradient
from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import write_images, write_info
from advdim.device import configure_tensorflow
from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.make import make
from advdim.models.network import build, kept_steps, load_weights
from advdim.plan.recipe import Recipe
from advdim.training import gradient, trainer
from advdim.training.checkpoint import NAME, save_checkpoint

STEPS = 250
KILLS = 10
"""Each at a random moment after some more progress."""
PATIENCE_SECONDS = 600
"""How long a process may take that has to import TensorFlow on a machine with other work."""
EXECUTION = {"device": "cpu", "threads": 1}
KINDS: dict[str, dict[str, Any]] = {
    "online relu": {
        "dataset": {"points": None},
        "model": {"kind": "relu", "width": 8, "depth": 2, "batch_norm": True},
    },
    "finite quadratic": {"dataset": {"points": 70}, "model": {"kind": "quadratic", "width": 8}},
    "images convolutional": {
        "dataset": None,
        "model": {"kind": "convolutional", "channels": 3, "layers": 2, "pool_after": [1]},
        "training": {
            "augmentation": {"flip": True, "shift": 2},
            "schedule": {"kind": "cosine"},
            "validation_share": 0.25,
            "objective": {"kind": "gradient_penalty", "norm": "l2", "eps_pixel": 0.01},
        },
    },
    "images dense": {
        "dataset": None,
        "model": {"kind": "dense", "width": 6, "depth": 2, "batch_norm": True},
        "training": {"xla": True, "objective": {"kind": "pgd", "eps_pixel": 0.02, "steps": 4}},
    },
}
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras with NumPy 2

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["advdim.training.gradient"])


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> None:
    configure_tensorflow(EXECUTION)


def write_dataset(kind: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    if KINDS[kind]["dataset"] is None:
        generator = np.random.default_rng(0)
        images = generator.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
        labels = np.arange(40) % 2
        write_images(folder, ImageSplits(images, labels, images, labels, pd.DataFrame({"label": labels}), ("a", "b")))
    else:
        write_info(folder, {"kind": "spheres", "dimension": 6, "outer_radius": 1.3, "seed": 0} | KINDS[kind]["dataset"])


def job_of(kind: str, folder: Path, *, seed: int = 0, checkpoint_seconds: float = 60) -> Job:
    """A training job in a folder; one that is there already is resumed."""
    for name in ("output", "checkpoint"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if not (folder / "dataset").is_dir():
        write_dataset(kind, folder / "dataset")
    options = {"kind": "gradient", "learning_rate": 0.01, "batch": 20, "steps": STEPS, "snapshots": [0, 100]}
    training = Gradient.model_validate(options | KINDS[kind].get("training", {})).model_dump(mode="json")
    settings = {"model": KINDS[kind]["model"], "training": training}
    inputs = {"dataset": folder / "dataset"}
    checkpoint = folder / "checkpoint"
    return Job(kind, settings, seed, EXECUTION, inputs, folder / "output", checkpoint, checkpoint_seconds)


def trained(kind: str, folder: Path, seed: int = 0) -> dict[str, bytes]:
    job = job_of(kind, folder, seed=seed)
    gradient.train(job)
    return files_of(job)


def files_of(job: Job) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in job.output.iterdir()}


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


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, bytes]]:
    """The files of a training that nothing disturbed, made once for each kind."""
    made: dict[str, dict[str, bytes]] = {}

    def files(kind: str) -> dict[str, bytes]:
        if kind not in made:
            made[kind] = trained(kind, tmp_path_factory.mktemp("undisturbed"))
        return made[kind]

    return files


def test_an_artefact_holds_weights_history_and_architecture(
    tmp_path: Path, undisturbed: Callable[[str], dict[str, bytes]]
) -> None:
    for name, content in undisturbed("online relu").items():
        (tmp_path / name).write_bytes(content)
    assert kept_steps(tmp_path) == [0, 100, STEPS]
    history = read_table(tmp_path / "history.parquet")
    assert history["step"].is_monotonic_increasing
    assert history["step"].iloc[-1] == STEPS
    assert len(history) == gradient.HISTORY_ROWS
    assert history["loss"].iloc[-5:].mean() < 0.8 * history["loss"].iloc[:5].mean()


def test_the_weights_of_step_0_are_the_initialisation(
    tmp_path: Path, undisturbed: Callable[[str], dict[str, bytes]]
) -> None:
    job = job_of("online relu", tmp_path)
    for name, content in undisturbed("online relu").items():
        (tmp_path / name).write_bytes(content)
    model = build(job.settings["model"], job.inputs["dataset"], 0)
    start = model.get_weights()
    load_weights(model, tmp_path, 0)
    assert all(np.array_equal(a, b) for a, b in zip(start, model.get_weights(), strict=True))
    load_weights(model, tmp_path, STEPS)
    assert not any(np.array_equal(a, b) for a, b in zip(start, model.get_weights(), strict=True))


def test_the_same_seed_gives_the_same_bits_and_another_seed_gives_others(
    tmp_path: Path, undisturbed: Callable[[str], dict[str, bytes]]
) -> None:
    first = undisturbed("online relu")
    assert trained("online relu", tmp_path / "again") == first
    other = trained("online relu", tmp_path / "other", seed=1)
    assert not any(other[name] == first[name] for name in first if name not in ("architecture.json", "layers.parquet"))


def test_a_history_has_validation_the_course_of_the_rate_and_the_objective(
    tmp_path: Path, undisturbed: Callable[[str], dict[str, bytes]]
) -> None:
    (tmp_path / "history.parquet").write_bytes(undisturbed("images convolutional")["history.parquet"])
    (tmp_path / "layers.parquet").write_bytes(undisturbed("images convolutional")["layers.parquet"])
    history = read_table(tmp_path / "history.parquet")
    assert list(history) == ["step", "loss", "objective", "learning_rate", "validation_loss", "validation_accuracy"]
    assert history["learning_rate"].is_monotonic_decreasing
    assert history["learning_rate"].iloc[0] == pytest.approx(0.01, rel=0.01)
    assert (history["objective"] > history["loss"]).all()
    assert history["validation_accuracy"].isin(np.arange(11) / 10).all()  # of 5 images in each of 2 classes
    layers = read_table(tmp_path / "layers.parquet")
    assert layers.set_index("layer")["parameters"].to_dict() == {"block_1": 33, "block_2": 87, "logits": 8}
    assert layers["shape"].tolist() == ["8x8x3", "4x4x3", "2"]


def test_tensorboard_s_files_are_written_beside_the_artefact_and_leave_it_as_it_is(
    tmp_path: Path, undisturbed: Callable[[str], dict[str, bytes]]
) -> None:
    job = dataclasses.replace(job_of("finite quadratic", tmp_path), logs=tmp_path / "logs")
    gradient.train(job)
    assert files_of(job) == undisturbed("finite quadratic")
    (file,) = (tmp_path / "logs").iterdir()
    told = [
        (value.tag, event.step)
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    ]
    assert told.count(("loss", STEPS)) == 1
    assert {tag for tag, _ in told} == {"loss", "objective", "learning_rate"}


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


def test_where_stretches_end_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Callable[[str], dict[str, bytes]]
) -> None:
    monkeypatch.setattr(gradient, "LONGEST_STRETCH", 3)
    monkeypatch.setattr(trainer, "LONGEST_STRETCH", 3)
    short = trained("finite quadratic", tmp_path)
    for step in (0, 100, STEPS):
        name = f"step-{step:07d}.weights.h5"
        assert short[name] == undisturbed("finite quadratic")[name]


def spoil_by_emptying(path: Path) -> None:
    path.write_bytes(b"")


def spoil_by_cutting(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def spoil_by_overwriting(path: Path) -> None:
    path.write_text("no checkpoint", encoding="utf-8")


def spoil_by_flipping_bits(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)


def spoil_by_another_shape(path: Path) -> None:
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    np.savez(path, **arrays | {"variable_2": np.zeros(999, np.float32)})


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_by_emptying,
        spoil_by_cutting,
        spoil_by_overwriting,
        spoil_by_flipping_bits,
        spoil_by_another_shape,
    ],
)
def test_a_corrupt_checkpoint_is_told_and_leaves_the_variables_untouched(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], None]
) -> None:
    job = job_of("finite quadratic", tmp_path)
    model = build(job.settings["model"], job.inputs["dataset"], 0)
    start = model.get_weights()
    model.set_weights([value + 1 for value in start])
    save_checkpoint(tmp_path, model.variables, 100, [(50, 0.7), (100, 0.6)])
    moved = model.get_weights()
    model.set_weights(start)
    assert gradient.restore_checkpoint(tmp_path, model.variables) == (100, [(50, 0.7), (100, 0.6)])
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), moved, strict=True))
    model.set_weights(start)
    spoil(tmp_path / NAME)
    with caplog.at_level(logging.WARNING, "advdim"):
        assert gradient.restore_checkpoint(tmp_path, model.variables) == (0, [])
    assert f"{tmp_path / NAME}: is no readable checkpoint" in caplog.text
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), start, strict=True))


def test_a_training_with_a_corrupt_checkpoint_starts_anew(
    tmp_path: Path, undisturbed: Callable[[str], dict[str, bytes]]
) -> None:
    (job_of("finite quadratic", tmp_path).checkpoint / NAME).write_text("no checkpoint", encoding="utf-8")
    assert trained("finite quadratic", tmp_path) == undisturbed("finite quadratic")


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
