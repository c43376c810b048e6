"""The sources' claims, each with the rule that judges it, read and checked from ``config/claims.yaml``."""

import math
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, ValidationInfo, field_validator

from advdim.config.reading import Location, mistakes_sentence, read_yaml, validation_mistakes
from advdim.errors import AdvdimError

Study = Literal["spheres", "dimension", "tilting"]
Kind = Literal["number", "trend", "theorem"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

_INITIALS = {"S": "spheres", "D": "dimension", "T": "tilting"}


class Source(BaseModel):
    """One of the three publications."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Study = Field(description="name of the study that the source belongs to")
    authors: Text = Field(description="authors, as they are to be printed")
    year: int = Field(description="year of the version used", ge=1900, le=2100)
    title: Text = Field(description="title of the version used")
    arxiv: str = Field(description="arXiv id, in quotes: YYMM.NNNNN", pattern=r"^\d{4}\.\d{4,5}$")


class Claim(BaseModel):
    """A checkable claim of a source and the rule that judges it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(description="initial of the study (S, D or T) and two digits", pattern=r"^[SDT]\d{2}$")
    study: Study = Field(description="spheres, dimension or tilting; its initial begins the id")
    kind: Kind = Field(description="number (compared with our interval), trend (tested) or theorem (computed)")
    where: Text = Field(description="section, figure or theorem of the source")
    statement: Text = Field(description="what is claimed, in our words")
    source_value: Text | None = Field(default=None, description="the published figure, as text")
    erratum: Text | None = Field(default=None, description="where the source errs: its version, ours, what is wrong")
    estimate: Text = Field(
        description="what our value is, in words; with the level of its interval if that is not 95 %"
    )
    rule: Text = Field(description="estimate, test or margin, level and multiplicity that decide the verdict")
    margin: float | dict[str, float] | None = Field(
        default=None, description="numbers that the rule compares with: one margin, or thresholds by name"
    )
    needs: Text = Field(description="the scale or experiment that it takes to judge the claim")

    @field_validator("study")
    @classmethod
    def _study_fits_id(cls, study: str, info: ValidationInfo) -> str:
        expected = _INITIALS.get(info.data.get("id", " ")[0], study)
        if study != expected:
            raise ValueError(f"{expected!r}, to which the id {info.data['id']} belongs")
        return study

    @field_validator("margin", mode="before")
    @classmethod
    def _margin_is_numeric(cls, margin: object) -> object:
        if not (margin is None or _is_number(margin) or _is_named_numbers(margin)):
            raise ValueError("a finite number (write 1.0e-6, not 1e-6) or a mapping of names to finite numbers")
        return margin

    def limit(self, name: str | None = None) -> float:
        """Look up one number of the verdict rule.

        Args:
            name: which threshold of a mapping; leave it out where the margin is a single number.

        Returns:
            The number, in the unit that the rule says.

        Raises:
            AdvdimError: if the claim has no such number.
        """
        if name is None and isinstance(self.margin, float):
            return self.margin
        if name is not None and isinstance(self.margin, dict) and name in self.margin:
            return self.margin[name]
        wanted = "a single margin" if name is None else f"a margin named {name!r}"
        raise AdvdimError(
            f"Claim {self.id} has the margin {self.margin!r}, its verdict needs {wanted}: correct the claims file."
        )


class Claims(BaseModel):
    """All claims, with the sources that make them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: tuple[Source, ...] = Field(description="the publications, one for each study", min_length=1)
    claims: tuple[Claim, ...] = Field(description="the claims, each id once", min_length=1)

    def by_id(self, claim_id: str) -> Claim:
        """Find a claim.

        Args:
            claim_id: for example ``"S03"``.

        Returns:
            The claim of that id.

        Raises:
            AdvdimError: if there is none.
        """
        for claim in self.claims:
            if claim.id == claim_id:
                return claim
        known = ", ".join(claim.id for claim in self.claims)
        raise AdvdimError(f"There is no claim {claim_id!r}; expected one of: {known}.")


def load_claims(path: Path) -> Claims:
    """Read and check a claims file.

    Args:
        path: the YAML file, usually ``config/claims.yaml``.

    Returns:
        The checked claims, in the order of the file.

    Raises:
        AdvdimError: if the file cannot be read or is not well-formed YAML; or if it has unknown, missing, repeated or
            wrong entries, in which case the message lists all of them with place, what was found and what was expected.
    """
    raw = read_yaml(path, remedy="run from the root of the project")
    claims: Claims | None = None
    mistakes: list[str] = []
    try:
        claims = Claims.model_validate(raw)
    except ValidationError as error:
        mistakes = validation_mistakes(error, place=lambda location: _place(location, raw), fields=_fields_at)
    mistakes += _cross_check(raw)
    if claims is None or mistakes:
        raise AdvdimError(mistakes_sentence(path, mistakes))
    return claims


def _place(loc: Location, raw: object) -> str:
    """Write a location as ``claims[3] (S04).rule``."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    if len(loc) > 1 and isinstance(raw, dict):
        entry = raw[loc[0]][loc[1]]
        name = (entry.get("id") or entry.get("key")) if isinstance(entry, dict) else None
        if isinstance(name, str):
            return place.replace("]", f"] ({name})", 1)
    return place or "top level"


def _fields_at(loc: Location) -> dict[str, str]:
    """Names and descriptions of the fields that are allowed beside a location."""
    model: type[BaseModel] = Claims
    if len(loc) > 1:
        model = Claim if loc[0] == "claims" else Source
    return {name: field.description or name for name, field in model.model_fields.items()}


def _cross_check(raw: object) -> list[str]:
    """Find repeated ids and keys, and studies without a source, even where other entries are wrong."""
    ids, keys, studies = (_values(raw, *where) for where in (("claims", "id"), ("sources", "key"), ("claims", "study")))
    mistakes = [f"claims: found the id {name!r} {n} times, expected it once" for name, n in ids.items() if n > 1]
    mistakes += [f"sources: found the key {name!r} {n} times, expected it once" for name, n in keys.items() if n > 1]
    lacking = [study for study in _INITIALS.values() if study in studies and study not in keys]
    return mistakes + [f"sources: found none with the key {s!r}, expected one since claims cite it" for s in lacking]


def _values(raw: object, section: str, name: str) -> Counter[str]:
    entries = raw.get(section) if isinstance(raw, dict) else None
    entries = entries if isinstance(entries, list) else []
    found = (entry.get(name) for entry in entries if isinstance(entry, dict))
    return Counter(value for value in found if isinstance(value, str))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_named_numbers(value: object) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    return all(isinstance(name, str) and _is_number(number) for name, number in value.items())
