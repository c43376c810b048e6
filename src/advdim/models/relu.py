"""The fully connected ReLU net of the spheres study (Gilmer et al. 2018, sec. 3)."""

import keras

from advdim.seeds import named_seed

BATCH_NORM_MOMENTUM = 0.9
"""Share of the old moving average at each step; the source does not state it."""


def build(dimension: int, *, width: int, depth: int, batch_norm: bool, seed: int) -> keras.Model:
    """Build the net: dense, batch normalisation and ReLU, `depth` times, then one logit without normalisation.

    Args:
        dimension: input dimension d.
        width: units of each hidden layer.
        depth: number of hidden layers.
        batch_norm: whether the hidden layers are normalised; they have no bias then, since the normalisation has one.
        seed: root seed; each layer's initialisation of He has a seed by the layer's name.

    Returns:
        A net from (n, d) to (n, 1) logits; a positive logit means the outer sphere.
    """
    inputs = values = keras.Input((dimension,), name="points")
    for layer in range(1, depth + 1):
        name = f"hidden_{layer}"
        values = _dense(width, name, seed, use_bias=not batch_norm)(values)
        if batch_norm:
            values = keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_norm")(values)
        values = keras.layers.ReLU(name=f"{name}_relu")(values)
    return keras.Model(inputs, _dense(1, "logit", seed, use_bias=True)(values), name="relu")


def _dense(units: int, name: str, seed: int, *, use_bias: bool) -> keras.layers.Dense:
    first, _ = named_seed(seed, "initialisation", name)
    return keras.layers.Dense(
        units, use_bias=use_bias, kernel_initializer=keras.initializers.HeNormal(seed=first), name=name
    )
