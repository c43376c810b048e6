"""What is measured of nets between spheres: against closed forms and brute force, on nets whose ellipsoid is known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from ellipsoids import OUTER_RADIUS, ellipsoid_net, sphere_job
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial import cKDTree

from advdim.artefacts.tables import read_table
from advdim.attacks import manifold, shell
from advdim.attacks.manifold import draw_starts, walk_on_sphere
from advdim.datasets.spheres import sample_sphere
from advdim.statistics import (
    alphas,
    circles,
    error_rate,
    norm_sweep,
    quadratic_losses,
    search_power,
    slices,
    true_distance,
)
from advdim.statistics.slices import boundary_radii, called_inner_at
from advdim.theory.ellipsoid import nearest_error_in_space
from advdim.theory.quadratic import log_error_rate

RIGHT = (1 + OUTER_RADIUS**-2) / 2
"""An alpha in the middle of those that are right."""


def fibonacci_sphere(count: int) -> NDArray[np.float64]:
    """Points spread evenly over the sphere in three dimensions, each within 3.6 / sqrt(count) of any place."""
    number = np.arange(count) + 0.5
    height, turn = 1 - 2 * number / count, np.pi * (1 + 5**0.5) * number
    radius = np.sqrt(1 - height**2)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), height], axis=1)


def test_the_manifold_attack_finds_errors_and_none_nearer_than_the_nearest() -> None:
    alpha = [1.25, 0.8, 0.65]  # only the first axis is wrong: it lies outside [1 / R^2, 1]
    model, rotation = ellipsoid_net(alpha)
    starts = sample_sphere(200, 3, (1, 2))
    inner = tf.zeros(200, tf.bool)
    walked = tf.function(lambda at: vars(walk_on_sphere(model, at, inner, steps=1500, step_size=0.01)))(starts)
    points, found, taken = (walked[name].numpy() for name in ("points", "found", "steps"))
    assert found.all()
    assert np.linalg.norm(points.astype(np.float64), axis=1) == pytest.approx(np.ones(200), abs=1e-6)
    assert ((points @ rotation) ** 2 @ alpha > 1 - 1e-6).all()
    everywhere = fibonacci_sphere(200_000)
    errors = everywhere[(everywhere @ rotation) ** 2 @ alpha > 1]
    nearest, _ = cKDTree(errors).query(starts)
    distance = np.linalg.norm(points.astype(np.float64) - starts, axis=1)
    spacing = 3.6 / np.sqrt(len(everywhere))
    assert (distance >= nearest - spacing).all()
    assert np.median(distance / np.maximum(nearest, spacing)) < 1.2
    wrong = (starts @ rotation) ** 2 @ alpha > 1 + 1e-6
    assert wrong.any()
    assert (taken[wrong] == 0).all()
    assert (distance[wrong] == 0).all()
    assert (taken[~wrong] > 0).all()


def test_the_manifold_attack_finds_no_error_where_there_is_none(tmp_path: Path) -> None:
    model, _ = ellipsoid_net([0.95, 0.8, 0.65])
    job = sphere_job(tmp_path, 3, starts=30, radii=[1], aim="nearest", steps=40, step_size=0.01)
    table = manifold.prepare(model, job)()
    assert len(table) == 30
    assert not table["found"].any()
    assert (table["attack_steps"] == 40).all()
    assert table["distance"].between(1e-4, 40 * 0.01).all()


def test_the_manifold_table_tells_found_errors_with_distance_and_steps(tmp_path: Path) -> None:
    model, _ = ellipsoid_net([1.25, 0.8, 0.65])
    job = sphere_job(tmp_path, 3, starts=30, radii=[1], aim="nearest", steps=1500, step_size=0.01)
    table = manifold.prepare(model, job)()
    assert table["found"].all()
    assert (table["distance"] <= 0.01 * table["attack_steps"] + 1e-5).all()
    assert table["distance"].max() > 0.2


def test_the_error_rate_agrees_with_the_exact_one(tmp_path: Path) -> None:
    alpha = [1.5, 0.45]  # both axes are wrong: errors on the inner sphere, and on the outer one
    model, _ = ellipsoid_net(alpha)
    table = error_rate.prepare(model, sphere_job(tmp_path, 2, points=20_500))()
    assert table["sphere"].to_list() == ["inner", "outer"]
    assert (table["points"] == 20_500).all()
    by_hand = 2 / np.pi * np.arccos(np.sqrt((1 - alpha[1]) / (alpha[0] - alpha[1])))
    exact = np.exp([log_error_rate(alpha), log_error_rate(alpha, OUTER_RADIUS)])
    assert exact[0] == pytest.approx(by_hand, rel=1e-9)
    for errors, rate in zip(table["errors"], exact, strict=True):
        assert 0.1 < rate < 0.9
        low, high = stats.binom.interval(0.999, 20_500, rate)
        assert low <= errors <= high


@pytest.mark.parametrize(("alpha", "errors"), [([0.95, 0.65], [0, 0]), ([2, 3], [1700, 0]), ([0.5, 0.4], [0, 1700])])
def test_each_point_is_counted_once(tmp_path: Path, alpha: list[float], errors: list[int]) -> None:
    model, _ = ellipsoid_net(alpha)
    assert error_rate.prepare(model, sphere_job(tmp_path, 2, points=1700))()["errors"].to_list() == errors


def test_the_alphas_of_a_net_are_those_that_it_was_given(tmp_path: Path) -> None:
    given = [1.5, 0.8, 0.45, 0.0]
    model, _ = ellipsoid_net(given)
    table = alphas.prepare(model, sphere_job(tmp_path, 4, points=300))()
    assert table["alpha"].to_numpy() == pytest.approx(given, abs=1e-6)
    assert set(table["points"]) == {900}
    assert table["agreeing"].min() >= 899


def test_the_worst_case_on_the_sphere_is_the_end_of_the_longest_axis(tmp_path: Path) -> None:
    alpha = [1.25, 0.8, 0.65]
    model, _ = ellipsoid_net(alpha)
    settings = {"starts": 20, "radii": [1, 1.3], "aim": "worst", "steps": 600, "step_size": 0.01}
    table = manifold.prepare(model, sphere_job(tmp_path, 3, **settings))()
    inner, outer = (table[table["radius"] == radius] for radius in (1.0, 1.3))
    assert (table["attack_steps"] == 600).all()
    assert inner["found"].all()
    assert inner["logit"].to_numpy() == pytest.approx(np.full(20, 1.25 - 1), abs=1e-4)
    assert not outer["found"].any()  # 0.65 * 1.69 > 1: no point of the outer sphere is called inner
    assert outer["logit"].to_numpy() == pytest.approx(np.full(20, 0.65 * 1.69 - 1), abs=1e-4)


def test_the_shell_attack_ends_at_the_nearest_point_of_the_ellipsoid(tmp_path: Path) -> None:
    alpha = np.array([0.95, 0.8, 0.7, 0.62])
    model, rotation = ellipsoid_net(list(alpha))
    table = shell.prepare(model, sphere_job(tmp_path, 4, starts=200, steps=400, step_size=0.001))()
    exact = nearest_error_in_space(alpha, draw_starts(200, 4, 0) @ rotation)
    assert table["found"].all()
    assert (table["distance"] >= exact.distance - 1e-5).all()
    assert table["distance"].to_numpy() == pytest.approx(exact.distance, abs=0.003)
    assert table["norm"].to_numpy() == pytest.approx(exact.norm, abs=0.003)


def test_the_shell_attack_stays_between_the_spheres_and_says_if_it_found_nothing(tmp_path: Path) -> None:
    model, _ = ellipsoid_net([0.4, 0.4, 0.4])  # the boundary has the radius 1.58
    table = shell.prepare(model, sphere_job(tmp_path, 3, starts=20, steps=500, step_size=0.001))()
    assert not table["found"].any()
    assert table["norm"].max() == pytest.approx(OUTER_RADIUS, abs=1e-5)


def test_the_sweep_over_norms_agrees_with_the_exact_rates(tmp_path: Path) -> None:
    alpha = [1.5, 0.45]
    model, _ = ellipsoid_net(alpha)
    radii = [0.7, 1.0, 1.14, 1.16, 1.6]
    table = norm_sweep.prepare(model, sphere_job(tmp_path, 2, radii=radii, points=5_500))()
    assert table["radius"].to_list() == radii
    assert (table["points"] == 5_500).all()
    for radius, errors in zip(radii, table["errors"], strict=True):
        called_outer = np.exp(log_error_rate(np.multiply(alpha, radius**2)))
        low, high = stats.binom.interval(0.9999, 5_500, 1 - called_outer if radius > 1.15 else called_outer)
        assert low <= errors <= high


def test_slices_show_the_ellipsoid(tmp_path: Path) -> None:
    alpha = [0.9, 0.8, 0.7, 0.4]  # the last axis is wrong: points of the outer sphere near it are called inner
    model, rotation = ellipsoid_net(alpha)
    settings = {"planes": 3, "angles": 36, "radii": 61, "largest_radius": 3.0, "search_radius": 2.0}
    settings |= {"steps": 500, "step_size": 0.02}
    table = slices.prepare(model, sphere_job(tmp_path, 4, **settings))()
    assert len(table) == 3 * 3 * 36 * 61
    assert set(table["sort"]) == set(slices.SORTS)
    for (sort, _), plane in table.groupby(["sort", "plane"]):
        radii = boundary_radii(plane)
        assert radii.between(0.9**-0.5 - 0.01, 0.4**-0.5 + 0.01).all()
        if sort != "random":
            assert radii[0.0] == pytest.approx(0.4**-0.5, abs=0.01)  # the first direction is the worst case
            assert called_inner_at(plane, OUTER_RADIUS)[0.0]
    assert np.linalg.matrix_rank(rotation) == 4


def test_a_ray_without_a_boundary_reaches_the_farthest_point() -> None:
    rays = pd.DataFrame({"angle_deg": [0, 0, 0, 1, 1, 1], "radius": [0, 1, 2] * 2, "logit": [-1, -1, -1, -1, 1, 1]})
    assert boundary_radii(rays).to_list() == [2.0, 0.5]
    assert called_inner_at(rays, 0.75).to_list() == [True, False]


def test_the_power_of_a_search_is_one_where_it_can_go_far_enough(tmp_path: Path) -> None:
    shares = {}
    for steps in (300, 900):
        settings = {"alphas": (1.02, 1.3), "starts": 50, "steps": steps, "step_size": 0.002}
        job = sphere_job(tmp_path, 60, **settings)
        search_power.measure(job)
        table = read_table(tmp_path / "table.parquet")
        assert table.groupby("alpha")["log10_rate"].nunique().to_list() == [1, 1]
        shares[steps] = table.groupby("alpha")["found"].mean()
    assert (shares[900] == 1).all()  # 1.8 is more than a quarter of the way around
    assert shares[300][1.02] < 0.1
    exact = np.log10(stats.beta.sf((1 - RIGHT) / (1.3 - RIGHT), 0.5, 59 / 2))  # z_1^2 of a random point of the sphere
    assert table["log10_rate"].iloc[-1] == pytest.approx(exact, rel=1e-9)


def test_a_net_with_a_positive_bias_has_no_ellipsoid(tmp_path: Path) -> None:
    model, _ = ellipsoid_net([0.95, 0.8, 0.65])
    model.get_layer("logit").set_weights([np.ones((1, 1)), np.ones(1)])
    job = sphere_job(tmp_path, 3, points=20, starts=5)
    axes, distances = alphas.prepare(model, job)(), true_distance.prepare(model, job)()
    assert axes["alpha"].isna().all()
    assert set(axes["agreeing"]) == {0}
    assert distances[["on_sphere", "in_shell", "norm"]].isna().all(axis=None)
    losses = quadratic_losses.prepare(model, job)()
    assert losses[["worst_loss", "wrong"]].isna().all(axis=None)
    assert losses["mean_loss"].iloc[0] > np.log(2)


def test_circles_count_every_error(tmp_path: Path) -> None:
    model, rotation = ellipsoid_net([1.5, 0.45])
    table = circles.prepare(model, sphere_job(tmp_path, 2, angles=2000))()
    assert len(table) == 4000
    turned = np.radians(table["angle_deg"])
    points = np.stack([np.cos(turned), np.sin(turned)], axis=1) * table["radius"].to_numpy()[:, None]
    called_outer = (points @ rotation) ** 2 @ [1.5, 0.45] > 1
    agreeing = table["error"] == (called_outer != (table["radius"] > 1))
    assert agreeing.mean() > 0.999
    assert table["error"].mean() == pytest.approx(np.mean(called_outer != (table["radius"] > 1)), abs=0.001)


def test_the_worst_loss_is_that_of_the_worst_point_of_both_spheres(tmp_path: Path) -> None:
    alpha = [0.95, 0.8, 0.5]
    model, rotation = ellipsoid_net(alpha)
    row = quadratic_losses.prepare(model, sphere_job(tmp_path, 3, points=20_000))().iloc[0]
    directions = fibonacci_sphere(100_000) @ rotation
    logits = directions**2 @ alpha
    losses = np.concatenate([np.logaddexp(0, logits - 1), np.logaddexp(0, 1 - OUTER_RADIUS**2 * logits)])
    assert row["worst_loss"] == pytest.approx(losses.max(), abs=1e-3)
    assert row["mean_loss"] == pytest.approx(losses.mean(), abs=3e-3)
    assert row["wrong"] == 1


def test_the_attack_goes_as_far_as_the_true_distance_and_not_much_further(tmp_path: Path) -> None:
    model, _ = ellipsoid_net([1.05, 0.9, 0.7, 0.65])
    exact = true_distance.prepare(model, sphere_job(tmp_path, 4, starts=50))()
    settings = {"starts": 50, "radii": [1], "aim": "nearest", "steps": 2000, "step_size": 0.002}
    attacked = manifold.prepare(model, sphere_job(tmp_path, 4, **settings))()
    assert exact["start"].to_list() == attacked["start"].to_list()
    assert attacked["found"].all()
    assert (attacked["distance"] >= exact["on_sphere"] - 1e-4).all()
    assert (attacked["distance"] / exact["on_sphere"]).median() < 1.3
    assert (exact["in_shell"] <= exact["on_sphere"] + 1e-9).all()
