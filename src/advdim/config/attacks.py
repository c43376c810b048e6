"""Settings of the attacks."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from advdim.config.section import OfSnapshots, Positive, Radii


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


class OnImages(OfSnapshots):
    """What attacks on images share."""

    images: Positive = Field(default=120, description="First test images, at most, that are attacked (interleaved).")
    stored: int = Field(
        default=20,
        ge=0,
        description="First images whose class changed of which the adversarial image is kept (float32), so that "
        "`advdim verify --attacks` can look at it again.",
    )


class GradientSteps(OnImages):
    """What attacks share that take gradient steps in a ball."""

    norm: Literal["linf", "l2"] = Field(default="linf", description="Norm of the ball.")
    steps: Positive = Field(default=10, description="Gradient steps; 1 is the single-step attack.")
    relative_step: float = Field(
        default=0.25, gt=0, le=2, description="Size of a step as a share of the radius; steps * share should exceed 1."
    )
    random_start: bool = Field(default=False, description="Start at a random point of the ball instead of the image.")
    restarts: Positive = Field(
        default=1,
        description="Random starts of each image, of which the worst is kept; more than 1 needs `random_start`.",
    )

    @model_validator(mode="after")
    def _restarts_are_random(self) -> "GradientSteps":
        if self.restarts > 1 and not self.random_start:
            raise ValueError(f"restarts is {self.restarts} without random_start; expected `random_start: true` or 1")
        return self


class Iterative(GradientSteps):
    """Iterated gradient attack inside a ball around the image (Simon-Gabriel et al. 2018, sec. 4)."""

    kind: Literal["iterative"]
    eps_pixel: float = Field(
        default=0.005,
        gt=0,
        le=1,
        description="Radius of the l_inf ball on pixels in [0, 1]; the l_2 ball has the radius eps_pixel * sqrt(d) "
        "(eq. 3), d the number of input coordinates.",
    )
    aim: Literal["damage", "vulnerability"] = Field(
        default="damage",
        description="What is maximised (definition 1): `damage` climbs the loss of the true label in all steps; "
        "`vulnerability` leads away from the class that the net predicts and stops at the first change.",
    )
    loss: Literal["cross_entropy", "margin"] = Field(
        default="cross_entropy",
        description="Loss that is climbed; `margin` is the largest other logit minus the class's.",
    )


class DeepFool(OnImages):
    """DeepFool: steps to the nearest linearised boundary (Moosavi-Dezfooli et al. 2016)."""

    kind: Literal["deepfool"]
    norm: Literal["l2", "linf"] = Field(default="l2", description="Norm in which the nearest boundary is sought.")
    steps: Positive = Field(default=50, description="Steps at most.")
    overshoot: float = Field(default=0.02, ge=0, le=1, description="Share by which the steps are stretched.")
    classes: Positive = Field(
        default=10,
        description="Classes with the largest logits whose boundaries are looked at, the predicted one apart.",
    )


class Minimal(GradientSteps):
    """Smallest perturbation that changes the class: the nearest boundary, or the least size of the single step."""

    kind: Literal["minimal"]
    steps: Positive = Field(
        default=20,
        description="Gradient steps along the boundary; more find nearer points (docs/attacks.md shows the curve). "
        "1 is the single-step attack, whose least size is searched.",
    )
    random_start: bool = Field(default=False, description="Start at random points too, after the image.")
    restarts: Positive = Field(
        default=1,
        description="Random starts of each image besides the image; the nearest point of all is kept. More than 1 "
        "needs `random_start`.",
    )
    relative_step: float = Field(
        default=0.25,
        gt=0,
        le=2,
        description="Size of a step as a share of the radius in the attack on the largest ball, for the flag "
        "`larger_eps_weaker`; the search itself chooses its steps.",
    )
    largest_eps_pixel: float = Field(default=0.5, gt=0, le=1, description="Largest size that is tried, as `eps_pixel`.")
    precision: float = Field(
        default=0.01,
        ge=1e-4,
        le=0.5,
        description="With `steps: 1` the share by which a ball must be smaller for the step to fail in it; more steps "
        "do without it.",
    )

    @model_validator(mode="after")
    def _single_steps_start_at_the_image(self) -> "Minimal":
        if self.steps == 1 and self.random_start:
            raise ValueError(
                "steps is 1 with random_start; expected more steps, or the single step from the image alone"
            )
        return self


class Peer(OnImages):
    """An attack of another library, for comparison; not run where the library is not installed."""

    kind: Literal["peer"]
    library: Literal["foolbox", "art"] = Field(description="Foolbox or the Adversarial Robustness Toolbox.")
    attack: str = Field(
        pattern=r"^[A-Za-z0-9]+$", description="Name of the class, in `foolbox.attacks` or `art.attacks.evasion`."
    )
    norm: Literal["linf", "l2"] = Field(description="Norm in which its perturbations are measured.")
    eps_pixel: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Radius of the ball, as in `kind: iterative`; null for attacks that minimise.",
    )
    options: dict[str, bool | int | float | str | None] = Field(
        default={}, description="Arguments of the class, as the library names them."
    )


class Targeted(OfSnapshots):
    """Iterated gradient attack towards a random wrong class, as small as it can be (Tanay & Griffin 2018, fig. 1)."""

    kind: Literal["targeted"]
    eps_pixel: float = Field(
        default=0.0157, gt=0, le=1, description="Largest l_inf size, pixels in [0, 1]; 4/255 cannot be seen."
    )
    steps: Positive = Field(default=50, description="Gradient steps.")
    relative_step: float = Field(default=0.1, gt=0, le=2, description="Size of a step as a share of `eps_pixel`.")
    images: Positive = Field(default=120, description="First test images, at most, that are attacked (interleaved).")
    pictures: Positive = Field(default=3, description="First attacked images that are kept for the report.")


Attack = Annotated[Manifold | Shell | Iterative | DeepFool | Minimal | Peer | Targeted, Field(discriminator="kind")]
