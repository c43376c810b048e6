"""The judges of nets before training, on tables whose verdict is known."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_study import Study


def halve(
    study: Study,
    *,
    order: dict[str, float] | None = None,
    spread: float = 0.02,
    nets: int = 3,
    halvings: int = 5,
    images: int = 100,
    name: str = "order",
) -> None:
    """Nets whose augmented and penalised loss come together like eps to some power as eps is halved."""
    noise = np.random.default_rng(0)
    rows = [
        {"net": net, "norm": norm, "eps_pixel": eps, "penalised": 2.0, "augmented": 2.0 + 0.1 * eps**power}
        for norm, order_of_norm in (order or {"linf": 2.0, "l2": 2.0}).items()
        for net, power in enumerate(order_of_norm + spread * noise.standard_normal(nets))
        for eps in 0.01 / 2.0 ** np.arange(halvings + 1)
    ]
    labels = {"dataset": "digits", "seed": 0, "measurement": name}
    study.add("statistics", "augmentation_order", labels, {"images": images}, table=rows)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "reproduced"),
        ({"order": {"linf": 1.6, "l2": 1.6}}, "reproduced"),
        ({"order": {"linf": 2.0, "l2": 1.0}}, "deviates"),
        ({"order": {"linf": 1.0, "l2": 2.0}}, "deviates"),
        ({"spread": 0.5, "nets": 2}, "deviates"),  # too wide an interval
        ({"order": {"linf": 2.0}}, "needs"),
        ({"nets": 1}, "needs"),
        ({"halvings": 4}, "needs"),
        ({"images": 99}, "needs"),
    ],
)
def test_augmentation_and_penalty(study: Study, changes: dict[str, Any], verdict: str) -> None:
    halve(study, **changes)
    found = study.judge("D02")
    assert found.verdict == verdict
    if verdict == "reproduced":
        assert found.value == pytest.approx(changes.get("order", {}).get("l2", 2.0), abs=0.05)
        assert found.scale == "digits, 3 smooth nets in float64, eps from 0.01 to 0.00031"


def test_nets_of_two_measurements_are_kept_apart(study: Study) -> None:
    halve(study)
    alone = study.judge("D02")
    halve(study, name="again")
    both = study.judge("D02")
    assert both.value == pytest.approx(alone.value)
    assert "6 smooth nets" in both.scale


def test_a_coarse_measurement_does_not_stand_in_the_way_of_a_fine_one(study: Study) -> None:
    halve(study, images=20, name="coarse")
    assert study.judge("D02").verdict == "needs"
    halve(study)
    assert study.judge("D02").verdict == "reproduced"


def pool(
    study: Study,
    *,
    norm: float = -0.5,
    inputs: float = 0.0,
    nets: int = 10,
    pooled: tuple[int, ...] = (0, 1, 2, 3),
    widths: tuple[int, ...] = (32, 64),
    **model: Any,
) -> None:
    """Nets before training with so many average poolings; powers of their areas and of d in the gradient of a logit."""
    noise = np.random.default_rng(0)
    described = {"kind": "convolutional", "pooling": "average", "head": "flatten"} | model
    for layers in pooled:
        rows = [
            {"width": width, "d": 3 * width**2, "net": net, "image": image}
            for width in widths
            for net in range(nets)
            for image in range(3)
        ]
        table = pd.DataFrame(rows)
        table["logit_l2"] = (
            (4.0**layers) ** norm * table["d"] ** inputs * np.exp(0.02 * noise.standard_normal(len(rows)))
        )
        labels = {"dataset": "photos", "seed": 0, "measurement": f"area-{4**layers}"}
        settings = {"model": described | {"pool_after": list(range(1, layers + 1))}}
        study.add("statistics", "initial_gradients", labels, settings, table=table)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "reproduced"),
        ({"norm": -0.58}, "reproduced"),
        ({"norm": -0.65}, "deviates"),
        ({"norm": 0.0}, "deviates"),
        ({"inputs": 1.0}, "deviates"),  # the norm falls with the areas, but a component grows with d
        ({"nets": 9}, "needs"),
        ({"pooled": (0, 1, 2)}, "needs"),
        ({"widths": (32,)}, "needs"),
        ({"pooling": "max"}, "needs"),
        ({"head": "average"}, "needs"),  # that is one more average pooling, over the whole image
    ],
)
def test_average_pooling(study: Study, changes: dict[str, Any], verdict: str) -> None:
    pool(study, **changes)
    found = study.judge("D05")
    assert found.verdict == verdict
    if verdict != "needs":
        assert found.value == pytest.approx(changes.get("norm", -0.5), abs=0.01)
        assert found.scale == "photos, widths 32 and 64, products of areas 1, 4, 16 and 64, 10 nets each"


@pytest.mark.parametrize("claim_id", ["D02", "D05"])
def test_without_tables_nothing_is_judged(study: Study, claim_id: str) -> None:
    assert study.judge(claim_id).verdict == "needs"
