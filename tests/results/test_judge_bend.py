"""The judge of the bend of vulnerability against the dimension, on tables whose verdict is known."""

from typing import Any

import numpy as np
import pytest
from made_up_study import Study

IMAGES = 4000
TOP = np.log(3 * 256**2)
"""Logarithm of the largest d."""


def bend(
    study: Study,
    *,
    large: float = -0.05,
    small: float = 0.0,
    spread: float = 0.02,
    nets: int = 3,
    widths: tuple[int, ...] = (32, 64, 128, 256),
    norm: str = "linf",
    lost: bool = False,
) -> None:
    """Nets whose log vulnerability is a parabola of log d, with these second-order terms at eps = 0.005 and below."""
    noise = np.random.default_rng(0)
    for width in widths:
        d = 3 * width**2
        study.dataset(f"w{width}", (width, width, 3), kind="photos12", width=width, crop=256)
        for seed in range(nets):
            net = study.net(f"w{width}", seed, {"kind": "convolutional"}, {"steps": 300}, names=("dilated", "adam"))
            if lost and seed == 0 and width == 64:
                continue
            factor = np.exp(spread * noise.standard_normal())
            shares = {
                eps: factor * top * np.exp(0.3 * (np.log(d) - TOP) + curvature * (np.log(d) - TOP) ** 2)
                for eps, top, curvature in ((0.001, 0.05, small), (0.0025, 0.1, small), (0.005, 0.8, large))
            }
            ranks = (np.arange(IMAGES) + 0.5) / IMAGES
            sizes = np.select([ranks < share for share in shares.values()], [0.0008, 0.002, 0.004], np.inf)
            rows = {"image": range(IMAGES), "fooled": np.isfinite(sizes), "eps_pixel": sizes, "linf": sizes}
            study.add(
                "attacks", "minimal", net | {"measurement": "smallest"}, {"norm": norm, "steps": 10},
                table=rows | {"l2": sizes * np.sqrt(d), "step": 300},
            )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "reproduced"),
        ({"large": 0.0}, "deviates"),  # no bend
        ({"small": -0.05}, "deviates"),  # the bend is there at small thresholds too
        ({"large": 0.05, "small": 0.1}, "deviates"),  # straighter, but the other way
        ({"spread": 0.5, "large": -0.02}, "deviates"),  # nets differ by more than the curve bends
        ({"nets": 2}, "needs"),
        ({"widths": (16, 32, 64, 128)}, "needs"),
        ({"widths": (64, 128, 256)}, "needs"),
        ({"norm": "l2"}, "needs"),
        ({"lost": True}, "needs"),
    ],
)
def test_bend(study: Study, changes: dict[str, Any], verdict: str) -> None:
    bend(study, **changes)
    found = study.judge("D13")
    assert found.verdict == verdict
    if verdict != "needs":
        assert found.scale.startswith(
            "photos12, widths 32, 64, 128 and 256 (d = 3,072 to 196,608), dilated, 3 nets a width"
        )
    if "spread" not in changes and verdict != "needs":
        assert found.value == pytest.approx(changes.get("large", -0.05), abs=0.01)


def test_without_a_logarithm_there_is_no_parabola(study: Study) -> None:
    bend(study, small=-1.0)  # far more bent, so that no image of the smallest widths is fooled
    found = study.judge("D13")
    assert found.verdict == "needs"
    assert found.found.startswith("At eps = 0.0025 and 0.001 there are nets of which no image is fooled")
