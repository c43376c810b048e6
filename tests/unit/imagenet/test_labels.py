"""The labels of the validation images: three forms give the same synsets, and wrong ones are told."""

from collections.abc import Callable
from pathlib import Path

import pytest
import tiny_ilsvrc as tiny
from tiny_ilsvrc import SYNSET_LABELS, check, complaint

from advdim.datasets.imagenet.archive import needs, open_ilsvrc


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
WRITERS = {SYNSET_LABELS: tiny.write_synset_labels, SOLUTION: tiny.write_solution, MEANINGS: tiny.write_kit}
ALPHABETICAL = "n01440764 1 tench\nn01443537 2 goldfish\nn02105855 232 Shetland_sheepdog\n"


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        (SYNSET_LABELS, lambda text: text[:-10], "has 4 labels and none for ILSVRC2012_val_00000005"),
        (SYNSET_LABELS, lambda text: "tench\n" + text, "line 1 is 'tench', expected a synset such as n01440764"),
        (SYNSET_LABELS, lambda text: "\x00\xff" + text, "line 1 is '"),
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
