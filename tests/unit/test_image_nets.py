"""The nets of the dimension study are what their description says."""

import inspect
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from advdim.config.models import Convolutional, Dense
from advdim.datasets.stored import ImageInfo
from advdim.errors import AdvdimError
from advdim.models import convolutional, dense
from advdim.models.batch_norm import EPSILON, MOMENTUM, held_averages
from advdim.models.block import Block


def info(width: int, classes: int = 10) -> ImageInfo:
    return ImageInfo((width, width, 3), tuple(map(str, range(classes))), (0.5, 0.4, 0.3), (0.2, 0.25, 0.3))


def shapes(model: keras.Model) -> list[tuple[int, ...]]:
    return [layer.output.shape[1:] for layer in model.layers if layer.name.startswith("block")]


@pytest.mark.parametrize(("module", "section"), [(convolutional, Convolutional), (dense, Dense)])
def test_defaults_are_those_of_the_configuration(module: Any, section: Any) -> None:
    for name, parameter in inspect.signature(module.build).parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            assert parameter.default == section.model_fields[name].default, name
        assert name in {"images", "seed"} | set(section.model_fields), name


def test_the_strided_net_halves_the_image_five_times() -> None:
    net = convolutional.build(info(32), channels=64, layers=6, strides=[1, 2, 2, 2, 2, 2], head="flatten", seed=0)
    assert shapes(net) == [(n, n, 64) for n in (32, 16, 8, 4, 2, 1)]
    convolutions, norms = 9 * 64 * (3 + 5 * 64), 6 * 2 * 64
    assert sum(weight.numpy().size for weight in net.trainable_weights) == convolutions + norms + 65 * 10


def test_the_dilated_net_has_the_same_parameters_at_every_width() -> None:
    nets = [
        convolutional.build(info(width, 12), channels=8, layers=8, base_width=32, pool_after=(2, 4, 6), seed=0)
        for width in (32, 64, 128, 256)
    ]
    assert len({net.count_params() for net in nets}) == 1
    for one, other in zip(nets[0].get_weights(), nets[3].get_weights(), strict=True):
        assert np.array_equal(one, other)
    dilations = [net.get_layer("block_3").get_config()["dilation"] for net in nets]
    assert dilations == [1, 2, 4, 8]


@pytest.mark.parametrize("pooling", ["average", "max", "strided"])
def test_pooling_variants_share_shapes_and_parameters(pooling: Any) -> None:
    options = {"channels": 4, "layers": 6, "pool_after": (2, 4, 6), "head": "average", "seed": 0}
    net = convolutional.build(info(32), pooling=pooling, **options)
    assert [layer.output.shape[1] for layer in net.layers if "pool" in layer.name or "block" in layer.name][-2] == 4
    assert net.count_params() == convolutional.build(info(32), **options).count_params()


def test_weights_start_with_the_variance_of_he_and_biases_at_zero() -> None:
    net = convolutional.build(info(32), channels=64, layers=3, batch_norm=False, seed=0)
    for layer, fan_in in (("block_1", 27), ("block_2", 576)):
        kernel = net.get_layer(layer).kernel.numpy()
        assert kernel.std() == pytest.approx(np.sqrt(2 / fan_in), rel=0.05)
        assert not net.get_layer(layer).bias.numpy().any()
    assert not net.get_layer("logits").bias.numpy().any()


def test_reflection_pads_with_the_image_itself() -> None:
    net = convolutional.build(info(4), channels=2, layers=1, batch_norm=False, padding="reflect", dilations=2, seed=0)
    block = net.get_layer("block_1")
    image = np.random.default_rng(0).normal(size=(1, 4, 4, 3)).astype(np.float32)
    padded = np.pad(image, [(0, 0), (2, 2), (2, 2), (0, 0)], mode="reflect")
    kernel, expected = block.kernel.numpy(), np.zeros((1, 4, 4, 2))
    for i in range(3):
        for j in range(3):
            expected += padded[:, 2 * i : 2 * i + 4, 2 * j : 2 * j + 4] @ kernel[i, j]
    assert block(image).numpy() == pytest.approx(np.maximum(expected, 0), abs=1e-5)


def test_a_dilated_block_sees_pixels_apart() -> None:
    block, image = Block(4, dilation=3, batch_norm=False), np.random.default_rng(0).normal(size=(2, 9, 9, 3))
    outputs, padded = block(image.astype(np.float32)).numpy(), np.pad(image, [(0, 0), (3, 3), (3, 3), (0, 0)])
    taps = [(i, j) for i in range(3) for j in range(3)]
    expected = sum(padded[:, 3 * i : 3 * i + 9, 3 * j : 3 * j + 9] @ block.kernel.numpy()[i, j] for i, j in taps)
    assert outputs == pytest.approx(np.maximum(expected, 0), abs=1e-5)


def test_both_derivatives_of_a_dilated_block_agree_with_those_in_double_precision() -> None:
    """Kernels that know dilation are those of single precision alone."""
    draw = np.random.default_rng(0)
    images, direction = draw.normal(size=(2, 3, 9, 9, 3))
    kernel = draw.normal(size=(3, 3, 3, 4)) / 5

    def derivatives(dtype: str) -> list[NDArray[np.float64]]:
        block, inputs = Block(4, dilation=3, dtype=dtype), tf.constant(images, dtype)
        block.build(inputs.shape)
        block.kernel.assign(kernel)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            with tf.GradientTape() as inner:
                inner.watch(inputs)
                total = tf.reduce_sum(block(inputs, training=True) ** 3)
            gradient = inner.gradient(total, inputs)
            slope = tf.reduce_sum(gradient * direction.astype(dtype))
        return [gradient.numpy(), *(part.numpy() for part in tape.gradient(slope, [inputs, block.kernel.value]))]

    for single, double in zip(derivatives("float32"), derivatives("float64"), strict=True):
        assert single == pytest.approx(double, abs=1e-4 * np.abs(double).max())


def test_a_block_that_does_not_train_is_normalised_by_its_averages() -> None:
    net = convolutional.build(info(8), channels=5, layers=1, seed=0)
    block, draw = net.get_layer("block_1"), np.random.default_rng(0)
    kernel = block.kernel.numpy()
    gamma, beta, mean, variance = draw.uniform(0.5, 2, (4, 5)).astype(np.float32)
    block.set_weights([kernel, gamma, beta, mean, variance])
    images = draw.normal(size=(3, 8, 8, 3)).astype(np.float32)
    convolved = tf.nn.conv2d(images, kernel, 1, "SAME").numpy()
    expected = np.maximum(gamma * (convolved - mean) / np.sqrt(variance + EPSILON) + beta, 0)
    assert block(images, training=False).numpy() == pytest.approx(expected, abs=2e-5)


def test_a_block_in_training_is_normalised_by_the_batch_and_its_averages_follow_unless_held() -> None:
    net = convolutional.build(info(8), channels=5, layers=1, seed=0)
    block = net.get_layer("block_1")
    images = np.random.default_rng(0).uniform(size=(3, 8, 8, 3)).astype(np.float32)
    normal = (images - [0.5, 0.4, 0.3]) / [0.2, 0.25, 0.3]
    convolved = tf.nn.conv2d(normal.astype(np.float32), block.kernel.numpy(), 1, "SAME").numpy()
    mean, variance = convolved.mean((0, 1, 2)), convolved.var((0, 1, 2))
    with held_averages(net):
        net(images, training=True)
    assert not block.statistics.mean.numpy().any()
    net(images, training=True)
    assert block.statistics.mean.numpy() == pytest.approx((1 - MOMENTUM) * mean, abs=1e-5)
    assert block.statistics.variance.numpy() == pytest.approx(MOMENTUM + (1 - MOMENTUM) * variance, rel=1e-5)
    expected = np.maximum((convolved - mean) / np.sqrt(variance + EPSILON), 0)
    assert block(normal.astype(np.float32), training=True).numpy() == pytest.approx(expected, abs=1e-4)


def test_a_dense_net_takes_images_of_any_size() -> None:
    for width in (8, 16):
        net = dense.build(info(width), width=7, depth=3, seed=0)
        assert net(np.zeros((2, width, width, 3), np.float32)).shape == (2, 10)
        assert net.count_params() == (3 * width**2 + 1) * 7 + 2 * 8 * 7 + 8 * 10


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"base_width": 5}, "expected a multiple of the model's base_width 5"),
        ({"layers": 4, "pool_after": (1, 2, 3, 4)}, "expected 2 or more for its pooling"),
        ({"strides": 2, "dilations": 2}, "has stride 2 and dilation 2; expected one of them to be 1"),
        ({"padding": "reflect", "dilations": 8}, "expected more than 8, which its padding reflects"),
    ],
)
def test_images_that_do_not_fit_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(AdvdimError, match=told):
        convolutional.build(info(8), **{"channels": 2, "layers": 1, "seed": 0} | options)
