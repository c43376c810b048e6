"""Pictures of the user: upright, square, in a fixed order, and one sentence for each thing that can be wrong."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from advdim.config.datasets import Pictures
from advdim.datasets import picture_files, pictures
from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import read_image_info, read_images, write_images
from advdim.errors import AdvdimError
from advdim.plan.sources import dataset_digests

UPRIGHT = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def put(folder: Path, name: str, pixels: NDArray[np.generic] = UPRIGHT, orientation: int = 1) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif, **({} if path.suffix == ".png" else {"quality": 95}))
    return path


def built(folder: Path, width: int = 16, classes: int = 10) -> ImageSplits:
    return pictures.build(folder=str(folder), width=width, classes=classes, seed=0)


def test_classes_take_turns_and_files_are_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("7-cat/b.png", "7-cat/a.JPG", "7-cat/c.jpeg", "2/z.png"):
        put(tmp_path, name)
    (tmp_path / "3-only-a-name").mkdir()
    for name in ("7-cat/.hidden.png", "7-cat/notes.txt", ".git", "readme"):
        (tmp_path / name).write_text("no picture")
    splits = built(tmp_path)
    assert splits.manifest["file"].to_list() == ["2/z.png", "7-cat/a.JPG", "7-cat/b.png", "7-cat/c.jpeg"]
    assert splits.test_labels.tolist() == splits.manifest["label"].to_list() == [2, 7, 7, 7]
    assert splits.manifest["class"].to_list() == ["2", *["7-cat"] * 3]
    assert splits.class_names == ("0", "1", "2", "3-only-a-name", "4", "5", "6", "7-cat", "8", "9")
    assert np.array_equal(splits.test_images[0], UPRIGHT)
    assert splits.test_images.shape == (4, 16, 16, 3)
    assert [path.name for path in picture_files.files(tmp_path)] == ["z.png", "a.JPG", "b.png", "c.jpeg"]


@pytest.mark.parametrize(
    ("orientation", "stored"),
    [(1, UPRIGHT), (3, UPRIGHT[::-1, ::-1]), (6, np.rot90(UPRIGHT)), (8, np.rot90(UPRIGHT, -1)), (2, UPRIGHT[:, ::-1])],
)
def test_a_picture_is_turned_as_its_camera_says(tmp_path: Path, orientation: int, stored: NDArray[np.uint8]) -> None:
    put(tmp_path, "0/turned.png", np.ascontiguousarray(stored), orientation)
    assert np.array_equal(built(tmp_path).test_images[0], UPRIGHT)


@pytest.mark.parametrize("upright", [False, True])
def test_the_central_square_is_kept(tmp_path: Path, upright: bool) -> None:
    wide = np.zeros((16, 40, 3), np.uint8)
    wide[:, 12:28] = UPRIGHT
    put(tmp_path, "0/wide.png", wide.transpose(1, 0, 2) if upright else wide)
    assert np.array_equal(built(tmp_path).test_images[0], UPRIGHT.transpose(1, 0, 2) if upright else UPRIGHT)


def test_small_patterns_become_grey_and_do_not_alias(tmp_path: Path) -> None:
    board = 255 * (np.indices((64, 64)).sum(axis=0) % 2).astype(np.uint8)
    put(tmp_path, "0/board.png", np.stack([board] * 3, axis=-1))
    assert np.abs(built(tmp_path, width=8).test_images.astype(int) - 127.5).max() < 4


def test_grey_palette_and_transparent_pictures_become_rgb(tmp_path: Path) -> None:
    grey = UPRIGHT[..., 0]
    put(tmp_path, "0/a.png", grey)
    put(tmp_path, "1/b.png", np.dstack([UPRIGHT, np.full((16, 16), 99, np.uint8)]))
    Image.fromarray(grey).convert("P").save(tmp_path / "1" / "c.png")
    expected = [np.stack([grey] * 3, axis=-1), UPRIGHT, np.stack([grey] * 3, axis=-1)]
    assert np.array_equal(built(tmp_path).test_images, expected)


def test_a_dataset_without_training_images_is_stored(tmp_path: Path) -> None:
    put(tmp_path / "from", "1/a.png")
    (tmp_path / "to").mkdir()
    write_images(tmp_path / "to", built(tmp_path / "from", classes=3))
    info = read_image_info(tmp_path / "to")
    assert (info.shape, info.class_names) == ((16, 16, 3), ("0", "1", "2"))
    assert info.channel_means == (0, 0, 0)
    assert info.channel_deviations == (1, 1, 1)
    assert np.array_equal(read_images(tmp_path / "to", "test")[0], [UPRIGHT])
    assert len(read_images(tmp_path / "to", "train")[1]) == 0


def test_what_is_missing_is_told_before_anything_is_read(tmp_path: Path) -> None:
    assert "207-golden-retriever" in (picture_files.needs(tmp_path / "none") or "")
    (tmp_path / "3").mkdir()
    assert "PNG or JPEG" in (picture_files.needs(tmp_path) or "")
    with pytest.raises(AdvdimError, match="found no picture; expected pictures"):
        built(tmp_path)
    (tmp_path / "3" / "broken.png").touch()
    assert picture_files.needs(tmp_path) is None


def test_mistakes_are_told_in_one_sentence(tmp_path: Path) -> None:
    put(tmp_path / "deep", "0/deep.png", np.arange(256, dtype=np.uint16).reshape(16, 16))
    put(tmp_path / "named", "cat/a.png")
    put(tmp_path / "beyond", "10/a.png")
    put(tmp_path / "twice", "7/a.png")
    put(tmp_path / "twice", "07-cat/a.png")
    put(tmp_path / "nested", "7/2024/a.png")
    whole = put(tmp_path / "cut", "0/a.png").read_bytes()
    (tmp_path / "cut" / "0" / "a.png").write_bytes(whole[:300])
    (tmp_path / "other" / "0").mkdir(parents=True)
    Image.fromarray(UPRIGHT).save(tmp_path / "other" / "0" / "a.png", format="GIF")
    told = {
        "deep": "mode I;16; expected 8 bits a channel",
        "named": "cat: found a folder that does not begin with the number of a class",
        "beyond": "found the class 10; expected numbers below 10",
        "twice": "7: has the same number as 07-cat",
        "nested": "2024: found a folder within that of a class; expected pictures",
        "cut": "a.png: cannot be read as PNG or JPEG",
        "other": "a.png: cannot be read as PNG or JPEG",
    }
    for name, sentence in told.items():
        with pytest.raises(AdvdimError, match=sentence) as error:
            built(tmp_path / name)
        assert "\n" not in str(error.value)


def test_a_name_that_is_not_utf8_is_told_before_anything_is_made(tmp_path: Path) -> None:
    put(tmp_path, "7-caf\udce9/x.png")
    with pytest.raises(
        AdvdimError, match=r"caf\\udce9/x\.png': has a name that is not UTF-8; expected one that is; rename"
    ):
        dataset_digests(Pictures(kind="pictures", folder=str(tmp_path), width=8))
