"""Schedules, augmentation and validation: functions of the step and the seed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import ImageInfo, read_images, write_images
from advdim.errors import AdvdimError
from advdim.models import dense
from advdim.training.augmentation import augment
from advdim.training.schedules import share_of_rate
from advdim.training.sources import open_source
from advdim.training.validation import split, validator


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    images = np.random.default_rng(0).integers(0, 256, (50, 6, 6, 1), dtype=np.uint8)
    labels = np.arange(50) % 3
    write_images(tmp_path, ImageSplits(images, labels, images, labels, pd.DataFrame({"label": labels}), tuple("abc")))
    return tmp_path


@pytest.mark.parametrize(
    ("schedule", "shares"),
    [
        ({"kind": "constant"}, [1, 1, 1, 1]),
        ({"kind": "steps", "at": [50, 75], "factor": 0.1}, [1, 0.1, 0.01, 0.01]),
        ({"kind": "cosine"}, [1, 0.5, 0.1464466, 0.0002467]),
    ],
)
def test_schedules_fall_as_they_say(schedule: dict[str, object], shares: list[float]) -> None:
    found = [float(share_of_rate(schedule, tf.constant(step), 100)) for step in (0, 50, 75, 99)]
    assert found == pytest.approx(shares, rel=1e-3)


def test_augmented_images_are_shifted_reflected_and_half_of_them_mirrored() -> None:
    image = np.arange(36, dtype=np.float32).reshape(1, 6, 6, 1)
    many = np.repeat(image, 400, axis=0)
    changed = augment(tf.constant(many), tf.constant([3, 4]), flip=True, shift=2).numpy()
    padded = np.pad(image[0], [(2, 2), (2, 2), (0, 0)], mode="reflect")
    places = {}
    for top in range(5):
        for left in range(5):
            crop = padded[top : top + 6, left : left + 6]
            places[crop.tobytes()] = (top, left, False)
            places[crop[:, ::-1].tobytes()] = (top, left, True)
    found = [places[one.tobytes()] for one in changed]
    assert len(set(found)) == 50
    assert 150 < sum(mirrored for *_, mirrored in found) < 250
    again = augment(tf.constant(many), tf.constant([3, 4]), flip=True, shift=2)
    assert np.array_equal(again, changed)
    other = augment(tf.constant(many), tf.constant([3, 5]), flip=True, shift=2)
    assert not np.array_equal(other, changed)
    still = augment(tf.constant(many), tf.constant([3, 4]), flip=False, shift=0)
    assert np.array_equal(still, many)


def test_augmented_batches_are_functions_of_the_step_alone(dataset: Path) -> None:
    settings = {"batch": 8, "validation_share": 0, "augmentation": {"flip": True, "shift": 2}}
    source, apart = open_source(dataset, settings, 5)
    plain, _ = open_source(dataset, settings | {"augmentation": None}, 5)
    assert apart is None
    for step in (0, 7):
        inputs, labels = source.batch(source.feed(step, step + 1)[0])
        again, _ = source.batch(source.feed(0, 10)[step])
        assert np.array_equal(inputs, again)
        clean, same = plain.batch(plain.feed(step, step + 1)[0])
        assert np.array_equal(labels, same)
        assert not np.array_equal(inputs, clean)


def test_images_too_small_for_the_shift_are_told(dataset: Path) -> None:
    settings = {"batch": 8, "validation_share": 0, "augmentation": {"flip": True, "shift": 6}}
    with pytest.raises(AdvdimError, match="expected more than the augmentation's shift 6"):
        open_source(dataset, settings, 0)


def test_a_share_of_each_class_is_kept_apart_and_never_trained_on(dataset: Path) -> None:
    rows, apart = split(dataset, 0.2, seed=1)
    images, labels = read_images(dataset, "train")
    assert apart is not None
    assert np.bincount(apart[1]).tolist() == [4, 4, 4]
    kept = {image.tobytes() for image in apart[0]}
    assert not kept & {images[row].tobytes() for row in rows}
    assert len(rows) + 12 == len(labels)
    settings = {"batch": 5, "validation_share": 0.2, "augmentation": None}
    source, _ = open_source(dataset, settings, 1)
    assert set(source.feed(0, 7).numpy().ravel()) <= set(rows)
    assert not np.array_equal(rows, split(dataset, 0.2, seed=2)[0])


def test_images_for_validation_of_the_datasets_own_are_taken_instead(dataset: Path) -> None:
    np.save(dataset / "validation-images.npy", np.zeros((4, 6, 6, 1), np.uint8))
    np.save(dataset / "validation-labels.npy", np.arange(4) % 3)
    rows, apart = split(dataset, 0.2, seed=1)
    assert len(rows) == 50
    assert apart is not None
    assert len(apart[0]) == 4
    assert split(dataset, 0, seed=1)[1] is None


def test_validation_gives_mean_loss_and_accuracy(dataset: Path) -> None:
    images, labels = (np.tile(part, (4,) + (1,) * (part.ndim - 1)) for part in read_images(dataset, "train"))
    net = dense.build(ImageInfo((6, 6, 1), tuple("abc"), (0.5,), (0.3,)), width=4, depth=1, seed=0)
    loss, accuracy = validator(net, (images, labels))()
    logits = net(images.astype(np.float32) / 255).numpy().astype(float)
    losses = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(labels)), labels]
    assert loss == pytest.approx(losses.mean(), rel=1e-5)
    assert accuracy == pytest.approx((logits.argmax(1) == labels).mean())
