"""Nets before training against the theorems, and augmentation against penalty (claims D02, D04, D05)."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import read_image_info, write_images
from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.ledger.dimension_theorems import distance_exponents
from advdim.models.loss import cross_entropy
from advdim.statistics import augmentation_order, initial_gradients
from advdim.statistics.damage import step_damage

EXECUTION = {"device": "cpu", "threads": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("images")
    coarse = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1), dtype=np.uint8)
    pixels = coarse.repeat(4, axis=1).repeat(4, axis=2)  # of the same contrast at every width from 8 on
    labels = np.arange(12) % 3
    write_images(made, ImageSplits(pixels, labels, pixels, labels, pd.DataFrame({"label": labels}), ("a", "b", "c")))
    return made


def measured(folder: Path, tmp_path: Path, model: dict[str, Any], widths: list[int], nets: int = 6) -> pd.DataFrame:
    settings = {"model": model, "widths": widths, "nets": nets, "images": 12}
    output = tmp_path / str(len(list(tmp_path.iterdir())))
    output.mkdir()
    initial_gradients.measure(Job("test", settings, 0, EXECUTION, {"dataset": folder}, output, output, 60))
    return pd.read_parquet(output / "table.parquet")


def exponent(table: pd.DataFrame, column: str) -> float:
    medians = table.groupby(["d", "net"])[column].median().groupby("d").median()
    return float(np.polyfit(np.log(medians.index), np.log(medians), 1)[0])


@pytest.mark.parametrize("batch_norm", [False, True])
def test_gradients_of_dense_nets_grow_as_the_theorem_says(folder: Path, tmp_path: Path, batch_norm: bool) -> None:
    model = {"kind": "dense", "width": 24, "depth": 2, "batch_norm": batch_norm}
    table = measured(folder, tmp_path, model, [8, 16, 32, 64])
    assert table.groupby("d")["net"].nunique().to_dict() == {64: 6, 256: 6, 1024: 6, 4096: 6}
    assert exponent(table, "l1") == pytest.approx(0.5, abs=0.15)
    assert exponent(table, "l2") == pytest.approx(0.0, abs=0.15)
    assert exponent(table, "logit_l2") == pytest.approx(0.0, abs=0.1)


def test_average_pooling_damps_gradients_as_the_theorem_says(folder: Path, tmp_path: Path) -> None:
    model = {"kind": "convolutional", "channels": 12, "layers": 3, "pooling": "average"}
    model |= {"head": "flatten", "batch_norm": False}
    norms = []
    for pool_after in ([], [1], [1, 2]):
        table = measured(folder, tmp_path, model | {"pool_after": pool_after}, [32])
        norms.append(table.groupby("net")["logit_l2"].median().median() * 4 ** (len(pool_after) / 2))
    assert norms == pytest.approx([norms[0]] * 3, rel=0.25)


def test_widths_that_fit_no_block_are_told() -> None:
    images: NDArray[np.uint8] = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1)
    assert initial_gradients.at_width(images, 4)[0, 0, 0, 0] == pytest.approx((0 + 1 + 8 + 9) / 4 / 255)
    assert initial_gradients.at_width(images, 16)[0, 2, 3, 0] == pytest.approx(9 / 255)
    with pytest.raises(AdvdimError, match="cannot be measured at width 12; expected widths that divide 8"):
        initial_gradients.at_width(images, 12)


def test_adopted_statistics_are_those_of_the_batch(folder: Path) -> None:
    model = {"kind": "dense", "width": 5, "depth": 1, "batch_norm": True}
    net = next(initial_gradients.draw_nets(model, read_image_info(folder), 0, 1))
    pixels = tf.constant(np.load(folder / "test-images.npy") / 255, tf.float32)
    initial_gradients.adopt_statistics(net, pixels)
    layer = net.get_layer("hidden_1")
    flat = (pixels.numpy() - read_image_info(folder).channel_means) / read_image_info(folder).channel_deviations
    before = flat.reshape(12, -1) @ layer.get_weights()[0]
    statistics = net.get_layer("hidden_1_norm").statistics
    assert statistics.mean.numpy() == pytest.approx(before.mean(axis=0), rel=1e-3, abs=1e-4)
    assert statistics.variance.numpy() == pytest.approx(before.var(axis=0), rel=1e-3)


def test_augmentation_and_penalty_come_together_like_the_square_of_eps(folder: Path) -> None:
    net = augmentation_order.smooth_net(read_image_info(folder), width=12, depth=2, seed=1)
    pixels = tf.constant(np.load(folder / "test-images.npy") / 255)
    sizes = [0.004 / 2**halving for halving in range(5)]
    rows = list(augmentation_order.compare(net, pixels, tf.constant(np.arange(12) % 3), sizes))
    losses = pd.DataFrame(rows).assign(dataset="made-up", measurement="order", seed=0, net=0)
    for norm, own in losses.groupby("norm"):
        assert distance_exponents(own) == pytest.approx([2.0], abs=0.05), norm
    plain = float(tf.reduce_mean(cross_entropy(tf.constant(np.arange(12) % 3), net(pixels))))
    assert losses["augmented"].min() > plain


def test_damage_of_a_small_step_is_the_prediction(folder: Path) -> None:
    net = augmentation_order.smooth_net(read_image_info(folder), width=12, depth=2, seed=1)
    pixels, labels = tf.constant(np.load(folder / "test-images.npy") / 255), tf.constant(np.arange(12) % 3)
    for norm in ("linf", "l2"):
        damage = step_damage(net, pixels, labels, norm, [1e-5, 1e-3])  # type: ignore[arg-type]
        ratio = damage["measured"].numpy() / damage["predicted"].numpy()
        assert ratio[:, 0] == pytest.approx(np.ones(12), rel=1e-2)
        signal = np.sqrt((pixels.numpy() ** 2).mean(axis=(1, 2, 3)))
        assert damage["signal_to_noise"].numpy()[:, 1] == pytest.approx(signal / 1e-3)  # the same for both norms
