"""Reading YAML files with repeated keys refused, and telling every mistake that a model finds in them."""

from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from advdim.errors import AdvdimError

Location = tuple[int | str, ...]
"""Where in a document something is: keys and positions, from the outside in."""


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


def read_yaml(path: Path, *, remedy: str = "name one by CONFIG=") -> Any:
    """Parse a YAML file, with repeated keys refused.

    Args:
        path: the file.
        remedy: what to do where it cannot be read.

    Returns:
        The document.

    Raises:
        AdvdimError: the file cannot be read or parsed.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)  # noqa: S506 (a SafeLoader)
    except OSError as error:
        raise AdvdimError(f"{path}: cannot be read ({error.strerror}); expected a YAML file, {remedy}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date of no calendar is a ValueError
        raise AdvdimError(
            f"{path}: is not valid YAML in UTF-8 ({' '.join(str(error).split())}); mend it there"
        ) from error


def dotted_place(location: Location) -> str:
    """Write a location as ``experiments.pairs.seeds.0``."""
    return ".".join(str(part) for part in location) or "the file"


def no_fields(_: Location) -> Mapping[str, str]:
    """Name no key: the reader is sent to the documentation."""
    return {}


def validation_mistakes(
    error: ValidationError,
    *,
    place: Callable[[Location], str] = dotted_place,
    fields: Callable[[Location], Mapping[str, str]] = no_fields,
) -> list[str]:
    """Tell each mistake that Pydantic found: place, what was found, what is expected.

    Args:
        error: what Pydantic raised.
        place: writes a location.
        fields: descriptions, by name, of the keys that may stand where the last key of a location does.

    Returns:
        One line a mistake.
    """
    return [_tell(detail, place(detail["loc"]), fields(detail["loc"])) for detail in error.errors()]


def mistakes_sentence(path: Path, mistakes: list[str]) -> str:
    """Say how many mistakes a file has, and list them."""
    count = "one mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    return f"{path} has {count}; mend and run again:\n" + "\n".join(f"  - {mistake}" for mistake in mistakes)


def _tell(detail: ErrorDetails, place: str, fields: Mapping[str, str]) -> str:
    if detail["type"] == "extra_forbidden":
        return f"{place}: unknown key; expected one of {', '.join(fields) or 'the keys in docs/configuration.md'}"
    if detail["type"] == "missing":
        return f"{place}: missing; expected {fields.get(str(detail['loc'][-1]), 'a value here')}"
    found, message = detail["input"], detail["msg"].removeprefix("Value error, ")
    shown = repr(found) if len(repr(found)) < 60 else type(found).__name__
    return f"{place}: found {shown}; expected: {message[0].lower()}{message[1:]}"
