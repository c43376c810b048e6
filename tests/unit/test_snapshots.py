"""Measurements that are compiled once for several nets."""

import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import read_image_info, write_images
from advdim.job import Job
from advdim.models import snapshots
from advdim.models.convolutional import build
from advdim.models.network import kept_steps, save_weights
from advdim.statistics import gradient_norms

EXECUTION = {"device": "cpu", "threads": 1}
MODEL = {"kind": "convolutional", "channels": 3, "layers": 1, "head": "average"}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 1), dtype=np.uint8)
    labels = np.arange(6) % 2
    folder = tmp_path / "dataset"
    folder.mkdir()
    write_images(folder, ImageSplits(pixels, labels, pixels, labels, pd.DataFrame({"label": labels}), ("a", "b")))
    return folder


def trained(tmp_path: Path, dataset: Path, seed: int) -> Path:
    """A net with one snapshot."""
    folder = tmp_path / f"net-{seed}"
    folder.mkdir()
    options = {name: value for name, value in MODEL.items() if name != "kind"}
    save_weights(build(read_image_info(dataset), **options, seed=seed), folder, 5)  # type: ignore[arg-type]
    files = {name: {"bytes": 0, "sha256": ""} for name in ("step-0000005.weights.h5", "layers.parquet")}
    document = {"key": "made-up", "recipe": {"settings": {"model": MODEL}, "seed": seed}, "files": files}
    (folder / "recipe.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


def job(model: Path, dataset: Path, seed: int, **settings: Any) -> Job:
    return Job("test", settings, seed, EXECUTION, {"dataset": dataset, "model": model}, model, model, 60)


def test_files_that_were_put_beside_the_weights_are_no_snapshots(tmp_path: Path, dataset: Path) -> None:
    folder = trained(tmp_path, dataset, 0)
    for name in ("step-0000009.weights.h5", "step-0000005 (copy).weights.h5"):
        shutil.copyfile(folder / "step-0000005.weights.h5", folder / name)
    assert kept_steps(folder) == [5]


def test_nets_of_one_sort_share_what_is_compiled_and_not_what_is_measured(
    tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_prepared", type(snapshots._prepared)())
    prepared: list[int] = []

    def prepare(model: keras.Model, given: Job) -> snapshots.Measurement:
        prepared.append(given.seed)
        return gradient_norms.prepare(model, given)

    nets = {seed: trained(tmp_path, dataset, seed) for seed in (0, 1)}
    shared = [
        snapshots.measure_snapshots(job(nets[seed], dataset, seed, images=6), prepare, draws=False) for seed in (0, 1)
    ]
    assert prepared == [0]
    own = [
        snapshots.measure_snapshots(job(nets[seed], dataset, seed, images=6), prepare, reuse=False) for seed in (0, 1)
    ]
    assert prepared == [0, 0, 1]
    for one, other in zip(shared, own, strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert not np.allclose(shared[0]["l1"], shared[1]["l1"])
    snapshots.measure_snapshots(job(nets[1], dataset, 1, images=6), prepare)
    snapshots.measure_snapshots(job(nets[1], dataset, 1, images=5), prepare, draws=False)
    assert prepared == [0, 0, 1, 1, 1]  # another seed where numbers are drawn, and other settings


def test_few_are_kept(tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_prepared", type(snapshots._prepared)())
    monkeypatch.setattr(snapshots, "PREPARED", 1)
    net = trained(tmp_path, dataset, 0)
    for images in (1, 2, 3):
        snapshots.measure_snapshots(job(net, dataset, 0, images=images), lambda *_: lambda: pd.DataFrame({"a": [0]}))
    assert len(snapshots._prepared) == 1
