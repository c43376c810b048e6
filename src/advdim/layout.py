"""Where the project's own files lie, relative to its root."""

from pathlib import Path

CLAIMS = Path("config/claims.yaml")
NOTEBOOKS = Path("workflow/notebooks")
SOURCES = Path("data/sources")
