"""What a configuration reads from this machine: whether it is at hand, and which files' content is part of a recipe."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from advdim.artefacts.keys import parse_json
from advdim.artefacts.store import digest_file
from advdim.config.attacks import Peer
from advdim.config.datasets import Cifar10, Dataset, Imagenet12, Mnist, Pictures
from advdim.config.experiments import Study
from advdim.config.models import Application, Model
from advdim.config.section import Section
from advdim.datasets import cifar10_files, mnist_files, picture_files
from advdim.datasets.imagenet import archive
from advdim.datasets.imagenet.merge_files import merge_files
from advdim.errors import AdvdimError
from advdim.models import application_files

DISTRIBUTIONS = {"foolbox": "foolbox", "art": "adversarial-robustness-toolbox"}
"""Peers' libraries, and how they are called where packages are installed from."""


@dataclass(frozen=True)
class NotRun:
    """A part of an experiment that cannot run, because something is not at hand.

    Attributes:
        study: the study that would read it.
        experiment: name of the experiment.
        what: name of the dataset, or of the model on it.
        needs: what is missing, and how to get it.
    """

    study: Study
    experiment: str
    what: str
    needs: str


def missing_dataset(dataset: Dataset) -> str | None:
    """Tell what a dataset needs that is not at hand; None if nothing is missing."""
    if isinstance(dataset, Mnist):
        return mnist_files.needs()
    if isinstance(dataset, Cifar10):
        return cifar10_files.needs()
    if isinstance(dataset, Pictures):
        return picture_files.needs(dataset.folder)
    if isinstance(dataset, Imagenet12):
        return archive.needs(Path(dataset.archive))
    return None


def refuse_other_archive(dataset: Dataset, built: Path) -> None:
    """Refuse to go on with a set that was built from a stand-in for ImageNet where ImageNet is now, or the reverse.

    The key of the set does not depend on the archive, so that what was built can be used without it.

    Args:
        dataset: settings of a dataset.
        built: folder of the complete dataset.

    Raises:
        AdvdimError: the archive at hand is of the other sort.
    """
    if not isinstance(dataset, Imagenet12) or missing_dataset(dataset):
        return
    sorts = {True: "a stand-in", False: "ImageNet"}
    was = bool(parse_json((built / "info.json").read_text(encoding="utf-8")).get("stand_in", False))
    now = archive.holds_stand_in(Path(dataset.archive))
    if was != now:
        raise AdvdimError(
            f"{built}: was built from {sorts[was]}, and {dataset.archive} now holds {sorts[now]}; expected the archive "
            "that it was built from; remove that folder to build it anew, or take the archive away"
        )


def missing_model(model: Model) -> str | None:
    """Tell what a model needs that is not at hand; None if nothing is missing."""
    return application_files.needs(model.weights) if isinstance(model, Application) else None


def missing_attack(attack: Section) -> str | None:
    """Tell what an attack needs that is not at hand; None if nothing is missing."""
    if not isinstance(attack, Peer) or peer_versions(attack):
        return None
    name = DISTRIBUTIONS[attack.library]
    return f"the library {name} in this environment; install it with `pip install {name}`, or the extra `peers`"


def peer_versions(attack: Section) -> dict[str, dict[str, str]]:
    """Version of the library that computes a peer's attack; nothing for other attacks, and where it is missing."""
    if not isinstance(attack, Peer):
        return {}
    name = DISTRIBUTIONS[attack.library]
    try:
        return {"libraries": {name: version(name)}}
    except PackageNotFoundError:
        return {}


def dataset_digests(dataset: Dataset) -> dict[str, dict[str, str]]:
    """Digests of the files of this machine that determine a dataset; none where its code knows them."""
    if isinstance(dataset, Pictures) and missing_dataset(dataset) is None:
        return _digests(picture_files.files(dataset.folder))
    if isinstance(dataset, Imagenet12):
        return _digests(merge_files(Path(dataset.merge)))
    return {}


def model_digests(model: Model) -> dict[str, dict[str, str]]:
    """Digests of the files of this machine that determine a model."""
    return _digests((Path(model.weights),)) if isinstance(model, Application) else {}


def _digests(paths: Iterable[Path]) -> dict[str, dict[str, str]]:
    return {"files": {_utf8(path): digest_file(path) for path in paths}}


def _utf8(path: Path) -> str:
    """The path as text, which tables can hold; old archives unpack to names that are none."""
    text = str(path)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise AdvdimError(f"{text!a}: has a name that is not UTF-8; expected one that is; rename it") from error
    return text
