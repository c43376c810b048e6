"""Made-up results: artefacts on disk, each with its role."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from advdim.artefacts.tables import write_table
from advdim.statistics.collect import Results


class Listing:
    """Artefacts on disk and their roles."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rows: list[dict[str, Any]] = []

    def add(self, stage: str, kind: str, labels: dict[str, Any], settings: dict[str, Any], **tables: Any) -> Path:
        """Write an artefact with its recipe and tables, and give it a role."""
        path = f"{stage}/{len(self.rows)}"
        folder = self.root / path
        folder.mkdir(parents=True)
        document = {"key": str(len(self.rows)), "recipe": {"settings": settings}, "files": {}}
        (folder / "recipe.json").write_text(json.dumps(document), encoding="utf-8")
        for name, columns in tables.items():
            write_table(pd.DataFrame(columns), folder / f"{name}.parquet")
        self.rows.append({"path": path, "stage": stage, "kind": kind, "labels": {"experiment": "test"} | labels})
        return folder

    @property
    def results(self) -> Results:
        """What a page is handed."""
        return Results(tuple(self.rows), self.root)
