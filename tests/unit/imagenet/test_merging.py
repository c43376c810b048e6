"""Merging synsets to classes: the published counts are met, the contradiction is found, and `corrected` has none."""

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from image_names import CAT, DOG, FOX, OWL, TWO, names_of, write
from scipy.stats import hypergeom

from advdim.datasets.imagenet.archive import Member
from advdim.datasets.imagenet.draws import allot, sizes, with_validation
from advdim.datasets.imagenet.merge_files import load_merge
from advdim.datasets.imagenet.merging import contradictions, differences, merge

CONFIG = Path(__file__).parents[3] / "config"
VAN = "n03796401"


@pytest.fixture(scope="module")
def facts() -> pd.DataFrame:
    return pd.read_csv(CONFIG / "imagenet12.csv").set_index(["class_index", "class_name", "wnid"])


@pytest.fixture(scope="module")
def everything() -> list[Member]:
    return names_of(sorted(load_merge(CONFIG / "imagenet12.yaml").synsets))


@pytest.fixture(scope="module")
def published(everything: list[Member]) -> pd.DataFrame:
    settings = load_merge(CONFIG / "imagenet12.yaml")
    return merge(everything, settings, variant="published", validation_share=0.1, seed=0)


@pytest.fixture(scope="module")
def corrected(everything: list[Member]) -> pd.DataFrame:
    settings = load_merge(CONFIG / "imagenet12.yaml")
    return merge(everything, settings, variant="corrected", validation_share=0.1, seed=0)


def test_published_has_the_published_counts_by_class_synset_and_split(
    published: pd.DataFrame, facts: pd.DataFrame
) -> None:
    assert list(published.columns) == ["split", "label", "class", "synset", "origin", "name"]
    for_test = published["split"] == "test"
    assert (len(published[~for_test]), len(published[for_test])) == (78_380, 4_100)
    for rows, column in ((~for_test, "published_train_images"), (for_test, "published_test_images")):
        counts = published[rows].groupby(["label", "class", "synset"]).size()
        expected = facts[column]
        assert counts.tolist() == expected[expected > 0].tolist()
        assert counts.index.tolist() == expected[expected > 0].index.tolist()
    validation = published[published["split"] == "validation"].groupby("class").size()
    by_class = facts["published_train_images"].groupby("class_name").sum()
    assert (validation - by_class / 10).abs().max() <= 0.5
    assert not published.duplicated(["class", "name"]).any()


def test_published_draws_from_both_folders_of_the_archive_alike(published: pd.DataFrame) -> None:
    share, rows = 50 / 1350, len(published)
    spread = (share * (1 - share) * rows) ** 0.5
    assert abs((published["origin"] == "val").sum() - share * rows) < 5 * spread


def test_the_moving_vans_of_published_are_found_in_two_classes(published: pd.DataFrame) -> None:
    """The two classes draw independently, so the numbers that they share are hypergeometric."""
    found = contradictions(published)
    assert set(found["synset"]) == {VAN}
    assert set(found["classes"]) == {"ship, truck"}
    assert found["two_classes"].all()
    shared = hypergeom(1350, 1151 + 58, 1150 + 56)
    assert shared.mean() == pytest.approx(1080.0, abs=0.05)
    assert abs(len(found) - shared.mean()) < 5 * shared.std()
    crossed = found["splits"].isin(["train, test", "validation, test"]).sum()
    ways = [hypergeom(1350, 1151, 56), hypergeom(1350, 58, 1150)]
    assert sum(way.mean() for way in ways) == pytest.approx(97.2, abs=0.05)
    assert abs(crossed - 97.2) < 5 * sum(way.var() for way in ways) ** 0.5
    for_test = published["split"] == "test"
    twice = hypergeom(1350, 1151, 1150)
    assert abs(78_380 - published[~for_test]["name"].nunique() - twice.mean()) < 5 * twice.std()
    assert 0 <= 4_100 - published[for_test]["name"].nunique() <= 15


def test_corrected_has_no_contradiction_and_says_by_how_much_it_differs(
    corrected: pd.DataFrame, published: pd.DataFrame
) -> None:
    assert contradictions(corrected).empty
    assert list(contradictions(corrected).columns) == list(contradictions(published).columns)
    assert corrected["name"].is_unique
    assert set(corrected.loc[corrected["synset"] == VAN, "class"]) == {"truck"}
    table = differences(corrected, published)
    assert table["published"].sum() == 82_480
    assert table["corrected"].sum() == len(corrected)
    assert set(table.loc[table["difference"] != 0, "class"]) == {"ship"}
    ship = table[table["class"] == "ship"].set_index("split")
    # Five synsets of 1350 names are left, divided as 7570 and 380 were: 6427 and 323, of the former 10 % to validate.
    assert ship["corrected"].to_dict() == {"train": 5784, "validation": 643, "test": 323}
    assert ship["published"].to_dict() == {"train": 6813, "validation": 757, "test": 380}
    assert (table["difference"] == table["only_corrected"] - table["only_published"]).all()


def test_corrected_takes_the_same_share_of_every_synset(corrected: pd.DataFrame) -> None:
    counts = corrected.groupby(["split", "class", "synset"]).size().groupby(["split", "class"])
    assert (counts.max() - counts.min() <= 1).all()
    dogs = corrected[corrected["class"] == "dog"]
    assert dogs["split"].value_counts().to_dict() == {"train": 9000, "validation": 1000, "test": 500}
    assert dogs["synset"].nunique() == 118


def test_the_merge_that_is_shipped_says_what_the_facts_say(facts: pd.DataFrame) -> None:
    settings = load_merge(CONFIG / "imagenet12.yaml")
    listed = [(name, synset) for name, merged in settings.classes.items() for synset in merged.synsets]
    assert listed == [(name, synset) for _, name, synset in facts.index]
    assert (len(listed), len(settings.synsets)) == (189, 188)
    sums = facts.groupby("class_name").sum()
    assert [merged.training for merged in settings.classes.values()] == sums["published_train_images"].tolist()
    assert [merged.test for merged in settings.classes.values()] == sums["published_test_images"].tolist()


def small(folder: Path, classes: str) -> pd.DataFrame:
    settings = load_merge(write(folder, f"classes: {{{classes}}}"))
    return merge(names_of([CAT, DOG, FOX, OWL], 30, 4), settings, variant="corrected", validation_share=0.2, seed=3)


def test_another_class_and_another_order_change_nothing(tmp_path: Path) -> None:
    first = small(tmp_path, TWO)
    more = small(tmp_path, f"{TWO}, bird: {{synsets: [{OWL}]}}")
    assert more[more["class"] != "bird"].reset_index(drop=True).equals(first)
    turned = small(
        tmp_path, f"feline: {{synsets: [{CAT}]}}, canine: {{synsets: [{FOX}, {DOG}], training: 20, test: 5}}"
    )
    assert turned.equals(first)
    settings = load_merge(tmp_path / "merge.yaml")
    members = names_of([CAT, DOG, FOX, OWL], 30, 4)
    random.Random(0).shuffle(members)
    assert merge(members, settings, variant="corrected", validation_share=0.2, seed=3).equals(first)
    assert not merge(members, settings, variant="corrected", validation_share=0.2, seed=4).equals(first)


def test_a_larger_test_set_contains_the_smaller_one_and_validation_comes_from_training(tmp_path: Path) -> None:
    first, larger = small(tmp_path, TWO), small(tmp_path, TWO.replace("test: 5", "test: 9"))
    names = [set(table.loc[table["split"] == "test", "name"]) for table in (first, larger)]
    assert names[0] < names[1]
    assert first.groupby(["class", "split"]).size().to_dict() == {
        ("feline", "train"): 26,  # 34 images divided as 10,000 and 500
        ("feline", "validation"): 6,
        ("feline", "test"): 2,
        ("canine", "train"): 16,
        ("canine", "validation"): 4,
        ("canine", "test"): 5,
    }
    settings = load_merge(write(tmp_path, f"classes: {{{TWO}}}"))
    members = names_of([CAT, DOG, FOX], 30, 4)
    without = merge(members, settings, variant="corrected", validation_share=0, seed=3)
    assert set(without["split"]) == {"train", "test"}
    assert set(without.loc[without["split"] == "test", "name"]) == names[0]


def test_shared_draws_are_hypergeometric_on_average(tmp_path: Path) -> None:
    header = "class_index,class_name,wnid,published_train_images,published_test_images"
    rows = [header, f"0,ship,{VAN},1151,58", f"0,ship,{CAT},3,0", f"1,truck,{VAN},1150,56"]
    write(tmp_path, "\n".join(rows), "counts.csv")
    classes = f"{{ship: {{synsets: [{VAN}, {CAT}]}}, truck: {{synsets: [{VAN}]}}}}"
    content = f"published: counts.csv\ncorrected: {{{VAN}: truck}}\nclasses: {classes}"
    settings, members = load_merge(write(tmp_path, content)), names_of([VAN, CAT])
    found = []
    for seed in range(40):
        table = merge(members, settings, variant="published", validation_share=0.1, seed=seed)
        found.append(len(contradictions(table)))
    shared = hypergeom(1350, 1209, 1206)
    assert abs(np.mean(found) - shared.mean()) < 4 * shared.std() / 40**0.5
    assert 0.6 < np.std(found) / shared.std() < 1.5


def test_shares_are_whole_proportional_and_never_more_than_there_is() -> None:
    generator = np.random.default_rng(0)
    for _ in range(300):
        available = generator.integers(0, 40, generator.integers(1, 12))
        total = int(generator.integers(0, available.sum() + 1))
        shares = allot(total, available)
        assert shares.sum() == total
        assert (shares <= available).all()
        assert (np.abs(shares - total * available / max(1, available.sum())) < 1).all()
    assert allot(2, np.array([5, 5, 5, 5])).tolist() == [1, 1, 0, 0]


def test_small_classes_are_divided_and_large_ones_capped() -> None:
    assert sizes(20_000, training=10_000, test=500) == (10_000, 500)
    assert sizes(2_100, training=10_000, test=500) == (2_000, 100)
    assert sizes(3, training=10_000, test=500) == (2, 1)
    assert sizes(2, training=1, test=100) == (1, 1)
    assert with_validation(np.array([1, 1]), np.array([1, 0]), 0.1).tolist() == [[0, 1, 1], [1, 0, 0]]
    assert with_validation(np.array([2, 0]), np.array([1, 0]), 0.9).tolist() == [[1, 1, 1], [0, 0, 0]]
