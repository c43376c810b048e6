"""All pairs of classes: what sums up a path, which levels are read, and what goes with the tilt."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from advdim.figures.pairs import (
    MATRICES,
    REASONS,
    draw_matrices,
    draw_paths,
    draw_reasons,
    levels_of_pairs,
    summary_of_pairs,
    trends,
)
from advdim.statistics.collect import Results
from tests.made_up_results import Listing


def path(pair: str, angles: list[float], distances: list[float], tests: list[float], upright: float) -> pd.DataFrame:
    """Four levels of a pair, the strongest regularisation neither first nor last."""
    columns = {"log10_lambda": [-6.0, -2.0, 2.0, 0.0], "angle_deg": angles, "d_adv": distances, "err_test": tests}
    train = {"err_train": [0.0, 0.5, upright, 1.0], "half_centroid_distance": max(distances)}
    return pd.DataFrame({"pair": pair} | columns | train)


@pytest.fixture
def levels() -> pd.DataFrame:
    paths = [
        path("2-3", [80.0, 60.0, 0.0, 30.0], [0.25, 0.5, 2.0, 1.5], [5.0, 2.5, 7.5, 4.0], 7.0),
        path("0-1", [50.0, 55.0, 0.0, 10.0], [0.75, 1.0, 3.0, 2.5], [0.5, 0.25, 0.75, 0.25], 0.5),
        path("7-9", [85.0, 70.0, 0.0, 40.0], [0.125, 0.25, 1.0, 0.75], [9.0, 4.0, 12.0, 6.0], 11.0),
    ]
    return pd.concat(paths, ignore_index=True)


def test_a_pair_is_summed_up_in_one_row(levels: pd.DataFrame) -> None:
    summary = summary_of_pairs(levels)
    expected = pd.DataFrame(
        {
            "pair": ["2-3", "0-1", "7-9"],
            "class_i": ["2", "0", "7"],
            "class_j": ["3", "1", "9"],
            "largest_angle": [80.0, 55.0, 85.0],
            "best_error": [2.5, 0.25, 4.0],
            "log10_lambda_best": [-2.0, -2.0, -2.0],
            "d_adv_best": [0.5, 1.0, 0.25],
            "price": [5.0, 0.5, 8.0],
            "upright_error": [7.0, 0.5, 11.0],
            "half_centroid_distance": [2.0, 3.0, 1.0],
        }
    )
    pd.testing.assert_frame_equal(summary, expected)


def test_the_numbers_do_not_depend_on_the_order_of_the_levels(levels: pd.DataFrame) -> None:
    without_ties = levels[levels["pair"] != "0-1"]
    backwards = summary_of_pairs(without_ties[::-1]).sort_values("pair", ignore_index=True)
    pd.testing.assert_frame_equal(backwards, summary_of_pairs(without_ties))


def test_reasons_go_with_the_angle_or_against_it(levels: pd.DataFrame) -> None:
    found = trends(summary_of_pairs(levels))
    assert list(found) == [reason.title for reason in REASONS]
    overlap, distance, error = found.values()
    assert (overlap.tau, distance.tau, error.tau) == (pytest.approx(1), pytest.approx(-1), pytest.approx(1))
    assert all(trend.p_value == pytest.approx(2 / 6) for trend in found.values())  # two of the 3! orders


def test_what_is_constant_has_no_trend(levels: pd.DataFrame) -> None:
    summary = summary_of_pairs(levels)
    kept = trends(summary.assign(half_centroid_distance=2.0))
    assert list(kept) == [REASONS[0].title, REASONS[2].title]
    assert trends(summary.assign(half_centroid_distance=2.0, upright_error=0.0, best_error=1.0)) == {}
    assert trends(summary.assign(largest_angle=60.0)) == {}
    assert trends(summary[:1]) == {}


class Study(Listing):
    """Linear classifiers of pairs of classes, and their levels."""

    def measured(self, dataset: str, pair: str, levels: pd.DataFrame, training: str = "svm_path") -> None:
        """Add the classifiers of a pair, and their levels."""
        labels = {"dataset": dataset, "model": "linear", "training": training, "seed": 0, "pair": pair}
        settings = {"training": {"kind": training}, "pair": pair.split("-")}
        self.add("models", "linear", labels, settings)
        self.add("statistics", "tilting", labels, {}, levels=levels.drop(columns="pair"))


@pytest.fixture
def study(tmp_path: Path, levels: pd.DataFrame) -> Study:
    """Three pairs of digits, and logistic regressions of one of them."""
    made = Study(tmp_path)
    made.add("datasets", "digits", {"dataset": "digits"}, {"kind": "digits"})
    for pair, own in levels.groupby("pair"):
        made.measured("digits", str(pair), own)
    made.measured("digits", "2-3", levels[levels["pair"] == "2-3"].assign(angle_deg=89.0), "logistic_path")
    return made


def test_the_levels_of_support_vector_machines_are_read_once_in_order(study: Study, levels: pd.DataFrame) -> None:
    again = [row | {"labels": row["labels"] | {"experiment": "another"}} for row in study.rows]
    found = levels_of_pairs(Results((*study.rows, *again), study.root))
    expected = levels.sort_values(["pair", "log10_lambda"], ignore_index=True)
    pd.testing.assert_frame_equal(found[list(levels.columns)], expected)


def test_mnist_is_preferred_to_a_dataset_with_more_pairs(study: Study, levels: pd.DataFrame) -> None:
    study.add("datasets", "digits", {"dataset": "all-digits"}, {"kind": "digits"})
    for pair in ("0-1", "0-2", "0-3", "0-4"):
        study.measured("all-digits", pair, levels[:4])
    assert set(levels_of_pairs(study.results)["dataset"]) == {"all-digits"}
    study.add("datasets", "mnist", {"dataset": "handwritten"}, {"kind": "mnist"})
    for pair in ("3-5", "3-8"):
        study.measured("handwritten", pair, levels[:4])
    assert set(levels_of_pairs(study.results)["dataset"]) == {"handwritten"}


def test_where_there_is_one_pair_there_is_nothing_to_compare(tmp_path: Path, levels: pd.DataFrame) -> None:
    made = Study(tmp_path)
    assert levels_of_pairs(made.results).empty
    made.add("datasets", "mnist", {"dataset": "mnist"}, {"kind": "mnist"})
    made.measured("mnist", "2-3", levels[:4])
    assert levels_of_pairs(made.results).empty
    made.measured("mnist", "7-9", levels[8:], "logistic_path")
    assert levels_of_pairs(made.results).empty


def test_the_figures_show_the_summary(levels: pd.DataFrame) -> None:
    mpl.use("Agg")
    summary = summary_of_pairs(levels)
    matrices = draw_matrices(summary)
    for axes, measure in zip(matrices.axes, MATRICES, strict=True):
        assert axes.get_title() == measure.title
        cells = dict(zip(summary["pair"], summary[measure.column], strict=True))
        shown = {text.get_text() for text in axes.texts}
        assert shown == {f"{value:.{measure.digits}f}" for value in cells.values()}
        rows = [label.get_text() for label in axes.get_yticklabels()]
        columns = [label.get_text() for label in axes.get_xticklabels()]
        places = {rows[int(t.get_position()[1])] + "-" + columns[int(t.get_position()[0])] for t in axes.texts}
        assert places == set(cells)
    scattered = draw_reasons(summary)
    for axes, reason in zip(scattered.axes, REASONS, strict=True):
        drawn = np.asarray(axes.collections[0].get_offsets())
        np.testing.assert_allclose(drawn, summary[[reason.column, "largest_angle"]])
        assert {text.get_text() for text in axes.texts} == {"0-1", "7-9"}  # the ends of either axis
    curves = draw_paths(levels.sort_values(["pair", "log10_lambda"]), summary)
    coloured = [line.get_label() for line in curves.axes[0].lines if not str(line.get_label()).startswith("_")]
    assert coloured == ["0-1", "7-9"]
    assert all(len(axes.lines) == 3 for axes in curves.axes)
    plt.close("all")
