"""Settings of the models."""

from typing import Annotated, Literal

from pydantic import Field

from advdim.config.section import Positive, Section


class Relu(Section):
    """A fully connected ReLU net with one logit (Gilmer et al. 2018, sec. 3)."""

    kind: Literal["relu"]
    width: Positive = Field(default=1000, description="Units h of each hidden layer.")
    depth: Positive = Field(default=2, description="Number of hidden layers.")
    batch_norm: bool = Field(default=True, description="Batch normalisation on the hidden layers, not on the read-out.")


class Quadratic(Section):
    """The quadratic net w * sum((W1 x)^2) + b (Gilmer et al. 2018, sec. 4)."""

    kind: Literal["quadratic"]
    width: Positive = Field(default=1000, description="Rows h of W1.")
    perfect_radius: float | None = Field(
        default=None,
        gt=1,
        description="Start without an error on the spheres of radius 1 and this one (sec. 4); null starts at random.",
    )


class Convolutional(Section):
    """Blocks of 3 x 3 convolution, batch normalisation and ReLU (Simon-Gabriel et al. 2018, sec. 4.2)."""

    kind: Literal["convolutional"]
    channels: Positive = Field(default=64, description="Channels of every convolution; the source uses 64.")
    layers: Positive = Field(default=8, description="Number of convolutions.")
    pool_after: tuple[Positive, ...] = Field(
        default=(2, 4, 6), description="Layers, counted from 1, that a 2 x 2 max-pooling follows."
    )
    base_width: Positive = Field(
        default=32,
        description="Image width in pixels at which the dilation is 1; the dilation is width / base_width, so that "
        "the number of parameters is the same at every width (fig. 3).",
    )


class Linear(Section):
    """A linear classifier sign(w.x + b) of two classes (Tanay & Griffin 2018)."""

    kind: Literal["linear"]


ApplicationName = Literal[
    "DenseNet121",
    "DenseNet169",
    "DenseNet201",
    "InceptionResNetV2",
    "InceptionV3",
    "MobileNet",
    "MobileNetV2",
    "NASNetLarge",
    "NASNetMobile",
    "ResNet50",
    "ResNet50V2",
    "ResNet101",
    "ResNet101V2",
    "ResNet152",
    "ResNet152V2",
    "VGG16",
    "VGG19",
    "Xception",
]
"""Architectures of `keras.applications` whose preprocessing is apart from the net."""


class Application(Section):
    """An ImageNet classifier of `keras.applications` with weights from a file of this machine."""

    kind: Literal["application"]
    name: ApplicationName = Field(
        default="InceptionV3",
        description="Name of the architecture in `keras.applications`; Inception v3 was trained on 299 x 299 pixels.",
    )
    weights: str = Field(
        description="File of its weights (HDF5, `.h5`, the layer of the classes included), as Keras publishes them; "
        "never downloaded."
    )


Model = Annotated[Relu | Quadratic | Convolutional | Linear | Application, Field(discriminator="kind")]
