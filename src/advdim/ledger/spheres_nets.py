"""The nets of the spheres study, and what attacks on them found."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from advdim.ledger.observations import NET, Net, at_end, measurement_settings, observations, of_nets, trained_nets
from advdim.statistics.collect import Results

DIMENSION = 500
HIDDEN = 1000
OUTER_RADIUS = 1.3
"""The source's spheres, and the units of its nets."""
STEPS = 1_000_000
LEARNING_RATE, BATCH = 1e-4, 50
"""How the source trains its nets: by Adam at a constant rate."""
SEEDS = 3
STARTS = 100
WAY = 1.0
"""How far an attack goes, its steps' number and size multiplied: 1000 of 0.001 in the source."""
QUARTER_TURN = math.pi / 2
"""The way, in radii, from any point of a sphere to the nearer end of any axis: a search that means to tell whether
there is an error must be able to go it."""


def relu_nets(results: Results) -> list[Net]:
    """The net of S01: two batch-normalised hidden layers, trained on endless points for as long as the source's."""
    return [net for net in source_nets(results) if is_full_size(net, None)]


def source_nets(results: Results) -> list[Net]:
    """ReLU nets of the source's architecture, in any dimension and however trained; all start as He's do."""
    nets = trained_nets(results, kind="relu", width=HIDDEN, depth=2, batch_norm=True)
    return [net for net in nets if net.model.get("initial_scale") is None]


def quadratic_nets(results: Results, points: int | None) -> list[Net]:
    """Quadratic nets that were trained from a random start on a set of this size; None means endless points."""
    nets = trained_nets(results, kind="quadratic", width=HIDDEN)
    return [net for net in nets if is_full_size(net, points) and not net.model.get("perfect_radius")]


def is_full_size(net: Net, points: int | None) -> bool:
    """Whether a net knows the source's spheres from so many points and was trained as the source's."""
    return on_spheres(net, DIMENSION, points) and is_trained_as_the_sources(net)


def is_trained_as_the_sources(net: Net) -> bool:
    """Whether a net was trained as long as the source's or longer, by the same steps on nothing but the loss."""
    training = {"learning_rate": LEARNING_RATE, "batch": BATCH, "precision": "float32"}
    kinds = [net.training.get(part, {}).get("kind") for part in ("objective", "schedule")]
    same = all(net.training.get(name) == value for name, value in training.items())
    return same and kinds == ["plain", "constant"] and net.training["steps"] >= STEPS


def seeds_in(nets: Sequence[Net]) -> int:
    """How many seeds some nets were drawn from: two trainings of one seed count once."""
    return len({net.labels[3] for net in nets})


def on_spheres(net: Net, dimension: int, points: int | None) -> bool:
    """Whether a net was trained on so many points of spheres of the source's radii in some dimension."""
    spheres = {"dimension": dimension, "outer_radius": OUTER_RADIUS, "points": points}
    return all(net.dataset.get(name) == value for name, value in spheres.items())


def searched(results: Results, nets: Sequence[Net], radii: Sequence[float] = (1.0,), turn: float = 0.0) -> pd.DataFrame:
    """Rows of every snapshot under the attacks for the nearest error that go as far as the source's on these spheres.

    They must also be able to go `turn` times the radius of the sphere that they search.

    Attacks begin at the same starts; of two that began at one the attack counts that takes smaller steps, for it stops
    nearer to the boundary, and of equal ones that which goes farther.
    """
    table = of_nets(observations(results, "manifold"), nets)
    if table.empty:
        return table
    settings = measurement_settings(results, "manifold")
    nearest = {name: attack for name, attack in settings.items() if attack["aim"] == "nearest"}
    table = table[table["measurement"].isin(nearest) & table["radius"].isin(radii)]
    sizes = table["measurement"].map({name: attack["step_size"] for name, attack in nearest.items()})
    ways = table["measurement"].map({name: way_of(attack) for name, attack in nearest.items()})
    table = table.assign(size=sizes, way=ways)[ways >= np.maximum(WAY, turn * table["radius"])]
    table = table.sort_values(["size", "way"], ascending=[True, False], kind="stable").drop(columns=["size", "way"])
    return table.drop_duplicates([*NET, "step", "radius", "start"]).sort_index()


def searched_at_end(results: Results, nets: Sequence[Net], radii: Sequence[float] = (1.0,)) -> pd.DataFrame:
    """Rows of each net at its end under such attacks."""
    return at_end(searched(results, nets, radii))


def searched_through(results: Results, nets: Sequence[Net], radii: Sequence[float]) -> pd.DataFrame:
    """Rows of each net at its end under such attacks that could have gone a quarter of the way around each sphere."""
    return at_end(searched(results, nets, radii, QUARTER_TURN))


def largest_samples(counted: pd.DataFrame) -> pd.DataFrame:
    """Keep of each snapshot and sphere the errors on the most points: some are counted twice, on few and on many."""
    labels = [label for label in (*NET, "step", "sphere") if label in counted]
    return counted.sort_values("points", kind="stable").drop_duplicates(labels, keep="last")


def well_searched(table: pd.DataFrame) -> bool:
    """Whether a table holds nets of enough seeds, and of each net enough starts."""
    return table["seed"].nunique() >= SEEDS and bool(table.groupby(NET)["start"].nunique().min() >= STARTS)


def way_of(search: dict[str, Any]) -> float:
    """How far a search with these settings can go along a sphere, in units of the inner radius."""
    return float(search["steps"] * search["step_size"])
