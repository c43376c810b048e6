"""The order of names in tables and legends: by the numbers in them, as people count."""

import re

import pandas as pd


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Key by which ``photos12-w8`` comes before ``photos12-w16``."""
    return tuple((int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name))


def in_natural_order(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Sort rows by a column of names; rows of the same name stay in their order."""
    return frame.sort_values(column, key=lambda names: names.map(natural), kind="stable", ignore_index=True)
