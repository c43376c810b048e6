"""A net without its batch normalisations says the same, and follows the net's weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from advdim.models.folding import fold


def net() -> keras.Model:
    """Convolutions and dense layers with batch normalisation, foldable ones and others."""
    inputs = keras.Input((8, 8, 3), name="pixels")
    values = keras.layers.Rescaling(3.0, -1.0, name="normalise")(inputs)
    values = keras.layers.Conv2D(4, 3, padding="same", use_bias=False, name="first")(values)
    values = keras.layers.ReLU(name="first_relu")(keras.layers.BatchNormalization(name="first_norm")(values))
    kept = keras.layers.Conv2D(4, 3, strides=2, padding="same", name="second")(values)  # is read twice
    values = keras.layers.Add(name="sum")([kept, keras.layers.BatchNormalization(name="second_norm")(kept)])
    values = keras.layers.Conv2D(4, 3, activation="relu", name="third")(values)  # not linear
    values = keras.layers.BatchNormalization(name="third_norm")(values)
    values = keras.layers.Dense(6, name="hidden")(keras.layers.Flatten(name="flat")(values))
    values = keras.layers.BatchNormalization(name="hidden_norm")(values)
    return keras.Model(inputs, keras.layers.Dense(5, name="logits")(values * 2.0))


def stir(model: keras.Model, seed: int) -> None:
    """Give every layer weights that are no identity."""
    generator = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.gamma.shape
            signs = generator.choice([-1, 1], shape)  # gamma may be negative
            gamma, variance = (generator.uniform(0.5, 2, shape) for _ in range(2))
            layer.set_weights([signs * gamma, *generator.normal(size=(2, *shape)), variance])


def test_the_folded_net_says_the_same_and_follows_the_weights() -> None:
    model = net()
    folded, refresh = fold(model)
    names = {layer.name for layer in folded.layers}
    assert not names & {"first_norm", "hidden_norm"}
    assert names >= {"second_norm", "third_norm"}
    pixels = tf.constant(np.random.default_rng(0).random((10, 8, 8, 3)), tf.float32)
    for seed in (1, 2):
        stir(model, seed)
        own = model(pixels, training=False).numpy()
        assert np.abs(folded(pixels, training=False) - own).max() > 0.01 * np.abs(own).max()
        refresh()
        assert folded(pixels, training=False).numpy() == pytest.approx(own, abs=1e-5 * float(np.abs(own).max()))


def test_gradients_of_the_folded_net_are_the_same() -> None:
    model = net()
    stir(model, 3)
    pixels = tf.constant(np.random.default_rng(0).random((10, 8, 8, 3)), tf.float32)
    gradients = []
    for one in (model, fold(model)[0]):
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            logits = one(pixels, training=False)[:, 0]
        gradients.append(tape.gradient(logits, pixels).numpy())
    assert gradients[1] == pytest.approx(gradients[0], abs=1e-5 * float(np.abs(gradients[0]).max()))


def test_a_net_without_batch_normalisation_is_itself() -> None:
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    assert fold(model)[0] is model
