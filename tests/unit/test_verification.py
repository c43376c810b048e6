"""Kept adversarial images are looked at again from what lies on disk alone, and what is wrong with them is told."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from advdim.artefacts.tables import read_table
from advdim.attacks import stage
from advdim.attacks.kept import FILE
from advdim.attacks.verification import verify_attack
from advdim.config.attacks import DeepFool, Iterative, Minimal
from advdim.config.models import Convolutional
from advdim.job import Job
from advdim.models.network import build, save_weights
from tests.unit.linear_images import EXECUTION, grey_images


def write_recipe(folder: Path, settings: dict[str, Any]) -> None:
    document = {
        "key": "0",
        "recipe": {"settings": settings, "seed": 0},
        "files": {path.name: {"bytes": 0, "sha256": ""} for path in folder.iterdir()},
    }
    (folder / "recipe.json").write_text(json.dumps(document))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A net with two snapshots, and its images."""
    data, net = grey_images(tmp_path_factory.mktemp("data")), tmp_path_factory.mktemp("net")
    settings = Convolutional(kind="convolutional", channels=4, layers=1, head="flatten").model_dump(mode="json")
    for step in (0, 5):
        model = build(settings, data, seed=step)
        kernel, bias = model.get_layer("logits").get_weights()
        logits = model(np.load(data / "test-images.npy").astype(np.float32) / 255).numpy()
        model.get_layer("logits").set_weights([kernel, bias - logits.mean(axis=0)])  # it says each class of some images
        save_weights(model, net, step)
    write_recipe(net, {"model": settings})
    return net, data


def attacked(folder: Path, folders: tuple[Path, Path], asked: Any) -> Path:
    settings = asked.model_dump(mode="json")
    net, data = folders
    stage.make(Job("test", settings, 0, EXECUTION, {"model": net, "dataset": data}, folder, folder, 60))
    write_recipe(folder, settings)
    return folder


@pytest.mark.parametrize(
    "asked",
    [
        Iterative(kind="iterative", eps_pixel=0.2, aim="vulnerability", stored=4),
        DeepFool(kind="deepfool", stored=4),
        Minimal(kind="minimal", norm="l2", steps=4, stored=4),
    ],
    ids=["iterative", "deepfool", "minimal"],
)
def test_what_an_attack_keeps_is_as_its_table_says(folders: tuple[Path, Path], tmp_path: Path, asked: Any) -> None:
    folder = attacked(tmp_path, folders, asked)
    assert read_table(folder / "table.parquet").groupby("step")["fooled"].sum().min() >= 4
    looked = verify_attack(folder, *folders)
    assert looked.images == 8
    assert looked.failures == []


def test_what_is_wrong_is_told(folders: tuple[Path, Path], tmp_path: Path) -> None:
    folder = attacked(tmp_path, folders, Iterative(kind="iterative", eps_pixel=0.2, aim="vulnerability", stored=3))
    with np.load(folder / FILE) as arrays:
        found = dict(arrays)
    clean = np.load(folders[1] / "test-images.npy")[found["image"]].astype(np.float32) / 255
    tampered = {
        "expected": clean,  # the class has not changed, and the size is not the one in the table
        "outside of 0 to 1": np.where(found["adversarial"] == found["adversarial"].max(), 1.5, found["adversarial"]),
        "0.2 at most": clean + 2 * (found["adversarial"] - clean),
    }
    for sentence, images in tampered.items():
        np.savez(folder / FILE, **found | {"adversarial": images.astype(np.float32)})
        failures = verify_attack(folder, *folders).failures
        assert any(sentence in failure for failure in failures), failures
