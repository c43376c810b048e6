"""Training is a function of its recipe: the same seed gives the same bits, and an artefact holds what it should."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from small_trainings import KINDS, STEPS, files_of, job_of, trained

from advdim.artefacts.tables import read_table
from advdim.errors import AdvdimError
from advdim.models.network import build, load_weights, weights_name
from advdim.training import gradient, trainer


def test_an_artefact_holds_weights_history_and_architecture(
    tmp_path: Path, undisturbed: Callable[[str], dict[str, bytes]]
) -> None:
    for name, content in undisturbed("online relu").items():
        (tmp_path / name).write_bytes(content)
    kept = sorted(path.name for path in tmp_path.glob("step-*"))
    assert kept == [weights_name(step) for step in (0, 100, STEPS)]
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


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_compiled_for_another_seed_gives_the_same_bits(kind: str, tmp_path: Path) -> None:
    jobs = [job_of(kind, tmp_path / str(number), seed=seed) for number, seed in enumerate((1, 0, 1))]
    trainers = []
    gradient._compiled.clear()
    for job in jobs:
        if job.seed == 0:
            gradient._compiled.clear()
        gradient.train(dataclasses.replace(job, inputs=jobs[0].inputs))
        trainers += gradient._compiled.values()
    assert trainers[0] is not trainers[1]
    assert trainers[1] is trainers[2]
    compiled_anew, other, again = map(files_of, jobs)
    assert again == compiled_anew
    assert other["history.parquet"] != again["history.parquet"]


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


def test_where_stretches_end_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: Callable[[str], dict[str, bytes]]
) -> None:
    monkeypatch.setattr(gradient, "LONGEST_STRETCH", 3)
    monkeypatch.setattr(trainer, "LONGEST_STRETCH", 3)
    short = trained("finite quadratic", tmp_path)
    for step in (0, 100, STEPS):
        name = f"step-{step:07d}.weights.h5"
        assert short[name] == undisturbed("finite quadratic")[name]


def test_a_training_that_diverges_is_told_and_leaves_no_net(tmp_path: Path) -> None:
    job = job_of("images convolutional", tmp_path)
    job.settings["training"]["learning_rate"] = 1e30
    with pytest.raises(AdvdimError, match=r"a mean loss of .* in steps \d+ to \d+, or .*; expected finite ones; lower"):
        gradient.train(job)
    assert not files_of(job)


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_a_net_that_diverges_in_its_last_step_is_told(tmp_path: Path) -> None:
    job = job_of("images convolutional", tmp_path)
    job.settings["training"].update(steps=1, snapshots=[], learning_rate=1e39)  # infinite in float32
    with pytest.raises(AdvdimError, match=r"in steps 0 to 1, or weights that are no numbers"):
        gradient.train(job)
