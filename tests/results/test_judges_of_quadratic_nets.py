"""The judges of quadratic nets: their ellipsoids, and how many alphas are wrong."""

from typing import Any

import numpy as np
import pytest
from made_up_study import Study

RIGHT = np.linspace(0.62, 0.98, 500)
PUBLISHED = np.repeat([0.3, 1.3, 0.8], [197, 197, 106])
"""394 wrong alphas, and a rate near 1e-11 by the normal approximation."""


@pytest.mark.parametrize(
    ("alpha", "agreeing", "errors", "verdict", "told"),
    [
        (RIGHT, 6000, 0, "reproduced", "In 2 of them every alpha is right"),
        (RIGHT, 5999, 0, "deviates", "11,998 of 12,000"),
        (RIGHT, 6000, 1, "deviates", "4,200 sampled or attacked points of the spheres gave 2 errors"),
        (PUBLISHED, 6000, 1, "reproduced", "not put to the test"),
        (-RIGHT, 6000, 0, "needs", ""),
    ],
)
def test_ellipsoid(study: Study, alpha: Any, agreeing: int, errors: int, verdict: str, told: str) -> None:
    for net in study.spheres("quadratic", 3000, seeds=2):
        study.alphas(net, 3000, alpha, agreeing)
        study.sample(net, 3000, errors, 1000)
        study.attack(net, 3000, 0.5, share=0.0)
    found = study.judge("S09")
    assert found.verdict == verdict
    assert told in found.found


def test_errors_of_other_norms_are_none_of_the_spheres(study: Study) -> None:
    (net,) = study.spheres("quadratic", 3000, seeds=1)
    study.alphas(net, 3000, RIGHT)
    study.attack(net, 3000, 0.5, radius=1.1)
    found = study.judge("S09")
    assert (found.verdict, "not put to the test" in found.found) == ("reproduced", True)
    study.attack(net, 3000, 0.5, radius=1.3, share=0.01)
    assert study.judge("S09").verdict == "deviates"


def test_a_net_without_an_ellipsoid_is_counted_apart(study: Study) -> None:
    first, second = study.spheres("quadratic", 3000, seeds=2)
    study.alphas(first, 3000, RIGHT)
    study.alphas(second, 3000, np.full(500, np.nan), agreeing=0)
    found = study.judge("S09")
    assert "6,000 of 6,000 points" in found.found
    assert "(1 with other signs apart)" in found.found


@pytest.mark.parametrize(
    ("alpha", "share", "steps", "verdict"),
    [
        (RIGHT, 0.0, 1_000_000, "reproduced"),
        (np.append(RIGHT[1:], 1.01), 0.0, 1_000_000, "deviates"),
        (RIGHT, 0.01, 1_000_000, "deviates"),
        (RIGHT, 0.0, 3000, "needs"),
    ],
)
def test_right_alphas(study: Study, alpha: Any, share: float, steps: int, verdict: str) -> None:
    for net in study.spheres("quadratic", steps):
        study.alphas(net, 100, PUBLISHED)
        study.alphas(net, steps, alpha)
        study.attack(net, steps, 0.5, share=share)
    assert study.judge("S10").verdict == verdict


@pytest.mark.parametrize(
    ("by_text", "by_caption", "errors", "verdict"),
    [
        (PUBLISHED, RIGHT, 0, "reproduced"),
        (RIGHT, PUBLISHED, 0, "erratum"),
        (RIGHT, RIGHT, 0, "deviates"),
        (PUBLISHED, PUBLISHED, 1, "deviates"),
        (PUBLISHED, None, 0, "needs"),
    ],
)
def test_which_training_set_gives_the_count(
    study: Study, by_text: Any, by_caption: Any, errors: int, verdict: str
) -> None:
    for points, alpha in ((1_000_000, by_text), (100_000, by_caption)):
        for net in study.spheres("quadratic", 1_000_000, points) if alpha is not None else ():
            study.alphas(net, 1_000_000, alpha)
            study.sample(net, 1_000_000, errors, 10_000_000)
    found = study.judge("S11")
    assert found.verdict == verdict
    if verdict in ("reproduced", "erratum"):
        assert found.value == 394
