"""Reading a configuration: every mistake of the file at once, each with its place."""

from pathlib import Path

from pydantic import ValidationError

from advdim.config.compatibility import mistakes_between_sections
from advdim.config.experiments import Config
from advdim.config.reading import Location, dotted_place, mistakes_sentence, read_yaml, validation_mistakes
from advdim.errors import AdvdimError


def load_config(path: Path) -> Config:
    """Read and check a configuration.

    Args:
        path: a YAML file of the form that ``config/schema.json`` and ``docs/configuration.md`` describe.

    Returns:
        The configuration, immutable.

    Raises:
        AdvdimError: the file is missing, is no YAML, or holds mistakes; all of them are listed.
    """
    document = read_yaml(path)
    try:
        config = Config.model_validate(document)
    except ValidationError as error:
        raise AdvdimError(mistakes_sentence(path, validation_mistakes(error, place=_place))) from error
    mistakes = mistakes_between_sections(config)
    if mistakes:
        raise AdvdimError(mistakes_sentence(path, mistakes))
    return config


def _place(location: Location) -> str:
    """Write a location as in the file: without the kind, which Pydantic puts behind a name."""
    named_settings = ("datasets", "models", "training", "attacks", "statistics")
    if len(location) > 2 and location[0] in named_settings:
        location = location[:2] + location[3:]
    return dotted_place(location)
