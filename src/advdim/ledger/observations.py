"""What judges read: each net once with the settings behind it, each table once, and the figures that a source prints."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from advdim.ledger.claims import Claim
from advdim.statistics.collect import Results

NET = ["dataset", "model", "training", "seed"]
"""The labels that tell one net from another."""


@dataclass(frozen=True)
class Net:
    """A trained model and the settings behind it.

    Attributes:
        labels: its dataset, model, training and seed, in the order of `NET`.
        dataset: settings of the dataset.
        model: settings of the model.
        training: settings of the training.
        folder: folder of the trained model.
        dataset_folder: folder of the dataset.
    """

    labels: tuple[str, str, str, int]
    dataset: dict[str, Any]
    model: dict[str, Any]
    training: dict[str, Any]
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
            (labels["dataset"], labels["model"], labels["training"], labels["seed"]),
            results.settings(dataset),
            settings["model"],
            settings["training"],
            results.folder(row),
            results.folder(dataset),
        )
        if all(net.model.get(name) == value for name, value in model.items()):
            nets.append(net)
    return nets


def observations(results: Results, kind: str, name: str = "table") -> pd.DataFrame:
    """Read a table of every artefact of a kind, each artefact once; see `Results.table` for columns."""
    once = {row["path"]: row for row in results.rows}
    return Results(tuple(once.values()), results.root).table(kind, name)


def of_nets(frame: pd.DataFrame, nets: Iterable[Net]) -> pd.DataFrame:
    """Keep the rows of some nets."""
    if frame.empty:
        return frame
    wanted = {net.labels for net in nets}
    return frame[[labels in wanted for labels in frame[NET].itertuples(index=False, name=None)]]


def at_end(frame: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of each net's last snapshot."""
    return frame if frame.empty else frame[frame["step"] == frame.groupby(NET)["step"].transform("max")]


def measurement_settings(results: Results, kind: str) -> dict[str, dict[str, Any]]:
    """Settings of the attacks or statistics of a kind, by their names."""
    return {row["labels"]["measurement"]: results.settings(row) for row in results.select(kind=kind).rows}


def published(claim: Claim) -> list[float]:
    """The numbers in the figure that the source prints, in their order."""
    return [float(found) for found in re.findall(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?", claim.source_value or "")]


def listed(words: Iterable[object]) -> str:
    """Join words as one says them: ``a, b and c``."""
    *head, last = map(str, words)
    return f"{', '.join(head)} and {last}" if head else last


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 seed``, ``2,000 seeds``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def spheres_scale(nets: Sequence[Net]) -> str:
    """The scale of nets between spheres in a few words: dimension, models, training sets, steps and seeds."""
    points = {net.dataset.get("points") for net in nets}
    sets = [f"{size:,}" for size in sorted(size for size in points if size)]
    parts = [
        f"d = {_numbers(net.dataset['dimension'] for net in nets)}",
        listed(dict.fromkeys(net.labels[1] for net in nets)),
        f"{listed(sets + ['endless'] * (None in points))} training points",
        steps_and_seeds(nets),
    ]
    return ", ".join(parts)


def steps_and_seeds(nets: Sequence[Net]) -> str:
    """Training steps and number of seeds of some nets."""
    steps = _numbers(net.training["steps"] for net in nets)
    return f"{steps} steps, {counted(len({net.labels[3] for net in nets}), 'seed')}"


def by_label(frame: pd.DataFrame, values: Mapping[str, object], label: str) -> "pd.Series[Any]":
    """Look up, for each row, the value that belongs to one of its labels."""
    return frame[label].map(values)


def _numbers(values: Iterable[int]) -> str:
    return listed(f"{value:,}" for value in sorted(set(values)))
