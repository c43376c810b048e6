"""The builder of ImageNet's classes, on a stand-in archive: nothing passes silently, and two builds are the same."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_imagenet import bytes_of

from advdim.datasets import imagenet12, stage
from advdim.datasets.imagenet.decoding import decode
from advdim.datasets.imagenet.merge_files import load_merge
from advdim.datasets.imagenet.resizing import downsize, shortest_edge_crop
from advdim.datasets.imagenet.stand_in import write_stand_in
from advdim.datasets.stored import read_images, read_info
from advdim.errors import AdvdimError
from advdim.job import Job

ROOT = Path(__file__).parents[3]
MERGE = ROOT / "config" / "imagenet12.yaml"
ARCHIVE = {"images_per_synset": 2, "validation_per_synset": 1, "seed": 3}
BROKEN = {"truncated", "corrupt"}
MENDED = {"png", "cmyk", "ycck", "grey", "16-bit", "alpha", "palette", "exif-broken", "exif-orientation"}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same stand-in as folders and as tars."""
    base = tmp_path_factory.mktemp("archives")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        for form in ("tree", "tars"):
            write_stand_in(base / form, form=form, **ARCHIVE)
    return {form: base / form for form in ("tree", "tars")}


def job_in(folder: Path, archive: Path, **settings: Any) -> Job:
    (folder / "output").mkdir(parents=True, exist_ok=True)
    (folder / "checkpoint").mkdir(exist_ok=True)
    chosen = {
        "kind": "imagenet12",
        "archive": str(archive),
        "merge": str(MERGE),
        "variant": "corrected",
        "validation_share": 0.1,
        "quarantine_share": 0.1,
        "width": 256,
        "kernel": "bilinear",
    } | settings
    return Job("imagenet12", chosen, 0, {}, {}, folder / "output", folder / "checkpoint", 60)


@pytest.fixture(scope="module")
def built(archives: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The set built from either form."""
    folders = {}
    for form, archive in archives.items():
        job = job_in(tmp_path_factory.mktemp(form), archive)
        stage.make(job)
        folders[form] = job.output
    return folders


@pytest.fixture(scope="module")
def manifest(built: dict[str, Path]) -> pd.DataFrame:
    return pd.read_parquet(built["tree"] / "manifest.parquet")


@pytest.fixture(scope="module")
def planted(archives: dict[str, Path]) -> pd.DataFrame:
    """What was planted in synsets of the merge."""
    table = pd.read_csv(archives["tree"] / "planted-quirks.csv", keep_default_na=False)
    return table[table["synset"].isin(load_merge(MERGE).synsets)]


def test_folders_and_tars_give_the_same_set(built: dict[str, Path]) -> None:
    assert bytes_of(built["tree"]) == bytes_of(built["tars"])


def test_every_planted_oddity_is_counted(manifest: pd.DataFrame, planted: pd.DataFrame) -> None:
    files = manifest.drop_duplicates(["origin", "synset", "name"]).set_index("name")
    for kind, rows in planted.groupby("kind"):
        found = files.loc[rows["name"][rows["name"].isin(files.index)]]
        assert len(found) == len(rows), kind
        if kind in BROKEN:
            assert (found["state"] == "quarantined").all(), kind
            assert (found["reason"] != "").all()
        elif kind in MENDED:
            assert all(kind in mended.split(", ") for mended in found["mended"]), kind
    broken = set(planted.loc[planted["kind"].isin(BROKEN), "name"])
    assert set(files.index[files["state"] == "quarantined"]) == broken
    odd = set(planted.loc[planted["kind"].isin(MENDED), "name"])
    assert set(files.index[files["mended"] != ""]) == odd
    small = files[(files["reason"] == "") & (files[["height", "width"]].min(axis=1) < 256)]
    assert set(small.index) == set(files.index[files["enlarged"].astype(bool)])


def test_the_totals_add_up_and_splits_share_no_content(built: dict[str, Path], manifest: pd.DataFrame) -> None:
    assert set(manifest["state"]) == {"kept", "quarantined", "duplicate"}
    kept = manifest[manifest["state"] == "kept"]
    for split in ("train", "validation", "test"):
        images, labels = read_images(built["tree"], split)
        own = kept[kept["split"] == split].sort_values("index")
        assert len(images) == len(labels) == len(own)
        assert own["index"].to_list() == list(range(len(own)))
        assert labels.tolist() == own["label"].to_list()
    assert kept.groupby("sha256")["split"].nunique().max() == 1
    duplicates = manifest[manifest["state"] == "duplicate"]
    assert len(duplicates) > 0
    assert duplicates["duplicate_of"].isin(kept["name"]).all()
    assert not (kept["class"] == "ship")[kept["synset"] == "n03796401"].any()


def test_the_crops_are_those_of_the_files(
    archives: dict[str, Path], built: dict[str, Path], manifest: pd.DataFrame
) -> None:
    images, _ = read_images(built["tree"], "train")
    kept = manifest[(manifest["state"] == "kept") & (manifest["split"] == "train") & (manifest["origin"] == "train")]
    for row in kept.sample(12, random_state=0).itertuples():
        content = (archives["tree"] / "train" / str(row.synset) / str(row.name)).read_bytes()
        assert np.array_equal(images[row.index], shortest_edge_crop(decode(content).pixels, 256))


def test_a_killed_build_goes_on_and_ends_with_the_same_bytes(
    archives: dict[str, Path], built: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imagenet12, "CHUNK", 50)
    decoded: list[bytes] = []

    def dying(content: bytes) -> object:
        decoded.append(content)
        if len(decoded) == 180:
            raise KeyboardInterrupt
        return decode(content)

    monkeypatch.setattr(imagenet12, "decode", dying)
    with pytest.raises(KeyboardInterrupt):
        stage.make(job_in(tmp_path, archives["tars"]))
    before = len(decoded)
    job = job_in(tmp_path, archives["tars"])
    stage.make(job)
    files = len(pd.read_parquet(job.output / "manifest.parquet").drop_duplicates(["origin", "synset", "name"]))
    assert files - 150 <= len(decoded) - before < files
    assert bytes_of(job.output) == bytes_of(built["tars"])


def test_too_many_broken_files_stop_the_build_and_are_named(archives: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(AdvdimError, match=r"images cannot be decoded; expected at most a share of 0\.001") as told:
        stage.make(job_in(tmp_path, archives["tree"], quarantine_share=0.001))
    assert ".JPEG: " in str(told.value)


def test_mutated_files_are_kept_or_quarantined_and_the_totals_add_up(archives: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(archives["tree"], tmp_path / "tree")
    generator = np.random.default_rng(0)
    paths = [path for path in sorted((tmp_path / "tree" / "train").rglob("*.JPEG")) if path.stat().st_size > 64]
    mutated = [paths[place] for place in generator.choice(len(paths), 200, replace=False)]
    for path, content in zip(mutated, _mutations(mutated, generator), strict=True):
        path.write_bytes(content)
    job = job_in(tmp_path, tmp_path / "tree", quarantine_share=1.0)
    stage.make(job)
    table = pd.read_parquet(job.output / "manifest.parquet")
    wanted = load_merge(MERGE).synsets
    files = [path.name for path in (tmp_path / "tree" / "train").rglob("*.JPEG") if path.parent.name in wanted]
    assert sorted(table.loc[table["origin"] == "train", "name"]) == sorted(files)
    assert ((table["state"] == "quarantined") == (table["reason"] != "")).all()
    counts = {split: len(read_images(job.output, split)[1]) for split in ("train", "validation", "test")}
    assert counts == table[table["state"] == "kept"].groupby("split").size().to_dict()
    assert (table["state"] == "quarantined").sum() > 50
    cut = {path.name for path in mutated[1::3]}
    assert (table.loc[table["name"].isin(cut), "state"] == "quarantined").all()


def _mutations(paths: list[Path], generator: np.random.Generator) -> Iterator[bytes]:
    for number, path in enumerate(paths):
        content = bytearray(path.read_bytes())
        if number % 3 == 0:
            content[int(generator.integers(len(content)))] ^= 1 << int(generator.integers(8))
        elif number % 3 == 1:
            del content[int(generator.integers(len(content))) :]
        else:
            content[:64] = paths[number - 1].read_bytes()[:64].ljust(64, b"\0")
        yield bytes(content)


@pytest.mark.parametrize("width", [32, 128])
def test_smaller_widths_are_made_from_the_crops(built: dict[str, Path], tmp_path: Path, width: int) -> None:
    settings = {"kind": "resized", "source": "imagenet12", "width": width, "kernel": "bilinear"}
    stage.make(Job("resized", settings, 0, {}, {"source": built["tree"]}, tmp_path, tmp_path, 60))
    crops, labels = read_images(built["tree"], "test")
    images, same_labels = read_images(tmp_path, "test")
    assert np.array_equal(labels, same_labels)
    assert np.array_equal(images, [downsize(crop, width) for crop in crops])
    train = read_images(tmp_path, "train")[0] / 255
    info = read_info(tmp_path)
    assert info["stand_in"]
    assert info["channel_means"] == pytest.approx(train.mean(axis=(0, 1, 2)))
    assert info["channel_deviations"] == pytest.approx(train.std(axis=(0, 1, 2)))
