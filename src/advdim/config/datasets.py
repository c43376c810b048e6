"""Settings of the datasets."""

from typing import Annotated, Literal

from pydantic import Field

from advdim.config.section import Positive, Section


class Spheres(Section):
    """Two concentric spheres, the inner one of radius 1 (Gilmer et al. 2018, sec. 2)."""

    kind: Literal["spheres"]
    dimension: int = Field(ge=2, description="Dimension d of the space; the source uses 500.")
    outer_radius: float = Field(
        default=1.3, gt=1, le=100, description="Radius R of the outer sphere, in units of the inner one (sec. 2)."
    )
    points: Positive | None = Field(
        default=None,
        description="Size N of a finite training set, half of it on each sphere; null samples every batch afresh, "
        "which the source calls online (sec. 3).",
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


class Digits(Section):
    """The handwritten digits of scikit-learn, 8 x 8 pixels, upsampled as asked."""

    kind: Literal["digits"]
    width: int = Field(default=8, ge=8, le=256, description="Edge of the images in pixels; 8 is the original.")
    resampling: Literal["nearest", "bilinear"] = Field(
        default="nearest", description="How the images are enlarged when `width` exceeds 8."
    )
    classes: tuple[Annotated[int, Field(ge=0, le=9)], ...] = Field(
        default=tuple(range(10)), min_length=2, description="The digits that are kept, in the order of their labels."
    )
    test_fraction: float = Field(default=0.3, gt=0, lt=1, description="Share of each class that is kept for testing.")


Dataset = Annotated[Spheres | Photos12 | Digits, Field(discriminator="kind")]
