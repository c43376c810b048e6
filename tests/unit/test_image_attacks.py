"""Attacks on linear nets find the exact distances; random starts, flags and kept images do what they say."""

import dataclasses
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from advdim.attacks import deepfool, flags, iterative, minimal
from advdim.attacks.ascent import draw_starts
from advdim.attacks.kept import read_kept, write_kept
from advdim.config.attacks import DeepFool, Iterative, Minimal
from advdim.datasets.stored import read_images
from advdim.models import each_image
from advdim.norms import Norm, length
from tests.unit.linear_images import COUNT, SHAPE, distances, grey_images, job_on, linear_net

ROOT_D = 48**0.5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grey_images(tmp_path_factory.mktemp("grey"))


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_deepfool_finds_the_distance_of_two_classes_with_its_overshoot(folder: Path, norm: Norm) -> None:
    net = linear_net(2)
    table = deepfool.prepare(net, job_on(folder, DeepFool(kind="deepfool", norm=norm, overshoot=0.05)))()
    assert table["fooled"].all()
    exact = 1.05 * distances(net, folder, norm)
    extra = 1.05 * 1e-4 / 3  # added logits over the least norm of the weights
    assert ((table[norm] >= exact * (1 - 1e-5)) & (table[norm] <= exact * (1 + 1e-5) + extra)).all()
    scale = 1 if norm == "linf" else ROOT_D
    assert table["eps_pixel"].to_numpy() == pytest.approx(table[norm] / scale, rel=1e-6)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("classes", [2, 7])
@pytest.mark.parametrize("options", [{}, {"steps": 1}, {"random_start": True, "restarts": 2}])
def test_minimal_sizes_are_the_exact_ones(folder: Path, norm: Norm, classes: int, options: dict[str, object]) -> None:
    net = linear_net(classes)
    asked = Minimal(kind="minimal", norm=norm, precision=0.01, **options)
    table = minimal.prepare(net, job_on(folder, asked))()
    exact = distances(net, folder, norm) / (1 if norm == "linf" else ROOT_D)
    assert table["fooled"].all()
    assert table["inside"].all()
    assert (table["eps_pixel"] >= exact * (1 - 1e-5)).all()
    far = exact > 1e-3  # nearer boundaries are crossed by more than rounding, which is no longer small
    ratio = (table["eps_pixel"] / exact)[far]
    share = 0.5 if classes > 2 and asked.steps == 1 else 0.98  # a single step knows the second largest logit alone
    assert np.mean(ratio <= 1.016) > share
    assert not table["fails_larger"].any()


def test_where_nothing_is_found_the_clean_image_and_an_infinite_size_are_returned(folder: Path) -> None:
    net = linear_net(2)
    exact = distances(net, folder, "linf")
    largest = float(np.median(exact))
    table = minimal.prepare(net, job_on(folder, Minimal(kind="minimal", largest_eps_pixel=largest)))()
    out_of_reach = exact > 1.02 * largest
    assert np.isinf(table["eps_pixel"][out_of_reach]).all()
    assert (table["linf"][out_of_reach] == 0).all()
    assert (table["adversarial_prediction"] == table["prediction"])[out_of_reach].all()
    assert (table["loss"] == table["adversarial_loss"])[out_of_reach].all()
    assert table["fooled"][exact < 0.98 * largest].all()


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_one_search_tells_the_vulnerability_at_every_threshold(folder: Path, norm: Norm) -> None:
    net = linear_net(3)
    sizes = minimal.prepare(net, job_on(folder, Minimal(kind="minimal", norm=norm)))()["eps_pixel"]
    for eps in (0.005, 0.02, 0.08):
        asked = Iterative(kind="iterative", norm=norm, eps_pixel=eps, aim="vulnerability")
        fooled = iterative.prepare(net, job_on(folder, asked))()["fooled"]
        assert (sizes[fooled] <= eps * 1.011).mean() > 0.97
        assert (~fooled[sizes > eps * 1.011]).all()


def test_leaving_the_predicted_class_changes_no_fewer_classes_than_climbing_the_true_loss(folder: Path) -> None:
    net = linear_net(5)
    shares = {}
    for aim in ("damage", "vulnerability"):
        asked = Iterative(kind="iterative", eps_pixel=0.03, aim=aim)
        shares[aim] = iterative.prepare(net, job_on(folder, asked))()["fooled"].mean()
    assert 0 < shares["damage"] < shares["vulnerability"] < 1  # labels of these images are mostly wrong


def test_an_image_that_is_fooled_stops_and_others_go_on(folder: Path) -> None:
    net = linear_net(2)
    asked = Iterative(kind="iterative", eps_pixel=0.05, steps=10, relative_step=0.1, aim="vulnerability")
    table = iterative.prepare(net, job_on(folder, asked))()
    exact = distances(net, folder, "linf")
    in_steps = np.ceil(exact / 0.005)
    clear = (np.abs(exact / 0.005 - np.rint(exact / 0.005)) > 0.05) & (exact < 0.05)
    assert 10 < clear.sum() < COUNT
    assert table["linf"][clear].to_numpy() == pytest.approx(0.005 * in_steps[clear], rel=1e-4)
    assert (table["gradients"][exact > 0.06] == 10).all()
    assert (table["gradients"][clear] <= in_steps[clear] + 1).all()


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_random_starts_fill_the_ball_and_depend_on_image_and_number_alone(norm: Norm) -> None:
    images = tf.fill((300, *SHAPE), 0.5)
    seeds = tf.constant(np.random.default_rng(0).integers(0, 2**31, (300, 2)))
    drawn = draw_starts(images, seeds, 0, norm, 0.1)
    sizes = length(norm, drawn - images).numpy() / 0.1
    assert sizes.max() <= 1 + 1e-5
    assert np.mean(sizes ** len(images[0].numpy().ravel())) == pytest.approx(0.5, abs=0.06)  # uniform in the volume
    assert np.array_equal(draw_starts(images[7:9], seeds[7:9], 0, norm, 0.1), drawn[7:9])
    assert not np.array_equal(draw_starts(images[7:9], seeds[7:9], 1, norm, 0.1), drawn[7:9])


def test_random_starts_do_not_depend_on_the_batch_and_repeat(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Iterative(kind="iterative", eps_pixel=0.02, random_start=True, restarts=3)
    first, again = (iterative.prepare(linear_net(3), job_on(folder, asked))() for _ in range(2))
    pd.testing.assert_frame_equal(first.drop(columns="adversarial"), again.drop(columns="adversarial"))
    other = iterative.prepare(linear_net(3), job_on(folder, asked, seed=1))()
    assert not np.array_equal(other["l2"], first["l2"])
    monkeypatch.setattr(each_image, "BATCH", 7)
    small = iterative.prepare(linear_net(3), job_on(folder, asked))()
    assert small["l2"].to_numpy() == pytest.approx(first["l2"].to_numpy(), rel=1e-5)


def test_more_restarts_are_no_weaker(folder: Path) -> None:
    losses = []
    for restarts in (1, 4):
        asked = Iterative(kind="iterative", eps_pixel=0.02, steps=2, random_start=True, restarts=restarts)
        losses.append(iterative.prepare(linear_net(5), job_on(folder, asked))()["adversarial_loss"].to_numpy())
    assert (losses[1] >= losses[0] - 1e-5).all()
    assert losses[1].mean() > losses[0].mean()


class Noise(keras.layers.Layer):
    """Adds noise in training and outside of it."""

    def __init__(self) -> None:
        super().__init__()
        self.draws = keras.random.SeedGenerator(0)

    def call(self, values: tf.Tensor) -> tf.Tensor:
        """Add it."""
        return values + keras.random.normal(tf.shape(values), seed=self.draws)


def flagged(net: keras.Model, folder: Path, asked: Iterative | Minimal) -> dict[str, bool]:
    module = {"iterative": iterative, "minimal": minimal}[asked.kind]
    job = job_on(folder, asked)
    table = module.prepare(net, job)().assign(step=0)
    judged = flags.suspicions(table, job.settings).set_index("flag")
    assert set(judged.index) <= set(flags.FLAGS)
    assert (judged["images"] > 0).all()
    return judged["raised"].to_dict()


def test_a_sound_attack_on_a_sound_net_raises_no_flag(folder: Path) -> None:
    for aim in ("damage", "vulnerability"):
        raised = flagged(linear_net(3), folder, Iterative(kind="iterative", eps_pixel=0.02, aim=aim))
        assert set(raised) == set(flags.FLAGS) - {"larger_eps_weaker"}
        assert not any(raised.values())
    raised = flagged(linear_net(3), folder, Minimal(kind="minimal"))
    assert "larger_eps_weaker" in raised
    assert not any(raised.values())


def test_steps_that_lead_nowhere_are_weaker_than_one(folder: Path) -> None:
    for aim in ("damage", "vulnerability"):
        asked = Iterative(kind="iterative", eps_pixel=0.05, steps=2, relative_step=0.01, aim=aim)
        raised = flagged(linear_net(3), folder, asked)
        assert [name for name, yes in raised.items() if yes] == ["weaker_than_single_step"]


def test_saturated_probabilities_and_random_outputs_are_flagged(folder: Path) -> None:
    asked = Iterative(kind="iterative", eps_pixel=0.02)
    assert flagged(linear_net(3, softmax=True), folder, asked)["probabilities"]
    loud = linear_net(2)
    loud.set_weights([1e3 * weights for weights in loud.get_weights()])
    assert flagged(loud, folder, Iterative(kind="iterative", aim="vulnerability"))["masked_gradient"]
    assert not flagged(loud, folder, Iterative(kind="iterative", aim="vulnerability", loss="margin"))["masked_gradient"]
    inputs = keras.Input(SHAPE)
    assert flagged(keras.Model(inputs, Noise()(linear_net(3)(inputs))), folder, asked)["random_output"]


def test_a_net_without_gradients_is_flagged_by_every_attack(folder: Path) -> None:
    dead = linear_net(3)
    dead.set_weights([np.zeros((48, 3)), np.array([1.0, 0.0, 0.0])])
    for module, asked in (
        (iterative, Iterative(kind="iterative")),
        (deepfool, DeepFool(kind="deepfool", steps=3)),
        (minimal, Minimal(kind="minimal", steps=2)),
    ):
        table = module.prepare(dead, job_on(folder, asked))()
        assert table["zero_gradient"].all()
        assert not table["fooled"].any()
        assert np.isfinite(table["eps_pixel"]).all() == (module is iterative)


def test_a_larger_ball_that_fails_where_a_smaller_one_did_not_is_found_between_attacks() -> None:
    settings = {
        name: {"kind": "iterative", "norm": norm, "eps_pixel": eps, "images": 4}
        for name, norm, eps in (("small", "linf", 0.1), ("large", "linf", 0.2), ("other", "l2", 0.3))
    }
    fooled = {"small": [1, 1, 0, 0], "large": [1, 0, 0, 1], "other": [0, 0, 0, 0]}
    rows = [
        {"dataset": "d", "measurement": name, "step": 0, "image": image, "fooled": bool(yes)}
        for name, all_ in fooled.items()
        for image, yes in enumerate(all_)
    ]
    found = flags.larger_eps_weaker(pd.DataFrame(rows), settings)
    assert found.to_dict("records") == [
        {"smaller": "small", "larger": "large", "raised": True, "share": 0.5, "images": 2}
    ]


def test_the_first_fooled_images_are_kept_as_they_were_found(folder: Path, tmp_path: Path) -> None:
    asked = Iterative(kind="iterative", eps_pixel=0.02, stored=5, aim="vulnerability")
    job = dataclasses.replace(job_on(folder, asked), output=tmp_path)
    net = linear_net(3)
    table = iterative.prepare(net, job)().assign(step=9)
    write_kept(table, tmp_path)
    kept = read_kept(tmp_path)
    assert kept is not None
    assert kept.image.tolist() == np.flatnonzero(table["fooled"])[:5].tolist()
    assert (kept.step == 9).all()
    assert kept.adversarial.dtype == np.float32
    rows = table.iloc[kept.image]
    assert np.argmax(net(kept.adversarial), axis=1).tolist() == rows["adversarial_prediction"].to_list()
    clean = read_images(folder, "test")[0][kept.image].astype(np.float32) / 255
    assert np.abs(kept.adversarial - clean).max(axis=(1, 2, 3)) == pytest.approx(rows["linf"].to_numpy(), rel=1e-4)
