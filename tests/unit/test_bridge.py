"""Which levels and which snapshots the figures between the studies show."""

import json
from pathlib import Path

import numpy as np
import pytest

from advdim.figures.bridge import compared_levels, local_tilts
from tests.made_up_results import Listing

KINDS = {"svm": "svm_path", "centroid": "nearest_centroid"}


class Study(Listing):
    """Linear classifiers, and what was measured of them."""

    def dataset(self, name: str, kind: str, shape: tuple[int, ...]) -> None:
        """Add a dataset; its images have this shape."""
        folder = self.add("datasets", kind, {"dataset": name}, {"kind": kind})
        (folder / "info.json").write_text(json.dumps({"shape": shape}), encoding="utf-8")

    def classifier(self, dataset: str, pair: str, training: str) -> None:
        """Add a linear classifier that was measured, its levels in disorder."""
        labels = {"dataset": dataset, "model": "linear", "training": training, "seed": 0, "pair": pair}
        self.add("models", "linear", labels, {"training": {"kind": KINDS[training]}})
        levels = [np.inf] if training == "centroid" else [-1.0, 2.0, 0.0]
        table = {"log10_lambda": levels, "angle_deg": [float(number) for number in range(len(levels))]}
        self.add("statistics", "tilting", labels | {"measurement": "tilting"}, {}, levels=table)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def test_nothing_is_read_where_nothing_was_measured(study: Study) -> None:
    assert compared_levels(study.results).empty
    assert local_tilts(study.results).empty


def test_the_pair_with_most_classifiers_is_compared_in_the_order_of_the_path(study: Study) -> None:
    study.dataset("mnist", "mnist", (28, 28, 1))
    study.dataset("small", "digits", (8, 8, 1))
    study.classifier("mnist", "2-3", "svm")
    for training in ("centroid", "svm"):
        study.classifier("small", "7-9", training)
    levels = compared_levels(study.results)
    assert set(levels["pair"]) == {"7-9"}
    assert levels["classifier"].tolist() == [*["support vector machine"] * 3, "nearest centroid"]
    assert levels["log10_lambda"].tolist() == [2, 0, -1, np.inf]
    assert levels["angle_deg"].tolist() == [1, 2, 0, 0]


def test_among_equals_the_sources_pair_goes_first_and_no_level_stands_twice(study: Study) -> None:
    for name, kind in (("a", "digits"), ("b", "mnist")):
        study.dataset(name, kind, (8, 8, 1))
        for pair in ("0-1", "2-3"):
            study.classifier(name, pair, "svm")
    study.rows += [row | {"labels": row["labels"] | {"experiment": "another"}} for row in study.rows]
    levels = compared_levels(study.results)
    assert len(levels) == 3
    assert (levels["dataset"] + levels["pair"]).unique().tolist() == ["b2-3"]


def test_local_tilts_are_of_the_first_and_the_last_step(study: Study) -> None:
    study.dataset("w4", "photos12", (4, 4, 3))
    labels = {"dataset": "w4", "model": "net", "training": "adam", "seed": 0, "measurement": "local-tilt"}
    table = {"image": [0, 1] * 3, "step": np.repeat([0, 5, 9], 2), "angle_deg": [60.0, 90, 0, 0, 120, 180]}
    study.add("statistics", "local_tilt", labels, {}, table=table)
    tilts = local_tilts(study.results)
    assert tilts["state"].tolist() == ["at initialisation"] * 2 + ["trained"] * 2
    assert tilts["cosine"].to_numpy() == pytest.approx([0.5, 0, 0.5, 1])
    assert (tilts["d"] == 48).all()
    directions = np.random.default_rng(0).normal(size=(20_000, 48))
    by_chance = np.abs(directions[:, 0] / np.linalg.norm(directions, axis=1)).mean()
    assert tilts["chance"].to_numpy() == pytest.approx(by_chance, rel=0.02)
