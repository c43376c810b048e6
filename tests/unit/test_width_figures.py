"""The tables and figures of the experiment on widths, and what the page of the dimension study sums up."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from advdim.attacks.flags import FLAGS
from advdim.figures import training_methods, vulnerability, widths
from advdim.figures.suspicions import sum_suspicions
from advdim.ledger.dimension_widths import Attacked, Sweep
from advdim.ledger.observations import Net
from advdim.reports.page import Page
from tests.made_up_results import Listing

pytestmark = pytest.mark.usefixtures("no_unseeded_draws")

NET = {"model": "conv", "training": "adam", "pair": ""}
DIMENSIONS = {"w8": 192, "w16": 768, "w32": 3072}
IMAGES = 4


@pytest.fixture
def listing(tmp_path: Path) -> Listing:
    """Two nets a width whose l_1 norm is the square root of d, and half of whose answers are right."""
    made = Listing(tmp_path)
    for dataset, d in DIMENSIONS.items():
        made.add("datasets", "photos12", {"dataset": dataset}, {})
        for seed in range(2):
            labels = NET | {"dataset": dataset, "seed": seed, "measurement": "norms"}
            table = {"step": [0] * IMAGES + [9] * IMAGES, "label": 0, "prediction": [0, 1] * IMAGES}
            table |= {"l1": np.sqrt(d), "l2": 1.0, "linf": d**-0.5, "logit_l2": 1.0}
            made.add("statistics", "gradient_norms", labels, {}, table=table)
            flags = {"flag": next(iter(FLAGS)), "raised": seed == 1, "share": 0.1 * seed}
            made.add("attacks", "iterative", labels, {}, flags=pd.DataFrame([flags]))
    return made


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """The nets of the listing."""
    nets = [
        [Net((dataset, "conv", "adam", seed, ""), {}, {}, {}, (), tmp_path, tmp_path) for seed in range(2)]
        for dataset in DIMENSIONS
    ]
    return Sweep(nets, list(DIMENSIONS.values()))


def test_gradients_are_averaged_over_images_and_drawn_with_the_vulnerability(listing: Listing, sweep: Sweep) -> None:
    nets = widths.average_gradients(listing.results, sweep)
    assert len(nets) == 2 * 2 * len(DIMENSIONS)
    assert nets["correct"].unique().tolist() == [0.5]
    trained, initial = nets[nets["step"] == 9], nets[nets["step"] == 0]
    shares = [np.array([0.1, 0.2]) * np.sqrt(d / 192) for d in DIMENSIONS.values()]
    fooled = widths.join_vulnerability(trained, sweep, Attacked(shares, shares, "an attack"))
    assert fooled.set_index(["dataset", "seed"]).loc[("w16", 1), "fooled"] == pytest.approx(0.4)
    fig = widths.draw_sweep(fooled, initial)
    assert [len(axes.containers) for axes in fig.axes] == [1, 2, 1]
    assert fig.axes[0].containers[0][0].get_ydata() == pytest.approx([0.15, 0.3, 0.6])
    plt.close(fig)


def test_without_gradients_there_is_nothing_to_average(listing: Listing, sweep: Sweep) -> None:
    nets = widths.average_gradients(listing.results.select(stage="datasets"), sweep)
    assert nets.empty
    assert nets[nets["step"] == nets["step"].max()].empty


def test_signal_to_noise_is_averaged_at_the_largest_step() -> None:
    damage = pd.DataFrame({"norm": "linf", "d": 192, "eps_pixel": [0.1, 0.1, 0.1, 0.01]})
    damage["signal_to_noise"] = [5.0, 7.0, np.inf, 1000.0]
    assert vulnerability.signal_to_noise(damage).to_dict("list") == {"d": [192], "linf": [pytest.approx(0.6)]}


def test_suspicions_are_summed_over_the_attacks(listing: Listing) -> None:
    (row,) = sum_suspicions(listing.results).itertuples(index=False)
    assert row[:4] == (next(iter(FLAGS)), 6, 3, pytest.approx(0.1))
    assert sum_suspicions(listing.results.select(stage="datasets")).empty


def test_nets_are_summed_up_by_their_medians() -> None:
    same = {"dataset": "w8", "model": "conv", "method": "plain", "strength": 0.0, "d": 192, "l1": 1.0, "l2": 1.0}
    nets = pd.DataFrame([same | {"seed": n, "accuracy": 0.1 * n, "vulnerability": 0.5} for n in range(3)])
    (row,) = training_methods.summarise(nets).itertuples()
    assert (row.nets, row.d, row.accuracy) == (3, 192, pytest.approx(0.1))


def test_artefacts_behind_a_table_come_with_their_datasets(listing: Listing) -> None:
    page = Page(listing.results, pd.DataFrame(), "test")
    behind = page.behind(pd.DataFrame([NET | {"dataset": "w8", "seed": 1}]))
    assert [(row["kind"], row["labels"]["dataset"], row["labels"].get("seed")) for row in behind.rows] == [
        ("photos12", "w8", None),
        ("gradient_norms", "w8", 1),
        ("iterative", "w8", 1),
    ]
