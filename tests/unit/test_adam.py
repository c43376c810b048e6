"""The fused optimiser: the steps of Keras' Adam."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from advdim.training.adam import Adam


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_its_steps_are_those_of_keras(dtype: str) -> None:
    generator = np.random.default_rng(0)
    start = generator.standard_normal((4, 3))
    ours, theirs = (keras.Variable(start, dtype=dtype) for _ in range(2))
    adam, peer = Adam([ours], 0.01), keras.optimizers.Adam(0.01)
    step = tf.function(lambda gradient: adam.apply([gradient]))
    for scale in [1.0, 10.0, 1e-3, 0.0] * 10:
        gradient = tf.constant(scale * generator.standard_normal((4, 3)), dtype)
        step(gradient)
        peer.apply([gradient], [theirs])
    assert np.abs(np.asarray(ours) - start).max() > 0.05
    assert np.asarray(ours) == pytest.approx(np.asarray(theirs), abs=2e-6)


def test_its_variables_are_all_of_its_state() -> None:
    gradients = np.random.default_rng(1).standard_normal((6, 5)).astype(np.float32)
    weights = [keras.Variable(np.ones(5, np.float32)) for _ in range(2)]
    first, second = (Adam([weight], 0.1) for weight in weights)
    for gradient in gradients[:3]:
        first.apply([gradient])
    for source, target in zip([weights[0], *first.variables], [weights[1], *second.variables], strict=True):
        target.assign(source)
    for gradient in gradients[3:]:
        first.apply([gradient])
        second.apply([gradient])
    assert np.array_equal(np.asarray(weights[0]), np.asarray(weights[1]))
