"""Batch normalisation folded into the layer before it: the same function for inference, with less to compute.

At inference a batch normalisation is an affine map of each channel, y = gamma (x - mean) / sqrt(variance + eps) + beta.
After a convolution or a dense layer it is one with that layer: its kernel scaled, its bias scaled and shifted.
"""

from collections.abc import Callable

import keras
import numpy as np

WEIGHTED = (keras.layers.Conv2D, keras.layers.Dense)


def fold(model: keras.Model) -> tuple[keras.Model, Callable[[], None]]:
    """Build a net that computes the same as another at inference, without the batch normalisations that can be spared.

    Those are the ones that directly follow a convolution or a dense layer without activation, whose output nothing else
    reads. All others stay.

    Args:
        model: a functional net.

    Returns:
        The folded net, which shares no variable with the other; and what brings its weights up to date with the
        other's, which was called once. Where there is nothing to fold, the net itself.
    """
    pairs = _foldable(model)
    if not pairs:
        return model, lambda: None
    absorbed = set(pairs.values())

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        settings = layer.get_config()
        if layer.name in pairs:
            settings["use_bias"] = True
        return layer.__class__.from_config(settings)

    def call(layer: keras.layers.Layer, *arguments: object, **options: object) -> object:
        return arguments[0] if layer.name in absorbed else layer(*arguments, **options)

    folded = keras.models.clone_model(model, clone_function=clone, call_function=call)

    def refresh() -> None:
        for layer in folded.layers:
            if layer.name in pairs:
                layer.set_weights(_folded_weights(model.get_layer(layer.name), model.get_layer(pairs[layer.name])))
            elif layer.weights:
                layer.set_weights(model.get_layer(layer.name).get_weights())

    refresh()
    return folded, refresh


def _foldable(model: keras.Model) -> dict[str, str]:
    """Names of the layers that can take up a batch normalisation, with its name."""
    pairs = {}
    for layer in model.layers:
        if not (isinstance(layer, WEIGHTED) and layer.activation is keras.activations.linear):
            continue
        readers = [node.operation for node in layer._outbound_nodes if node.operation in model.layers]
        if len(readers) == 1 and _is_batch_norm(readers[0]) and layer.output is not model.output:
            pairs[layer.name] = readers[0].name
    return pairs


def _is_batch_norm(layer: keras.layers.Layer) -> bool:
    """Whether a layer is a batch normalisation of the last axis, Keras's own or one written out."""
    parts = ("moving_mean", "moving_variance", "gamma", "beta", "epsilon")
    return all(getattr(layer, part, None) is not None for part in parts) and getattr(layer, "axis", -1) in (-1, 3)


def _folded_weights(layer: keras.layers.Layer, norm: keras.layers.Layer) -> list[np.ndarray]:
    """Kernel and bias of a layer with a batch normalisation taken up, computed in double precision."""
    gamma, beta, mean, variance = (
        np.asarray(keras.ops.convert_to_numpy(part), np.float64)
        for part in (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
    )
    scale = gamma / np.sqrt(variance + norm.epsilon)
    kernel, *bias = (np.asarray(weight, np.float64) for weight in layer.get_weights())
    shift = beta + ((bias[0] if bias else 0.0) - mean) * scale
    return [kernel * scale, shift]  # the last axis of a kernel is its output's
