"""Folded nets say the same as the nets themselves, also after their weights have changed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from advdim.models import quadratic, relu
from advdim.models.sphere_logits import sphere_logits


def nets() -> dict[str, keras.Model]:
    return {
        "normalised": relu.build(7, width=9, depth=3, batch_norm=True, seed=0),
        "plain": relu.build(7, width=9, depth=1, batch_norm=False, seed=0),
        "wide form": quadratic.build(7, width=20, seed=0),
        "narrow form": quadratic.build(7, width=4, seed=0),
    }


@pytest.mark.parametrize("name", nets())
@pytest.mark.parametrize("compiled", [False, True])
def test_values_and_gradients_are_those_of_the_net(name: str, compiled: bool) -> None:
    model = nets()[name]
    points = tf.constant(np.random.default_rng(1).standard_normal((50, 7)), tf.float32)

    @tf.function(jit_compile=compiled)
    def folded() -> tuple[tf.Tensor, tf.Tensor]:
        logits_of = sphere_logits(model)
        with tf.GradientTape() as tape:
            tape.watch(points)
            logits = logits_of(points)
        return logits, tape.gradient(logits, points)

    for draw in (2, 3):
        generator = np.random.default_rng(draw)
        for variable in model.variables:
            variable.assign(generator.uniform(0.2, 1.5, variable.shape))
        with tf.GradientTape() as tape:
            tape.watch(points)
            expected = model(points, training=False)[:, 0]
        gradient = tape.gradient(expected, points)
        logits, own_gradient = folded()
        np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
        np.testing.assert_allclose(own_gradient, gradient, rtol=1e-4, atol=1e-4 * np.abs(gradient).max())
