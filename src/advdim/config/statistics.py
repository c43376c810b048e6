"""Settings of the statistics."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from advdim.config.models import Convolutional, Dense
from advdim.config.section import OfSnapshots, Positive, Radii, Section, each_once


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
    search_radius: float = Field(
        default=2.0,
        gt=0,
        description="Norm of the sphere along which worst-case points are searched, in units of the inner radius; the "
        "source holds them to neither sphere.",
    )
    steps: Positive = Field(default=2000, description="Steps of the search for worst-case points.")
    step_size: float = Field(default=0.002, gt=0, description="Length of one step, in units of the inner radius.")


class SearchPower(Section):
    """How often the search along a sphere finds errors that are known to exist (Gilmer et al. 2018, sec. 3 and 4).

    It searches the inner sphere of quadratic nets with one wrong axis; the others lie in the middle of what is right.
    """

    kind: Literal["search_power"]
    alphas: Annotated[tuple[Annotated[float, Field(gt=1)], ...], AfterValidator(each_once)] = Field(
        default=(1.001, 1.02, 1.2), min_length=1, description="Alphas of the wrong axis; 1 would be right."
    )
    starts: Positive = Field(default=100, description="Number of random starts on the inner sphere.")
    steps: Positive = Field(default=1000, description="Steps of each search at most.")
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


class GradientNorms(OfSnapshots):
    """Norms of the gradient of the loss at each test image (Simon-Gabriel et al. 2018, sec. 2)."""

    kind: Literal["gradient_norms"]
    images: Positive = Field(default=120, description="First test images, at most (classes interleaved).")


class InitialGradients(Section):
    """Input gradients of nets before any training, at several widths (Simon-Gabriel et al. 2018, thm 4 to 7, 11)."""

    kind: Literal["initial_gradients"]
    model: Annotated[Convolutional | Dense, Field(discriminator="kind")] = Field(
        description="The nets that are drawn, as in the section `models`."
    )
    widths: Annotated[tuple[Annotated[int, Field(ge=4, le=512)], ...], AfterValidator(each_once)] = Field(
        min_length=1, description="Widths of the images in pixels: divisors or multiples of the dataset's width."
    )
    nets: Positive = Field(default=10, description="Nets that are drawn at each width.")
    images: Positive = Field(default=24, description="First test images, at most (classes interleaved).")


class AugmentationOrder(Section):
    """Distance of adversarial augmentation and gradient penalty as eps is halved (Simon-Gabriel et al. 2018, prop. 3).

    The nets are dense, smooth (softplus) and in double precision, as they are drawn.
    """

    kind: Literal["augmentation_order"]
    width: Positive = Field(default=32, description="Units of each hidden layer.")
    depth: Positive = Field(default=2, description="Number of hidden layers.")
    eps_pixel: float = Field(default=0.01, gt=0, le=1, description="Largest eps; eps_p = eps d^(1/p).")
    halvings: int = Field(default=6, ge=2, le=20, description="How often eps is halved.")
    nets: Positive = Field(default=10, description="Nets that are drawn.")
    images: Positive = Field(default=100, description="First test images, at most (classes interleaved).")


class Damage(OfSnapshots):
    """Rise of the loss after one step of growing size, beside its first-order prediction (lemma 2, lemma 12)."""

    kind: Literal["damage"]
    norms: Annotated[tuple[Literal["linf", "l2"], ...], AfterValidator(each_once)] = Field(
        default=("linf", "l2"), min_length=1, description="Norms p of the steps."
    )
    eps_pixel: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], AfterValidator(each_once)] = Field(
        default=(0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
        min_length=1,
        description="Sizes eps of the steps in pixels on [0, 1]; eps_p = eps d^(1/p). Pixels are not clipped.",
    )
    images: Positive = Field(default=120, description="First test images, at most (classes interleaved).")


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
    tilts_deg: Annotated[tuple[Annotated[float, Field(ge=0, lt=90)], ...], AfterValidator(each_once)] = Field(
        default=(0, 15, 30, 45, 60, 75, 80, 85, 87, 89),
        min_length=2,
        description="Tilts of the weight vector, degrees.",
    )


class LocalTilt(OfSnapshots):
    """Tilting angle of any net at each test image: gradient of a difference of logits against that of the centroids."""

    kind: Literal["local_tilt"]
    images: Positive = Field(default=120, description="First test images, at most (classes interleaved).")


Statistic = Annotated[
    PairDistance
    | ErrorRate
    | NormSweep
    | Slices
    | SearchPower
    | Circles
    | Alphas
    | QuadraticLosses
    | TrueDistance
    | GradientNorms
    | InitialGradients
    | AugmentationOrder
    | Damage
    | Tilting
    | Projections
    | ToyTilt
    | LocalTilt,
    Field(discriminator="kind"),
]
