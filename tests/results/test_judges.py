"""The judges of the spheres study, on tables whose verdict is known in both directions, and what all judges share."""

import json
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from made_up_study import CLAIMS, JUDGES, Study, limits

from advdim.ledger import dimension, spheres, spheres_theory, tilting
from advdim.theory.caps import mean_distance_to_cap

COMPUTED = {"S12", "S14", "S15", "S16", "D03"}


def test_judges_belong_to_their_studies() -> None:
    for name, judges in (("spheres", spheres.JUDGES), ("dimension", dimension.JUDGES), ("tilting", tilting.JUDGES)):
        assert {CLAIMS.by_id(claim_id).study for claim_id in judges} == {name}


@pytest.mark.parametrize("claim_id", sorted(JUDGES.keys() - COMPUTED))
def test_without_results_a_judge_says_what_it_takes(study: Study, claim_id: str) -> None:
    verdict = study.judge(claim_id)
    assert (verdict.verdict, verdict.found) == ("needs", CLAIMS.by_id(claim_id).needs)


@pytest.mark.parametrize(
    ("claim_id", "verdict", "told", "changes"),
    [
        ("S12", "reproduced", "bias -26.51", {}),
        ("S12", "deviates", "0 of 500", {"margin": -1.0}),
        ("S14", "reproduced", "as printed", {}),
        (
            "S14",
            "deviates",
            "",
            {"margin": {"relative": 1e-3, "rate_low": 0.05, "rate_high": 0.5, "participation": 1.0}},
        ),
        (
            "S14",
            "deviates",
            "0 of",
            {"margin": {"relative": 1, "rate_low": 0.05, "rate_high": 0.5, "participation": 1e9}},
        ),
        ("S15", "erratum", "3.2e-22 at d = 3000, k = 1500 (exactly: 2.7e-24)", {}),
        ("S15", "erratum", "d = 1898 on at half of the input, or at d = 3000 from k = 1145", {}),
        ("S15", "reproduced", "", {"source_value": "3e-22"}),
        ("S16", "reproduced", "0.1042 exactly, 0.1042 to first order, and 0.1473", {}),
        ("S16", "reproduced", "Of 24 ellipsoids (S14's) 24 have their errors nearer", {}),
        ("S16", "deviates", "", {"margin": 1e-4}),
        ("D03", "reproduced", "1.000 / (eps sqrt(d))", {}),
        ("D03", "deviates", "", {"margin": 0.0}),
    ],
)
def test_claims_that_are_computed(study: Study, claim_id: str, verdict: str, told: str, changes: Any) -> None:
    found = study.judge(claim_id, **changes)
    assert found.verdict == verdict
    assert told in found.found
    assert found.scale


def test_an_error_set_that_lies_farther_than_a_cap_would_contradict_the_theorem(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = spheres_theory.nearest_error_on_sphere
    monkeypatch.setattr(
        spheres_theory,
        "nearest_error_on_sphere",
        lambda alpha, starts: SimpleNamespace(distance=1.6 * exact(alpha, starts).distance),
    )
    found = study.judge("S16")
    assert found.verdict == "deviates"
    assert "Of 24 ellipsoids (S14's) 24" not in found.found


def test_trained_spectra_join_the_constructed_ones(study: Study) -> None:
    (net,) = study.spheres("quadratic", 3000, seeds=1)
    far = np.zeros(500)
    far[0] = 600.0  # one alpha carries the sum: not judged
    study.alphas(net, 100, far)
    study.alphas(net, 3000, np.linspace(0.5, 1.47, 500))
    before, after = study.judge("S14", margin=limits("S14", participation=1e9)), study.judge("S14")
    assert before.found.startswith("0 of 26")
    assert after.found.startswith("17 of 26")
    assert after.verdict == "reproduced"


@pytest.mark.parametrize(
    ("centre", "dimension", "verdict"), [(1.4139, 500, "reproduced"), (1.39, 500, "deviates"), (1.4, 20, "needs")]
)
def test_pair_distance(study: Study, centre: float, dimension: int, verdict: str) -> None:
    study.dataset("spheres", kind="spheres", dimension=dimension, outer_radius=1.3)
    distances = centre + 0.03 * np.sin(np.arange(1000))
    study.add("statistics", "pair_distance", {"dataset": "spheres", "seed": 0}, {}, table={"distance": distances})
    found = study.judge("S03")
    assert found.verdict == verdict
    if verdict != "needs":
        assert found.scale == "d = 500"
        assert found.figure == "spheres.html#pairs"
        assert found.low < found.value < found.high


def trained(study: Study, ratio: float, snapshots: int = 4) -> None:
    """Nets whose attacked distance is a multiple of a cap's, on two training sets; one artefact has two roles."""
    for points in (None, 10_000):
        for net in study.spheres("relu", 3000, points, seeds=2):
            for step, errors in enumerate((20_000, 5000, 1000, 200)[:snapshots]):
                study.sample(net, step, errors, 100_000)
                study.attack(net, step, ratio * float(mean_distance_to_cap(errors / 100_000, 500)), starts=5)
    study.rows.append(study.rows[-1] | {"labels": study.rows[-1]["labels"] | {"experiment": "another"}})


@pytest.mark.parametrize(("ratio", "verdict"), [(0.7, "reproduced"), (1.4, "reproduced"), (3.0, "deviates")])
def test_cap_curve(study: Study, ratio: float, verdict: str) -> None:
    trained(study, ratio)
    found = study.judge("S17")
    assert found.verdict == verdict
    assert found.value == pytest.approx(ratio)
    assert "16 snapshots of 4 runs" in found.found
    assert found.scale == "d = 500, relu, 10,000 and endless training points, 3,000 steps, 2 seeds, 16 snapshots"
    assert study.judge("S17", margin=limits("S17", rate_low=0.1)).verdict == "needs"


def test_snapshots_of_which_the_attack_missed_starts_are_left_out_and_told(study: Study) -> None:
    trained(study, 1.0)
    for net in study.spheres("relu", 3000, 5000, seeds=3):
        study.sample(net, 0, 5000, 100_000)
        study.attack(net, 0, 0.001, share=0.9)
    for claim in ("S17", "S18"):
        found = study.judge(claim)
        assert found.verdict == "reproduced"
        assert "; 3 snapshots in which it found fewer are left out." in found.found
        assert "2 seeds, 16 snapshots" in found.scale


def test_a_training_and_a_longer_one_that_goes_on_from_it_are_one_run(study: Study) -> None:
    trained(study, 0.7)
    for net in study.spheres("relu", 9000, None, seeds=2, training="longer"):
        for step in (0, 5000):
            study.sample(net, step, 4000, 100_000)
            study.attack(net, step, 0.01, starts=5)
    found = study.judge("S17")
    assert "18 snapshots of 4 runs" in found.found  # those at step 0 are the longer ones'
    assert "single ratios lie between 0.700" not in found.found


def test_two_trainings_of_one_seed_do_not_narrow_an_interval(study: Study) -> None:
    for net in study.spheres("relu", 1_000_000, seeds=3):
        study.attack(net, 1_000_000, 0.18 + 0.01 * net["seed"])
    once = study.judge("S02")
    for net in study.spheres("relu", 1_000_000, seeds=3, training="end"):
        study.attack(net, 1_000_000, 0.18 + 0.01 * net["seed"])
    assert (study.judge("S02").low, study.judge("S02").high) == pytest.approx((once.low, once.high))


def test_of_attacks_from_one_start_the_one_with_the_smallest_steps_counts_if_it_goes_as_far(study: Study) -> None:
    for net in study.spheres("relu", 1_000_000, seeds=3):
        study.attack(net, 1_000_000, 0.1, steps=100)
        study.attack(net, 1_000_000, 0.3, steps=2000, step_size=0.002)
        study.attack(net, 1_000_000, 0.18 + 0.001 * net["seed"])
    assert study.judge("S02").value == pytest.approx(0.181)


@pytest.mark.parametrize(
    "changed",
    [{"learning_rate": 1e-3}, {"batch": 100}, {"schedule": {"kind": "cosine"}}, {"objective": {"kind": "pgd"}}],
)
def test_only_nets_that_were_trained_as_the_sources_are_judged(study: Study, changed: dict[str, Any]) -> None:
    for net in study.spheres("relu", 1_000_000):
        study.attack(net, 1_000_000, 0.18 + 0.001 * net["seed"])
    assert study.judge("S02").verdict == "reproduced"
    for row in study.rows:
        if row["stage"] == "models":
            recipe = study.root / row["path"] / "recipe.json"
            document = json.loads(recipe.read_text(encoding="utf-8"))
            document["recipe"]["settings"]["training"] |= changed
            recipe.write_text(json.dumps(document), encoding="utf-8")
    assert study.judge("S02").verdict == "needs"


def test_nets_that_start_at_another_scale_are_none_of_the_source_s(study: Study) -> None:
    for net in study.spheres("relu", 1_000_000, initial_scale=16.0):
        study.attack(net, 1_000_000, 0.18 + 0.001 * net["seed"])
    assert study.judge("S02").verdict == "needs"


def test_the_interval_of_three_seeds_is_wider_than_their_range(study: Study) -> None:
    for net, distance in zip(study.spheres("relu", 1_000_000), (0.17, 0.18, 0.19), strict=True):
        study.attack(net, 1_000_000, distance)
    found = study.judge("S02")
    assert (found.low, found.high) == pytest.approx((0.18 - 0.02484, 0.18 + 0.02484), abs=1e-5)


def test_nets_that_were_not_attacked_do_not_count_as_seeds(study: Study) -> None:
    net, *_ = study.spheres("relu", 1_000_000)
    study.attack(net, 1_000_000, 0.18)
    assert study.judge("S02").verdict == "needs"


def test_cap_curve_needs_enough_snapshots(study: Study) -> None:
    trained(study, 1.0, snapshots=2)
    assert study.judge("S17").verdict == study.judge("S18").verdict == "needs"


def test_trade_off(study: Study) -> None:
    trained(study, 1.0)
    assert study.judge("S18").verdict == "reproduced"
    assert study.judge("S18").value == pytest.approx(-1.0, abs=0.15)
    for number, net in enumerate(study.spheres("quadratic", 3000, 5, seeds=60)):  # now the other way round
        study.sample(net, 0, 100 + 100 * number, 100_000)
        study.attack(net, 0, 0.1 + 0.005 * number, starts=5)
    assert study.judge("S18").verdict == "deviates"


@pytest.mark.parametrize(
    ("steps", "points", "errors", "verdict"),
    [
        (1_000_000, 10_000_000, 0, "reproduced"),
        (1_000_000, 10_000_000, 9, "deviates"),
        (1_000_000, 1_000_000, 0, "needs"),
        (3000, 10_000_000, 0, "needs"),
    ],
)
def test_no_sampled_error(study: Study, steps: int, points: int, errors: int, verdict: str) -> None:
    (net,) = study.spheres("relu", steps, seeds=1)
    study.sample(net, 100, 5000, points)  # an early snapshot has no say
    study.sample(net, steps, errors, points)
    found = study.judge("S01")
    assert found.verdict == verdict
    if errors == 0 and verdict == "reproduced":
        assert found.high == pytest.approx(-math.log(0.025) / 2e7, rel=1e-3)
        assert "one-sided 95 % upper bound of the error rate is at most 1.5e-07" in found.found


@pytest.mark.parametrize(
    ("distance", "share", "seeds", "verdict"),
    [
        (0.18, 0.9, 3, "reproduced"),
        (0.3, 0.9, 3, "deviates"),
        (0.18, 0.4, 3, "deviates"),
        (0.18, 0.0, 3, "deviates"),
        (0.18, 0.9, 2, "needs"),
    ],
)
def test_nearest_error(study: Study, distance: float, share: float, seeds: int, verdict: str) -> None:
    for number, net in enumerate(study.spheres("relu", 1_000_000, seeds=seeds)):
        study.attack(net, 1_000_000, distance + 0.01 * (number - 1), share=share)
    assert study.judge("S02").verdict == verdict
