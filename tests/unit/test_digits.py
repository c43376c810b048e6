"""Handwritten digits: grey values, upsampling, choice of classes and split."""

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from advdim.datasets import digits
from advdim.datasets.images import ImageSplits
from advdim.errors import AdvdimError

ARGUMENTS = {"width": 8, "resampling": "nearest", "classes": None, "test_fraction": 0.2, "seed": 0}


@pytest.fixture(scope="module")
def splits() -> ImageSplits:
    return digits.build(**ARGUMENTS)


def test_each_count_has_its_grey_value():
    values = np.arange(17)
    mapped = digits.intensities(values)
    assert mapped.dtype == np.uint8
    assert mapped.tolist() == [round(value * 255 / 16) for value in range(17)]
    assert len(set(mapped.tolist())) == 17
    assert (mapped[0], mapped[8], mapped[16]) == (0, 128, 255)


def test_the_images_are_those_of_the_source(splits: ImageSplits):
    source = load_digits()
    table = splits.manifest
    assert list(table.columns) == ["split", "index", "label", "class", "row"]
    assert sorted(table["row"]) == list(range(1797))
    for split, images, labels in (
        ("train", splits.train_images, splits.train_labels),
        ("test", splits.test_images, splits.test_labels),
    ):
        own = table[table["split"] == split]
        rows = own["row"].to_numpy()
        assert own["index"].tolist() == list(range(len(images)))
        assert images.dtype == np.uint8
        assert labels.dtype == np.int64
        assert images.shape == (len(labels), 8, 8, 1)
        assert (images[..., 0] == np.rint(source.images[rows] * 255 / 16)).all()
        assert (labels == source.target[rows]).all()
        assert own["class"].tolist() == [str(label) for label in labels]


def test_each_class_gives_its_share_and_takes_turns(splits: ImageSplits):
    sizes = np.bincount(load_digits().target)
    assert np.bincount(splits.test_labels).tolist() == [round(0.2 * size) for size in sizes]
    assert splits.train_labels[:1300].tolist() == list(range(10)) * 130
    assert splits.test_labels[:300].tolist() == list(range(10)) * 30


def test_chosen_classes_are_relabelled_in_their_order(splits: ImageSplits):
    pair = digits.build(**ARGUMENTS | {"classes": [3, 2]})
    assert pair.class_names == ("3", "2")
    assert set(pair.train_labels.tolist()) == {0, 1}
    assert pair.train_labels[:4].tolist() == [0, 1, 0, 1]
    source = load_digits().target[pair.manifest["row"]]
    assert (source == np.array([3, 2])[pair.manifest["label"]]).all()
    for split in ("train", "test"):
        whole, part = (table[table["split"] == split] for table in (splits.manifest, pair.manifest))
        assert set(part["row"]) == set(whole.loc[whole["class"].isin(["2", "3"]), "row"])


def test_nearest_repeats_each_pixel(splits: ImageSplits):
    wide = digits.build(**ARGUMENTS | {"width": 24})
    assert (wide.train_images == splits.train_images.repeat(3, axis=1).repeat(3, axis=2)).all()
    pd.testing.assert_frame_equal(wide.manifest, splits.manifest)


def test_bilinear_is_that_of_pillow(splits: ImageSplits):
    wide = digits.build(**ARGUMENTS | {"width": 20, "resampling": "bilinear"})
    assert wide.test_images.shape[1:] == (20, 20, 1)
    expected = Image.fromarray(splits.test_images[7, ..., 0]).resize((20, 20), resample=Image.Resampling.BILINEAR)
    assert (wide.test_images[7, ..., 0] == np.asarray(expected)).all()


def test_the_seed_alone_decides(splits: ImageSplits):
    again, other = (digits.build(**ARGUMENTS | {"seed": seed}) for seed in (0, 1))
    assert (again.train_images == splits.train_images).all()
    pd.testing.assert_frame_equal(again.manifest, splits.manifest)
    assert not again.manifest.equals(other.manifest)


def test_a_larger_test_fraction_adds_to_the_test_set(splits: ImageSplits):
    larger = digits.build(**ARGUMENTS | {"test_fraction": 0.4}).manifest
    smaller = splits.manifest
    assert set(smaller.loc[smaller["split"] == "test", "row"]) < set(larger.loc[larger["split"] == "test", "row"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"width": 7}, "width is 7, expected at least 8"),
        ({"width": 20}, "width is 20, expected a multiple of 8"),
        ({"resampling": "cubic"}, "resampling is 'cubic', expected 'nearest' or 'bilinear'"),
        ({"classes": [2]}, "classes are [2], expected at least two different digits"),
        ({"classes": [2, 2]}, "classes are [2, 2]"),
        ({"classes": [2, 10]}, "classes are [2, 10]"),
        ({"test_fraction": 0.0}, "test_fraction is 0.0, which makes 0 of the"),
        ({"test_fraction": 1.0}, "expected some for training and some for test"),
        ({"test_fraction": -0.5}, "test_fraction is -0.5"),
    ],
)
def test_bad_arguments_are_told(change: dict[str, object], sentence: str):
    with pytest.raises(AdvdimError, match=re.escape(sentence)):
        digits.build(**ARGUMENTS | change)
