"""The judge of the rotation, on paths whose verdict is known."""

import numpy as np
import pytest
from made_up_study import CLAIMS, Study

from advdim.ledger.observations import trained_nets
from advdim.ledger.tilting_paths import scale_of_paths
from advdim.ledger.tilting_rotation import judge_rotation
from advdim.ledger.verdict import Verdict
from advdim.models.linear import LinearPath
from advdim.statistics.projections import rotation


def path_of(
    study: Study,
    *,
    dataset: str = "digits",
    pair: tuple[str, str] = ("2", "3"),
    kind: str = "svm_path",
    strongest: float = 0.0,
    sideways: float = 0.0,
    weakest_level: float = -6.0,
    levels: int = 9,
) -> None:
    """Weight vectors in three dimensions that tilt from `strongest` to 80 degrees against the first axis.

    The strongest is tilted into a direction that is `sideways` degrees away from that of the others, in the middle of
    the path they leave the plane of z and the weakest by 30.
    """
    tilt = np.radians(np.linspace(80.0, strongest, levels))
    side = np.radians(np.where(np.arange(levels) == levels - 1, sideways, 30.0 * (np.arange(levels) == levels // 2)))
    weights = np.stack([np.cos(tilt), np.sin(tilt) * np.cos(side), np.sin(tilt) * np.sin(side)], axis=1)
    path = LinearPath(np.linspace(weakest_level, 2.0, levels), weights, np.zeros(levels), np.zeros(levels))
    if not any(row["labels"]["dataset"] == dataset for row in study.rows):
        study.dataset(dataset, (8, 8, 1), kind=dataset)
    ends = {"log10_lambda_min": weakest_level, "log10_lambda_max": 2.0, "levels": levels}
    training = {"kind": kind, "images_per_class": None} | ends
    labels = {"dataset": dataset, "model": "linear", "training": kind, "seed": 0, "pair": "-".join(pair)}
    study.add("models", "linear", labels, {"model": {"kind": "linear"}, "training": training, "pair": list(pair)})
    table = rotation(path, np.array([1.0, 0.0, 0.0]), np.zeros(3))
    study.add("statistics", "projections", labels | {"measurement": "projections"}, {"images": 150}, rotation=table)


def judge(study: Study) -> Verdict:
    return judge_rotation(CLAIMS.by_id("T07"), study.results)


@pytest.mark.parametrize(
    ("changes", "verdict", "value"),
    [
        ({}, "reproduced", 0.0),
        ({"strongest": 0.9}, "reproduced", 0.0),
        ({"strongest": 1.1}, "deviates", 0.0),  # not parallel, though in the plane
        ({"strongest": 0.4, "sideways": 180.0}, "reproduced", 0.8),  # tilted to the other side: 80.4 for 79.6 degrees
        ({"strongest": 0.9, "sideways": 180.0}, "deviates", 1.8),
    ],
)
def test_the_rule(study: Study, changes: dict[str, float], verdict: str, value: float) -> None:
    path_of(study, **changes)  # type: ignore[arg-type]
    found = judge(study)
    assert found.verdict == verdict
    assert found.value == pytest.approx(value, abs=1e-6)
    assert found.figure == "tilting.html#rotation"
    assert found.scale.startswith(
        "digits (not MNIST), 2 against 3, d = 64, all training images of each class, 9 levels"
    )


def test_the_distance_from_the_plane_is_reported(study: Study) -> None:
    path_of(study)
    expected = np.sin(np.radians(40.0)) * np.sin(np.radians(30.0))  # the level in the middle
    assert f"up to {expected:.2f} of the length of w lies outside, at lambda = 1e-2" in judge(study).found


@pytest.mark.parametrize("changes", [{"weakest_level": -4.0}, {"levels": 2}, {"kind": "logistic_path"}])
def test_what_it_takes(study: Study, changes: dict[str, float]) -> None:
    assert judge(study).verdict == "needs"
    path_of(study, **changes)  # type: ignore[arg-type]
    assert judge(study).verdict == "needs"


def test_the_pair_of_the_source_is_judged(study: Study) -> None:
    path_of(study, dataset="mnist", pair=("7", "9"))
    assert judge(study).verdict == "needs"
    path_of(study)
    assert judge(study).scale.startswith("digits (not MNIST), 2 against 3")
    path_of(study, dataset="mnist")
    assert judge(study).scale.startswith("mnist, 2 against 3")


def test_many_pairs_are_counted_in_the_scale_and_not_repeated(study: Study) -> None:
    for dataset, pairs in {"digits": (("2", "3"), ("7", "9"), ("4", "9")), "mnist": (("2", "3"),)}.items():
        for pair in pairs:
            path_of(study, dataset=dataset, pair=pair)
    common = "d = 64, all training images of each class, 9 levels from lambda = 1e-6 to 1e2"
    assert scale_of_paths(trained_nets(study.results, kind="linear")) == (
        f"digits (not MNIST), 3 pairs of classes, {common}; mnist, 2 against 3, {common}"
    )
