"""The convolutional net of the dimension study (Simon-Gabriel et al. 2018, sec. 4.2, fig. 3)."""

import keras

from advdim.datasets.stored import ImageInfo
from advdim.errors import AdvdimError
from advdim.seeds import named_seed

BATCH_NORM_MOMENTUM = 0.9
"""Share of the old moving average at each step; the source does not state it."""


def build(
    images: ImageInfo, *, channels: int, layers: int, pool_after: tuple[int, ...], base_width: int, seed: int
) -> keras.Model:
    """Build the net: blocks of convolution, batch normalisation and ReLU, a global max-pooling, one logit a class.

    The dilation grows with the image, width / base_width, so that a filter sees the same part of the picture at every
    width while the number of parameters stays the same. Images come as pixels on [0, 1]; the normalisation by the
    training set's channel means and deviations is part of the net, so attacks are measured in pixels.

    Args:
        images: shape, classes and channel statistics of the dataset.
        channels: channels of each convolution.
        layers: number of convolutions.
        pool_after: layers, counted from 1, that a 2 x 2 max-pooling follows.
        base_width: image width at which the dilation is 1.
        seed: root seed; each layer's initialisation of He has a seed by the layer's name, biases start at zero.

    Returns:
        A net from (n, height, width, channels) pixels to (n, classes) logits.

    Raises:
        AdvdimError: the images are no multiple of the base width, or too small for the poolings.
    """
    width = images.shape[1]
    if width % base_width:
        raise AdvdimError(f"images are {width} pixels wide; expected a multiple of the model's base_width {base_width}")
    if width >> len(pool_after) == 0:
        raise AdvdimError(f"images are {width} pixels wide; expected at least {2 ** len(pool_after)} for the poolings")
    inputs = keras.Input(images.shape, name="pixels")
    scale = [1 / deviation for deviation in images.channel_deviations]
    offset = [-mean / dev for mean, dev in zip(images.channel_means, images.channel_deviations, strict=True)]
    values = keras.layers.Rescaling(scale, offset, name="normalise")(inputs)
    for layer in range(1, layers + 1):
        values = _block(values, f"block_{layer}", channels, width // base_width, seed)
        if layer in pool_after:
            values = keras.layers.MaxPooling2D(2, name=f"block_{layer}_pool")(values)
    values = keras.layers.GlobalMaxPooling2D(name="pool")(values)
    start = _he(seed, "logits")
    logits = keras.layers.Dense(len(images.class_names), kernel_initializer=start, name="logits")(values)
    return keras.Model(inputs, logits, name="convolutional")


def _block(values: keras.KerasTensor, name: str, channels: int, dilation: int, seed: int) -> keras.KerasTensor:
    values = keras.layers.Conv2D(
        channels,
        3,
        padding="same",
        dilation_rate=dilation,
        use_bias=False,
        kernel_initializer=_he(seed, name),
        name=name,
    )(values)
    values = keras.layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name=f"{name}_norm")(values)
    return keras.layers.ReLU(name=f"{name}_relu")(values)


def _he(seed: int, name: str) -> keras.initializers.Initializer:
    first, _ = named_seed(seed, "initialisation", name)
    return keras.initializers.HeNormal(seed=first)
