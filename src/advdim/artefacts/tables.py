"""Tidy tables as Parquet, with the same bytes for the same table."""

from pathlib import Path

import pandas as pd

from advdim.errors import AdvdimError


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table, without its index: one row an observation, one column a variable."""
    frame.to_parquet(path, index=False, engine="pyarrow", compression="zstd")


def read_table(path: Path) -> pd.DataFrame:
    """Read a table.

    Raises:
        AdvdimError: the file is missing or no table.
    """
    try:
        return pd.read_parquet(path, engine="pyarrow")
    except (OSError, ValueError) as error:
        raise AdvdimError(f"{path}: is no readable Parquet table ({error}); delete its folder and run again") from error
