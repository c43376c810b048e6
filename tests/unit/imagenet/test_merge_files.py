"""Files of merges: what they say is followed, and every mistake in them is told."""

import re
from pathlib import Path

import pandas as pd
import pytest
from image_names import CAT, DOG, FOX, OWL, TWO, names_of, write

from advdim.datasets.imagenet.archive import Member
from advdim.datasets.imagenet.merge_files import load_merge
from advdim.datasets.imagenet.merging import contradictions, merge
from advdim.errors import AdvdimError


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (f"classes: {{a: {{synsets: [{CAT}]}}}}", "expected: dictionary should have at least 2 items"),
        (
            f"klasses: {{a: {{synsets: [{CAT}]}}}}",
            "klasses: unknown key; expected one of classes, corrected, published",
        ),
        (
            f"classes: {{a: {{synset: [{CAT}]}}, b: {{synsets: [{DOG}]}}}}",
            "classes.a.synsets: missing; expected the class",
        ),
        (
            "classes: {a: {synsets: [n1]}, b: {synsets: [n00000002]}}",
            "classes.a.synsets.0: found 'n1'; expected: string",
        ),
        (
            f"classes: {{a: {{synsets: [{CAT}], test: 0}}, b: {{synsets: [{DOG}]}}}}",
            "classes.a.test: found 0; expected",
        ),
        (
            f"classes: {{a: {{synsets: [{CAT}, {CAT}]}}, b: {{synsets: [{DOG}]}}}}",
            f"classes.a.synsets: found {CAT} 2 times; expected it once",
        ),
        (
            f"classes: {{a: {{synsets: [{CAT}, {OWL}]}}, b: {{synsets: [{CAT}]}}}}",
            f"corrected: found nothing on {CAT} of a and b; expected the class that keeps it",
        ),
        (
            f"corrected: {{{CAT}: c}}\nclasses: {{a: {{synsets: [{CAT}, {OWL}]}}, b: {{synsets: [{CAT}]}}}}",
            f"corrected.{CAT}: found c; expected a or b",
        ),
        (
            f"corrected: {{{FOX}: a}}\nclasses: {{a: {{synsets: [{CAT}]}}, b: {{synsets: [{DOG}]}}}}",
            f"corrected.{FOX}: found a; expected no entry, since no class has that synset",
        ),
        (
            f"corrected: {{{CAT}: a}}\nclasses: {{a: {{synsets: [{CAT}]}}, b: {{synsets: [{CAT}]}}}}",
            "classes.b: keeps no synset in the variant `corrected`; expected one",
        ),
        (f"published: none.csv\nclasses: {{{TWO}}}", "none.csv: cannot be read (No such file or directory)"),
        ("classes: [", "is not valid YAML"),
    ],
)
def test_mistakes_of_a_merge_are_told(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(AdvdimError, match=re.escape(told)):
        load_merge(write(tmp_path, content))


HEADER = "class_index,class_name,wnid,published_train_images,published_test_images\n"
COUNTS = f"{HEADER}0,feline,{CAT},4,1\n1,canine,{DOG},3,1\n1,canine,{FOX},3,0\n"


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        (COUNTS.replace(",4,1", ",4.5,1"), "has one mistake; mend and run again:\n  - row 1.published_train_images: "),
        (COUNTS.replace(",4,1", ",-4,1"), "row 1.published_train_images: found '-4'; expected: "),
        (COUNTS.replace(",4,1", ",,1"), "row 1.published_train_images: missing; expected images of it for training"),
        (COUNTS.replace(",4,1", ",4,1,7"), "row 1.further columns: unknown key"),
        (COUNTS.replace("wnid", "synset"), "found 3 rows with the columns class_index, class_name, synset, "),
        (HEADER, "found 0 rows with the columns class_index"),
        ("", "found 0 rows with the columns of no name; expected some rows with the columns class_index, "),
        (COUNTS.replace("0,feline", "2,feline"), f"row 1 counts {CAT} of class 2 (feline); expected each synset"),
        (COUNTS.replace(FOX, OWL), f"row 3 counts {OWL} of class 1 (canine); expected each synset of each class once"),
        (COUNTS.replace(FOX, DOG), f"row 3 counts {DOG} of class 1 (canine)"),
        (COUNTS[: COUNTS.index("1,canine")], f"found no row for 2 synsets, the first of them {DOG} of class canine"),
        (HEADER + "x,y,z,-1,-1\n" * 9, "has 36 mistakes; mend and run again:"),
    ],
)
def test_mistakes_of_the_published_counts_are_told(tmp_path: Path, counts: str, told: str) -> None:
    write(tmp_path, counts, "counts.csv")
    with pytest.raises(AdvdimError, match=re.escape(told)) as caught:
        load_merge(write(tmp_path, f"published: counts.csv\nclasses: {{{TWO}}}"))
    assert len(str(caught.value).splitlines()) <= 7


def test_what_the_archive_lacks_is_told(tmp_path: Path) -> None:
    write(tmp_path, COUNTS, "counts.csv")
    settings = load_merge(write(tmp_path, f"published: counts.csv\nclasses: {{{TWO}}}"))

    def complaint(members: list[Member], variant: str = "corrected", share: float = 0.1) -> str:
        with pytest.raises(AdvdimError) as caught:
            merge(members, settings, variant=variant, validation_share=share, seed=0)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)
        return str(caught.value)

    few = names_of([CAT], 4, 0) + names_of([DOG, FOX], 4, 0)
    assert f"found 4 images of {CAT} in the archive, expected at least the 4 + 1 of class feline" in complaint(
        few, "published"
    )
    assert f"found no image of {DOG} in the archive, expected some for class canine" in complaint(few[:4])
    assert "found 2 images of class feline in the archive, expected at least 3" in complaint(few[2:])
    assert "validation_share: found 1; expected a number of at least 0 and below 1" in complaint(few, share=1)
    counts = merge(names_of([CAT, DOG, FOX], 4, 1), settings, variant="published", validation_share=0.1, seed=0)
    assert counts.groupby(["class", "synset"]).size().tolist() == [4, 3, 5]
    settings = load_merge(write(tmp_path, f"classes: {{{TWO}}}"))
    assert "found no published counts, expected the key `published`" in complaint(few, "published")


LIST = f"""name,class,split
train/{CAT}/{CAT}_0.JPEG,10,train
{CAT}_1.JPEG,10,train
{CAT}_2.JPEG,10,train
val/{CAT}/ILSVRC2012_val_00000001.JPEG,10,test
{DOG}_0.JPEG,9,train
{FOX}_0.JPEG,9,train
{FOX}_1.JPEG,9,test
"""


def listed(folder: Path, content: str, variant: str = "corrected") -> pd.DataFrame:
    settings = load_merge(write(folder, content, "list.csv"))
    members = names_of([CAT, DOG, FOX, OWL], 30, 4)
    return merge(members, settings, variant=variant, validation_share=0.4, seed=0)  # type: ignore[arg-type]


def test_a_list_with_splits_is_followed(tmp_path: Path) -> None:
    table = listed(tmp_path, LIST)
    assert table.groupby("class")["label"].unique().map(list).to_dict() == {"9": [0], "10": [1]}
    assert list(table[table["split"] == "test"].itertuples(index=False, name=None)) == [
        ("test", 0, "9", FOX, "train", f"{FOX}_1.JPEG"),
        ("test", 1, "10", CAT, "val", "ILSVRC2012_val_00000001.JPEG"),
    ]
    assert table.groupby(["class", "split"]).size().drop("test", level="split").tolist() == [2, 1, 1, 1]
    assert len(table) == 7
    own = listed(tmp_path, LIST.replace(f"{CAT}_2.JPEG,10,train", f"{CAT}_2.JPEG,10,validation"))
    assert own.loc[own["split"] == "validation", "name"].tolist() == [f"{CAT}_2.JPEG"]


def test_a_list_without_splits_is_divided(tmp_path: Path) -> None:
    rows = [f"{synset}_{number}.JPEG,{synset[-1]}," for synset in (CAT, DOG, FOX) for number in range(21)]
    table = listed(tmp_path, "\n".join(["name,class,split", *rows]))
    counts = pd.crosstab(table["class"], table["split"])
    assert counts[["train", "validation", "test"]].to_numpy().tolist() == [[12, 8, 1]] * 3
    assert contradictions(table).empty


def test_contradictions_of_a_list_are_refused_or_kept(tmp_path: Path) -> None:
    spoilt = f"{LIST}{CAT}_0.JPEG,9,test\n{FOX}_0.JPEG,9,test\n"
    with pytest.raises(AdvdimError) as caught:
        listed(tmp_path, spoilt)
    told = str(caught.value)
    assert (
        "list.csv: found 2 images with two classes or in two splits, the first of them n00000001_0.JPEG (10, 9; "
        in told
    )
    found = contradictions(listed(tmp_path, spoilt, "published"))
    assert found["name"].tolist() == [f"{CAT}_0.JPEG", f"{FOX}_0.JPEG"]
    assert found["two_classes"].tolist() == [True, False]
    assert found["two_splits"].tolist() == [True, True]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            LIST.replace("class", "label"),
            "found 7 rows with the columns name, label, split; expected some rows with the ",
        ),
        (
            LIST.replace("9,test", "9,val"),
            "row 7.split: found 'val'; expected: input should be 'train', 'validation' or",
        ),
        (LIST + f"{DOG}_0.JPEG,9,train\n", f"{DOG}_0.JPEG of class 9 stands there twice, expected it once"),
        (LIST.replace("9,test", "9,"), "1 of 7 rows have no split, expected one in every row or in none"),
        (LIST.replace("9,test", "9,train"), "class 9 has no image for test, expected some of each class"),
        (LIST.replace(",9,", ",10,"), "all images are of class 10, expected two classes or more"),
        (
            LIST.replace(f"val/{CAT}/", "val/"),
            "the synset of val/ILSVRC2012_val_00000001.JPEG is not known, expected it",
        ),
        (
            LIST.replace(f"{FOX}_1.", f"{FOX}_77."),
            f"found 1 names that the archive lacks, the first of them {FOX}_77.JPEG",
        ),
    ],
)
def test_mistakes_of_a_list_are_told(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(AdvdimError, match=re.escape(told)) as caught:
        listed(tmp_path, content)
    assert str(tmp_path / "list.csv") in str(caught.value)


def test_a_list_that_a_spreadsheet_wrote_is_read(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(b"\xef\xbb\xbf" + LIST.replace("\n", "\r\n").encode())
    assert load_merge(tmp_path / "list.csv").class_names == ("9", "10")
