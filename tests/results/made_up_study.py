"""A made-up study: small artefacts on disk whose right verdicts are known."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from advdim.ledger import dimension, spheres, tilting
from advdim.ledger.claims import Claim, load_claims
from advdim.ledger.verdict import Judge, Verdict
from tests.made_up_results import Listing

CLAIMS = load_claims(Path(__file__).parents[2] / "config" / "claims.yaml")
JUDGES: dict[str, Judge] = {**spheres.JUDGES, **dimension.JUDGES, **tilting.JUDGES}


def limits(claim_id: str, **changes: float) -> dict[str, float]:
    """The margin of a claim, with changes."""
    margin = CLAIMS.by_id(claim_id).margin
    assert isinstance(margin, dict)
    return margin | changes


SOURCES_TRAINING = {
    "learning_rate": 1e-4,
    "batch": 50,
    "precision": "float32",
    "objective": {"kind": "plain"},
    "schedule": {"kind": "constant"},
}
"""How the spheres study trains, but for the number of steps."""


class Study(Listing):
    """Artefacts of a made-up study."""

    def dataset(self, name: str, shape: tuple[int, ...] = (1,), **settings: Any) -> Path:
        """Add a dataset; its images have this shape."""
        folder = self.add("datasets", settings["kind"], {"dataset": name}, settings)
        (folder / "info.json").write_text(json.dumps({"shape": shape}), encoding="utf-8")
        return folder

    def net(
        self,
        dataset: str,
        seed: int,
        model: dict[str, Any],
        training: dict[str, Any],
        pair: tuple[str, ...] = (),
        names: tuple[str, str] | None = None,
    ) -> dict[str, Any]:
        """Add a trained net, of a pair of classes if it is a linear classifier; returns its labels.

        The names are those of model and training; their kinds unless given.
        """
        names = names or (model["kind"], training.get("kind", "adam"))
        labels = {"dataset": dataset, "model": names[0], "training": names[1], "seed": seed}
        separated: dict[str, Any] = {"pair": list(pair)} if pair else {}
        labels |= {"pair": "-".join(pair)} if pair else {}
        self.add("models", model["kind"], labels, {"model": model, "training": training} | separated)
        return labels

    def spheres(
        self,
        kind: str,
        steps: int,
        points: int | None = None,
        seeds: int = 3,
        dimension: int = 500,
        training: str = "adam",
        **model: Any,
    ) -> list[dict[str, Any]]:
        """Add nets between spheres, trained on so many points (None: endless) under this name."""
        name = f"spheres-d{dimension}-{points}"
        self.dataset(name, kind="spheres", dimension=dimension, outer_radius=1.3, points=points)
        options = {"depth": 2, "batch_norm": True} if kind == "relu" else {"perfect_radius": None}
        described = {"kind": kind, "width": 1000} | options | model
        settings, names = SOURCES_TRAINING | {"steps": steps}, (kind, training)
        return [self.net(name, seed, described, settings, names=names) for seed in range(seeds)]

    def measure(self, net: dict[str, Any], stage: str, kind: str, step: int, table: Any, **settings: Any) -> None:
        """Add the table of an attack or a statistic of one snapshot."""
        frame = pd.DataFrame(table).assign(step=step)
        self.add(stage, kind, net | {"measurement": kind}, settings, table=frame)

    def attack(
        self,
        net: dict[str, Any],
        step: int,
        distance: float,
        *,
        starts: int = 100,
        share: float = 1.0,
        radius: float = 1.0,
        aim: str = "nearest",
        steps: int = 1000,
        step_size: float = 0.001,
    ) -> None:
        """Add an attack that finds errors at this distance from a share of the starts."""
        found = np.arange(starts) < share * starts
        table = {"radius": radius, "start": range(starts), "found": found, "distance": distance, "step": step}
        settings = {"steps": steps, "step_size": step_size, "starts": starts, "aim": aim}
        name = f"manifold-{aim}-{steps}-{step_size}"
        self.add("attacks", "manifold", net | {"measurement": name}, settings, table=table)

    def sample(self, net: dict[str, Any], step: int, inner: int, points: int) -> None:
        """Add errors on sampled points of the inner sphere."""
        table = {"sphere": ["inner", "outer"], "points": points, "errors": [inner, 0], "step": step}
        self.add("statistics", "error_rate", net | {"measurement": "error-rate"}, {"points": points}, table=table)

    def alphas(self, net: dict[str, Any], step: int, alpha: Any, agreeing: int = 6000) -> None:
        """Add a quadratic net's alphas, and on how many of 6000 points it agrees with its ellipsoid."""
        table = {"axis": range(len(alpha)), "alpha": alpha, "points": 6000, "agreeing": agreeing, "step": step}
        self.add("statistics", "alphas", net | {"measurement": "alphas"}, {"points": 2000}, table=table)

    def judge(self, claim_id: str, **changes: Any) -> Verdict:
        """Judge a claim, or a changed copy of it."""
        claim: Claim = CLAIMS.by_id(claim_id).model_copy(update=changes)
        return JUDGES[claim_id](claim, self.results)
