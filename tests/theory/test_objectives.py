"""Gradients of every objective against finite differences in double precision, on every form of net."""

import contextlib
import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from advdim.datasets.stored import ImageInfo
from advdim.models import convolutional, dense
from advdim.models.batch_norm import _by_kernel, _by_operations
from advdim.models.loss import cross_entropy
from advdim.norms import length, project, steepest_direction
from advdim.training.objective import Objective, logits_in_training, losses_and_gradient
from advdim.training.objectives import adversarial, cross_lipschitz, gradient_penalty, pgd, plain

CLASSES, COUNT = 4, 6
INFO = ImageInfo((6, 6, 2), tuple("abcd"), (0.4, 0.5), (0.2, 0.3))
NETS: dict[str, Callable[[], keras.Model]] = {
    "strided": lambda: convolutional.build(INFO, channels=[4, 5], layers=2, strides=[1, 2], head="flatten", seed=0),
    "dilated, max-pooling": lambda: convolutional.build(
        INFO, channels=4, layers=2, base_width=3, pool_after=(1,), seed=1
    ),
    "reflected, average-pooling, no batch norm": lambda: convolutional.build(
        INFO,
        channels=4,
        layers=2,
        pool_after=(1, 2),
        pooling="average",
        head="average",
        batch_norm=False,
        padding="reflect",
        seed=2,
    ),
    "dense": lambda: dense.build(INFO, width=7, depth=2, seed=3),
    "dense, batch norm": lambda: dense.build(INFO, width=7, depth=2, batch_norm=True, seed=4),
}

generator = np.random.default_rng(0)
PIXELS = generator.uniform(0.1, 0.9, (COUNT, *INFO.shape))
LABELS = np.arange(COUNT) % CLASSES
NOISE = generator.uniform(-1, 1, PIXELS.shape)


@contextlib.contextmanager
def double_precision() -> Iterator[None]:
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        yield
    finally:
        keras.config.set_floatx("float32")
        keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="module")
def nets() -> dict[str, keras.Model]:
    """Each net in double precision, with biases and averages off their initial values."""
    made = {}
    with double_precision():
        for name, build in NETS.items():
            made[name] = build()
    for net in made.values():
        for weight in net.weights:
            shift = generator.uniform(0.05, 0.3, weight.shape)
            weight.assign(weight.numpy() + (shift if len(weight.shape) == 1 else 0))
    return made


def value_and_gradient(net: keras.Model, objective: Objective) -> tuple[float, list[NDArray[np.float64]]]:
    with tf.GradientTape() as tape:
        terms, _ = objective(tf.constant(PIXELS), LABELS, lambda: tf.constant(NOISE))
        value = tf.reduce_mean(terms)
    gradients = tape.gradient(value, [weight.value for weight in net.trainable_variables])
    return float(value), [gradient.numpy() for gradient in gradients]


def check_along_directions(net: keras.Model, gradients: list[NDArray[Any]], value: Callable[[], float]) -> None:
    """Compare derivatives along a random direction of each variable with central differences."""
    step = 1e-6
    for weight, gradient in zip(net.trainable_variables, gradients, strict=True):
        direction = np.random.default_rng(1).standard_normal(weight.shape)
        start = weight.numpy()
        ends = []
        for sign in (1, -1):
            weight.assign(start + sign * step * direction)
            ends.append(value())
        weight.assign(start)
        expected = (ends[0] - ends[1]) / (2 * step)
        assert np.sum(gradient * direction) == pytest.approx(expected, rel=2e-6, abs=2e-8), weight.path


DIFFERENTIATED: dict[str, Callable[[keras.Model], Objective]] = {
    "plain": lambda net: plain.prepare(net, cross_entropy),
    "penalty l1": lambda net: gradient_penalty.prepare(net, cross_entropy, norm="l1", eps_pixel=0.3),
    "penalty l2": lambda net: gradient_penalty.prepare(net, cross_entropy, norm="l2", eps_pixel=0.3),
    "through an l2 attack": lambda net: adversarial.prepare(
        net, cross_entropy, norm="l2", eps_pixel=0.01, through_attack=True
    ),
    "cross-Lipschitz": lambda net: cross_lipschitz.prepare(net, cross_entropy, weight=0.5),
}


@pytest.mark.slow
@pytest.mark.parametrize(("net", "objective"), list(product(NETS, DIFFERENTIATED)))
def test_gradients_of_objectives_are_those_of_finite_differences(
    nets: dict[str, keras.Model], net: str, objective: str
) -> None:
    prepared = DIFFERENTIATED[objective](nets[net])
    _, gradients = value_and_gradient(nets[net], prepared)

    def value() -> float:
        terms, _ = prepared(tf.constant(PIXELS), LABELS, lambda: tf.constant(NOISE))
        return float(tf.reduce_mean(terms))

    check_along_directions(nets[net], gradients, value)


@pytest.mark.parametrize("net", list(NETS))
def test_input_gradients_are_those_of_finite_differences(nets: dict[str, keras.Model], net: str) -> None:
    _, gradient = losses_and_gradient(nets[net], cross_entropy, tf.constant(PIXELS), LABELS)
    for number in range(3):
        direction = np.random.default_rng(number).standard_normal(PIXELS.shape)
        ends = [
            float(tf.reduce_sum(cross_entropy(LABELS, logits_in_training(nets[net], tf.constant(PIXELS + step)))))
            for step in (1e-6 * direction, -1e-6 * direction)
        ]
        expected = (ends[0] - ends[1]) / 2e-6
        assert np.sum(gradient.numpy() * direction) == pytest.approx(expected, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("net", ["strided", "dense"])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_augmentation_takes_the_attack_for_a_constant(nets: dict[str, keras.Model], net: str, norm: Any) -> None:
    model, eps = nets[net], 0.01
    radius = eps if norm == "linf" else eps * math.sqrt(math.prod(INFO.shape))
    _, gradient = losses_and_gradient(model, cross_entropy, tf.constant(PIXELS), LABELS)
    gradient = gradient.numpy()
    unit = np.sign(gradient) if norm == "linf" else gradient / np.sqrt((gradient**2).sum((1, 2, 3), keepdims=True))

    def value() -> float:
        both = [cross_entropy(LABELS, logits_in_training(model, x)) for x in (PIXELS, PIXELS + radius * unit)]
        return float(tf.reduce_mean(both))

    objective = adversarial.prepare(model, cross_entropy, norm=norm, eps_pixel=eps, through_attack=False)
    found, gradients = value_and_gradient(model, objective)
    assert found == pytest.approx(value(), rel=1e-12)
    check_along_directions(model, gradients, value)


@pytest.mark.parametrize("net", ["strided", "dense"])
def test_going_through_the_attack_changes_l2_and_leaves_linf(nets: dict[str, keras.Model], net: str) -> None:
    def gradients(norm: Any, through_attack: bool) -> NDArray[Any]:
        objective = adversarial.prepare(
            nets[net], cross_entropy, norm=norm, eps_pixel=0.01, through_attack=through_attack
        )
        return np.concatenate([part.ravel() for part in value_and_gradient(nets[net], objective)[1]])

    assert gradients("linf", True) == pytest.approx(gradients("linf", False), rel=1e-12, abs=1e-15)
    assert not np.allclose(gradients("l2", True), gradients("l2", False), rtol=1e-4)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_pgd_trains_on_images_that_the_moving_averages_attack(nets: dict[str, keras.Model], norm: Any) -> None:
    model, eps, steps = nets["strided"], 0.05, 3
    radius = eps if norm == "linf" else eps * math.sqrt(math.prod(INFO.shape))
    points = tf.constant(PIXELS)
    start = NOISE if norm == "linf" else NOISE / np.sqrt((NOISE**2).sum((1, 2, 3), keepdims=True))
    attacked = project(norm, points, points + radius * start, radius)
    for _ in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(attacked)
            losses = cross_entropy(LABELS, model(attacked, training=False))
        step = 0.5 * radius * steepest_direction(norm, tape.gradient(losses, attacked))
        attacked = project(norm, points, attacked + step, radius)
    averages = [weight.numpy() for weight in model.non_trainable_variables]

    def value() -> float:
        return float(tf.reduce_mean(cross_entropy(LABELS, logits_in_training(model, attacked))))

    objective = pgd.prepare(
        model, cross_entropy, norm=norm, eps_pixel=eps, steps=steps, relative_step=0.5, random_start=True
    )
    found, gradients = value_and_gradient(model, objective)
    for weight, average in zip(model.non_trainable_variables, averages, strict=True):
        weight.assign(average)
    assert found == pytest.approx(value(), rel=1e-12)
    assert float(tf.reduce_max(length(norm, attacked - points))) <= radius * (1 + 1e-12)
    check_along_directions(model, gradients, value)


@pytest.mark.parametrize("net", ["strided", "dense, batch norm"])
def test_the_cross_lipschitz_penalty_is_the_sum_over_pairs(nets: dict[str, keras.Model], net: str) -> None:
    with tf.GradientTape(persistent=True) as tape:
        points = tf.constant(PIXELS)
        tape.watch(points)
        each = tf.unstack(logits_in_training(nets[net], points), axis=1)
    gradients = [tape.gradient(logit, points).numpy() for logit in each]
    pairs = sum(((a - b) ** 2).sum((1, 2, 3)) for a in gradients for b in gradients)
    terms, losses = cross_lipschitz.prepare(nets[net], cross_entropy, weight=0.7)(points, LABELS, lambda: points)
    assert (terms - losses).numpy() == pytest.approx(0.7 / CLASSES**2 * pairs, rel=1e-10)


@pytest.mark.parametrize(("penalty", "norm"), [("l1", "linf"), ("l2", "l2")])
def test_augmentation_is_the_penalty_of_its_dual_norm_to_first_order(
    nets: dict[str, keras.Model], penalty: Any, norm: Any
) -> None:
    net, apart = nets["dense"], []
    for eps in (1e-3, 1e-4):
        options = {"eps_pixel": eps, "through_attack": False}
        augmented = adversarial.prepare(net, cross_entropy, norm=norm, **options)
        penalised = gradient_penalty.prepare(net, cross_entropy, norm=penalty, eps_pixel=eps)
        difference = value_and_gradient(net, augmented)[0] - value_and_gradient(net, penalised)[0]
        apart.append(abs(difference))
    assert apart[1] < 0.02 * apart[0]  # of second order: a hundredth, but for the kinks of the net


@pytest.mark.parametrize("shape", [(6, 5, 5, 3), (5, 1, 1, 3)])
def test_the_kernel_of_batch_norm_has_the_derivatives_of_single_operations(shape: tuple[int, ...]) -> None:
    draw = np.random.default_rng(2)
    values, first, second = draw.normal(1, 2, (3, *shape))
    gamma, beta = draw.normal(1, 1, (2, 3))

    def derivatives(normalise: Callable[..., Any], dtype: tf.DType) -> list[NDArray[Any]]:
        inputs, scale, offset, by, over = (tf.constant(part, dtype) for part in (values, gamma, beta, first, second))
        with tf.GradientTape() as outer:
            outer.watch([inputs, scale, offset])
            with tf.GradientTape() as inner:
                inner.watch(inputs)
                outputs, mean, variance = normalise(inputs, scale, offset)
                total = tf.reduce_sum(tf.sin(outputs) * by)
            gradient = inner.gradient(total, inputs)
            penalised = tf.reduce_sum(gradient**2 * over) + total
        found = [outputs, mean, variance, gradient, *outer.gradient(penalised, [inputs, scale, offset])]
        return [tensor.numpy() for tensor in found]

    exact = derivatives(_by_operations, tf.float64)
    for found, expected in zip(derivatives(_by_kernel, tf.float32), exact, strict=True):
        assert found == pytest.approx(expected, abs=5e-6 * np.abs(expected).max())


@pytest.mark.parametrize("objective", list(DIFFERENTIATED))
@pytest.mark.parametrize("net", ["strided", "dilated, max-pooling"])
def test_single_precision_is_near_double_precision(nets: dict[str, keras.Model], net: str, objective: str) -> None:
    twin = NETS[net]()
    twin.set_weights(nets[net].get_weights())
    terms = []
    for model, dtype in ((nets[net], tf.float64), (twin, tf.float32)):
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(
                DIFFERENTIATED[objective](model)(tf.constant(PIXELS, dtype), LABELS, lambda: None)[0]
            )
        found = tape.gradient(value, [weight.value for weight in model.trainable_variables])
        terms.append(np.concatenate([[value.numpy()], *(part.numpy().ravel() for part in found)]))
    assert terms[1] == pytest.approx(terms[0], abs=2e-5 * np.abs(terms[0]).max())
