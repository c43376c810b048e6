"""Reading a configuration: every mistake of the file at once, each with its place."""

from pathlib import Path

from pydantic import ValidationError

from advdim.config.compatibility import mistakes_between_sections
from advdim.config.experiments import Config
from advdim.config.reading import mistakes_sentence, read_yaml, validation_mistakes
from advdim.errors import AdvdimError

__all__ = ["load_config", "read_yaml", "validation_mistakes"]


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
        raise AdvdimError(mistakes_sentence(path, validation_mistakes(error))) from error
    mistakes = mistakes_between_sections(config)
    if mistakes:
        raise AdvdimError(mistakes_sentence(path, mistakes))
    return config
