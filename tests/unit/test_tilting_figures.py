"""From trained paths to figures: what is drawn follows the tables, and mirror images lie behind the boundary."""

from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import write_images
from advdim.figures.boundaries import draw_adversarial, draw_path, draw_planes, draw_rotation
from advdim.figures.frames import Frame
from advdim.figures.rotation import series_of_rotation
from advdim.figures.tilting import PairPath, choices_of, frames_of_path, pair_paths, series_of, used_by
from advdim.job import Job
from advdim.models.linear import LinearPath
from advdim.statistics import projections
from advdim.statistics.collect import Results
from advdim.statistics.tilting_plane import centroid_direction, tilting_plane
from tests.made_up_results import Listing

pytestmark = pytest.mark.usefixtures("no_unseeded_draws")

LEVELS = np.array([2.0, 0.0, -2.0, -4.0, -6.0])


class Study(Listing):
    """Paths of linear classifiers on random images of three classes, measured by the statistic itself."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        rng = np.random.default_rng(5)
        labels = np.tile([0, 1, 2], 12)
        images = (rng.integers(0, 120, (36, 3, 4, 1)) + 60 * labels[:, None, None, None]).astype(np.uint8)
        splits = ImageSplits(
            images, labels, images[:9], labels[:9], pd.DataFrame({"index": range(45)}), ("2", "7", "3")
        )
        self.images, self.labels = images.reshape(36, -1) / 255, labels
        self.dataset = self.add("datasets", "digits", {"dataset": "digits"}, {"kind": "digits"})
        write_images(self.dataset, splits)

    def path(self, pair: tuple[str, str], kind: str = "svm_path") -> None:
        """Add classifiers that tilt ever more, and what was measured of them."""
        labels = {"dataset": "digits", "model": "linear", "training": kind, "seed": 0, "pair": "-".join(pair)}
        settings = {"model": {"kind": "linear"}, "training": {"kind": kind, "images_per_class": 10}, "pair": pair}
        model = self.add("models", "linear", labels, settings)
        class_i, class_j = ("2", "7", "3").index(pair[0]), ("2", "7", "3").index(pair[1])
        x, y = (part[np.isin(self.labels, [class_i, class_j])][:20] for part in (self.images, self.labels))
        y = np.where(y == class_j, 1.0, -1.0)
        z, midpoint = centroid_direction(x, y), (x[y > 0].mean(axis=0) + x[y < 0].mean(axis=0)) / 2
        tilts = np.arange(5)[:, None] * np.random.default_rng(8).normal(size=12)
        weights = 4 * z + 0.4 * tilts
        path = LinearPath(LEVELS, weights, 0.05 - weights @ midpoint, np.zeros(5))
        path.save(model)
        level = {"log10_lambda": LEVELS, "angle_deg": [tilting_plane(w, z).angle_deg for w in weights]}
        numbers = {"d_adv": range(5), "err_train": range(5), "err_test": [5, 4, 1, 3, 4]}
        offsets = {"bias_over_normw": 0.05 / np.linalg.norm(weights, axis=1)}
        self.add("statistics", "tilting", labels, {"kind": "tilting"}, levels=level | numbers | offsets)
        settings = {"kind": "projections", "images": 6, "pictures": 2}
        out = self.add("statistics", "projections", labels, settings)
        projections.measure(Job("", settings, 0, {}, {"dataset": self.dataset, "model": model}, out, out, 1.0))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = Study(tmp_path_factory.mktemp("study"))
    made.path(("7", "2"))
    made.path(("2", "3"))
    made.path(("2", "3"), kind="logistic_path")
    return made


@pytest.fixture(scope="module")
def paths(study: Study) -> list[PairPath]:
    return pair_paths(study.results)


def numbers(frames: list[Frame], key: str) -> list[float]:
    """A measure of all frames."""
    return [dict(frame.values)[key] for frame in frames]


def test_the_pair_of_the_source_comes_first_and_only_machines_come(study: Study, paths: list[PairPath]) -> None:
    assert [path.name for path in paths] == ["2 against 3", "7 against 2"]
    assert {row["kind"] for row in used_by(study.results, paths[:1]).rows} == {"linear", "tilting", "projections"}
    assert len(used_by(study.results, paths[:1]).rows) == 3
    assert pair_paths(Results((), study.root)) == []


def test_the_first_images_of_each_class_are_kept(study: Study, paths: list[PairPath]) -> None:
    twos, threes = (study.images[study.labels == label] for label in (0, 2))
    path = paths[0]
    assert [len(points) for points in path.points(0)] == [6, 6]
    assert [len(points) for points in path.points(0, "test")] == [3, 3]
    assert path.image_y.tolist() == [-1, -1, 1, 1]
    np.testing.assert_array_equal(path.images.reshape(4, -1), np.concatenate([twos[:2], threes[:2]]))
    np.testing.assert_array_equal(path.first_image(1).ravel(), threes[0])


def test_frames_ascend_and_tell_the_table(paths: list[PairPath]) -> None:
    frames = frames_of_path(paths[0])
    assert [frame.level for frame in frames] == LEVELS[::-1].tolist()
    assert numbers(frames, "err_test") == [4, 3, 1, 4, 5]
    angles = numbers(frames, "angle_deg")
    assert angles == sorted(angles, reverse=True)
    assert angles[-1] == 0
    assert not frames[-1].points["class I"][:, 1].any()  # n is not defined: the coordinate is 0
    assert {name: row % 5 for name, row in paths[0].named_levels.items()} == {
        "weakest": 0,
        "best test error": 2,
        "strongest": 4,
    }


@pytest.mark.parametrize(("y", "number"), [(-1, 0), (1, 1)])
def test_the_boundary_halves_the_way_to_the_mirror_image(paths: list[PairPath], y: int, number: int) -> None:
    for row, frame in enumerate(frames_of_path(paths[1], y, number)):
        image, mirror = frame.marks["image"], frame.marks["mirror image"]
        along = frame.boundary[1] - frame.boundary[0]
        along /= np.linalg.norm(along)
        to_middle = (image + mirror) / 2 - frame.boundary[0]
        assert abs(to_middle[0] * along[1] - to_middle[1] * along[0]) < 1e-4
        assert abs((mirror - image) @ along) < 1e-4
        assert image.tolist() in frame.points["class J" if y > 0 else "class I"].tolist()
        own = paths[1].images[paths[1].image_y == y][number]
        reflected = own + paths[1].perturbation(own, row)
        scores = [float(x.ravel() @ paths[1].weights[row] + paths[1].biases[row]) for x in (own, reflected)]
        assert scores[1] == pytest.approx(-scores[0])
        assert np.linalg.norm(reflected - own) == pytest.approx(np.linalg.norm(mirror - image), abs=1e-4)


def test_choices_fit_the_series(paths: list[PairPath]) -> None:
    choices = choices_of(paths, 2)
    assert choices["Classes"] == ["2 against 3", "7 against 2"]
    assert choices["Image"] == ["of class I (no. 1)", "of class I (no. 2)", "of class J (no. 1)", "of class J (no. 2)"]
    series = series_of(paths, 2)
    assert len(series) == 8
    own = frames_of_path(paths[1], 1, 0)
    assert series[6][0].pictures["image"].tolist() == own[0].pictures["image"].tolist()
    assert len(series_of(paths, 1)) == 4


def test_in_the_animation_only_the_boundary_turns(paths: list[PairPath]) -> None:
    frames = series_of_rotation(paths)[0]
    weakest = frames_of_path(paths[0])[0]
    assert all((frame.points["class J"] == weakest.points["class J"]).all() for frame in frames)
    np.testing.assert_allclose(frames[0].boundary, weakest.boundary, atol=1e-9)
    assert numbers(frames, "outside_percent") == pytest.approx(5 * [0], abs=1e-9)  # one n for all
    assert numbers(frames, "drawn_deg") == pytest.approx(numbers(frames, "angle_deg"))
    assert np.ptp(frames[-1].boundary[:, 0]) < 1e-9  # upright: the strongest w is z
    for frame in frames:
        along, w = frame.boundary[1] - frame.boundary[0], frame.marks["w, projected"]
        assert abs(along @ w) < 1e-9 * np.linalg.norm(along)


def test_the_printed_figures(paths: list[PairPath]) -> None:
    matplotlib.use("Agg")
    fig, distances = draw_adversarial(paths[0])
    assert len(fig.axes) == 2 * 7
    assert distances["class"].tolist() == 3 * ["2"] + 3 * ["3"]
    path = paths[0]
    expected = abs(path.first_image(1).ravel() @ path.weights[-1] + path.biases[-1]) / np.linalg.norm(path.weights[-1])
    assert distances["distance_to_boundary"].iloc[-1] == pytest.approx(expected)
    planes = draw_planes(path)
    assert len(planes.axes) == 3
    low, high = planes.axes[0].get_xlim()
    assert high - low < 10  # the far ends of the boundary are not shown
    assert len(draw_rotation(path).axes[0].lines) == 5
    angle, distance, errors = draw_path(path.levels.assign(half_centroid_distance=2.0)).axes
    assert angle.lines[0].get_ydata().tolist() == path.levels["angle_deg"].tolist()
    assert distance.lines[1].get_ydata()[0] == 2.0
    assert [text.get_text() for text in errors.get_legend().get_texts()] == ["training", "test"]
    plt.close("all")
