"""Looking again at adversarial images: a fresh process builds the net anew, classifies the kept images, measures them.

Nothing of the attack is used but what it left on disk, and sizes are computed by NumPy in double precision.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.artefacts.store import read_recipe
from advdim.artefacts.tables import read_table
from advdim.attacks.kept import Kept, read_kept
from advdim.datasets.stored import read_images
from advdim.models.network import build, load_weights

ROUNDING = 2.0**-24
"""Room for float32 in the size of a perturbation, as `eps_pixel`: half the distance of the numbers below 1."""
DIGITS = 1e-5
"""Relative difference of sizes up to which they agree with the table, whose entries are float32."""


@dataclass(frozen=True)
class Looked:
    """What became of the kept images of an attack.

    Attributes:
        images: how many were looked at.
        failures: a sentence for each that is not what the table says.
    """

    images: int
    failures: list[str]


def verify_attack(folder: Path, model_folder: Path, dataset_folder: Path) -> Looked:
    """Classify and measure the kept adversarial images of an attack.

    Args:
        folder: of the attack.
        model_folder: of the net that was attacked.
        dataset_folder: of the images.

    Returns:
        How many there are, and what is wrong with them: a class that has not changed, or another than the table says;
        a size outside the ball, or another than the table says; pixels outside [0, 1].
    """
    kept = read_kept(folder)
    if kept is None:
        return Looked(0, [])
    settings = read_recipe(folder)["recipe"]["settings"]
    trained = read_recipe(model_folder)["recipe"]
    model = build(trained["settings"]["model"], dataset_folder, trained["seed"])
    table = read_table(folder / "table.parquet").set_index(["step", "image"])
    clean = read_images(dataset_folder, "test")[0][kept.image].astype(np.float32) / 255
    failures = []
    for step in dict.fromkeys(kept.step.tolist()):
        load_weights(model, model_folder, step)
        chosen = kept.step == step
        classes = [np.argmax(model(pixels[chosen], training=False), axis=1) for pixels in (clean, kept.adversarial)]
        failures += list(_failures(_only(kept, chosen), clean[chosen], classes, table, settings))
    return Looked(len(kept.image), failures)


def _only(kept: Kept, chosen: NDArray[np.bool_]) -> Kept:
    return Kept(*(part[chosen] for part in vars(kept).values()))


def _failures(
    kept: Kept,
    clean: NDArray[np.float32],
    classes: list[NDArray[np.int64]],
    table: pd.DataFrame,
    settings: dict[str, Any],
) -> Iterator[str]:
    """What is wrong with the images of one snapshot, a sentence each."""
    largest = settings.get("eps_pixel") or settings.get("largest_eps_pixel") or math.inf
    offset = (kept.adversarial.astype(np.float64) - clean).reshape(len(clean), -1)
    lengths = {"linf": np.abs(offset).max(axis=1), "l2": np.linalg.norm(offset, axis=1)}
    eps = lengths[settings["norm"]] / (1 if settings["norm"] == "linf" else math.sqrt(offset.shape[1]))
    for number, (step, image) in enumerate(zip(kept.step.tolist(), kept.image.tolist(), strict=True)):
        row, place = table.loc[(step, image)], f"image {image} at step {step}"
        before, after = (int(said[number]) for said in classes)
        if before == after or after != row["adversarial_prediction"]:
            yield f"{place}: found class {after} after {before}; expected {row['adversarial_prediction']}"
        if eps[number] > largest * (1 + 1e-6) + ROUNDING or not math.isclose(
            eps[number], row["eps_pixel"], rel_tol=DIGITS, abs_tol=ROUNDING
        ):
            yield f"{place}: found size {eps[number]:.6g}; expected {row['eps_pixel']:.6g}, {largest:g} at most"
        if not 0 <= kept.adversarial[number].min() <= kept.adversarial[number].max() <= 1:
            yield f"{place}: found pixels outside of 0 to 1; expected them inside"
