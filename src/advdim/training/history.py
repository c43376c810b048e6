"""The history of a training: one row a stretch of steps, kept for the artefact and told to TensorBoard if wanted."""

import math
from pathlib import Path

import pandas as pd
import tensorflow as tf

COLUMNS = ("step", "loss", "objective", "learning_rate", "validation_loss", "validation_accuracy")


class History:
    """Rows of `COLUMNS`: mean loss and objective over the stretch that ends with the step, and what holds after it.

    Args:
        logs: folder for TensorBoard's files, which hold times and are no part of an artefact; None for none.
    """

    def __init__(self, logs: Path | None) -> None:
        self.rows: list[tuple[float, ...]] = []
        self._writer = tf.summary.create_file_writer(str(logs)) if logs else None

    def add(self, step: int, *values: float) -> None:
        """Add a row: the step, and a value for each of the other columns, NaN where there is none."""
        self.rows.append((step, *values))
        if self._writer:
            with self._writer.as_default(step):
                for name, value in zip(COLUMNS[1:], values, strict=True):
                    if not math.isnan(value):
                        tf.summary.scalar(name, value)
            self._writer.flush()

    def table(self) -> pd.DataFrame:
        """All rows."""
        return pd.DataFrame(self.rows, columns=list(COLUMNS)).astype({"step": "int64"})
