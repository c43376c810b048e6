"""ILSVRC2012's archive: each form of it gives the same images, and what is damaged, hostile or missing is told."""

import contextlib
import io
import os
import random
import re
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_ilsvrc as tiny
from tiny_ilsvrc import CONTENTS, FORMS, MEMBERS, OTHER, TRAIN, VAL, WANTED, file, special, tar

from advdim.datasets import ilsvrc
from advdim.datasets.ilsvrc import Archive, Member, needs, open_ilsvrc
from advdim.datasets.tar_entries import entries
from advdim.errors import AdvdimError

TRAIN_TAR, VAL_TAR = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"
LABELS = "ILSVRC2012_validation_synset_labels.txt"
EXPECTED = [Member(*member) for member in MEMBERS]


def contents(archive: Archive) -> dict[str, bytes]:
    return {member.name: content for member, content in archive.read(archive.members())}


def check(folder: Path) -> Archive:
    archive = open_ilsvrc(folder, WANTED)
    assert archive.members() == EXPECTED
    assert contents(archive) == {member.name: CONTENTS[member.name] for member in EXPECTED}
    return archive


def complaint(folder: Path) -> str:
    with pytest.raises(AdvdimError) as told:
        contents(open_ilsvrc(folder, WANTED))
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.fixture
def tars(tmp_path: Path) -> Path:
    tiny.write_tars(tmp_path)
    return tmp_path


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


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_entries_are_where_the_standard_library_finds_them(form: int) -> None:
    draw = random.Random(form)
    files = [file(f"{'d' * draw.randrange(90)}/{i}", draw.randbytes(draw.randrange(2000))) for i in range(40)]
    content = tar([*files, special("link", tarfile.SYMTYPE, "0"), special("folder", tarfile.DIRTYPE)], form)
    with tarfile.open(fileobj=io.BytesIO(content)) as library:
        expected = [(info.name, info.offset_data, info.size, info.isreg()) for info in library]
    found = list(entries(io.BytesIO(content), 0, len(content), "it"))
    assert [(entry.name.rstrip("/"), entry.start, entry.size, entry.regular) for entry in found] == expected


def test_a_long_name_or_a_large_size_does_not_lead_astray() -> None:
    long = [file("a", b"1"), file("n" * 300, b"22"), file("b", b"333")]
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        content = tar(long, form)
        found = list(entries(io.BytesIO(content), 0, len(content), "it"))
        assert [(entry.name[:9], entry.size) for entry in found] == [("a", 1), ("n" * 9, 2), ("b", 3)]
    header = tarfile.TarInfo("large")
    header.size = 9 * 2**30
    with pytest.raises(AdvdimError, match="it: ends in the middle of 'large'"):
        list(entries(io.BytesIO(header.tobuf(tarfile.GNU_FORMAT) + bytes(1024)), 0, 1536, "it"))


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
    assert sorted(path.name for path in tars.rglob("*")) == sorted([TRAIN_TAR, VAL_TAR, LABELS])
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


def test_each_cut_of_a_tar_is_told(tars: Path) -> None:
    for name in (TRAIN_TAR, VAL_TAR):
        whole = (tars / name).read_bytes()
        end = len(whole.rstrip(b"\0"))
        end += -end % 512
        for length in [*range(0, end, 512), *range(100, end, 1024), end]:
            (tars / name).write_bytes(whole[:length])
            told = complaint(tars)
            assert told.startswith(f"{tars / name}: ends ")
            assert told.endswith("expected a whole tar file; copy or download it again")
        (tars / name).write_bytes(whole)
    check(tars)


def test_a_cut_tar_inside_the_training_tar_is_told(tars: Path) -> None:
    inner = tar(file(name, TRAIN[name]) for name in TRAIN if name.startswith(WANTED[0]))
    (tars / TRAIN_TAR).write_bytes(tar([file(f"{WANTED[0]}.tar", inner[:1300])]))
    assert f"{tars / TRAIN_TAR}, {WANTED[0]}.tar: ends " in complaint(tars)


def forged(field: slice, value: bytes, kind: bytes = b"0") -> bytes:
    """A header with a forged field and a right checksum."""
    header = bytearray(tarfile.TarInfo("ILSVRC2012_val_00000001.JPEG").tobuf(tarfile.USTAR_FORMAT))
    header[156:157], header[field] = kind, value
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize("kind", [b"0", b"L", b"x", b"g", b"S"])
@pytest.mark.parametrize(
    "size", [b"\xff" * 12, b"\x80" + b"\xff" * 11, b"-0000001000\0", b"77777777777\0", b"0x10".ljust(12)]
)
def test_a_forged_size_neither_fills_the_memory_nor_goes_on_for_ever(tars: Path, kind: bytes, size: bytes) -> None:
    (tars / VAL_TAR).write_bytes(forged(slice(124, 136), size, kind) + (tars / VAL_TAR).read_bytes())
    assert str(tars / VAL_TAR) in complaint(tars)


@pytest.mark.parametrize("name", [TRAIN_TAR, VAL_TAR, LABELS])
def test_a_damaged_file_is_told_or_reported_or_read_right(tars: Path, name: str) -> None:
    """Flipped bytes of headers and contents: never another exception, and never an image under a strange name."""
    whole = (tars / name).read_bytes()
    draw = random.Random(name)
    told = 0
    for _ in range(200):
        spoilt = bytearray(whole)
        for _ in range(draw.randint(1, 3)):
            spoilt[draw.randrange(len(spoilt))] = draw.randrange(256)
        (tars / name).write_bytes(spoilt)
        try:
            archive = open_ilsvrc(tars, WANTED)
        except AdvdimError as error:
            assert "\n" not in str(error)  # noqa: PT017
            told += 1
            continue
        assert {member.synset for member in archive.members()} == set(WANTED)
        assert all(re.fullmatch(r"(n\d{8}_\d+|ILSVRC2012_val_\d{8})\.JPEG", name) for name in contents(archive))
    assert told > 0


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
        f"{start}the labels of the validation images in {tmp_path}: {LABELS} (a synset a line), or "
        "LOC_val_solution.csv, or ILSVRC2012_validation_ground_truth.txt with map_clsloc.txt"
    )
    tiny.write_synset_labels(tmp_path)
    assert needs(tmp_path) is None


def test_numbers_without_their_meaning_are_told_and_meta_mat_is_declined(tmp_path: Path) -> None:
    tiny.write_tree(tmp_path, flat=True)
    kit = tmp_path / "ILSVRC2012_devkit_t12" / "data"
    tiny.write_kit(kit)
    assert needs(tmp_path) is None
    (kit / "map_clsloc.txt").unlink()
    told = complaint(tmp_path)
    assert f"map_clsloc.txt in {kit} to tell what the numbers" in told
    assert "MATLAB" not in told
    (kit / "meta.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    assert "development kits of 2014 to 2017; meta.mat beside it says that too, but is a MATLAB file)" in complaint(
        tmp_path
    )


def test_the_first_validation_images_get_their_published_synsets(tmp_path: Path) -> None:
    """Facts of ILSVRC2012: the ground truth begins with 490, 361 and 171, a sea snake, an alp and a sheepdog."""
    for number in (1, 2, 3):
        (tmp_path / "val").mkdir(exist_ok=True)
        (tmp_path / "val" / f"ILSVRC2012_val_0000000{number}.JPEG").touch()
    (tmp_path / "ILSVRC2012_validation_ground_truth.txt").write_text("490\n361\n171\n")
    (tmp_path / "map_clsloc.txt").write_text(
        "n02105855 171 Shetland_sheepdog\nn09193705 361 alp\nn01751748 490 sea_snake\n"
    )
    synsets = ("n01751748", "n09193705", "n02105855")
    for synset in synsets:
        (tmp_path / "train" / synset).mkdir(parents=True)
        (tmp_path / "train" / synset / f"{synset}_1.JPEG").touch()
    found = {
        member.name: member.synset for member in open_ilsvrc(tmp_path, synsets).members() if member.origin == "val"
    }
    assert found == {f"ILSVRC2012_val_0000000{number}.JPEG": synset for number, synset in enumerate(synsets, 1)}


SOLUTION, MEANINGS = "LOC_val_solution.csv", "map_clsloc.txt"
WRITERS = {LABELS: tiny.write_synset_labels, SOLUTION: tiny.write_solution, MEANINGS: tiny.write_kit}
ALPHABETICAL = "n01440764 1 tench\nn01443537 2 goldfish\nn02105855 232 Shetland_sheepdog\n"


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        (LABELS, lambda text: text[:-10], "has 4 labels and none for ILSVRC2012_val_00000005"),
        (LABELS, lambda text: "tench\n" + text, "line 1 is 'tench', expected a synset such as n01440764"),
        (LABELS, lambda text: "\x00\xff" + text, "line 1 is '"),
        (SOLUTION, lambda text: text.replace("_val_", "_test_", 1), "line 2 is 'ILSVRC2012_test_"),
        (MEANINGS, lambda _: ALPHABETICAL, "numbers the synsets in the order of their names"),
        (MEANINGS, lambda text: text.replace("171", "172"), "gives no synset"),
        (MEANINGS, lambda text: text.replace(" ", ","), "expected a line like 'n02119789 1 kit_fox'"),
    ],
)
def test_wrong_labels_are_told(tmp_path: Path, name: str, change: Callable[[str], str], told: str) -> None:
    tiny.write_tree(tmp_path, flat=True)
    WRITERS[name](tmp_path)
    check(tmp_path)
    (tmp_path / name).write_text(change((tmp_path / name).read_text()))
    assert str(tmp_path / name) in complaint(tmp_path)
    assert told in complaint(tmp_path)


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
    monkeypatch.setattr(ilsvrc, "MOST_BYTES", 500)
    FORMS[form](tmp_path)
    found = contents(open_ilsvrc(tmp_path, WANTED))
    assert found == {member.name: CONTENTS[member.name][:500] for member in EXPECTED}


def test_reading_holds_one_image_in_memory_at_a_time(tars: Path) -> None:
    images = (file(f"ILSVRC2012_val_{number:08d}.JPEG", bytes(200_000)) for number in range(1, 101))
    (tars / VAL_TAR).write_bytes(tar(images))
    (tars / LABELS).write_text("".join(f"{WANTED[number % 2]}\n" for number in range(100)))
    archive = open_ilsvrc(tars, WANTED)
    tracemalloc.start()
    with contextlib.closing(archive.read(archive.members())) as images_read:
        total = sum(len(content) for _, content in images_read)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 20_000_000
    assert peak < 1_500_000
