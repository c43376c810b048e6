"""Reading a configuration: every mistake of the file at once, each with its place."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from advdim.config.compatibility import mistakes_between_sections
from advdim.config.experiments import Config
from advdim.errors import AdvdimError


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML with repeated keys refused: PyYAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


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
        raise AdvdimError(_sentence(path, validation_mistakes(error))) from error
    mistakes = mistakes_between_sections(config)
    if mistakes:
        raise AdvdimError(_sentence(path, mistakes))
    return config


def read_yaml(path: Path) -> Any:
    """Parse a YAML file, with repeated keys refused.

    Raises:
        AdvdimError: the file cannot be read or parsed.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506 (a SafeLoader)
    except OSError as error:
        raise AdvdimError(
            f"{path}: cannot be read ({error.strerror}); expected a YAML file, name one by CONFIG="
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise AdvdimError(f"{path}: is not valid YAML ({' '.join(str(error).split())}); mend it there") from error


def validation_mistakes(error: ValidationError) -> list[str]:
    """Tell each mistake that Pydantic found: place, what was found, what is expected."""
    return [_tell(detail["loc"], detail["type"], detail["msg"], detail["input"]) for detail in error.errors()]


def _tell(location: tuple[int | str, ...], kind: str, message: str, found: object) -> str:
    place = ".".join(str(part) for part in location) or "the file"
    if kind == "extra_forbidden":
        return f"{place}: unknown key; expected one of the keys in docs/configuration.md"
    if kind == "missing":
        return f"{place}: missing; expected a value here"
    shown = repr(found) if len(repr(found)) < 60 else type(found).__name__
    return f"{place}: found {shown}; expected: {message[0].lower()}{message[1:]}"


def _sentence(path: Path, mistakes: list[str]) -> str:
    count = "one mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    return f"{path} has {count}; mend and run again:\n" + "\n".join(f"  - {mistake}" for mistake in mistakes)
