"""Settings of the training."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from advdim.config.section import Positive, Section


class Gradient(Section):
    """Adam on mini-batches, the whole loop inside a compiled graph."""

    kind: Literal["gradient"]
    learning_rate: float = Field(default=1e-4, gt=0, description="Step size of Adam; 1e-4 in the spheres study.")
    batch: Positive = Field(default=50, description="Examples a step; half of them from each sphere.")
    steps: Positive = Field(description="Number of steps; the spheres study takes 1e6.")
    snapshots: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(),
        description="Steps after which the weights are kept besides the last one; 0 is the initialisation.",
    )

    @model_validator(mode="after")
    def _snapshots_lie_inside(self) -> "Gradient":
        late = [step for step in self.snapshots if step > self.steps]
        if late:
            raise ValueError(f"snapshots {late} lie beyond the last step {self.steps}; expected steps up to it")
        return self

    @property
    def kept_steps(self) -> tuple[int, ...]:
        """The steps whose weights are kept, in order, the last step included."""
        return tuple(sorted({*self.snapshots, self.steps}))


class Regularised(Section):
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


class NearestCentroid(Section):
    """The nearest-centroid classifier: no tilt, the limit of strong regularisation."""

    kind: Literal["nearest_centroid"]
    images_per_class: Positive | None = Field(
        default=None, description="First training images of each class that are used; null for all."
    )


class Given(Section):
    """No training: the weights are those of the file that the model names."""

    kind: Literal["given"]


Training = Annotated[
    Gradient | SvmPath | LogisticPath | NearestCentroid | Given,
    Field(discriminator="kind"),
]
