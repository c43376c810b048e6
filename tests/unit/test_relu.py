"""The ReLU nets of the spheres study start as they are told."""

import numpy as np
import pytest
import tensorflow as tf

from advdim.models import relu


def test_the_scale_multiplies_the_weights_of_hidden_layers_and_batch_norm_undoes_it() -> None:
    plain, scaled = (relu.build(500, width=200, depth=2, batch_norm=True, seed=0, initial_scale=s) for s in (None, 16))
    for weight, other in zip(plain.weights, scaled.weights, strict=True):
        factor = 16 if "hidden" in weight.path and weight.name == "kernel" else 1
        np.testing.assert_array_equal(factor * weight.numpy(), other.numpy(), err_msg=weight.path)
    hidden = plain.get_layer("hidden_1").kernel.numpy()
    assert hidden.var() == pytest.approx(2 / 500, rel=0.02)  # of He
    points = tf.random.stateless_normal((400, 500), (0, 1))  # long enough that the normalisation's epsilon is small
    np.testing.assert_allclose(plain(points, training=True), scaled(points, training=True), atol=0.01)
