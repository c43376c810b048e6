"""A block of the convolutional nets: 3 x 3 convolution, batch normalisation, ReLU."""

from typing import Any, Literal

import keras
import tensorflow as tf

from advdim.models.batch_norm import Statistics
from advdim.models.convolution import EDGE, convolve
from advdim.models.initialisation import he


@keras.saving.register_keras_serializable(package="advdim")
class Block(keras.layers.Layer):  # type: ignore[misc]
    """Convolution, batch normalisation and ReLU in one layer.

    When it does not train, normalisation is an affine map, and made part of the convolution: one pass over the images.

    Args:
        filters: channels that come out.
        stride: stride of the convolution; 1 where the dilation is above that.
        dilation: its dilation.
        batch_norm: whether it is normalised; without that it has a bias.
        padding: what the convolution sees beyond the edge: zeros, or the image reflected at its outermost pixels.
        seed: root seed of the initialisation.
        options: as for every layer of Keras, the name among them.
    """

    def __init__(
        self,
        filters: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        batch_norm: bool = True,
        padding: Literal["zeros", "reflect"] = "zeros",
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._settings: dict[str, Any] = {"filters": filters, "stride": stride, "dilation": dilation}
        self._settings |= {"batch_norm": batch_norm, "padding": padding, "seed": seed}

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Make the variables, for an input of shape (n, height, width, channels)."""
        filters = self._settings["filters"]
        start = he(self._settings["seed"], self.name)
        shape = (EDGE, EDGE, input_shape[-1], filters)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=start)
        self.statistics = Statistics(self, filters) if self._settings["batch_norm"] else None
        if not self.statistics:
            self.bias = self.add_weight(name="bias", shape=(filters,), initializer="zeros")

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Map (n, height, width, channels) to (n, height / stride, width / stride, filters)."""
        kernel = tf.convert_to_tensor(self.kernel)
        if not self.statistics:
            return tf.nn.relu(tf.nn.bias_add(self._convolve(images, kernel), tf.convert_to_tensor(self.bias)))
        if training:
            return tf.nn.relu(self.statistics.normalise(self._convolve(images, kernel)))
        scale, offset = (tf.cast(part, kernel.dtype) for part in self.statistics.affine())
        return tf.nn.relu(tf.nn.bias_add(self._convolve(images, kernel * scale), offset))

    def _convolve(self, images: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        stride, dilation, padding = self._settings["stride"], self._settings["dilation"], "SAME"
        if self._settings["padding"] == "reflect":
            edges = [[0, 0], [dilation, dilation], [dilation, dilation], [0, 0]]
            images, padding = tf.pad(images, edges, "REFLECT"), "VALID"
        return convolve(images, kernel, stride=stride, dilation=dilation, padding=padding)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Shape (n, height / stride, width / stride, filters), rounded up."""
        count, height, width, _ = input_shape
        stride = self._settings["stride"]
        return count, -(-height // stride), -(-width // stride), self._settings["filters"]  # type: ignore[operator]

    def get_config(self) -> dict[str, Any]:
        """Its arguments."""
        return {**super().get_config(), **self._settings}
