"""Fully connected ReLU nets on flattened images (Simon-Gabriel et al. 2018, thm 4)."""

import keras

from advdim.datasets.stored import ImageInfo
from advdim.models.batch_norm import BatchNorm
from advdim.models.image_layers import logits_of, normalised
from advdim.models.initialisation import he


def build(images: ImageInfo, *, width: int, depth: int, seed: int, batch_norm: bool = False) -> keras.Model:
    """Build the net: dense, batch normalisation if wanted and ReLU, `depth` times, then one logit a class.

    Args:
        images: shape, classes and channel statistics of the dataset.
        width: units of each hidden layer.
        depth: number of hidden layers.
        seed: root seed; each layer's initialisation of He has a seed by the layer's name, biases start at zero.
        batch_norm: whether the hidden layers are normalised; they have no bias then, since the normalisation has one.

    Returns:
        A net from (n, height, width, channels) pixels on [0, 1] to (n, classes) logits.
    """
    inputs = keras.Input(images.shape, name="pixels")
    values = keras.layers.Flatten(name="flat")(normalised(inputs, images))
    for layer in range(1, depth + 1):
        name = f"hidden_{layer}"
        start = he(seed, name)
        values = keras.layers.Dense(width, use_bias=not batch_norm, kernel_initializer=start, name=name)(values)
        if batch_norm:
            values = BatchNorm(name=f"{name}_norm")(values)
        values = keras.layers.ReLU(name=f"{name}_relu")(values)
    return keras.Model(inputs, logits_of(values, images, seed), name="dense")
