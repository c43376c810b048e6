"""Settings of the statistics."""

from typing import Annotated, Literal

from pydantic import Field

from advdim.config.section import Positive, Section


class PairDistance(Section):
    """Distances of random pairs of points of the inner sphere (Gilmer et al. 2018, sec. 3)."""

    kind: Literal["pair_distance"]
    pairs: Positive = Field(default=10_000, description="Number of random pairs.")


class ErrorRate(Section):
    """Errors on fresh points of both spheres (Gilmer et al. 2018, sec. 3)."""

    kind: Literal["error_rate"]
    points: Positive = Field(default=100_000, description="Fresh points of each sphere; the source takes 1e7.")


class Alphas(Section):
    """Axes of the ellipsoid that a quadratic net has for a boundary (Gilmer et al. 2018, sec. 4, app. B)."""

    kind: Literal["alphas"]
    points: Positive = Field(
        default=2000, description="Points of each sphere on which the net is compared with its ellipsoid."
    )


class GradientNorms(Section):
    """Norms of the gradient of the loss at each test image (Simon-Gabriel et al. 2018, sec. 2)."""

    kind: Literal["gradient_norms"]
    images: Positive = Field(default=120, description="First test images (classes interleaved).")


class Tilting(Section):
    """Tilting angle, adversarial distance and errors of a path of linear classifiers (Tanay & Griffin 2018)."""

    kind: Literal["tilting"]
    pictures: Positive = Field(
        default=3, description="Training images of each class whose adversarial images are kept for the report."
    )


Statistic = Annotated[PairDistance | ErrorRate | Alphas | GradientNorms | Tilting, Field(discriminator="kind")]
