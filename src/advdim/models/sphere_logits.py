"""Nets of the spheres study with their constant parts multiplied out, for what asks them many times."""

from collections.abc import Callable

import keras
import tensorflow as tf

Logits = Callable[[tf.Tensor], tf.Tensor]
"""From points of shape (n, d) to logits of shape (n,)."""


def sphere_logits(model: keras.Model) -> Logits:
    """Multiply out what does not depend on the input, with the net's weights of the moment.

    A batch normalisation at inference is a factor and a shift of each unit: both go into the weights of the layer
    below. A quadratic net with more units than inputs needs no units: sum((W1 x)^2) = x' (W1' W1) x.

    Call it inside the graph and outside the loop that asks the net, so that the products are made once a run.

    Args:
        model: a net of kind `relu` or `quadratic`.

    Returns:
        The same function as ``model(points, training=False)[:, 0]``, up to rounding.

    Source:
        Gilmer et al. 2018, section 4 and appendix B, for the quadratic net.
    """
    if model.name == "quadratic":
        return _quadratic_form(model)
    *hidden, (kernel, bias) = (_affine(model, layer) for layer in model.layers if isinstance(layer, keras.layers.Dense))
    layers = [_linear(kernel, bias) for kernel, bias in hidden]

    def logits(points: tf.Tensor) -> tf.Tensor:
        for layer in layers:
            points = tf.nn.relu(layer(points))
        return tf.linalg.matvec(points, kernel[:, 0]) + bias[0]

    return logits


def _linear(kernel: tf.Tensor, bias: tf.Tensor) -> Callable[[tf.Tensor], tf.Tensor]:
    """A layer from (n, inputs) to (n, units) whose weights lie in memory once for each direction.

    The gradient's product needs them transposed. XLA would transpose them as it reads, each time anew, which takes a
    fifth to a third of the product.
    """
    transposed = tf.transpose(kernel)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def layer(points: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        return tf.matmul(points, kernel) + bias, lambda upstream: tf.matmul(upstream, transposed)

    return layer  # type: ignore[no-any-return]


def _quadratic_form(model: keras.Model) -> Logits:
    kernel = tf.convert_to_tensor(model.get_layer("hidden").kernel)
    output = model.get_layer("logit")
    weight, bias = output.kernel[0, 0], output.bias[0]
    dimension, units = kernel.shape
    if units <= dimension:
        return lambda points: weight * tf.reduce_sum(tf.square(tf.matmul(points, kernel)), axis=1) + bias
    form = weight * tf.matmul(kernel, kernel, transpose_b=True)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def logits(points: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        half = tf.matmul(points, form)
        # The gradient of x' M x is 2 M x for a symmetric M, a product that the value needs as well.
        return tf.reduce_sum(half * points, axis=1) + bias, lambda upstream: 2 * upstream[:, None] * half

    return logits  # type: ignore[no-any-return]


def _affine(model: keras.Model, layer: keras.layers.Dense) -> tuple[tf.Tensor, tf.Tensor]:
    """Weights and bias of a dense layer and of the batch normalisation that follows it, if one does."""
    kernel = tf.convert_to_tensor(layer.kernel)
    bias = tf.convert_to_tensor(layer.bias) if layer.use_bias else tf.zeros(kernel.shape[1], kernel.dtype)
    names = {other.name: other for other in model.layers}
    norm = names.get(f"{layer.name}_norm")
    if norm is None:
        return kernel, bias
    factor = norm.gamma * tf.math.rsqrt(norm.moving_variance + norm.epsilon)
    return kernel * factor, (bias - norm.moving_mean) * factor + norm.beta
