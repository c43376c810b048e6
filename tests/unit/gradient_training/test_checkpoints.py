"""A checkpoint is restored whole or, if it is corrupt, not at all: then the training starts anew."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from small_trainings import job_of, trained

from advdim.models.network import build
from advdim.training import gradient
from advdim.training.checkpoint import NAME, save_checkpoint


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


def spoil_by_calling_it_encrypted(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # what one flipped bit does
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
        spoil_by_calling_it_encrypted,
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
