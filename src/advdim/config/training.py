"""Settings of the training."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from advdim.config.section import Positive, Section, each_once


class Way(Section):
    """What the plan must know of any way of training."""

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules of `advdim.training` that are imported by a computed name."""
        return (str(getattr(self, "kind")),)  # noqa: B009 (each way has its own literal)

    @property
    def shared(self) -> dict[str, int]:
        """What a recipe says of devices that share batches: nothing where there is one."""
        return {}


class Plain(Section):
    """The loss alone."""

    kind: Literal["plain"] = "plain"


class GradientPenalty(Section):
    """L + (eps_p / 2) ||dL/dx||_q by double back-propagation (Simon-Gabriel et al. 2018, eq. 2, 3)."""

    kind: Literal["gradient_penalty"]
    norm: Literal["l1", "l2"] = Field(default="l1", description="Norm q of the gradient; the dual of the attack's p.")
    eps_pixel: float = Field(
        gt=0, le=1, description="Strength eps in pixels on [0, 1]; eps_p = eps d^(1/p), which is eps for q = 1."
    )


class Adversarial(Section):
    """Mean of the clean loss and that after a first-order attack (Simon-Gabriel et al. 2018, prop. 3)."""

    kind: Literal["adversarial"]
    norm: Literal["linf", "l2"] = Field(default="linf", description="Norm p of the attack.")
    eps_pixel: float = Field(gt=0, le=1, description="Size eps in pixels on [0, 1]; eps_p = eps d^(1/p).")
    through_attack: bool = Field(
        default=False, description="Back-propagate through the attack too (app. F); for linf it changes nothing."
    )


class Pgd(Section):
    """Loss of images that several projected steps of ascent have attacked (Madry et al. 2018)."""

    kind: Literal["pgd"]
    norm: Literal["linf", "l2"] = Field(default="linf", description="Norm p of the ball.")
    eps_pixel: float = Field(gt=0, le=1, description="Radius eps in pixels on [0, 1]; eps_p = eps d^(1/p).")
    steps: Positive = Field(default=7, description="Steps of ascent.")
    relative_step: float = Field(default=0.25, gt=0, le=1, description="Length of a step, as a share of the radius.")
    random_start: bool = Field(default=True, description="Start at a random point of the ball.")

    @model_validator(mode="after")
    def _reaches_the_edge(self) -> "Pgd":
        if self.steps * self.relative_step < 1:
            raise ValueError(f"steps x relative_step is {self.steps * self.relative_step:g}; expected 1 or more")
        return self


class CrossLipschitz(Section):
    """L + weight / K^2 sum over pairs ||g_l - g_m||_2^2, gradients of logits (Simon-Gabriel et al. 2018, eq. 17)."""

    kind: Literal["cross_lipschitz"]
    weight: float = Field(gt=0, description="Weight of the penalty.")


Objective = Annotated[Plain | GradientPenalty | Adversarial | Pgd | CrossLipschitz, Field(discriminator="kind")]


class Constant(Section):
    """The learning rate as it is."""

    kind: Literal["constant"] = "constant"


class Steps(Section):
    """The learning rate falls by a factor at some steps."""

    kind: Literal["steps"]
    at: Annotated[tuple[Positive, ...], AfterValidator(each_once)] = Field(
        min_length=1, description="Steps from which on the rate is smaller."
    )
    factor: float = Field(default=0.1, gt=0, lt=1, description="What the rate is multiplied by at each of them.")


class Cosine(Section):
    """The learning rate falls to zero along half a wave of a cosine."""

    kind: Literal["cosine"]


Schedule = Annotated[Constant | Steps | Cosine, Field(discriminator="kind")]


class Augmentation(Section):
    """Random changes of training images, new ones in each step."""

    flip: bool = Field(default=True, description="Mirror half of the images left to right.")
    shift: int = Field(
        default=4, ge=0, description="Largest shift along each axis, pixels; what comes in is the image, reflected."
    )


class Gradient(Way):
    """Adam on mini-batches, the whole loop inside a compiled graph."""

    kind: Literal["gradient"]
    learning_rate: float = Field(default=1e-4, gt=0, description="Step size of Adam; 1e-4 in the spheres study.")
    batch: Positive = Field(default=50, description="Examples a step; half of them from each sphere.")
    steps: Positive = Field(description="Number of steps; the spheres study takes 1e6.")
    snapshots: Annotated[tuple[Annotated[int, Field(ge=0)], ...], AfterValidator(each_once)] = Field(
        default=(),
        description="Steps after which the weights are kept besides the last one; 0 is the initialisation.",
    )
    objective: Objective = Field(default=Plain(), description="What is minimised.")
    schedule: Schedule = Field(default=Constant(), description="Course of the learning rate.")
    augmentation: Augmentation | None = Field(default=None, description="Changes of training images; null for none.")
    validation_share: float = Field(
        default=0,
        ge=0,
        le=0.5,
        description="Share of each class of the training images that is kept apart, for loss and accuracy in the "
        "history; 0 for none. A dataset with validation images of its own is trained on whole, and they are used.",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32", description="Type of the activations; weights and batch statistics are float32 in any case."
    )
    xla: bool = Field(
        default=False, description="Compile by XLA: faster for dense nets, slower for convolutions on the CPU."
    )
    replicas: Positive = Field(
        default=1, description="Devices of one machine that share each batch; of the CPU, logical ones."
    )

    @model_validator(mode="after")
    def _parts_fit(self) -> "Gradient":
        late = [step for step in self.snapshots if step > self.steps]
        if late:
            raise ValueError(f"snapshots {late} lie beyond the last step {self.steps}; expected steps up to it")
        never = [step for step in getattr(self.schedule, "at", ()) if step >= self.steps]
        if never:
            raise ValueError(f"schedule.at {never} is not reached in {self.steps} steps; expected steps below that")
        if self.batch % self.replicas:
            raise ValueError(f"a batch of {self.batch} for {self.replicas} replicas; expected a multiple of them")
        if self.xla and self.replicas > 1:
            raise ValueError("xla with several replicas; expected one of both")
        return self

    @property
    def modules(self) -> tuple[str, ...]:
        """The loop's, and that of the objective."""
        return (*super().modules, f"objectives.{self.objective.kind}")

    @property
    def shared(self) -> dict[str, int]:
        """The number of devices, where there are several."""
        return {"replicas": self.replicas} if self.replicas > 1 else {}

    @property
    def kept_steps(self) -> tuple[int, ...]:
        """The steps whose weights are kept, in order, the last step included."""
        return tuple(sorted({*self.snapshots, self.steps}))


class Regularised(Way):
    """What the paths of regularisation share (Tanay & Griffin 2018)."""

    log10_lambda_max: float = Field(default=2.0, le=6, description="Strongest regularisation, as log10 of lambda.")
    log10_lambda_min: float = Field(default=-6.0, ge=-9, description="Weakest regularisation, as log10 of lambda.")
    levels: int = Field(default=81, ge=2, description="Number of levels, equally spaced; the source takes 81.")
    images_per_class: Positive | None = Field(
        default=None, description="First training images of each class that are used; 3000 in the source, null for all."
    )

    @model_validator(mode="after")
    def _range_is_ordered(self) -> "Regularised":
        if self.log10_lambda_min >= self.log10_lambda_max:
            raise ValueError("log10_lambda_min must be below log10_lambda_max")
        return self


class SvmPath(Regularised):
    """Linear support vector machines over a range of regularisation (Tanay & Griffin 2018)."""

    kind: Literal["svm_path"]
    tolerance: float = Field(
        default=1e-3, gt=0, lt=0.1, description="Largest duality gap at a level, as a share of the primal objective."
    )


class LogisticPath(Regularised):
    """Logistic regressions over a range of regularisation: mean log-loss + lambda |w|^2, the bias free."""

    kind: Literal["logistic_path"]
    tolerance: float = Field(
        default=1e-6, gt=0, lt=0.1, description="Largest entry of the gradient of the objective at a level."
    )


class NearestCentroid(Way):
    """The nearest-centroid classifier: no tilt, the limit of strong regularisation."""

    kind: Literal["nearest_centroid"]
    images_per_class: Positive | None = Field(
        default=None, description="First training images of each class that are used; null for all."
    )


class Given(Way):
    """No training: the weights are those of the file that the model names."""

    kind: Literal["given"]


Training = Annotated[
    Gradient | SvmPath | LogisticPath | NearestCentroid | Given,
    Field(discriminator="kind"),
]
