"""The stand-in for ILSVRC2012: its layout, and that each quirk is there, by what other libraries find in the files."""

import contextlib
import hashlib
import io
import re
import tarfile
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from advdim.cli import app
from advdim.datasets.imagenet.archive import STAND_IN_MARK, open_ilsvrc
from advdim.datasets.imagenet.quirky_pictures import encode
from advdim.datasets.imagenet.stand_in import write_stand_in
from advdim.datasets.photographs import PHOTOGRAPHS, load
from advdim.errors import AdvdimError

ROOT = Path(__file__).parents[3]
SYNSETS = sorted(set(pd.read_csv(ROOT / "config" / "imagenet12.csv")["wnid"]))
FEW = ["n02105855", "n02492035", "n03796401", "n01440764", "n03345487"]
Files = dict[tuple[str, str], bytes]

WHOLE = {
    "png": ("PNG", "RGB"),
    "cmyk": ("JPEG", "CMYK"),
    "ycck": ("JPEG", "CMYK"),
    "grey": ("JPEG", "L"),
    "16-bit": ("PNG", "I;16"),
    "alpha": ("PNG", "RGBA"),
    "palette": ("PNG", "P"),
    "exif-broken": ("JPEG", "RGB"),
    "exif-orientation": ("JPEG", "RGB"),
    "small": (None, None),
    "duplicate": (None, None),
    "moving-van": (None, None),
}
"""Format and mode of each kind of whole picture, as Pillow tells them."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The archive in both forms, as the command line writes it."""
    top = tmp_path_factory.mktemp("stand-in")
    with contextlib.chdir(ROOT):
        for form in ("tree", "tars"):
            command = ["stand-in", str(top / form), "--form", form, "--images", "2", "--validation", "1"]
            done = CliRunner().invoke(app, command)
            assert done.exit_code == 0, done.output
    return {form: top / form for form in ("tree", "tars")}


@pytest.fixture(scope="module")
def files(folders: dict[str, Path]) -> Files:
    """All files of the tree by origin and name, read without the reader."""
    paths = [path for path in folders["tree"].rglob("*/*/*") if path.is_file()]
    return {(path.parts[-3], path.name): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def table(folders: dict[str, Path]) -> pd.DataFrame:
    return pd.read_csv(folders["tree"] / STAND_IN_MARK, keep_default_na=False)


def test_tree_and_tars_hold_the_same(folders: dict[str, Path], files: Files) -> None:
    tree, tars = (open_ilsvrc(folder, SYNSETS) for folder in folders.values())
    assert tree.members() == tars.members()
    assert len(tree.members()) == 188 * 3
    assert tree.ignored == tars.ignored == ()
    expected = {member: files[member.origin, member.name] for member in tree.members()}
    assert dict(tree.read(tree.members())) == dict(tars.read(tars.members())) == expected
    assert (folders["tree"] / STAND_IN_MARK).read_bytes() == (folders["tars"] / STAND_IN_MARK).read_bytes()


def test_the_layout_is_that_of_imagenet(folders: dict[str, Path], files: Files) -> None:
    names = sorted(path.name for path in folders["tars"].iterdir())
    assert names == [
        "ILSVRC2012_img_train.tar",
        "ILSVRC2012_img_val.tar",
        "ILSVRC2012_validation_synset_labels.txt",
        STAND_IN_MARK,
    ]
    with tarfile.open(folders["tars"] / "ILSVRC2012_img_train.tar") as outer:
        assert {re.sub(r"^n\d{8}\.tar$", "", name) for name in outer.getnames()} == {""}
        assert set(SYNSETS) < {name[:9] for name in outer.getnames()}
        assert {(info.mtime, info.uid, info.uname) for info in outer} == {(0, 0, "")}
        with tarfile.open(fileobj=outer.extractfile("n02105855.tar")) as inner:
            assert "n02105855_2933.JPEG" in inner.getnames()
            assert all(re.fullmatch(r"n02105855_\d{1,5}\.JPEG", name) for name in inner.getnames())
    with tarfile.open(folders["tars"] / "ILSVRC2012_img_val.tar") as flat:
        assert flat.getnames() == [f"ILSVRC2012_val_{number:08d}.JPEG" for number in range(1, 191)]
    labels = (folders["tars"] / "ILSVRC2012_validation_synset_labels.txt").read_text().split()
    assert Counter(labels).keys() > set(SYNSETS)
    assert labels != sorted(labels)
    assert len(files) == 190 * 3


def test_the_files_known_for_a_quirk_have_it_under_their_own_names(table: pd.DataFrame) -> None:
    kinds = table[table["kind"] != "small"].set_index("name")["kind"]
    assert kinds["n02105855_2933.JPEG"] == "png"
    assert kinds["n02492035_15739.JPEG"] == kinds["n01739381_1309.JPEG"] == "cmyk"
    assert kinds["n04152593_17460.JPEG"] == "exif-broken"


def test_each_whole_picture_is_as_the_table_says(files: Files, table: pd.DataFrame) -> None:
    quirks: dict[tuple[str, str], dict[str, str]] = {}
    for row in table.itertuples():
        quirks.setdefault((row.origin, row.name), {})[row.kind] = row.detail
    assert {kind for kinds in quirks.values() for kind in kinds} == {*WHOLE, "truncated", "corrupt"}
    for key, content in files.items():
        kinds = quirks.get(key, {})
        if {"truncated", "corrupt"} & kinds.keys():
            continue
        with warnings.catch_warnings(action="ignore"):  # of the broken EXIF blocks
            image = Image.open(io.BytesIO(content))
            turned = image.getexif().get(0x0112)
        form_and_mode = next((WHOLE[kind] for kind in kinds if WHOLE[kind][0]), ("JPEG", "RGB"))
        assert (image.format, image.mode) == form_and_mode
        assert np.asarray(image).std() > 0
        assert kinds.get("small") == (f"{image.width} x {image.height}" if min(image.size) < 256 else None)
        if "exif-broken" in kinds:
            assert b"Exif\0\0" in content
        else:
            assert kinds.get("exif-orientation") == (str(turned) if turned else None)


def test_each_way_of_turning_and_breaking_is_there(table: pd.DataFrame) -> None:
    details = {kind: set(rows["detail"]) for kind, rows in table.groupby("kind")}
    assert details["exif-orientation"] == set("2345678")
    assert details["exif-broken"] == {"no-tiff", "offset-outside", "cut-directory"}
    assert details["truncated"] == {"header", "half", "tail"}
    assert details["corrupt"] == {"empty", "page", "noise", "swapped-header"}


def test_both_splits_of_the_moving_van_are_told(table: pd.DataFrame) -> None:
    vans = table[table["kind"] == "moving-van"]
    assert set(vans["synset"]) == {"n03796401"}
    assert vans["origin"].tolist() == ["train", "train", "val"]


def test_what_is_cut_or_corrupt_cannot_be_decoded(files: Files, table: pd.DataFrame) -> None:
    spoilt = table[table["kind"].isin(["truncated", "corrupt"])]
    assert {"train", "val"} == set(spoilt["origin"])
    for row in spoilt.itertuples():
        with pytest.raises(OSError, match=r"truncated|Truncated|cannot identify"):
            Image.open(io.BytesIO(files[row.origin, row.name])).load()


def test_only_the_planted_copies_are_copies(files: Files, table: pd.DataFrame) -> None:
    by_content: dict[str, set[tuple[str, str]]] = {}
    for key, content in files.items():
        if len(content) > 100:  # the empty file and the page are no pictures
            by_content.setdefault(hashlib.sha256(content).hexdigest(), set()).add(key)
    copies = table[table["kind"] == "duplicate"]
    expected = {frozenset({(row.origin, row.name), ("train", row.detail)}) for row in copies.itertuples()}
    assert {frozenset(group) for group in by_content.values() if len(group) > 1} == expected
    assert Counter(copies["origin"]) == {"train": 6, "val": 6}
    same = [row.synset == row.detail[:9] for row in copies.itertuples()]
    assert same == [row.origin == "val" for row in copies.itertuples()]


def test_a_ycck_file_says_so_and_decodes_to_the_picture() -> None:
    """Y, Cb, Cr and K of the file, told by the transform 2 of Adobe's marker, give the same colours as CMYK."""
    pixels = load(PHOTOGRAPHS[3])[:300, :400]
    decoded = {}
    for kind, transform in (("cmyk", 0), ("ycck", 2)):
        image = Image.open(io.BytesIO(encode(pixels, kind, "")))
        assert (image.mode, image.info["adobe_transform"]) == ("CMYK", transform)
        decoded[kind] = np.asarray(image.convert("RGB"), dtype=float)
    for image in decoded.values():
        assert 10 * np.log10(255**2 / np.mean((image - pixels) ** 2)) > 35
    assert len(encode(pixels, "ycck", "")) < 0.8 * len(encode(pixels, "cmyk", ""))  # fewer correlated channels


def small_stand_in(folder: Path, *, images: int = 14, validation: int = 5, seed: int = 0) -> None:
    counts = {"images_per_synset": images, "validation_per_synset": validation}
    write_stand_in(folder, **counts, seed=seed, form="tars", synsets=FEW)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    digests = {}
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / name).mkdir()  # an empty folder is filled
        small_stand_in(tmp_path / name, seed=seed)
        paths = sorted((tmp_path / name).iterdir())
        digests[name] = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert len(digests["a"]) == 4
    assert digests["a"] == digests["b"]
    assert not set(digests["a"]) & set(digests["c"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]
    counts = Counter((member.origin, member.synset) for member in open_ilsvrc(tmp_path / "a", FEW).members())
    assert counts == {(origin, synset): count for origin, count in (("train", 14), ("val", 5)) for synset in FEW}


@pytest.mark.parametrize(
    ("images", "validation", "told"),
    [
        (0, 1, "training images of each synset: found 0; expected 1 to 10,000"),
        (1, 10_001, "validation images of each synset: found 10001; expected 1 to 10,000"),
        (3, 5, "too few images for its 30 planted files and 12 copies, expected some 40 training and 15 validation"),
        (14, 2, "too few images for its 30 planted files"),
    ],
)
def test_numbers_that_do_not_fit_are_told(tmp_path: Path, images: int, validation: int, told: str) -> None:
    with pytest.raises(AdvdimError, match=told):
        small_stand_in(tmp_path / "a", images=images, validation=validation)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    thesis = tmp_path / "mine" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("years of work")
    for folder, told in (
        (thesis.parent, "something already"),
        (thesis, "something already"),
        (thesis / "a", "written"),
    ):
        with pytest.raises(AdvdimError, match=told):
            small_stand_in(folder)
    assert thesis.read_text() == "years of work"
    assert len(list(tmp_path.rglob("*"))) == 2
