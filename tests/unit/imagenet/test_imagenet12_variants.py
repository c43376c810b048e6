"""Both variants of a small merge, built: duplicates of content are found, contradictions are kept or mended."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_imagenet import CLASSES, FILE, SYNSETS, VAN, job_in, manifest_of, write_archive, write_merge

from advdim.datasets.stored import read_image_info, read_images

SPLITS = ("train", "validation", "test")
RANK = {"test": 0, "validation": 1, "train": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("small")


@pytest.fixture(scope="module")
def planted(folder: Path) -> pd.DataFrame:
    return write_archive(folder / "archive")


@pytest.fixture(scope="module")
def merge(folder: Path) -> Path:
    return write_merge(folder)


@pytest.fixture(scope="module")
def corrected(folder: Path, planted: pd.DataFrame, merge: Path) -> pd.DataFrame:
    return manifest_of(job_in(folder / "corrected", folder / "archive", merge))


@pytest.fixture(scope="module")
def published(folder: Path, planted: pd.DataFrame, merge: Path) -> pd.DataFrame:
    return manifest_of(job_in(folder / "published", folder / "archive", merge, variant="published"))


def copies(manifest: pd.DataFrame, planted: pd.DataFrame) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Rows of each planted copy and of its original, where both are in the set."""
    rows = dict(iter(manifest.groupby("name")))
    pairs = planted.loc[planted["kind"] == "duplicate", ["name", "detail"]].itertuples(index=False, name=None)
    return [(rows[copy], rows[original]) for copy, original in pairs if copy in rows and original in rows]


def test_every_quirk_is_counted_as_planted(corrected: pd.DataFrame, planted: pd.DataFrame) -> None:
    mended = corrected["mended"].str.split(", ").explode().value_counts()
    counts = planted["kind"].value_counts()
    words = ["png", "cmyk", "ycck", "grey", "16-bit", "alpha", "palette", "exif-broken", "exif-orientation"]
    assert {word: mended[word] for word in words} == {word: counts[word] for word in words}
    assert (corrected["state"] == "quarantined").sum() == counts["truncated"] + counts["corrupt"]
    assert corrected["enlarged"].sum() == counts["small"]
    assert (corrected["synset"] == VAN).sum() == counts["moving-van"] == 19
    assert len(corrected) == 19 * len(SYNSETS)


def test_a_copy_in_another_split_leaves_the_lower_one(corrected: pd.DataFrame, planted: pd.DataFrame) -> None:
    pairs = copies(corrected, planted)
    assert len(pairs) == 12
    lost = {}
    for copy, original in pairs:
        (one,), (other,) = copy["split"], original["split"]
        if one != other:
            lower, upper = (copy, original) if RANK[one] > RANK[other] else (original, copy)
            lost[lower["name"].item()] = upper["name"].item()
    assert 2 <= len(lost) < 12  # of the pairs within a split none is left out
    left_out = corrected[corrected["state"] == "duplicate"]
    assert dict(zip(left_out["name"], left_out["duplicate_of"], strict=True)) == lost
    assert (left_out["index"] == -1).all()
    assert (corrected.loc[corrected["state"] != "duplicate", "duplicate_of"] == "").all()


def test_splits_share_no_picture(folder: Path, corrected: pd.DataFrame) -> None:
    contents = [
        {image.tobytes() for image in read_images(folder / "corrected" / "output", split)[0]} for split in SPLITS
    ]
    assert all(contents)
    assert not contents[0] & contents[1] | contents[0] & contents[2] | contents[1] & contents[2]


def test_corrected_has_moving_vans_among_trucks_alone(corrected: pd.DataFrame) -> None:
    assert set(corrected.loc[corrected["synset"] == VAN, "class"]) == {"truck"}
    assert not corrected.duplicated(FILE).any()


def test_published_keeps_counts_contradictions_and_copies(
    folder: Path, published: pd.DataFrame, planted: pd.DataFrame
) -> None:
    trained = published[published["split"] != "test"]
    assert trained["class"].value_counts().to_dict() == {"dog": 30, "monkey": 15, "ship": 20, "truck": 18}
    tested = published[published["split"] == "test"]
    assert tested["class"].value_counts().to_dict() == {"dog": 8, "monkey": 4, "ship": 8, "truck": 10}
    both = published[published.duplicated(FILE, keep=False)]
    assert set(both["synset"]) == {VAN}
    assert both.groupby("name")["class"].agg(lambda found: sorted(found)).map(tuple).unique().tolist() == [
        ("ship", "truck")
    ]
    assert 9 <= both["name"].nunique() <= 14
    assert set(both["state"]) == {"kept"}
    assert set(published["state"]) == {"kept", "quarantined"}
    for pair in copies(published, planted):
        upper, lower = sorted((row.iloc[0] for row in pair), key=lambda row: RANK[row["split"]])
        assert upper["duplicate_of"] == ""
        assert lower["duplicate_of"] == (upper["name"] if lower["split"] != upper["split"] else "")
    crops = {split: read_images(folder / "published" / "output", split) for split in SPLITS}
    for _, rows in both.groupby("name"):
        first, second = (crops[row.split][0][row.index] for row in rows.itertuples(index=False, name="Row"))
        assert np.array_equal(first, second)
        assert len({crops[row.split][1][row.index] for row in rows.itertuples(index=False, name="Row")}) == 2


def test_without_a_share_for_validation_that_split_is_empty(folder: Path, planted: pd.DataFrame, merge: Path) -> None:
    job = job_in(folder / "whole", folder / "archive", merge, validation_share=0.0)
    manifest = manifest_of(job)
    assert set(manifest["split"]) == {"train", "test"}
    images, labels = read_images(job.output, "validation")
    assert images.shape == (0, 256, 256, 3)
    assert labels.shape == (0,)
    assert read_image_info(job.output).class_names == tuple(CLASSES)
