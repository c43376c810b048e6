"""The figures of the dimension study on made-up tables."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from advdim.figures import poolings, style, training_methods, vulnerability
from advdim.ledger.dimension_initial import LAW, THEOREMS
from advdim.ledger.dimension_nets import AUGMENTATIONS, CROSS_LIPSCHITZ, PENALTIES, PLAIN, THROUGH
from advdim.ledger.dimension_penalties import ATTACKS
from advdim.ledger.observations import NET
from advdim.statistics.collect import Results

pytestmark = pytest.mark.usefixtures("no_unseeded_draws")


@pytest.fixture
def nets() -> pd.DataFrame:
    """Three seeds of four methods at three strengths, and plain nets."""
    methods = (PENALTIES["l1"], AUGMENTATIONS["linf"], THROUGH["linf"], CROSS_LIPSCHITZ)
    rows = [
        {"method": method, "strength": strength, "seed": seed, "l1": 5 - 10 * strength + 0.1 * seed, "l2": 1 - strength}
        for method in methods
        for strength in (0.1, 0.2, 0.3)
        for seed in range(3)
    ]
    rows += [{"method": PLAIN, "strength": 0.0, "seed": seed, "l1": 6.0, "l2": 1.2} for seed in range(3)]
    frame = pd.DataFrame(rows)
    return frame.assign(vulnerability=frame["l1"] / 10, accuracy=0.9 + 0.01 * frame["seed"])


def test_methods_are_drawn_at_their_means(nets: pd.DataFrame) -> None:
    fig = training_methods.draw_methods(training_methods.nets_to_compare(nets))
    over_strength, against = fig.axes[1], fig.axes[3]
    labels = [box.get_label() for box in against.containers]
    assert labels == [PLAIN, PENALTIES["l1"], AUGMENTATIONS["linf"], CROSS_LIPSCHITZ]  # app. F has its own figure
    line = against.containers[1][0]
    assert line.get_xdata() == pytest.approx([4.1, 3.1, 2.1])
    assert line.get_ydata() == pytest.approx([0.41, 0.31, 0.21])
    assert len(over_strength.containers) == 2  # the weight of the cross-Lipschitz penalty is no eps
    plt.close(fig)


def test_methods_are_compared_by_the_seeds_that_all_share(nets: pd.DataFrame) -> None:
    further = nets[(nets["method"] == AUGMENTATIONS["linf"]) & (nets["seed"] == 0)]
    weak = nets[(nets["method"] == PENALTIES["l1"]) & (nets["seed"] == 1)].assign(strength=0.01)
    every = pd.concat([nets, further.assign(seed=7), weak], ignore_index=True)
    compared = training_methods.nets_to_compare(every)
    expected = nets[nets["method"] != THROUGH["linf"]]  # and neither the seed nor the strength of one method alone
    pd.testing.assert_frame_equal(compared.reset_index(drop=True), expected.reset_index(drop=True))
    attacked = every.assign(vulnerability_l2=every["vulnerability"].where(every["seed"] != 2))
    assert set(training_methods.nets_to_compare(attacked, "vulnerability_l2")["seed"]) == {0, 1}


def test_intervals_of_shares_end_at_0_and_1(nets: pd.DataFrame) -> None:
    fig = training_methods.draw_fronts(nets.assign(accuracy=0.5 + 0.24 * nets["seed"]))
    along = np.concatenate([box[2][1].get_segments() for box in fig.axes[0].containers])[..., 1]
    assert (along.min(), along.max()) == (pytest.approx(0.14, abs=0.01), 1.0)
    plt.close(fig)


def test_seeds_of_equal_accuracy_have_no_bars_below_zero(nets: pd.DataFrame) -> None:
    equal = nets.assign(accuracy=0.905)
    assert equal[equal["strength"] == 0.0]["accuracy"].mean() < 0.905  # by rounding
    fig = training_methods.draw_methods(training_methods.nets_to_compare(equal))
    (bars,) = fig.axes[2].containers[0][2]
    assert [np.ptp(bar[:, 1]) for bar in bars.get_segments()] == pytest.approx([0.0] * 3)
    plt.close(fig)


def test_fronts_have_intervals_of_both_means(nets: pd.DataFrame) -> None:
    fig = training_methods.draw_fronts(nets)
    across, along = fig.axes[0].containers[1][2]
    half = np.ptp(along.get_segments()[0][:, 1]) / 2
    assert half == pytest.approx(4.3027 * 0.01 / np.sqrt(3), rel=1e-3)  # Student's t of two degrees of freedom
    assert np.ptp(across.get_segments()[0][:, 0]) / 2 == pytest.approx(half, rel=1e-3)
    plt.close(fig)


def test_nets_through_the_attack_stand_beside_their_twins(nets: pd.DataFrame) -> None:
    twins = training_methods.with_twins(nets.drop(nets.index[nets["method"] == THROUGH["linf"]][0]))
    assert twins.groupby("method").size().to_dict() == {AUGMENTATIONS["linf"]: 8, THROUGH["linf"]: 8}
    fig = training_methods.draw_through_attack(twins)
    points = fig.axes[0].lines[0]
    assert points.get_xdata() == pytest.approx(points.get_ydata())
    assert len(points.get_xdata()) == 8
    plt.close(fig)


def test_penalties_have_a_line_for_each_attack() -> None:
    rows = pd.DataFrame(
        [
            {"attack": attack, "strength": strength, "l1": 5 - strength, "share": 0.5 - strength}
            for attack in ATTACKS
            for strength in (0.0, 0.1, 0.2)
        ]
    )
    fig = vulnerability.draw_penalties(rows)
    assert [line.get_ydata()[0] for line in fig.axes[0].lines[:5]] == pytest.approx([0.5] * 5)
    assert [text.get_text() for text in fig.legends[0].get_texts()] == list(ATTACKS)
    plt.close(fig)


def test_thresholds_count_the_images_that_a_perturbation_of_that_size_fools(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = ("photographs", "net", "adam", 0, "")
    sizes = pd.DataFrame({"eps_pixel": [0.0011, 0.011, np.inf, 0.011]}).assign(**dict(zip(NET, labels, strict=True)))
    first_order = sizes.assign(image=range(4), step=7, d_linf=[-0.0011, 0.03, 0.04, 0.0011])  # one is misclassified
    monkeypatch.setattr(vulnerability, "smallest_linf", lambda *_: sizes)
    sweep: Any = SimpleNamespace(
        nets=[[SimpleNamespace(labels=labels)]], dimensions=[100], table=lambda *_: first_order
    )
    curves = vulnerability.threshold_curves(Results((), Path()), sweep)
    assert set(curves["d"]) == {100}
    for which, shares in (("measured", [0.0, 0.25, 0.75]), ("first order", [0.0, 0.5, 1.0])):
        own = curves[curves["which"] == which]
        assert np.interp([0.0005, 0.005, 0.09], own["eps_pixel"], own["share"]).tolist() == shares
        assert len(set(own["net"])) == 1


def test_thresholds_scale_with_the_square_root_of_d() -> None:
    grid = np.geomspace(1e-3, 1e-1, 11)
    curves = pd.concat(
        pd.DataFrame({"which": which, "d": d, "net": 0, "eps_pixel": grid, "share": np.minimum(1, grid * np.sqrt(d))})
        for which in ("measured", "first order")
        for d in (100, 400)
    )
    fig = vulnerability.draw_thresholds(curves)
    first, second = (fig.axes[1].lines[number] for number in (0, 1))
    shared = np.interp(first.get_xdata(), second.get_xdata(), second.get_ydata())
    below = (shared > 0.1) & (shared < 0.8)  # where no curve has come to its end
    assert below.sum() > 3
    assert first.get_ydata()[below] == pytest.approx(shared[below], abs=0.05)
    plt.close(fig)


def test_exponents_orders_areas_and_poolings_are_drawn() -> None:
    exponents = pd.DataFrame(
        [
            {
                "sort": name,
                "norm": norm,
                "slope": exponent - lower,
                "low": exponent - lower - 0.1,
                "high": exponent - lower + 0.1,
                "covered": theorems,
                "predicted": exponent - lower,
            }
            for name, theorems, lower in (("a", THEOREMS[0], 0.0), ("b", THEOREMS[1], 0.5))
            for norm, exponent in LAW.items()
        ]
    )
    fig = poolings.draw_initial_exponents(exponents)
    laws = list(LAW.values())
    assert [axes.containers[0][0].get_xdata()[0] for axes in fig.axes] == pytest.approx(laws)
    marks = [axes.lines[0].get_xdata().tolist() for axes in fig.axes]
    assert marks == [pytest.approx([law, law - 0.5]) for law in laws]  # each sort has its own prediction
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["by the theorems", *THEOREMS]
    sizes = np.array([1.0, 4.0, 16.0])
    pooled = pd.DataFrame({"area": sizes, "d": 64, "width": 8, "logit_l2": 2 / np.sqrt(sizes)})
    line = poolings.draw_areas(pooled).axes[0].lines[-1]
    assert line.get_ydata() == pytest.approx([2.0, 0.5])  # the prediction through the points
    losses = pd.DataFrame({"norm": ["linf", "linf", "l2", "l2"], "eps_pixel": [0.01, 0.02] * 2, "gap": [1.0, 4.0] * 2})
    assert poolings.draw_order(losses).axes[0].lines[-1].get_ydata() == pytest.approx([0.5, 2.0])
    kinds = pd.DataFrame(
        [
            {"pooling": kind, "accuracy": 0.9, "vulnerability": 0.1 * seed, "l1": 5.0, "l1_initial": 0.5}
            for kind in ("average", "strided", "max")
            for seed in range(3)
        ]
    )
    fig = poolings.draw_poolings(kinds)
    assert len(fig.axes) == 3
    bars = [line.get_ydata() for line in fig.axes[1].lines if len(line.get_ydata()) > 1]
    assert min(map(min, bars)) == 0.0  # Student's interval of 0, 0.1 and 0.2 would end at -0.148
    assert max(map(max, bars)) == pytest.approx(0.1 + 4.3027 * 0.1 / np.sqrt(3), rel=1e-3)
    plt.close("all")


def test_no_shade_is_lost_on_white() -> None:
    for shade in style.shades(7):
        channels = np.array(to_rgb(shade))
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) > 2.0  # the contrast of WCAG 2
    assert len(set(style.shades(7))) == 7


def test_damage_is_drawn_as_a_ratio() -> None:
    damage = pd.DataFrame(
        [
            {
                "norm": norm,
                "d": d,
                "eps_pixel": eps,
                "predicted": eps,
                "measured": 0.8 * eps,
                "dataset": "x",
                "model": "y",
            }
            | {"training": "z", "seed": seed, "pair": ""}
            for norm in ("linf", "l2")
            for d in (192, 768)
            for eps in (0.001, 0.01)
            for seed in (0, 1)
        ]
    )
    fig = vulnerability.draw_damage(vulnerability.damage_ratios(damage))
    assert [axes.lines[0].get_ydata()[0] for axes in fig.axes] == pytest.approx([0.8, 0.8])
    plt.close(fig)
