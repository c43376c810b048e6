"""Reading a configuration: every mistake of the file at once, each with its place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from advdim.config.compatibility import mistakes_between_sections
from advdim.config.experiments import Config
from advdim.config.reading import Location, dotted_place, mistakes_sentence, read_yaml, validation_mistakes
from advdim.errors import AdvdimError


def load_config(path: Path, only: str | None = None) -> Config:
    """Read and check a configuration.

    Args:
        path: a YAML file of the form that ``config/schema.json`` and ``docs/configuration.md`` describe.
        only: keep these studies and experiments, by name, with commas between; None keeps all.

    Returns:
        The configuration, immutable.

    Raises:
        AdvdimError: the file is missing, is no YAML, or holds mistakes (all of them are listed); or `only` names none.
    """
    document = read_yaml(path, remedy="name one by --config, or by CONFIG= of make")
    try:
        config = Config.model_validate(document)
    except ValidationError as error:
        raise AdvdimError(mistakes_sentence(path, validation_mistakes(error, place=_place))) from error
    mistakes = [*_truths_for_numbers(document, config), *mistakes_between_sections(config)]
    if mistakes:
        raise AdvdimError(mistakes_sentence(path, mistakes))
    return config if only is None else _restricted(config, path, only)


def _restricted(config: Config, path: Path, only: str) -> Config:
    wanted = {name.strip() for name in only.split(",")}
    known = {*config.experiments, *(experiment.study for experiment in config.experiments.values())}
    unknown = sorted(wanted - known)
    if unknown:
        raise AdvdimError(
            f"--only: found '{unknown[0]}', which is no study and no experiment of {path}; expected some of "
            f"{', '.join(sorted(known))}, with commas between"
        )
    kept = {name: e for name, e in config.experiments.items() if wanted & {name, e.study}}
    return config.model_copy(update={"experiments": kept})


def _truths_for_numbers(written: Any, read: Any, location: Location = ()) -> Iterator[str]:
    """Places where `true` or `false` was read as something else: Pydantic takes them for the numbers 1 and 0."""
    if isinstance(written, dict):
        for key, part in written.items():
            inner = read[key] if isinstance(read, dict) else getattr(read, key)
            yield from _truths_for_numbers(part, inner, (*location, key))
    elif isinstance(written, list):
        for number, (part, inner) in enumerate(zip(written, read, strict=True)):
            yield from _truths_for_numbers(part, inner, (*location, number))
    elif isinstance(written, bool) and not isinstance(read, bool):
        yield f"{dotted_place(location)}: found {written}; expected a number"


def _place(location: Location) -> str:
    """Write a location as in the file: without the kind, which Pydantic puts behind a name."""
    named_settings = ("datasets", "models", "training", "attacks", "statistics")
    if len(location) > 2 and location[0] in named_settings:
        location = location[:2] + location[3:]
    if len(location) > 3 and location[0] == "training" and location[2] in ("objective", "schedule"):
        location = location[:3] + location[4:]
    return dotted_place(location)
