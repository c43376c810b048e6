"""Tables in CSV files whose every row has one typed form."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from advdim.config.reading import Location, mistakes_sentence, validation_mistakes
from advdim.config.section import Section
from advdim.errors import AdvdimError

MOST_TOLD = 5
"""Mistakes that are told of one file: a wrong column makes one in every row."""

Row = TypeVar("Row", bound=Section)


def read_csv_rows(path: Path, form: type[Row]) -> list[Row]:
    """Read a table with a line of column names.

    Args:
        path: a CSV file in UTF-8, with commas between.
        form: what a row must be; its fields are the columns. An empty cell is as good as none.

    Returns:
        The rows, in the order of the file.

    Raises:
        AdvdimError: the file cannot be read, or it has no row, an unknown column, or rows of another form (the first
            few of them are told with their lines).
    """
    columns = {field.alias or name: field for name, field in form.model_fields.items()}
    required = {name for name, field in columns.items() if field.is_required()}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restkey="further columns", strict=True)
            found = list(reader.fieldnames or [])
            rows = [{name: cell for name, cell in row.items() if cell not in (None, "")} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise AdvdimError(
            f"{path}: cannot be read ({reason}); expected a CSV file in UTF-8 with the columns {', '.join(columns)}"
        ) from error
    if not rows or not required <= set(found) <= set(columns):
        raise AdvdimError(
            f"{path}: found {len(rows)} rows with the columns {', '.join(found) or 'of no name'}; expected some rows "
            f"with the columns {', '.join(name if name in required else f'{name} (optional)' for name in columns)}"
        )
    return _validated(path, form, rows, {name: field.description or name for name, field in columns.items()})


def _validated(path: Path, form: type[Row], rows: list[dict[str, str]], columns: Mapping[str, str]) -> list[Row]:
    def place(location: Location) -> str:
        row, *rest = location
        return ".".join([f"row {int(row) + 1}", *map(str, rest)])

    try:
        return TypeAdapter(list[form]).validate_python(rows)  # type: ignore[valid-type]
    except ValidationError as error:
        mistakes = validation_mistakes(error, place=place, fields=lambda _: columns)
        told = mistakes_sentence(path, mistakes).split("\n  - ")[: 1 + MOST_TOLD]
        more = [f"and {len(mistakes) - MOST_TOLD} more"] if len(mistakes) > MOST_TOLD else []
        raise AdvdimError("\n  - ".join([*told, *more])) from error
