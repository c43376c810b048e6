"""Collecting the artefacts of a study into tidy tables, for the ledger and the notebooks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from advdim.artefacts.store import RECIPE, read_recipe
from advdim.artefacts.tables import read_table


@dataclass(frozen=True)
class Results:
    """The artefacts of a study, each in the roles that it has in the experiments.

    Attributes:
        rows: for each role `path`, `stage`, `kind` and `labels` (experiment, dataset, model, training, measurement,
            pair, seed, as far as they apply; the column `pair` is "" where none applies).
        root: the folder that the paths are relative to.
    """

    rows: tuple[dict[str, Any], ...]
    root: Path

    def select(self, kind: str | None = None, stage: str | None = None, **labels: object) -> "Results":
        """Keep the roles of a kind, a stage and with these labels."""
        kept = [
            row
            for row in self.rows
            if (kind is None or row["kind"] == kind)
            and (stage is None or row["stage"] == stage)
            and all(row["labels"].get(name) == value for name, value in labels.items())
        ]
        return Results(tuple(kept), self.root)

    def table(self, kind: str, name: str = "table") -> pd.DataFrame:
        """Read one table of every artefact of a kind, with the labels as further columns.

        An artefact with several roles (an experiment may share its nets with another) appears once a role, so that each
        experiment is complete.

        Args:
            kind: kind of a model, attack or statistic.
            name: which of the artefact's tables.

        Returns:
            One row an observation; empty, without columns, where the study has no such artefact.
        """
        if (kind, name) not in self._tables:
            self._tables[kind, name] = self._read([row for row in self.rows if row["kind"] == kind], name)
        return self._tables[kind, name].copy()

    def _read(self, rows: Sequence[dict[str, Any]], name: str) -> pd.DataFrame:
        """One table of each role under the other; labels are set at once, which is faster than a table at a time."""
        if not rows:
            return pd.DataFrame()
        frames = [read_table(self.root / row["path"] / f"{name}.parquet") for row in rows]
        observed = pd.concat(frames, ignore_index=True)
        labels = pd.DataFrame([{"pair": ""} | row["labels"] for row in rows])
        labels = labels.loc[labels.index.repeat([len(frame) for frame in frames])].reset_index(drop=True)
        return pd.concat([observed.drop(columns=labels.columns, errors="ignore"), labels], axis=1)

    @cached_property
    def _tables(self) -> dict[tuple[str, str], pd.DataFrame]:
        """Tables that were read: judges and figures ask for the same ones."""
        return {}

    @cached_property
    def once(self) -> "Results":
        """Each artefact in one of its roles."""
        return Results(tuple({row["path"]: row for row in self.rows}.values()), self.root)

    @cached_property
    def datasets(self) -> pd.DataFrame:
        """Settings of the study's datasets, one row each, indexed by their names."""
        settings = {row["labels"]["dataset"]: self.settings(row) for row in self.rows if row["stage"] == "datasets"}
        return pd.DataFrame.from_dict(settings, orient="index")

    def settings(self, row: dict[str, Any]) -> dict[str, Any]:
        """Settings by which the artefact of a role was made."""
        return dict(read_recipe(self.root / row["path"])["recipe"]["settings"])

    def folder(self, row: dict[str, Any]) -> Path:
        """Folder of the artefact of a role."""
        return self.root / str(row["path"])

    @property
    def recipes(self) -> list[str]:
        """Paths of the recipes behind these artefacts, each once, relative to the root."""
        return list(dict.fromkeys(f"{row['path']}/{RECIPE}" for row in self.rows))


def write_results(listing: Sequence[dict[str, Any]], path: Path) -> None:
    """Write a listing of roles for a notebook to read."""
    path.write_text(json.dumps(list(listing)), encoding="utf-8")


def read_results(path: Path, root: Path) -> Results:
    """Read a listing of roles."""
    return Results(tuple(json.loads(path.read_text(encoding="utf-8"))), root)
