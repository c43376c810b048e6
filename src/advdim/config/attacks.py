"""Settings of the attacks."""

from typing import Annotated, Literal

from pydantic import Field

from advdim.config.section import OfSnapshots, Positive, Radii, Section


class Manifold(OfSnapshots):
    """Projected gradient ascent on a sphere (Gilmer et al. 2018, sec. 3)."""

    kind: Literal["manifold"]
    starts: Positive = Field(default=100, description="Number of random starts on each sphere.")
    radii: Radii = Field(
        default=(1.0,),
        min_length=1,
        description="Radii of the spheres that are searched, in units of the inner one; a point is in error where the "
        "net says otherwise than the boundary in the middle, (1 + R) / 2.",
    )
    aim: Literal["nearest", "worst"] = Field(
        default="nearest", description="`nearest` stops at the first error; `worst` goes on to the last step."
    )
    steps: Positive = Field(default=1000, description="Steps of each attack at most.")
    step_size: float = Field(default=0.001, gt=0, description="Length of one step, in units of the inner radius.")


class Shell(OfSnapshots):
    """The nearest point between the spheres that is called outer (Gilmer et al. 2018, sec. 3)."""

    kind: Literal["shell"]
    starts: Positive = Field(default=100, description="Number of random starts on the inner sphere.")
    steps: Positive = Field(default=300, description="Steps of each attack at most.")
    step_size: float = Field(
        default=0.001,
        gt=0,
        description="How much further from the start each step looks, in units of the inner radius.",
    )


class Iterative(Section):
    """Iterated gradient attack inside a ball around the image (Simon-Gabriel et al. 2018, sec. 4)."""

    kind: Literal["iterative"]
    norm: Literal["linf", "l2"] = Field(default="linf", description="Norm of the ball.")
    eps_pixel: float = Field(
        default=0.005,
        gt=0,
        le=1,
        description="Radius of the l_inf ball on pixels in [0, 1]; the l_2 ball has the radius eps_pixel * sqrt(d) "
        "(eq. 3), d the number of input coordinates.",
    )
    steps: Positive = Field(default=10, description="Gradient steps; 1 is the single-step attack.")
    relative_step: float = Field(
        default=0.25, gt=0, le=2, description="Size of a step as a share of the radius; steps * share should exceed 1."
    )
    images: Positive = Field(default=120, description="First test images that are attacked (classes interleaved).")


class Targeted(Section):
    """Iterated gradient attack towards a random wrong class, as small as it can be (Tanay & Griffin 2018, fig. 1)."""

    kind: Literal["targeted"]
    eps_pixel: float = Field(
        default=0.0157, gt=0, le=1, description="Largest l_inf size, pixels in [0, 1]; 4/255 cannot be seen."
    )
    steps: Positive = Field(default=50, description="Gradient steps.")
    relative_step: float = Field(default=0.1, gt=0, le=2, description="Size of a step as a share of `eps_pixel`.")
    images: Positive = Field(default=120, description="First test images that are attacked (classes interleaved).")
    pictures: Positive = Field(default=3, description="First attacked images that are kept for the report.")


Attack = Annotated[Manifold | Shell | Iterative | Targeted, Field(discriminator="kind")]
