"""Settings of the statistics."""

from typing import Annotated, Literal

from pydantic import Field

from advdim.config.section import OfSnapshots, Positive, Radii, Section


class PairDistance(Section):
    """Distances of random pairs of points of the inner sphere (Gilmer et al. 2018, sec. 3)."""

    kind: Literal["pair_distance"]
    pairs: Positive = Field(default=10_000, description="Number of random pairs.")


class ErrorRate(OfSnapshots):
    """Errors on fresh points of both spheres (Gilmer et al. 2018, sec. 3)."""

    kind: Literal["error_rate"]
    points: Positive = Field(default=100_000, description="Fresh points of each sphere; the source takes 1e7.")


class NormSweep(OfSnapshots):
    """Accuracy on random points of any norm, against the boundary in the middle (Gilmer et al. 2018, fig. 2 left)."""

    kind: Literal["norm_sweep"]
    radii: Radii = Field(min_length=1, description="Norms of the points, in units of the inner radius.")
    points: Positive = Field(default=10_000, description="Fresh points of each norm; the source takes 1e4.")


class Slices(OfSnapshots):
    """Planes through the origin: random ones, and such through worst-case points (Gilmer et al. 2018, fig. 1)."""

    kind: Literal["slices"]
    planes: Positive = Field(default=20, description="Planes of each sort: random, one worst-case direction, two.")
    angles: Positive = Field(default=120, description="Directions of a plane in which the net is asked.")
    radii: int = Field(default=61, ge=2, description="Distances from the origin at which it is asked, from 0 on.")
    largest_radius: float = Field(
        default=3.0, gt=0, description="Largest of these distances, in units of the inner radius."
    )
    steps: Positive = Field(default=1000, description="Steps of the search for worst-case points of the outer sphere.")
    step_size: float = Field(default=0.001, gt=0, description="Length of one step, in units of the inner radius.")


class Circles(OfSnapshots):
    """Every error of a net in two dimensions, by a grid of angles (Gilmer et al. 2018, fig. 2 right)."""

    kind: Literal["circles"]
    angles: Positive = Field(default=10_000, description="Angles on each circle.")


class Alphas(OfSnapshots):
    """Axes of the ellipsoid that a quadratic net has for a boundary (Gilmer et al. 2018, sec. 4, app. B)."""

    kind: Literal["alphas"]
    points: Positive = Field(
        default=2000, description="Points of each sphere on which the net is compared with its ellipsoid."
    )


class QuadraticLosses(OfSnapshots):
    """Average and worst-case loss of a quadratic net on both spheres (Gilmer et al. 2018, fig. 3 right)."""

    kind: Literal["quadratic_losses"]
    points: Positive = Field(default=10_000, description="Fresh points of each sphere for the average.")


class TrueDistance(OfSnapshots):
    """Exact distance from each start of the attack on the sphere to the nearest error of a quadratic net."""

    kind: Literal["true_distance"]
    starts: Positive = Field(default=100, description="Starts on the inner sphere, the first ones of the attack.")


class GradientNorms(Section):
    """Norms of the gradient of the loss at each test image (Simon-Gabriel et al. 2018, sec. 2)."""

    kind: Literal["gradient_norms"]
    images: Positive = Field(default=120, description="First test images (classes interleaved).")


class Tilting(Section):
    """Tilting angle, adversarial distance and errors of a path of linear classifiers (Tanay & Griffin 2018)."""

    kind: Literal["tilting"]
    eps_pixel: float = Field(
        default=0.1, gt=0, le=1, description="Size of the l_inf perturbation whose damage is predicted to first order."
    )


class Projections(Section):
    """Images in the tilting plane of each linear classifier of a path (Tanay & Griffin 2018, fig. 5 to 7)."""

    kind: Literal["projections"]
    images: Positive = Field(default=150, description="First training and first test images of each class, at most.")
    pictures: Positive = Field(
        default=3, description="Training images of each class whose adversarial images are kept for the report."
    )


class ToyTilt(Section):
    """Adversarial distance of the toy classes against the weight vector's tilt (Tanay & Griffin 2018, fig. 3, 4)."""

    kind: Literal["toy_tilt"]
    tilts_deg: tuple[Annotated[float, Field(ge=0, lt=90)], ...] = Field(
        default=(0, 15, 30, 45, 60, 75, 80, 85, 87, 89),
        min_length=2,
        description="Tilts of the weight vector, degrees.",
    )


class LocalTilt(Section):
    """Tilting angle of any net at each test image: gradient of a difference of logits against that of the centroids."""

    kind: Literal["local_tilt"]
    images: Positive = Field(default=120, description="First test images (classes interleaved).")


Statistic = Annotated[
    PairDistance
    | ErrorRate
    | NormSweep
    | Slices
    | Circles
    | Alphas
    | QuadraticLosses
    | TrueDistance
    | GradientNorms
    | Tilting
    | Projections
    | ToyTilt
    | LocalTilt,
    Field(discriminator="kind"),
]
