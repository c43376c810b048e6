"""What the dimension page tells of sets built from ImageNet."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from advdim.artefacts.tables import write_table
from advdim.figures import imagenet
from advdim.figures.pictures import draw_pictures
from tests.made_up_results import Listing

pytestmark = pytest.mark.usefixtures("no_unseeded_draws")

CLASSES = ["ball", "ship", "truck"]
COLUMNS = ["split", "class", "synset", "name", "state", "reason", "mended", "height", "width", "enlarged"]
ROWS = [
    ("train", "ball", "n1", "a", "kept", "", "", 400, 300, False),
    ("train", "ball", "n1", "b", "kept", "", "png, grey", 100, 300, True),
    ("validation", "ball", "n1", "c", "quarantined", "cut", "", 0, 0, False),
    ("test", "ball", "n1", "d", "kept", "", "grey", 256, 256, False),
    ("train", "ship", "van", "e", "kept", "", "cmyk", 300, 300, False),
    ("train", "truck", "van", "e", "kept", "", "cmyk", 300, 300, False),
    ("train", "ship", "van", "f", "kept", "", "", 200, 900, True),
    ("test", "truck", "van", "f", "kept", "", "", 200, 900, True),
    ("train", "ship", "n2", "g", "duplicate", "", "", 300, 300, False),
    ("test", "ship", "n2", "h", "quarantined", "cut", "", 0, 0, False),
]
MANIFEST = pd.DataFrame(ROWS, columns=COLUMNS).assign(origin="train")


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    """A set of the stand-in at three widths, in two experiments, and another of which only one width is shown."""
    study = Listing(tmp_path)
    add(study, "small", {"kind": "resized", "source": "whole", "width": 8})
    add(study, "whole", {"kind": "imagenet12", "width": 256})
    add(study, "medium", {"kind": "resized", "source": "whole", "width": 16})
    add(study, "other-8", {"kind": "resized", "source": "other", "width": 8}, stand_in=False)
    study.add("datasets", "photos12", {"dataset": "photos"}, {"kind": "photos12", "width": 8})
    study.rows += [row | {"labels": row["labels"] | {"experiment": "two"}} for row in study.rows]
    return study


def add(study: Listing, name: str, settings: dict[str, object], *, stand_in: bool = True) -> None:
    folder = study.add("datasets", str(settings["kind"]), {"dataset": name}, settings)
    width = int(str(settings["width"]))
    info = {"stand_in": stand_in, "shape": [width, width, 3], "class_names": CLASSES}
    info |= {"channel_means": [0.5, 0.4, 0.3], "channel_deviations": [0.25] * 3}
    (folder / "info.json").write_text(json.dumps(info), encoding="utf-8")
    np.save(folder / "test-images.npy", np.full((2, width, width, 3), 40, np.uint8))
    np.save(folder / "test-labels.npy", np.array([0, 2]))
    write_table(MANIFEST, folder / "manifest.parquet")


def test_widths_of_a_set_belong_together_the_largest_first(listing: Listing) -> None:
    found = imagenet.families(listing.results)
    widths = {name: [family.settings(row)["width"] for row in family.rows] for name, family in found.items()}
    assert widths == {"whole (stand-in archive, not ImageNet)": [256, 16, 8], "other": [8]}
    assert imagenet.read_manifest(found["other"]).equals(MANIFEST)


def test_nothing_is_shown_where_there_is_no_such_set(tmp_path: Path) -> None:
    assert imagenet.families(Listing(tmp_path).results) == {}
    assert imagenet.channel_facts(Listing(tmp_path).results).empty


def test_pictures_have_a_row_for_each_width_and_a_gap_for_a_class_without_one(listing: Listing) -> None:
    fig = draw_pictures(next(iter(imagenet.families(listing.results).values())))
    shown = [len(axes.images) for axes in fig.axes]
    assert shown == [1, 0, 1] * 3
    assert [axes.images[0].get_array().shape[0] for axes in fig.axes[::3]] == [256, 16, 8]
    assert [axes.get_ylabel() for axes in fig.axes[::3]] == ["256 px", "16 px", "8 px"]
    assert [axes.get_title(loc="left") for axes in fig.axes[:3]] == CLASSES


def test_sizes_are_those_of_files_that_could_be_decoded() -> None:
    sizes = imagenet.source_sizes(MANIFEST)
    assert sorted(sizes.itertuples(index=False, name=None)) == sorted(
        [(300, 400), (100, 300), (256, 256), (300, 300), (200, 900), (300, 300)]
    )
    edges, ratios = imagenet.draw_sizes(sizes).axes
    assert sum(bar.get_height() for bar in edges.patches) == len(sizes)
    assert edges.get_title(loc="left") + edges.get_title() == "Shorter edge: 33.3% are below 256"
    assert ratios.get_xlabel() == "ratio"


def test_counts_are_told_by_class_and_split() -> None:
    counts = imagenet.count_classes(MANIFEST).set_index("class")
    assert list(counts.columns) == ["train", "validation", "test", "quarantined", "duplicates", "enlarged"]
    assert counts.T.to_dict("list") == {
        "ball": [2, 0, 1, 1, 0, 1],
        "ship": [2, 0, 0, 1, 1, 1],
        "truck": [1, 0, 1, 0, 0, 1],
        "all": [5, 0, 2, 2, 1, 3],
    }


def test_a_class_of_which_nothing_is_left_is_told() -> None:
    lost = MANIFEST.assign(state=MANIFEST["state"].where(MANIFEST["class"] != "truck", "quarantined"))
    counts = imagenet.count_classes(lost).set_index("class")
    assert counts.loc["truck"].to_list() == [0, 0, 0, 2, 0, 0]


def test_oddities_are_counted_by_file() -> None:
    odd = imagenet.list_oddities(MANIFEST)
    told = {(row.what, row.became): row.files for row in odd.itertuples()}
    kept = "mended and kept"
    assert told == {("grey", kept): 2, ("png", kept): 1, ("cmyk", kept): 1, ("cut", "quarantined"): 2}


def test_contradictions_are_counted_by_classes_and_splits() -> None:
    found = imagenet.list_contradictions(MANIFEST)
    assert found.to_dict("records") == [
        {"synset": "van", "classes": "ship, truck", "splits": "train", "files": 1},
        {"synset": "van", "classes": "ship, truck", "splits": "train, test", "files": 1},
    ]
    assert imagenet.list_contradictions(MANIFEST[MANIFEST["synset"] != "van"]).empty


def test_channels_stand_beside_the_published_ones(listing: Listing) -> None:
    facts = imagenet.channel_facts(listing.results).set_index("set")
    assert facts["width"].to_dict() == {"small": 8, "whole": 256, "medium": 16, "other-8": 8}
    assert facts.loc["whole", "the source's deviations"] == ".232 .226 .225"
    assert facts.loc["small", "the source's deviations"] == ""
    assert set(facts["means"]) == {"0.500 0.400 0.300"}
