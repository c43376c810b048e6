"""A made-up artefact: one small file, complete under the key of its recipe."""

from pathlib import Path

from advdim.artefacts import store
from advdim.plan.recipe import Recipe


def put(recipe: Recipe, root: Path = Path()) -> Path:
    """Put an artefact in its place under a root; returns its folder."""
    folder = root / recipe.path
    with store.staged(root / "data", folder, recipe.key, recipe.document) as staging:
        (staging / "file").write_text("content", encoding="utf-8")
    return folder
