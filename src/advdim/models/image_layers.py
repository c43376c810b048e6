"""What all nets on images have in common: the normalisation of pixels in front, one logit a class at the end."""

import keras

from advdim.datasets.stored import ImageInfo
from advdim.models.initialisation import he


def normalised(inputs: keras.KerasTensor, images: ImageInfo) -> keras.KerasTensor:
    """Subtract the training set's channel means and divide by its deviations, shape (n, height, width, channels)."""
    scale = [1 / deviation for deviation in images.channel_deviations]
    offset = [-mean / dev for mean, dev in zip(images.channel_means, images.channel_deviations, strict=True)]
    return keras.layers.Rescaling(scale, offset, name="normalise")(inputs)


def logits_of(values: keras.KerasTensor, images: ImageInfo, seed: int) -> keras.KerasTensor:
    """One logit a class from values of shape (n, k)."""
    classes = len(images.class_names)
    return keras.layers.Dense(classes, kernel_initializer=he(seed, "logits"), name="logits")(values)
