"""ImageNet classifiers of `keras.applications`, with weights from a file of this machine and never from the web."""

import keras

from advdim.datasets.stored import ImageInfo
from advdim.errors import AdvdimError
from advdim.models.application_files import needs
from advdim.models.network import has_finite_weights

FAMILIES = {
    "DenseNet121": "densenet",
    "DenseNet169": "densenet",
    "DenseNet201": "densenet",
    "InceptionResNetV2": "inception_resnet_v2",
    "InceptionV3": "inception_v3",
    "MobileNet": "mobilenet",
    "MobileNetV2": "mobilenet_v2",
    "NASNetLarge": "nasnet",
    "NASNetMobile": "nasnet",
    "ResNet50": "resnet",
    "ResNet50V2": "resnet_v2",
    "ResNet101": "resnet",
    "ResNet101V2": "resnet_v2",
    "ResNet152": "resnet",
    "ResNet152V2": "resnet_v2",
    "VGG16": "vgg16",
    "VGG19": "vgg19",
    "Xception": "xception",
}
"""Architectures by name, with the module of `keras.applications` that holds each and its preprocessing.

The families that preprocess inside the net (ConvNeXt, EfficientNet, MobileNetV3) are left out: what they do there
depends on the arguments, so that the published weights of EfficientNet, for one, do not fit a net built without them.
"""


def build(images: ImageInfo, *, name: str, weights: str, seed: int) -> keras.Model:
    """Build the net, with the preprocessing of its family in front.

    Args:
        images: shape and classes of the dataset; one output a class.
        name: name of the architecture, a key of `FAMILIES`.
        weights: file of the weights; it is not read here, but by `load_published`.
        seed: not used: nothing is drawn that is not overwritten by weights.

    Returns:
        A net from (n, height, width, 3) pixels on [0, 1] to (n, classes) logits.

    Raises:
        AdvdimError: the name is unknown, or the architecture cannot take such images.
    """
    if name not in FAMILIES:
        raise AdvdimError(f"model application: found the name '{name}'; expected one of {', '.join(FAMILIES)}")
    family = getattr(keras.applications, FAMILIES[name])
    inputs = keras.Input(images.shape, name="pixels")
    try:
        application = getattr(family, name)(
            weights=None,
            input_tensor=family.preprocess_input(255 * inputs),
            classes=len(images.class_names),
            classifier_activation=None,
        )
    except ValueError as error:
        raise AdvdimError(
            f"{name} cannot be built for images of shape {images.shape} ({error}); choose another width of the pictures"
        ) from error
    return keras.Model(inputs, application.output, name="application")


def load_published(model: keras.Model, weights: str) -> None:
    """Set all weights of a net to those of a file.

    Args:
        model: a net that `build` made.
        weights: an HDF5 file of the whole net, the layer of the classes included.

    Raises:
        AdvdimError: the file is missing, no file of weights, or has those of another net.
    """
    missing = needs(weights)
    if missing:
        raise AdvdimError(f"{weights}: cannot be loaded; expected {missing}; put it there and run again")
    try:
        model.load_weights(weights)
    except (ValueError, KeyError, OSError, RuntimeError, TypeError) as error:  # the last two of damaged HDF5 files
        reason = " ".join(str(error).split())
        raise AdvdimError(
            f"{weights}: does not hold the weights of this net ({reason}); expected those of the architecture, the "
            "width and classes of the configuration, the layer of the classes included (no 'notop' file)"
        ) from error
    if not has_finite_weights(model):
        raise AdvdimError(f"{weights}: holds weights that are no finite numbers; expected finite ones; replace it")
