"""Which levels and which snapshots the figures between the studies show."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from advdim.artefacts.tables import write_table
from advdim.figures.bridge import compared_levels, local_tilts
from advdim.statistics.collect import Results

KINDS = {"svm": "svm_path", "centroid": "nearest_centroid"}


class Listing:
    """Artefacts on disk and their roles."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rows: list[dict[str, Any]] = []

    def add(self, stage: str, kind: str, labels: dict[str, Any], settings: dict[str, Any], **tables: Any) -> Path:
        """Write an artefact with its recipe and tables, and give it a role."""
        folder = self.root / str(len(self.rows))
        folder.mkdir()
        document = {"key": "made-up", "recipe": {"settings": settings}, "files": {}}
        (folder / "recipe.json").write_text(json.dumps(document), encoding="utf-8")
        for name, columns in tables.items():
            write_table(pd.DataFrame(columns), folder / f"{name}.parquet")
        self.rows.append({"path": folder.name, "stage": stage, "kind": kind, "labels": {"experiment": "one"} | labels})
        return folder

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

    @property
    def results(self) -> Results:
        """What a page is handed."""
        return Results(tuple(self.rows), self.root)


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    return Listing(tmp_path)


def test_nothing_is_read_where_nothing_was_measured(listing: Listing) -> None:
    assert compared_levels(listing.results).empty
    assert local_tilts(listing.results).empty


def test_the_pair_with_most_classifiers_is_compared_in_the_order_of_the_path(listing: Listing) -> None:
    listing.dataset("mnist", "mnist", (28, 28, 1))
    listing.dataset("small", "digits", (8, 8, 1))
    listing.classifier("mnist", "2-3", "svm")
    for training in ("centroid", "svm"):
        listing.classifier("small", "7-9", training)
    levels = compared_levels(listing.results)
    assert set(levels["pair"]) == {"7-9"}
    assert levels["classifier"].tolist() == [*["support vector machine"] * 3, "nearest centroid"]
    assert levels["log10_lambda"].tolist() == [2, 0, -1, np.inf]
    assert levels["angle_deg"].tolist() == [1, 2, 0, 0]


def test_among_equals_the_sources_pair_goes_first_and_no_level_stands_twice(listing: Listing) -> None:
    for name, kind in (("a", "digits"), ("b", "mnist")):
        listing.dataset(name, kind, (8, 8, 1))
        for pair in ("0-1", "2-3"):
            listing.classifier(name, pair, "svm")
    listing.rows += [row | {"labels": row["labels"] | {"experiment": "another"}} for row in listing.rows]
    levels = compared_levels(listing.results)
    assert len(levels) == 3
    assert (levels["dataset"] + levels["pair"]).unique().tolist() == ["b2-3"]


def test_local_tilts_are_of_the_first_and_the_last_step(listing: Listing) -> None:
    listing.dataset("w4", "photos12", (4, 4, 3))
    labels = {"dataset": "w4", "model": "net", "training": "adam", "seed": 0, "measurement": "local-tilt"}
    table = {"image": [0, 1] * 3, "step": np.repeat([0, 5, 9], 2), "angle_deg": [60.0, 90, 0, 0, 120, 180]}
    listing.add("statistics", "local_tilt", labels, {}, table=table)
    tilts = local_tilts(listing.results)
    assert tilts["state"].tolist() == ["at initialisation"] * 2 + ["trained"] * 2
    assert tilts["cosine"].to_numpy() == pytest.approx([0.5, 0, 0.5, 1])
    assert (tilts["d"] == 48).all()
    directions = np.random.default_rng(0).normal(size=(20_000, 48))
    by_chance = np.abs(directions[:, 0] / np.linalg.norm(directions, axis=1)).mean()
    assert tilts["chance"].to_numpy() == pytest.approx(by_chance, rel=0.02)
