"""The convolutional nets of the dimension study (Simon-Gabriel et al. 2018, sec. 4, app. A)."""

from collections.abc import Sequence
from typing import Literal

import keras

from advdim.datasets.stored import ImageInfo
from advdim.errors import AdvdimError
from advdim.models.block import Block
from advdim.models.image_layers import logits_of, normalised

HEADS = {
    "max": keras.layers.GlobalMaxPooling2D,
    "average": keras.layers.GlobalAveragePooling2D,
    "flatten": keras.layers.Flatten,
}
POOLINGS = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}


def build(
    images: ImageInfo,
    *,
    channels: int | Sequence[int],
    layers: int,
    seed: int,
    strides: int | Sequence[int] = 1,
    dilations: int | Sequence[int] = 1,
    base_width: int | None = None,
    pool_after: Sequence[int] = (),
    pooling: Literal["max", "average", "strided"] = "max",
    head: Literal["max", "average", "flatten"] = "max",
    batch_norm: bool = True,
    padding: Literal["zeros", "reflect"] = "zeros",
) -> keras.Model:
    """Build a net: blocks of convolution, batch normalisation and ReLU, poolings, a head, and one logit a class.

    Images come as pixels on [0, 1]; the normalisation by the training set's channel means and deviations is part of the
    net, so attacks are measured in pixels.

    Args:
        images: shape, classes and channel statistics of the dataset.
        channels: channels of each convolution; as strides and dilations one number for all, or one for each.
        layers: number of convolutions.
        seed: root seed; each layer's initialisation of He has a seed by the layer's name, biases start at zero.
        strides: strides of each convolution.
        dilations: dilations of each convolution.
        base_width: image width at which the dilations are as given; they grow with width / base_width, so that a filter
            sees the same part of the picture at every width, with the same number of parameters.
        pool_after: layers, counted from 1, that a 2 x 2 pooling follows.
        pooling: kind of these poolings; "strided" doubles the stride of the layer's convolution instead.
        head: what joins the last block and the dense layer: a global pooling, or all pixels.
        batch_norm: whether convolutions are normalised; without that they have a bias.
        padding: what convolutions see beyond the edge: zeros, or the image reflected at its outermost pixels.

    Returns:
        A net from (n, height, width, channels) pixels to (n, classes) logits.

    Raises:
        AdvdimError: the images are no multiple of the base width, or too small for the poolings or the reflection; or a
            layer has both a stride and a dilation.
    """
    width = images.shape[1]
    if base_width and width % base_width:
        raise AdvdimError(f"images are {width} pixels wide; expected a multiple of the model's base_width {base_width}")
    inputs = keras.Input(images.shape, name="pixels")
    values = normalised(inputs, images)
    each = zip(*(_each(value, layers) for value in (channels, strides, dilations)), strict=True)
    for layer, (filters, stride, dilation) in enumerate(each, 1):
        pooled = layer in pool_after
        dilation *= width // base_width if base_width else 1
        stride *= 2 if pooled and pooling == "strided" else 1
        if stride > 1 and dilation > 1:
            raise AdvdimError(
                f"block_{layer} has stride {stride} and dilation {dilation}; expected one of them to be 1"
            )
        _check_size(values, layer, dilation if padding == "reflect" else 0)
        options = {"dilation": dilation, "batch_norm": batch_norm, "padding": padding, "seed": seed}
        values = Block(filters, stride=stride, name=f"block_{layer}", **options)(values)
        if pooled and pooling != "strided":
            if min(values.shape[1:3]) < 2:
                raise AdvdimError(
                    f"block_{layer} ends with {values.shape[2]} pixels; expected 2 or more for its pooling"
                )
            values = POOLINGS[pooling](2, name=f"block_{layer}_pool")(values)
    values = HEADS[head](name="pool")(values)
    return keras.Model(inputs, logits_of(values, images, seed), name="convolutional")


def _each(value: int | Sequence[int], layers: int) -> Sequence[int]:
    return [value] * layers if isinstance(value, int) else value


def _check_size(values: keras.KerasTensor, layer: int, reach: int) -> None:
    """Refuse an image that is too small to be reflected so far."""
    if reach and reach >= min(values.shape[1:3]):
        raise AdvdimError(
            f"block_{layer} sees images of {values.shape[2]} pixels; expected more than {reach}, which its padding "
            "reflects; choose padding zeros, or fewer strides and poolings"
        )
