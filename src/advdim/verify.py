"""Verifying what was made: files against their digests, kept adversarial images against the nets that they fool."""

import logging
from collections.abc import Iterable
from pathlib import Path

from advdim.artefacts.store import is_complete, unlisted, verify
from advdim.errors import AdvdimError
from advdim.plan.plan import Plan

logger = logging.getLogger("advdim")


def present_folders(plan: Plan, root: Path) -> list[Path]:
    """List the folders of the artefacts of a plan that are made.

    Args:
        plan: the plan.
        root: the root of the project, in which the artefacts lie.
    """
    return [root / recipe.path for recipe in plan.recipes.values() if is_complete(root / recipe.path, recipe.key)]


def verify_files(folders: Iterable[Path]) -> None:
    """Compare artefacts with the digests that were written beside them; name files that lie there besides.

    Raises:
        AdvdimError: some are not as they were written; it tells of all of them.
    """
    folders, failures = list(folders), []
    for folder in folders:
        try:
            verify(folder)
        except AdvdimError as error:
            failures.append(str(error))
    if failures:
        head = f"{len(failures)} of {len(folders)} artefacts are not as they were written:"
        raise AdvdimError("\n  - ".join([head, *failures]))
    for path in (path for folder in folders for path in unlisted(folder)):
        logger.warning("%s: is no file of this artefact, expected none but its own; move it away", path)


def verify_attacks(plan: Plan, root: Path, present: Iterable[Path]) -> int:
    """Look again at the kept adversarial images of the attacks that are made, with the nets built anew.

    Args:
        plan: the plan.
        root: the root of the project, in which the artefacts lie.
        present: the folders of those that are made, from `present_folders`.

    Returns:
        The number of adversarial images that were looked at.

    Raises:
        AdvdimError: an image does not fool its net, or lies outside of its ball or the range of pixels.
    """
    from advdim.device import configure_tensorflow, prepare_process

    prepare_process(device=plan.device, threads=plan.config.threads)
    configure_tensorflow({"device": plan.device, "threads": plan.config.threads})
    from advdim.attacks.verification import verify_attack

    made, images, failures = set(present), 0, []
    for recipe in plan.of_stage("attacks"):
        folder, *inputs = (root / r.path for r in (recipe, recipe.inputs["model"], recipe.inputs["dataset"]))
        if made.issuperset({folder, *inputs}):
            looked = verify_attack(folder, *inputs)
            images += looked.images
            failures += [f"{recipe.path}: {failure}" for failure in looked.failures]
    if failures:
        raise AdvdimError(f"{failures[0]}; {len(failures)} such findings in {images} adversarial images")
    return images
