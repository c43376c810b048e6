"""Settings of the datasets."""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from advdim.config.section import Name, Positive, Section, each_once

Digit = Annotated[int, Field(ge=0, le=9)]
Cifar10Class = Literal["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


DigitClasses = Annotated[tuple[Digit, ...], AfterValidator(each_once)]
Cifar10Classes = Annotated[tuple[Cifar10Class, ...], AfterValidator(each_once)]


class Spheres(Section):
    """Two concentric spheres, the inner one of radius 1 (Gilmer et al. 2018, sec. 2)."""

    kind: Literal["spheres"]
    dimension: int = Field(ge=2, description="Dimension d of the space; the source uses 500.")
    outer_radius: float = Field(
        default=1.3, gt=1, le=100, description="Radius R of the outer sphere, in units of the inner one (sec. 2)."
    )
    points: Annotated[int, Field(ge=2, multiple_of=2)] | None = Field(
        default=None,
        description="Size N of a finite training set, half of it on each sphere and so an even number; null samples "
        "every batch afresh, which the source calls online (sec. 3).",
    )


class Photos12(Section):
    """Random crops of twelve real photographs, one class a photograph, at one width."""

    kind: Literal["photos12"]
    width: int = Field(ge=4, le=256, description="Edge of the images in pixels.")
    crop: int = Field(
        ge=16, le=256, description="Edge of the crop in pixels of the photograph, resized to `width` with antialiasing."
    )
    train_per_class: Positive = Field(description="Training crops of each photograph.")
    test_per_class: Positive = Field(description="Test crops of each photograph, from a region apart.")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their labels."""
        from advdim.datasets.photographs import PHOTOGRAPHS

        return tuple(photograph.name for photograph in PHOTOGRAPHS)


class Digits(Section):
    """The handwritten digits of scikit-learn, 8 x 8 pixels, upsampled as asked."""

    kind: Literal["digits"]
    width: int = Field(default=8, ge=8, le=256, description="Edge of the images in pixels; 8 is the original.")
    resampling: Literal["nearest", "bilinear"] = Field(
        default="nearest", description="How the images are enlarged when `width` exceeds 8."
    )
    classes: DigitClasses = Field(
        default=tuple(range(10)), min_length=2, description="The digits that are kept, in the order of their labels."
    )
    test_fraction: float = Field(default=0.3, gt=0, lt=1, description="Share of each class that is kept for testing.")

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their labels."""
        return tuple(map(str, self.classes))


class Mnist(Section):
    """MNIST's handwritten digits, 28 x 28 pixels, in the order and with the split of its files."""

    kind: Literal["mnist"]
    classes: DigitClasses = Field(
        default=tuple(range(10)), min_length=2, description="The digits that are kept, in the order of their labels."
    )

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their labels."""
        return tuple(map(str, self.classes))


class Cifar10(Section):
    """CIFAR-10's coloured photographs, 32 x 32 pixels, in the order and with the split of its files."""

    kind: Literal["cifar10"]
    classes: Cifar10Classes = Field(
        default=get_args(Cifar10Class),
        min_length=2,
        description="The classes that are kept, in the order of their labels.",
    )

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their labels."""
        return self.classes


class Imagenet12(Section):
    """ILSVRC2012 merged into a few classes, centre crops of 256 x 256 pixels (Simon-Gabriel et al. 2018, sec. 4.2)."""

    kind: Literal["imagenet12"]
    archive: str = Field(
        default="data/sources/imagenet",
        description="Folder that holds ILSVRC2012, as folders of synsets or as its tars.",
    )
    merge: str = Field(
        default="config/imagenet12.yaml",
        description="Which synsets make which class: a file of that form, or a CSV of names and classes.",
    )
    variant: Literal["corrected", "published"] = Field(
        default="corrected",
        description="`corrected` gives each image one class and one split; `published` keeps the published set's "
        "contradiction, moving vans that are both ships and trucks.",
    )
    validation_share: float = Field(
        default=0.1, ge=0, lt=1, description="Share of the training images that is kept apart for validation."
    )
    quarantine_share: float = Field(
        default=0.001, ge=0, le=1, description="Largest share of images that cannot be decoded; more stop the build."
    )
    width: Literal[256] = Field(
        default=256, description="Edge of the crops in pixels; datasets of kind `resized` are made from them."
    )
    kernel: Literal["bilinear", "bicubic", "box"] = Field(
        default="bilinear", description="Kernel of the resampling, with antialiasing; bilinear is the source's."
    )


class Resized(Section):
    """The images of another dataset at a smaller width, each made from its larger crop."""

    kind: Literal["resized"]
    source: Name = Field(description="Name of a dataset of kind imagenet12.")
    width: int = Field(ge=4, le=256, description="Edge of the images in pixels; the source takes 32, 64, 128 and 256.")
    kernel: Literal["bilinear", "bicubic", "box"] = Field(
        default="bilinear", description="Kernel of the resampling, with antialiasing; bilinear is the source's."
    )


class ToyClasses(Section):
    """Two boxes of points, embedded in any dimension (the toy problem of Tanay & Griffin 2018, fig. 3 and 4)."""

    kind: Literal["toy_classes"]
    dimension: int = Field(ge=2, description="Dimension of the space; the source shows 2 and 785.")
    per_class: Positive = Field(default=500, description="Points of each class.")


class Pictures(Section):
    """Pictures from a folder of this machine, for nets with given weights; all of them are for testing."""

    kind: Literal["pictures"]
    folder: str = Field(
        description="Folder with a folder of pictures (PNG or JPEG) for each class, named by its number as the net "
        "counts and, if you like, a name: `207-golden-retriever`. An empty one only lends the class its name.",
    )
    width: int = Field(ge=8, le=1024, description="Edge of the images in pixels: shortest edge resized, centre cut.")
    classes: int = Field(default=1000, ge=2, le=100_000, description="Classes of the net; ImageNet has 1000.")


Dataset = Annotated[
    Spheres | Photos12 | Digits | Mnist | Cifar10 | Imagenet12 | Resized | ToyClasses | Pictures,
    Field(discriminator="kind"),
]
