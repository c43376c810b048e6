"""What no recipe names any more."""

from collections.abc import Iterable
from pathlib import Path

from advdim.artefacts.store import RECIPE
from advdim.config.reading import read_yaml
from advdim.errors import AdvdimError
from advdim.plan.plan import Plan
from advdim.plan.recipe import STAGES


def run_configurations(*folders: Path) -> list[Path]:
    """The files in some folders, and in folders there, that describe a run: those with experiments.

    Raises:
        AdvdimError: there is none, so that everything would be superfluous.
    """
    paths = sorted(path for folder in folders for ending in ("yaml", "yml") for path in folder.rglob(f"*.{ending}"))
    documents = {path: read_yaml(path) for path in paths}
    found = [path for path, document in documents.items() if isinstance(document, dict) and "experiments" in document]
    if not found:
        raise AdvdimError(
            f"{folders[0]}: holds no configuration of a run; expected one with experiments; name those to keep"
        )
    return found


def superfluous(plans: Iterable[Plan], data: Path) -> list[Path]:
    """List artefacts that none of the plans names, and what killed jobs left behind.

    Args:
        plans: the plans whose artefacts stay.
        data: the data folder.

    Returns:
        Folders, in order.
    """
    recipes = [recipe for plan in plans for recipe in plan.named.values()]
    paths, keys = {data.parent / recipe.path for recipe in recipes}, {recipe.key for recipe in recipes}
    artefacts = {file.parent for stage in STAGES for file in (data / stage).rglob(RECIPE)}
    left = [folder for part in (".checkpoints", ".staging") for folder in (data / part).glob("*")]
    return sorted([*(artefacts - paths), *(folder for folder in left if folder.name not in keys)])
