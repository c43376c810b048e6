"""An archive of 10,000 mutated files through the whole builder: each is decoded or quarantined, and nothing is lost."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_up_pictures import MUTATIONS, mutated, outcome
from small_imagenet import SYNSETS, job_in, manifest_of, write_merge

from advdim.datasets import imagenet12
from advdim.datasets.imagenet.decoding import decode
from advdim.datasets.imagenet.resizing import shortest_edge_crop
from advdim.datasets.stored import SPLITS, read_images

FILES = 10_000
WIDTH = 32
"""Edge of the crops instead of 256, for files of 90 x 61 pixels."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def archive() -> dict[str, bytes]:
    """Mutated files by the names that they have in the archive, each way of mutating in turn."""
    draw = random.Random(1)
    return {
        f"{SYNSETS[number % len(SYNSETS)]}_{number}.JPEG": mutated(draw, MUTATIONS[number % len(MUTATIONS)])
        for number in range(FILES)
    }


@pytest.fixture(scope="module")
def built(archive: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """Folder and manifest of the set that is built from them."""
    folder = tmp_path_factory.mktemp("mutated")
    for number, synset in enumerate(SYNSETS):
        for part in ("train", "val"):
            (folder / "archive" / part / synset).mkdir(parents=True)
        name = f"ILSVRC2012_val_{number:08d}.JPEG"
        (folder / "archive" / "val" / synset / name).write_bytes(archive[f"{synset}_{number}.JPEG"])
    for name, content in archive.items():
        (folder / "archive" / "train" / name.partition("_")[0] / name).write_bytes(content)
    job = job_in(folder, folder / "archive", write_merge(folder), quarantine_share=1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(imagenet12, "WIDTH", WIDTH)
        return job.output, manifest_of(job)


def test_every_file_is_in_the_manifest_once_and_the_totals_add_up(
    archive: dict[str, bytes], built: tuple[Path, pd.DataFrame]
) -> None:
    folder, manifest = built
    assert sorted(manifest.loc[manifest["origin"] == "train", "name"]) == sorted(archive)
    assert len(manifest) == FILES + len(SYNSETS)
    states = manifest["state"].value_counts().to_dict()
    assert set(states) <= {"kept", "quarantined", "duplicate"}
    assert states["kept"] > FILES / 20
    assert states["quarantined"] > FILES / 5
    kept = manifest[manifest["state"] == "kept"]
    assert {split: len(read_images(folder, split)[1]) for split in SPLITS} == kept["split"].value_counts().to_dict()


def test_what_is_decoded_is_kept_as_decoded_and_what_is_not_has_its_reason(
    archive: dict[str, bytes], built: tuple[Path, pd.DataFrame]
) -> None:
    folder, manifest = built
    images = {split: read_images(folder, split)[0] for split in SPLITS}
    for row, content in of_training(manifest, archive):
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
        reason = outcome(content)
        assert row["reason"] == reason
        assert (row["state"] == "quarantined") == bool(reason)
        if reason:
            continue
        pixels = decode(content).pixels
        assert (row["height"], row["width"]) == pixels.shape[:2]
        if row["state"] == "kept":
            assert np.array_equal(images[row["split"]][row["index"]], shortest_edge_crop(pixels, WIDTH))


def test_no_file_that_was_cut_passes(archive: dict[str, bytes], built: tuple[Path, pd.DataFrame]) -> None:
    cut = set(list(archive)[MUTATIONS.index("cut") :: len(MUTATIONS)])
    rows = built[1][built[1]["name"].isin(cut)]
    assert len(rows) == len(cut) > FILES / 8
    assert (rows["state"] == "quarantined").all()


def of_training(manifest: pd.DataFrame, archive: dict[str, bytes]) -> Iterator[tuple[dict[str, object], bytes]]:
    rows = manifest[manifest["origin"] == "train"]
    return ((row, archive[row["name"]]) for row in rows.to_dict("records"))
