"""How weights start: the initialisation of He, with a seed of its own for each layer."""

import keras

from advdim.seeds import named_seed


def he(seed: int, name: str, *, scale: float = 1.0) -> keras.initializers.Initializer:
    """Normal weights of variance 2 / fan-in, cut off at two deviations and scaled back (He et al. 2015).

    Args:
        seed: root seed.
        name: name of the layer.
        scale: factor on the weights.
    """
    first, _ = named_seed(seed, "initialisation", name)
    return keras.initializers.VarianceScaling(2 * scale**2, "fan_in", "truncated_normal", seed=first)
