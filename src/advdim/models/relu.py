"""The fully connected ReLU net of the spheres study (Gilmer et al. 2018, sec. 3)."""

import keras

from advdim.models.initialisation import he

BATCH_NORM_MOMENTUM = 0.9
"""Share of the old moving average at each step; the source does not state it."""


def build(
    dimension: int, *, width: int, depth: int, batch_norm: bool, seed: int, initial_scale: float | None = None
) -> keras.Model:
    """Build the net: dense, batch normalisation and ReLU, `depth` times, then one logit without normalisation.

    Args:
        dimension: input dimension d.
        width: units of each hidden layer.
        depth: number of hidden layers.
        batch_norm: whether the hidden layers are normalised; they have no bias then, since the normalisation has one.
        seed: root seed; each layer's initialisation of He has a seed by the layer's name.
        initial_scale: factor on the initial weights of the hidden layers; None for 1.

    Returns:
        A net from (n, d) to (n, 1) logits; a positive logit means the outer sphere.
    """
    inputs = values = keras.Input((dimension,), name="points")
    for layer in range(1, depth + 1):
        name = f"hidden_{layer}"
        start = he(seed, name, scale=initial_scale or 1.0)
        values = keras.layers.Dense(width, use_bias=not batch_norm, kernel_initializer=start, name=name)(values)
        if batch_norm:
            values = keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_norm")(values)
        values = keras.layers.ReLU(name=f"{name}_relu")(values)
    logit = keras.layers.Dense(1, kernel_initializer=he(seed, "logit"), name="logit")(values)
    return keras.Model(inputs, logit, name="relu")
