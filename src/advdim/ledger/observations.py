"""What judges read: each net once with the settings behind it, each table once, and the figures of the source."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from advdim.ledger.claims import Claim
from advdim.statistics.collect import Results

NET = ["dataset", "model", "training", "seed", "pair"]
"""The labels that tell one net from another."""


@dataclass(frozen=True)
class Net:
    """A trained model and the settings behind it.

    Attributes:
        labels: its dataset, model, training, seed and pair, in the order of `NET`; no pair is "".
        dataset: settings of the dataset.
        model: settings of the model.
        training: settings of the training.
        pair: the two classes that a linear classifier separates; empty for other models.
        folder: folder of the trained model.
        dataset_folder: folder of the dataset.
    """

    labels: tuple[str, str, str, int, str]
    dataset: dict[str, Any]
    model: dict[str, Any]
    training: dict[str, Any]
    pair: tuple[str, ...]
    folder: Path
    dataset_folder: Path


def trained_nets(results: Results, **model: object) -> list[Net]:
    """List the nets of a study whose model has these settings, each once, whatever experiments share it."""
    datasets = {row["labels"]["dataset"]: row for row in results.rows if row["stage"] == "datasets"}
    nets = []
    for row in {row["path"]: row for row in results.rows if row["stage"] == "models"}.values():
        settings, dataset = results.settings(row), datasets[row["labels"]["dataset"]]
        labels = row["labels"]
        net = Net(
            (labels["dataset"], labels["model"], labels["training"], labels["seed"], labels.get("pair", "")),
            results.settings(dataset),
            settings["model"],
            settings["training"],
            tuple(settings.get("pair", ())),
            results.folder(row),
            results.folder(dataset),
        )
        if all(net.model.get(name) == value for name, value in model.items()):
            nets.append(net)
    return nets


def observations(results: Results, kind: str, name: str = "table") -> pd.DataFrame:
    """Read a table of every artefact of a kind, each artefact once; see `Results.table` for columns."""
    return results.once.table(kind, name)


def of_nets(frame: pd.DataFrame, nets: Iterable[Net]) -> pd.DataFrame:
    """Keep the rows of some nets."""
    if frame.empty:
        return frame
    wanted = {net.labels for net in nets}
    return frame[[labels in wanted for labels in frame[NET].itertuples(index=False, name=None)]]


def nets_in(frame: pd.DataFrame, nets: Iterable[Net]) -> list[Net]:
    """Keep the nets that have rows in a frame."""
    labels = set(frame[NET].itertuples(index=False, name=None))
    return [net for net in nets if net.labels in labels]


def at_end(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of each net's last snapshot; a frame of nets without pairs may lack that label."""
    if frame.empty:
        return frame
    labels = [label for label in NET if label in frame]
    return frame[frame["step"] == frame.groupby(labels)["step"].transform("max")]


def measurement_settings(results: Results, kind: str) -> dict[str, dict[str, Any]]:
    """Settings of the attacks or statistics of a kind, by their names."""
    return {row["labels"]["measurement"]: results.settings(row) for row in results.select(kind=kind).rows}


def published(claim: Claim) -> list[float]:
    """The numbers in the figure that the source prints, in their order."""
    return [float(found) for found in re.findall(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?", claim.source_value or "")]
