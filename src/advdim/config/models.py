"""Settings of the models."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from advdim.config.section import Positive, Section, each_once


class Relu(Section):
    """A fully connected ReLU net with one logit (Gilmer et al. 2018, sec. 3)."""

    kind: Literal["relu"]
    width: Positive = Field(default=1000, description="Units h of each hidden layer.")
    depth: Positive = Field(default=2, description="Number of hidden layers.")
    batch_norm: bool = Field(default=True, description="Batch normalisation on the hidden layers, not on the read-out.")
    initial_scale: float | None = Field(
        default=None,
        gt=0,
        exclude_if=lambda scale: scale is None,  # recipes and records from before this setting keep their keys
        description="Factor on the initial weights of the hidden layers; null for 1. Batch normalisation undoes it, "
        "but the optimiser's steps are smaller beside larger weights. The source states no initialisation; ours is "
        "that of He.",
    )


class Quadratic(Section):
    """The quadratic net w * sum((W1 x)^2) + b (Gilmer et al. 2018, sec. 4)."""

    kind: Literal["quadratic"]
    width: Positive = Field(default=1000, description="Rows h of W1.")
    perfect_radius: float | None = Field(
        default=None,
        gt=1,
        le=100,
        description="Start without an error on the spheres of radius 1 and this one (sec. 4); null starts at random.",
    )


def _one_or_each(value: Any) -> Any:
    """Refuse any other form in one sentence: of a union Pydantic would tell one for each of its sides."""
    numbers = value if isinstance(value, list | tuple) else [value]
    if not numbers or not all(type(number) is int and number >= 1 for number in numbers):
        raise ValueError("a whole number from 1 for all layers, or a list with one for each")
    return tuple(value) if isinstance(value, list) else value


PerLayer = Annotated[Positive | tuple[Positive, ...], BeforeValidator(_one_or_each)]
"""A number for all layers, or a list with one for each."""


class Convolutional(Section):
    """Blocks of 3 x 3 convolution, batch normalisation and ReLU (Simon-Gabriel et al. 2018, sec. 4)."""

    kind: Literal["convolutional"]
    channels: PerLayer = Field(default=64, description="Channels of the convolutions; the source uses 64.")
    layers: Positive = Field(default=8, description="Number of convolutions.")
    strides: PerLayer = Field(
        default=1,
        description="Strides of the convolutions, where these are not dilated; 1, 2, 2, 2, 2, 2 in fig. 1, 2.",
    )
    dilations: PerLayer = Field(default=1, description="Dilations of the convolutions, at the base width if there is.")
    base_width: Positive | None = Field(
        default=None,
        description="Image width in pixels at which the dilations are as given; they grow by width / base_width, so "
        "that filters see the same part of a picture, with the same number of parameters, at every width (fig. 3). "
        "null for the same dilations at every width.",
    )
    pool_after: Annotated[tuple[Positive, ...], AfterValidator(each_once)] = Field(
        default=(), description="Layers, counted from 1, that a 2 x 2 pooling follows; 2, 4, 6 in fig. 3 and 4."
    )
    pooling: Literal["max", "average", "strided"] = Field(
        default="max",
        description="Kind of these poolings; `strided` doubles the stride of the convolution before it instead.",
    )
    head: Literal["max", "average", "flatten"] = Field(
        default="max",
        description="What joins the last block and the dense layer: global max- or average-pooling, or all pixels.",
    )
    batch_norm: bool = Field(default=True, description="Batch normalisation; without it convolutions have a bias.")
    padding: Literal["zeros", "reflect"] = Field(default="zeros", description="What convolutions see beyond the edge.")

    @model_validator(mode="after")
    def _lists_have_one_for_each_layer(self) -> "Convolutional":
        for name in ("channels", "strides", "dilations"):
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) != self.layers:
                raise ValueError(
                    f"{name}: one number, or {self.layers}, one for each of the layers; found {len(value)}"
                )
        beyond = [layer for layer in self.pool_after if layer > self.layers]
        if beyond:
            raise ValueError(f"pool_after {beyond} lies beyond the last layer {self.layers}")
        return self


class Dense(Section):
    """A fully connected ReLU net on flattened images, with one logit a class (Simon-Gabriel et al. 2018, thm 4)."""

    kind: Literal["dense"]
    width: Positive = Field(default=100, description="Units of each hidden layer.")
    depth: Positive = Field(default=2, description="Number of hidden layers.")
    batch_norm: bool = Field(default=False, description="Batch normalisation on the hidden layers.")


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


Model = Annotated[Relu | Quadratic | Convolutional | Dense | Linear | Application, Field(discriminator="kind")]
