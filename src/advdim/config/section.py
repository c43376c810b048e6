"""The common form of every section of the configuration."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
"""A name that becomes part of a path: lower-case letters, digits, dots and dashes."""

Positive = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """A part of the configuration: immutable, with unknown keys refused and finite numbers only."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
