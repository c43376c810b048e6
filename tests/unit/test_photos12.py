"""Crops of twelve photographs: what is read, how it is cut, and what must not change."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from advdim.datasets import photos12
from advdim.datasets.images import ImageSplits, interleaved_order
from advdim.datasets.photographs import PHOTOGRAPHS, Photograph, load
from advdim.errors import AdvdimError

DOCUMENT = Path(__file__).parents[2] / "docs" / "photographs.md"


@pytest.fixture(scope="module")
def sources() -> dict[str, np.ndarray]:
    return {photograph.name: load(photograph) for photograph in PHOTOGRAPHS}


@pytest.fixture(scope="module")
def splits() -> ImageSplits:
    return photos12.build(width=16, crop=128, train_per_class=6, test_per_class=4, seed=1)


# Photographs


def test_the_twelve_photographs_are_those_of_the_table(sources):
    assert len({photograph.name for photograph in PHOTOGRAPHS}) == 12
    for photograph in PHOTOGRAPHS:
        image = sources[photograph.name]
        assert image.dtype == np.uint8
        assert image.shape == (photograph.height, photograph.width, 3)
        assert image.std() > 5


def test_greyscale_photographs_have_three_equal_channels(sources):
    camera = sources["camera"]
    assert (camera == camera[..., :1]).all()


def test_a_wrong_checksum_is_told():
    changed = dataclasses.replace(PHOTOGRAPHS[0], sha256="0" * 64)
    with pytest.raises(AdvdimError, match=r"'astronaut' in skimage/data/astronaut\.png is not the file.*expected 0000"):
        load(changed)


def test_a_missing_file_is_told():
    with pytest.raises(AdvdimError, match=r"skimage/data/none\.png, but the installed package holds no such"):
        load(dataclasses.replace(PHOTOGRAPHS[0], file="data/none.png"))


def test_a_missing_package_is_told():
    absent = dataclasses.replace(PHOTOGRAPHS[0], package="package_that_is_absent")
    with pytest.raises(AdvdimError, match=r"'package_that_is_absent' is not installed.*install"):
        load(absent)


@pytest.mark.parametrize("photograph", PHOTOGRAPHS, ids=lambda photograph: photograph.name)
def test_the_document_tells_size_and_licence(photograph: Photograph):
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    (row,) = [row for row in rows if row.startswith(f"| {photograph.name} |")]
    size = f"{photograph.width} × {photograph.height}"
    assert size in row, f"docs/photographs.md should give {photograph.name} as {size}"
    assert photograph.licence in row, f"docs/photographs.md should give the licence as {photograph.licence}"


# Regions


@pytest.mark.parametrize("photograph", PHOTOGRAPHS, ids=lambda photograph: photograph.name)
@pytest.mark.parametrize("crop", [1, 32, 128, 256])
def test_the_two_parts_tile_the_photograph_and_hold_the_crop(photograph: Photograph, crop: int):
    side = photos12.original_crop(photograph.height, photograph.width, crop)
    parts = photos12.regions(photograph.height, photograph.width, side)
    covered = np.zeros((photograph.height, photograph.width), dtype=int)
    for part in parts.values():
        assert min(part.height, part.width) >= side
        covered[part.top : part.top + part.height, part.left : part.left + part.width] += 1
    assert (covered == 1).all()
    train = parts["train"]
    assert train.height * train.width / covered.size == pytest.approx(0.7, abs=0.01)
    assert crop / photos12.MAX_ENLARGEMENT <= side <= crop


def test_an_upright_photograph_is_cut_across_its_height():
    parts = photos12.regions(100, 50, 30)
    assert parts == {"train": photos12.Region(0, 0, 70, 50), "test": photos12.Region(70, 0, 30, 50)}


def test_a_photograph_that_is_too_small_is_told():
    with pytest.raises(AdvdimError, match=r"300 x 451 pixels holds crops of at most 135 pixels .* but 136"):
        photos12.regions(300, 451, 136)
    with pytest.raises(AdvdimError, match=r"enlarged by more than 2 .* at most 270"):
        photos12.original_crop(300, 451, 271)


# Crops


def test_more_crops_begin_with_the_same_ones():
    region = photos12.Region(5, 7, 200, 300)
    draw = {"side": 64, "seed": 3, "photograph": "chelsea"}
    many = photos12.crop_origins(region, count=1000, split="train", **draw)
    assert many.dtype == np.int64
    assert (many[:17] == photos12.crop_origins(region, count=17, split="train", **draw)).all()
    assert not (many[:17] == photos12.crop_origins(region, count=17, split="test", **draw)).all()
    assert many.min(axis=0).tolist() == pytest.approx([5, 7], abs=3)
    assert many.max(axis=0).tolist() == pytest.approx([5 + 136, 7 + 236], abs=3)


def test_a_crop_that_fits_exactly_has_one_position():
    origins = photos12.crop_origins(
        photos12.Region(2, 3, 64, 64), side=64, count=5, seed=0, photograph="x", split="train"
    )
    assert (origins == [2, 3]).all()


def test_a_region_that_does_not_hold_the_crop_is_told():
    with pytest.raises(AdvdimError, match=r"test part of the photograph 'x' has 10 x 99 pixels"):
        photos12.crop_origins(photos12.Region(0, 0, 10, 99), side=11, count=1, seed=0, photograph="x", split="test")


@pytest.mark.parametrize("crop", [64, 256])
def test_no_pixel_is_in_both_sets(crop: int):
    table = photos12.crop_table(PHOTOGRAPHS, crop=crop, per_class={"train": 200, "test": 100}, seed=5)
    for label, photograph in enumerate(PHOTOGRAPHS):
        used = {split: np.zeros((photograph.height, photograph.width), dtype=bool) for split in ("train", "test")}
        own = table[table["label"] == label]
        for row in own.itertuples():
            assert row.top + row.crop <= photograph.height
            assert row.left + row.crop <= photograph.width
            used[row.split][row.top : row.top + row.crop, row.left : row.left + row.crop] = True
        assert used["train"].any()
        assert used["test"].any()
        assert not (used["train"] & used["test"]).any()


def test_the_filter_reads_no_pixel_outside_the_crop():
    image = np.zeros((60, 60, 3), dtype=np.uint8)
    other = image.copy()
    other[:, 40:] = 255
    first, second = (photos12.cut_and_resize(source, top=8, left=8, side=32, width=8) for source in (image, other))
    assert (first == second).all()


# The dataset


def test_shapes_types_and_balance(splits: ImageSplits):
    assert splits.train_images.shape == (72, 16, 16, 3)
    assert splits.test_images.shape == (48, 16, 16, 3)
    assert splits.train_images.dtype == splits.test_images.dtype == np.uint8
    assert splits.train_labels.dtype == splits.test_labels.dtype == np.int64
    assert splits.class_names == tuple(photograph.name for photograph in PHOTOGRAPHS)
    for labels in (splits.train_labels, splits.test_labels):
        for n in range(1, len(labels) + 1):
            counts = np.bincount(labels[:n], minlength=12)
            assert counts.max() - counts.min() <= 1


def test_the_manifest_describes_each_image(splits: ImageSplits, sources):
    table = splits.manifest
    assert list(table.columns) == [
        "split", "index", "label", "class", "photograph", "top", "left", "crop", "enlargement",
    ]  # fmt: skip
    assert len(table) == 120
    for row in table.to_dict("records"):
        images, labels = (
            (splits.train_images, splits.train_labels)
            if row["split"] == "train"
            else (splits.test_images, splits.test_labels)
        )
        assert labels[row["index"]] == row["label"]
        assert splits.class_names[row["label"]] == row["class"]
        square = sources[row["class"]][row["top"] : row["top"] + row["crop"], row["left"] : row["left"] + row["crop"]]
        expected = np.asarray(Image.fromarray(square).resize((16, 16), resample=Image.Resampling.BILINEAR))
        assert (images[row["index"]] == expected).all()
        assert row["crop"] * row["enlargement"] == pytest.approx(128)


def test_a_small_photograph_is_enlarged_and_says_so():
    table = photos12.crop_table(PHOTOGRAPHS, crop=256, per_class={"train": 1, "test": 1}, seed=0)
    enlargement = table.groupby("class")["enlargement"].first()
    assert enlargement["retina"] == 1
    assert enlargement["chelsea"] == pytest.approx(256 / 135)
    assert enlargement.max() <= photos12.MAX_ENLARGEMENT


def test_every_width_shows_the_same_crops(splits: ImageSplits):
    original, wide = (
        photos12.build(width=width, crop=128, train_per_class=6, test_per_class=4, seed=1) for width in (128, 64)
    )
    pd.testing.assert_frame_equal(wide.manifest, splits.manifest)
    for source, image, small in zip(original.train_images, wide.train_images, splits.train_images, strict=True):
        for width, result in ((64, image), (16, small)):
            resized = Image.fromarray(source).resize((width, width), resample=Image.Resampling.BILINEAR)
            assert (result == np.asarray(resized)).all()


def test_the_first_rows_stay_when_more_are_asked_for(splits: ImageSplits):
    more = photos12.build(width=16, crop=128, train_per_class=9, test_per_class=5, seed=1)
    assert (more.train_images[:72] == splits.train_images).all()
    assert (more.test_images[:48] == splits.test_images).all()


def test_the_seed_alone_decides(splits: ImageSplits):
    again, other = (
        photos12.build(width=16, crop=128, train_per_class=6, test_per_class=4, seed=seed) for seed in (1, 2)
    )
    assert (again.train_images == splits.train_images).all()
    pd.testing.assert_frame_equal(again.manifest, splits.manifest)
    assert not (other.manifest["top"] == splits.manifest["top"]).all()


def test_the_draw_itself_has_not_changed():
    table = photos12.crop_table(PHOTOGRAPHS[:2], crop=128, per_class={"train": 2, "test": 1}, seed=0)
    assert table[["top", "left"]].to_numpy().tolist() == [
        [75, 201],
        [153, 97],
        [371, 2],
        [204, 23],
        [229, 377],
        [275, 368],
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"width": 0}, "width is 0, expected a whole number of at least 1"),
        ({"crop": 0}, "crop is 0"),
        ({"train_per_class": 0}, "train_per_class is 0"),
        ({"test_per_class": -1}, "test_per_class is -1"),
        ({"width": 129}, "width is 129, expected at most crop, which is 128"),
        ({"crop": 300}, "enlarged by more than 2"),
    ],
)
def test_bad_arguments_are_told(change: dict[str, int], sentence: str):
    arguments = {"width": 16, "crop": 128, "train_per_class": 1, "test_per_class": 1, "seed": 0} | change
    with pytest.raises(AdvdimError, match=re.escape(sentence)):
        photos12.build(**arguments)


def test_classes_of_unequal_size_take_turns():
    labels = np.array([0, 0, 0, 2, 2, 1])
    order = interleaved_order(labels)
    assert labels[order].tolist() == [0, 1, 2, 0, 2, 0]
    assert order.tolist() == [0, 5, 3, 1, 4, 2]
