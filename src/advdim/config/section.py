"""The common form of every section of the configuration."""

from collections import Counter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
"""A name that becomes part of a path: lower-case letters, digits, dots and dashes."""


def each_once(items: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse what is listed twice: it would count as two."""
    repeated = [str(item) for item, count in Counter(items).items() if count > 1]
    if repeated:
        raise ValueError(f"each once, but {' and '.join(repeated)} more than once")
    return items


Names = Annotated[tuple[Name, ...], AfterValidator(each_once)]

Positive = Annotated[int, Field(ge=1)]

Radii = Annotated[tuple[Annotated[float, Field(gt=0, le=100)], ...], AfterValidator(each_once)]
"""Radii of spheres, in units of the inner one."""


class Section(BaseModel):
    """A part of the configuration: immutable, with unknown keys refused and finite numbers only."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class OfSnapshots(Section):
    """What is measured of the kept snapshots of a net."""

    snapshots: Literal["all", "last"] = Field(
        default="all", description="Whether every kept snapshot of a net is measured, or its last one alone."
    )
