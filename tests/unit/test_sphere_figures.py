"""The figures of the spheres study on made-up tables."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from advdim.figures import ellipsoids, sphere_errors, spheres
from advdim.ledger.observations import at_end
from advdim.reports.page import Page
from advdim.theory.caps import mean_distance_to_cap
from tests.made_up_results import Listing

pytestmark = pytest.mark.usefixtures("no_unseeded_draws")

NET = {"dataset": "balls", "model": "relu", "training": "adam", "seed": 0}


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    """A search for the nearest error and one for the worst, and errors on random points."""
    made = Listing(tmp_path)
    for name, dimension in (("balls", 500), ("flat", 2)):
        made.add("datasets", "spheres", {"dataset": name}, {"dimension": dimension})
        made.add("models", "relu", NET | {"dataset": name}, {"model": {"kind": "relu"}, "training": {"steps": 100}})
    for aim in ("nearest", "worst"):
        table = {"step": 100, "start": [0, 1, 0], "radius": [1.0, 1.0, 1.3], "found": True, "distance": [0.1, 0.3, 9.0]}
        table |= {"logit": 5.0 if aim == "worst" else 0.1}
        for name in ("balls", "flat"):
            labels = NET | {"dataset": name, "measurement": aim}
            settings = {"aim": aim, "steps": 1000, "step_size": 0.001, "radii": [1.0, 1.3]}
            made.add("attacks", "manifold", labels, settings, table=table)
    counted = {"step": 100, "sphere": ["inner", "outer"], "points": 1000, "errors": [20, 5]}
    made.add("statistics", "error_rate", NET | {"measurement": "rate"}, {}, table=counted)
    return made


def test_snapshots_have_the_nearest_errors_and_the_rate_on_the_inner_sphere(listing: Listing) -> None:
    searches = sphere_errors.nearest_searches(listing.results)
    assert set(searches["measurement"]) == {"nearest"}
    assert searches.groupby("dataset")[["dimension", "counted"]].first().to_numpy().tolist() == [
        [500, True],
        [2, False],
    ]
    attacked = sphere_errors.attacked_starts(listing.results)
    (snapshot,) = sphere_errors.sum_snapshots(attacked, listing.results.table("error_rate")).itertuples()
    assert (snapshot.dataset, snapshot.distance, snapshot.rate) == ("balls", pytest.approx(0.2), 0.02)
    assert snapshot.rate_low < 0.02 < snapshot.rate_high


def test_dimensions_are_swept_where_no_errors_were_counted(tmp_path: Path) -> None:
    made = Listing(tmp_path)
    for name, dimension in (("d10", 10), ("d60", 60)):
        made.add("datasets", "spheres", {"dataset": name}, {"dimension": dimension, "points": None})
        table = {"step": 9, "start": [0], "radius": [1.0], "found": True, "distance": 0.1}
        labels = NET | {"dataset": name, "measurement": "both"}
        made.add("attacks", "manifold", labels, {"aim": "nearest", "radii": [1.0]}, table=table)
        swept = sphere_errors.searches_over_dimensions(made.results)
        assert swept["dimension"].to_list() == ([] if name == "d10" else [10, 60])


def test_behind_a_table_of_nets_lies_what_was_measured_on_them_alone(listing: Listing) -> None:
    own = Page(listing.results, pd.DataFrame(), "test", (), ()).behind(pd.DataFrame([NET | {"step": 100}]))
    assert {row["labels"]["dataset"] for row in own.rows} == {"balls"}
    assert {row["stage"] for row in own.rows} == {"datasets", "models", "attacks", "statistics"}


def test_searches_over_few_norms_are_not_drawn_over_the_norm(listing: Listing) -> None:
    listing.add("statistics", "norm_sweep", NET | {"measurement": "sweep"}, {}, table={"radius": [1.0], "points": 9})
    assert sphere_errors.searches_over_norms(listing.results).empty
    radii = [0.6, 1.0, 2.4]
    settings = {"aim": "nearest", "steps": 10, "step_size": 0.1, "radii": radii}
    table = {"step": 100, "start": 0, "radius": radii, "found": True, "distance": 0.1}
    listing.add("attacks", "manifold", NET | {"measurement": "wide"}, settings, table=table)
    assert sphere_errors.searches_over_norms(listing.results)["radius"].to_list() == radii


def test_without_a_search_there_are_no_snapshots(listing: Listing) -> None:
    others = listing.results.select(stage="statistics")
    attacked = sphere_errors.attacked_starts(others)
    assert sphere_errors.sum_snapshots(attacked, others.table("error_rate")).empty


def test_nearest_and_worst_are_compared_from_the_same_starts(listing: Listing) -> None:
    nearest, worst = sphere_errors.compare_aims(listing.results).itertuples()
    assert (nearest.aim, nearest.starts, nearest.logit) == ("nearest", 2, pytest.approx(0.1))
    assert (worst.aim, worst.starts, worst.logit) == ("worst", 2, 5.0)


def test_of_two_samples_the_larger_one_counts(listing: Listing) -> None:
    counted = {"step": 100, "sphere": ["inner", "outer"], "points": 100_000, "errors": [7, 3]}
    listing.add("statistics", "error_rate", NET | {"measurement": "rate-large"}, {}, table=counted)
    few = {"step": 100, "sphere": ["inner", "outer"], "points": 10, "errors": [7, 3]}
    listing.add("statistics", "error_rate", NET | {"measurement": "rate-small"}, {}, table=few)
    rates = listing.results.table("error_rate")
    total = sphere_errors.sum_spheres(rates)
    assert total[["points", "errors"]].to_numpy().tolist() == [[200_000, 10]]
    (snapshot,) = sphere_errors.sum_snapshots(sphere_errors.attacked_starts(listing.results), rates).itertuples()
    assert snapshot.rate == pytest.approx(7e-5)


def test_the_upper_bound_is_a_one_sided_one() -> None:
    counted = [NET | {"step": 1, "sphere": sphere, "points": 10_000_000, "errors": 0} for sphere in ("inner", "outer")]
    total = sphere_errors.sum_spheres(pd.DataFrame(counted))
    assert total["upper"].iloc[0] == pytest.approx(-np.log(0.05) / 2e7, rel=1e-6)


def test_two_trainings_of_one_net_stay_apart() -> None:
    rows = [NET | {"training": name, "step": step, "x": 1} for name, step in (("a", 5), ("a", 9), ("b", 7))]
    last = at_end(pd.DataFrame(rows))
    assert last[["training", "step"]].to_numpy().tolist() == [["a", 9], ["b", 7]]


def test_the_power_of_the_search_is_drawn_beside_the_nets() -> None:
    attacked = pd.DataFrame({"dimension": [10, 10, 60, 60], "found": [False, False, False, True]})
    power = pd.DataFrame({"dimension": [10, 60], "alpha": 1.02, "found": [True, False]})
    fig, drawn = spheres.draw_dimensions(attacked, power)
    assert drawn.groupby("net")["share"].apply(list).to_dict() == {
        "trained nets": [0.0, 0.5],
        "ellipsoid, one alpha 1.02": [1.0, 0.0],
    }
    _, alone = spheres.draw_dimensions(attacked, pd.DataFrame())
    assert alone["net"].unique().tolist() == ["trained nets"]
    assert len(fig.axes[0].containers) == 2
    plt.close("all")


def test_a_distance_is_shown_where_errors_were_sampled_and_found_from_every_start() -> None:
    snapshots = pd.DataFrame({"errors": [0, 5, 5, 10], "share_found": [1.0, 1.0, 0.9, 1.0], "rate": [0.0, 0.5, 0.5, 1]})
    assert sphere_errors.shown_beside_caps(snapshots).index.tolist() == [1]


def test_the_course_of_training_has_both_spheres_on_one_side_and_the_search_on_the_other(listing: Listing) -> None:
    total = sphere_errors.sum_spheres(listing.results.table("error_rate"))
    assert total[["points", "errors", "net"]].to_numpy().tolist() == [[2000, 25, "relu"]]
    snapshots = pd.DataFrame([NET | {"step": 100, "share_found": 0.7}])
    fig = sphere_errors.draw_training(total, snapshots)
    assert [axes.lines[0].get_ydata()[0] for axes in fig.axes] == [total["upper"].iloc[0], 0.7]
    plt.close(fig)


def test_caps_shells_and_pairs_are_drawn() -> None:
    shown = pd.DataFrame([NET | {"step": 1, "rate": 0.1, "rate_low": 0.05, "rate_high": 0.2, "distance": 0.2}])
    cap = sphere_errors.draw_caps(shown, 500).axes[0].lines[0]
    assert cap.get_ydata()[-1] == pytest.approx(mean_distance_to_cap(np.array([0.5]), 500)[0])
    nearest = pd.DataFrame(
        NET | {"found": [True, True, False], "distance": [0.1, 0.2, 9], "norm": [1.1, 1.2, 9], "dataset": list("aba")}
    )
    shells = sphere_errors.draw_shell(nearest).axes
    assert max(axes.get_xlim()[1] for axes in shells) < 2  # what was not found does not count
    assert [text.get_text() for text in shells[0].get_legend().texts] == ["relu on a", "relu on b"]
    pairs = sphere_errors.draw_pair_distances(pd.DataFrame({"distance": [1.3, 1.4, 1.5]}), 1.414)
    assert pairs.axes[0].lines[0].get_xdata() == [1.414, 1.414]
    plt.close("all")


def test_alphas_are_ranked_at_the_end_and_counted_outside_the_band() -> None:
    alphas = pd.DataFrame(NET | {"step": [0, 0, 9, 9], "alpha": [7.0, 7.0, 1.2, 0.9]})
    final = ellipsoids.rank_alphas(alphas)
    assert final["rank"].tolist() == [2, 1]
    assert ellipsoids.count_wrong(final, 1.3).to_dict() == {("balls", "relu", "adam", 0): 1}
    assert ellipsoids.draw_alphas(final, 1.3).axes[0].lines[0].get_ydata().tolist() == [0.9, 1.2]
    plt.close("all")


def test_distances_are_compared_where_there_is_an_error_and_it_was_found() -> None:
    at = NET | {"step": 9}
    exact = pd.DataFrame([at | {"start": start, "on_sphere": true} for start, true in enumerate((0.1, 0.2, np.inf))])
    found = (True, False, True)
    attacked = pd.DataFrame([at | {"start": n, "found": one, "distance": 0.15} for n, one in enumerate(found)])
    starts = ellipsoids.starts_near_errors(exact, attacked)
    assert starts["start"].tolist() == [0, 1]
    alphas = pd.DataFrame([at | {"alpha": alpha} for alpha in (1.2, 0.5)])
    (both,) = ellipsoids.mean_distances(starts, alphas).itertuples()
    assert (both.attacked, both.true, both.share_found) == (pytest.approx(0.15), pytest.approx(0.1), 0.5)
    assert 0.0 < both.rate < 1.0


def test_the_normal_approximation_is_off_in_the_tail_only() -> None:
    tails = ellipsoids.error_rates_in_the_tail()
    off = (tails["normal"] - tails["exact"]).abs()
    assert off.iloc[0] < 0.1 < off.iloc[-1]
    assert len(ellipsoids.draw_tails(tails).axes) == 2
    plt.close("all")
