"""ILSVRC2012's archive: each form of it gives the same images, and what is hostile, odd or missing is told."""

import contextlib
import os
import re
import tarfile
import tracemalloc
from pathlib import Path

import pytest
import tiny_ilsvrc as tiny
from tiny_ilsvrc import (
    CONTENTS,
    EXPECTED,
    FORMS,
    OTHER,
    SYNSET_LABELS,
    TRAIN,
    TRAIN_TAR,
    VAL,
    VAL_TAR,
    WANTED,
    check,
    complaint,
    contents,
    file,
    special,
    tar,
)

from advdim.datasets.imagenet import archive as archives
from advdim.datasets.imagenet.archive import Member, needs, open_ilsvrc
from advdim.errors import AdvdimError


@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_the_same_images(tmp_path: Path, form: str) -> None:
    FORMS[form](tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert needs(tmp_path) is None
    assert check(tmp_path).ignored == ()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize("form", ["tree", "tars"])
def test_only_what_is_wanted_is_read_and_each_once(tmp_path: Path, form: str) -> None:
    FORMS[form](tmp_path)
    archive = open_ilsvrc(tmp_path, WANTED)
    wanted = [EXPECTED[-1], EXPECTED[2], EXPECTED[0], EXPECTED[2]]
    read = list(archive.read(wanted))
    assert sorted(member for member, _ in read) == sorted(set(wanted))
    assert all(content == CONTENTS[member.name] for member, content in read)
    assert list(archive.read([])) == []


def test_tars_are_read_from_front_to_back(tars: Path) -> None:
    archive = open_ilsvrc(tars, [*WANTED, OTHER])
    names = [member.name for member, _ in archive.read(archive.members())]
    assert names == [*TRAIN, *VAL]


def test_tars_of_other_synsets_are_not_entered(tars: Path) -> None:
    rotten = tar([file(f"{OTHER}.tar", b"no tar at all" * 100)])[:2560]
    whole = (tars / TRAIN_TAR).read_bytes()
    (tars / TRAIN_TAR).write_bytes(rotten[: 512 + 1536] + whole)
    assert check(tars).ignored == ()
    with pytest.raises(AdvdimError, match=re.escape(f"{TRAIN_TAR}, {OTHER}.tar: has no header")):
        open_ilsvrc(tars, [*WANTED, OTHER])


def test_a_copy_that_the_program_tar_wrote_is_read(tmp_path: Path) -> None:
    tiny.write_tree(tmp_path / "source", flat=True)
    assert os.system(f"cd {tmp_path}/source/val && tar cf {tmp_path}/{VAL_TAR} .") == 0  # noqa: S605
    (tmp_path / "source" / "train").rename(tmp_path / "train")
    tiny.write_synset_labels(tmp_path)
    assert check(tmp_path).ignored == ()


HOSTILE = [
    file("/tmp/advdim-absolute.JPEG", b"escaped"),  # noqa: S108 (an archive's claim)
    file("../ILSVRC2012_val_00000001.JPEG", b"escaped"),
    file("/ILSVRC2012_val_00000001.JPEG", b"escaped"),
    file("ILSVRC2012_val_00000001.JPEG\n", b"escaped"),
    file("ILSVRC2012_val_٠٠٠٠٠٠٠١.JPEG", b"escaped"),
    file("n01440764_7.JPEG", b"of the other part"),
    file("\x1b[2J", b"escaped"),
    special("ILSVRC2012_val_00000001.JPEG", tarfile.SYMTYPE, "/etc/hostname"),
    special("ILSVRC2012_val_00000002.JPEG", tarfile.LNKTYPE, "../advdim"),
    special("ILSVRC2012_val_00000003.JPEG", tarfile.CHRTYPE),
    special("ILSVRC2012_val_00000004.JPEG", tarfile.FIFOTYPE),
    special("ILSVRC2012_val_00000005.JPEG", tarfile.DIRTYPE),
]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_hostile_entries_have_no_effect_but_a_report(tars: Path, form: int, after: bool) -> None:
    images = [file(name, content) for name, content in VAL.items()]
    (tars / VAL_TAR).write_bytes(tar([*images, *HOSTILE] if after else [*HOSTILE, *images], form))
    inner = {synset: [file(name, TRAIN[name]) for name in TRAIN if name.startswith(synset)] for synset in WANTED}
    inner[WANTED[0]] += [special(f"{WANTED[0]}_7.JPEG", tarfile.SYMTYPE, "/etc/passwd"), file(f"{OTHER}_7.JPEG", b"")]
    outer = [file(f"{synset}.tar", tar(files)) for synset, files in inner.items()]
    outer += [
        special(f"{WANTED[0]}.tar", tarfile.SYMTYPE, "/etc/passwd"),
        file("../n01440764.tar", b""),
        file("a", b""),
    ]
    (tars / TRAIN_TAR).write_bytes(tar(outer))
    archive = check(tars)
    assert len(archive.ignored) == len(HOSTILE) + 5
    assert all(line.isprintable() and str(tars) in line for line in archive.ignored)
    assert f"{tars / VAL_TAR}, 'ILSVRC2012_val_00000004.JPEG': no regular file" in archive.ignored
    assert sorted(path.name for path in tars.rglob("*")) == sorted([TRAIN_TAR, VAL_TAR, SYNSET_LABELS])
    assert not Path("/tmp/advdim-absolute.JPEG").exists()  # noqa: S108


def test_of_a_name_that_is_there_twice_the_later_counts_as_in_unpacking(tars: Path) -> None:
    old = file("ILSVRC2012_val_00000001.JPEG", b"an older version")
    (tars / VAL_TAR).write_bytes(tar([old, *(file(name, content) for name, content in VAL.items())]))
    assert [line.rpartition(": ")[2] for line in check(tars).ignored] == [
        "there twice, of which the later counts as in unpacking"
    ]


def test_what_is_no_image_in_a_tree_is_passed_over_and_links_to_images_are_followed(tmp_path: Path) -> None:
    tiny.write_tree(tmp_path)
    train = tmp_path / "train"
    (train / ".DS_Store").touch()
    (train / WANTED[0] / "Thumbs.db").touch()
    (train / WANTED[0] / f"{WANTED[1]}_7.JPEG").touch()
    (train / WANTED[0] / f"{WANTED[0]}_8.JPEG").symlink_to("nowhere")
    (train / WANTED[0] / f"{WANTED[0]}_9.JPEG").mkdir()
    os.mkfifo(train / WANTED[0] / f"{WANTED[0]}_11.JPEG")
    (tmp_path / "val" / "ILSVRC2012_val_00000009.JPEG").touch()
    (train / WANTED[1]).rename(tmp_path / "elsewhere")
    (train / WANTED[1]).symlink_to(tmp_path / "elsewhere")
    image = train / WANTED[0] / f"{WANTED[0]}_7.JPEG"
    image.rename(tmp_path / "stored")
    image.symlink_to(tmp_path / "stored")
    assert len(check(tmp_path).ignored) == 7


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    train = f"the training images in {tmp_path}: {TRAIN_TAR}, or train with a folder for each synset"
    val = f"the validation images in {tmp_path}: {VAL_TAR}, or val with them or a folder for each synset"
    start = "ILSVRC2012, of which are missing "
    assert needs(tmp_path) == f"{start}{train}; and {val}"
    assert complaint(tmp_path) == (
        f"{tmp_path}: cannot be used; expected {start}{train}; and {val}; put that there or correct the path"
    )
    (tmp_path / TRAIN_TAR).write_bytes(tiny.train_tar())
    assert needs(tmp_path) == f"{start}{val}"
    (tmp_path / VAL_TAR).write_bytes(tiny.val_tar())
    assert needs(tmp_path) == (
        f"{start}the labels of the validation images in {tmp_path}: {SYNSET_LABELS} (a synset a line), or "
        "LOC_val_solution.csv, or ILSVRC2012_validation_ground_truth.txt with map_clsloc.txt"
    )
    tiny.write_synset_labels(tmp_path)
    assert needs(tmp_path) is None


@pytest.mark.parametrize("form", ["tree", "tars"])
def test_a_synset_without_images_is_told(tmp_path: Path, form: str) -> None:
    FORMS[form](tmp_path)
    with pytest.raises(
        AdvdimError, match=re.escape("found no image of 1 of 3 synsets (n03796401), expected names like")
    ):
        open_ilsvrc(tmp_path, [*WANTED, "n03796401"])


def test_an_empty_training_folder_is_told_with_what_was_passed_over(tmp_path: Path) -> None:
    tiny.write_tree(tmp_path)
    (tmp_path / "train" / WANTED[0]).rename(tmp_path / "train" / "tench")
    assert (
        f"(n01440764; passed over were 1, such as {tmp_path / 'train'}, 'tench': no folder of a synset)"
        in complaint(tmp_path)
    )


def test_strangers_and_changes_after_the_listing_are_told(tmp_path: Path) -> None:
    tiny.write_tree(tmp_path / "tree")
    tiny.write_tars(tmp_path / "tars")
    archive = open_ilsvrc(tmp_path / "tree", WANTED)
    with pytest.raises(AdvdimError, match=r"holds no train image n01440764_1\.JPEG of n01440764"):
        archive.read([Member("train", "n01440764", "n01440764_1.JPEG")])
    (tmp_path / "tree" / "train" / WANTED[0] / f"{WANTED[0]}_7.JPEG").unlink()
    with pytest.raises(AdvdimError, match=r"n01440764_7.JPEG: cannot be read \(No such file"):
        contents(archive)
    archive = open_ilsvrc(tmp_path / "tars", WANTED)
    os.truncate(tmp_path / "tars" / VAL_TAR, 600)
    with pytest.raises(AdvdimError, match=r"img_val.tar: ends in the middle of ILSVRC2012_val_00000001.JPEG"):
        contents(archive)


@pytest.mark.parametrize("form", ["tree", "tars"])
def test_an_endless_file_is_cut(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 500)
    FORMS[form](tmp_path)
    found = contents(open_ilsvrc(tmp_path, WANTED))
    assert found == {member.name: CONTENTS[member.name][:500] for member in EXPECTED}


def test_reading_holds_one_image_in_memory_at_a_time(tars: Path) -> None:
    images = (file(f"ILSVRC2012_val_{number:08d}.JPEG", bytes(200_000)) for number in range(1, 101))
    (tars / VAL_TAR).write_bytes(tar(images))
    (tars / SYNSET_LABELS).write_text("".join(f"{WANTED[number % 2]}\n" for number in range(100)))
    archive = open_ilsvrc(tars, WANTED)
    tracemalloc.start()
    with contextlib.closing(archive.read(archive.members())) as images_read:
        total = sum(len(content) for _, content in images_read)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 20_000_000
    assert peak < 1_500_000
