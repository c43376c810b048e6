"""The nearest-centroid classifier, against scikit-learn's."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.neighbors import NearestCentroid

from advdim.artefacts.tables import read_table, write_table
from advdim.datasets.digits import build
from advdim.datasets.stored import write_images
from advdim.datasets.two_classes import read_pair
from advdim.job import Job
from advdim.models.linear import load_path
from advdim.statistics.tilting import measure_level
from advdim.training import nearest_centroid

Array = NDArray[np.float64]
PAIR = ("7", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("digits")
    write_images(made, build(width=8, resampling="nearest", classes=[1, 2, 7], test_fraction=0.3, seed=0))
    return made


def trained(folder: Path, output: Path, images_per_class: int | None) -> tuple[Array, float, Array]:
    settings = {"pair": list(PAIR), "training": {"kind": "nearest_centroid", "images_per_class": images_per_class}}
    nearest_centroid.train(Job("test", settings, 0, {}, {"dataset": folder}, output, output, 60.0))
    path = load_path(output)
    assert len(path.weights) == len(path.biases) == 1
    assert path.log10_lambda.tolist() == [np.inf]
    assert path.relative_gap.tolist() == [0]
    return path.weights[0], float(path.biases[0]), path.log10_lambda


@pytest.mark.filterwarnings("ignore:self.within_class_std_dev_:UserWarning")  # pixels that are always black
@pytest.mark.parametrize("images_per_class", [None, 5])
def test_it_decides_as_that_of_scikit_learn(folder: Path, tmp_path: Path, images_per_class: int | None) -> None:
    w, b, _ = trained(folder, tmp_path, images_per_class)
    reference = NearestCentroid().fit(*read_pair(folder, "train", PAIR, images_per_class))
    test, _ = read_pair(folder, "test", PAIR)
    assert np.sign(test @ w + b).tolist() == reference.predict(test).tolist()


def test_it_stands_upright_halfway_between_the_centroids(folder: Path, tmp_path: Path) -> None:
    w, b, _ = trained(folder, tmp_path, None)
    train, y = read_pair(folder, "train", PAIR)
    row = measure_level(train, y, train, y, w, b)
    assert row["angle_deg"] == 0
    assert row["bias_over_normw"] == pytest.approx(0, abs=1e-12)
    centroids = [train[y == sign].mean(axis=0) for sign in (-1, 1)]
    assert row["d_adv"] == pytest.approx(np.linalg.norm(centroids[1] - centroids[0]) / 2, rel=1e-12)


def test_its_infinite_level_survives_in_a_table(folder: Path, tmp_path: Path) -> None:
    *_, levels = trained(folder, tmp_path, None)
    write_table(pd.DataFrame({"log10_lambda": levels}), tmp_path / "levels.parquet")
    assert read_table(tmp_path / "levels.parquet")["log10_lambda"].tolist() == [np.inf]
