"""Reading a merge of synsets to classes, such as ``config/imagenet12.yaml``."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from advdim.config.reading import Location, mistakes_sentence, read_yaml, validation_mistakes
from advdim.config.section import Name, Positive, Section
from advdim.datasets.imagenet.csv_rows import read_csv_rows
from advdim.errors import AdvdimError

SYNSET = re.compile(r"^n[0-9]{8}$")
Synset = Annotated[str, StringConstraints(pattern=SYNSET)]
"""WordNet's number of a synset, as ImageNet writes it: ``n02504013``."""


class MergedClass(Section):
    """A class: the synsets it is made of, and how large it may become in the variant ``corrected``."""

    synsets: tuple[Synset, ...] = Field(min_length=1, description="the class's synsets, such as n02504013")
    training: Positive = Field(default=10_000, description="most images for training and validation together")
    test: Positive = Field(default=500, description="most images for testing")


class MergeFile(Section):
    """What a file of merged classes says."""

    classes: dict[Name, MergedClass] = Field(min_length=2, description="the classes in the order of their labels")
    corrected: dict[Synset, Name] = Field(
        default={}, description="for a synset of several classes the one that keeps it in the variant `corrected`"
    )
    published: str | None = Field(
        default=None, description="CSV file beside this one with the counts by synset for the variant `published`"
    )


class PublishedCount(Section):
    """A row of the published counts: a synset in one class."""

    class_index: int = Field(ge=0, description="label of the class")
    class_name: Name = Field(description="name of the class")
    wnid: Synset = Field(description="the synset")
    published_train_images: int = Field(ge=0, description="images of it for training and validation together")
    published_test_images: int = Field(ge=0, description="images of it for testing")


Counts = Mapping[tuple[str, str], tuple[int, int]]
"""By class and synset the published numbers of images for training and for testing."""


@dataclass(frozen=True)
class SynsetMerge:
    """Synsets merged to classes.

    Attributes:
        path: the file that says so, for messages.
        classes: the classes by name, in the order of their labels.
        corrected: for a synset that stands in several classes the one that keeps it in the variant ``corrected``.
        counts: published counts, for the variant ``published``; None where there are none.
        counts_path: the file that has them; None where there is none.
    """

    path: Path
    classes: Mapping[str, MergedClass]
    corrected: Mapping[str, str]
    counts: Counts | None
    counts_path: Path | None

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of their labels."""
        return tuple(self.classes)

    @property
    def synsets(self) -> frozenset[str]:
        """Every synset that the archive must hold."""
        return frozenset(synset for merged in self.classes.values() for synset in merged.synsets)

    def kept_synsets(self, class_name: str) -> list[str]:
        """The synsets of a class in the variant ``corrected``, sorted."""
        synsets = self.classes[class_name].synsets
        return sorted(synset for synset in synsets if self.corrected.get(synset, class_name) == class_name)


def read_synset_merge(path: Path) -> SynsetMerge:
    """Read and check a merge, and the published counts that it names.

    Args:
        path: a YAML file of the form of ``config/imagenet12.yaml``.

    Returns:
        The merge.

    Raises:
        AdvdimError: a file cannot be read or holds mistakes; all of them are told, each with its place.
    """
    document = read_yaml(path, remedy="such as config/imagenet12.yaml")
    try:
        file = MergeFile.model_validate(document)
    except ValidationError as error:
        raise AdvdimError(mistakes_sentence(path, validation_mistakes(error, fields=_fields_at))) from error
    mistakes = list(_mistakes(file))
    if mistakes:
        raise AdvdimError(mistakes_sentence(path, mistakes))
    counts_path = path.parent / file.published if file.published is not None else None
    counts = _read_counts(counts_path, file) if counts_path else None
    return SynsetMerge(path, file.classes, file.corrected, counts, counts_path)


def _fields_at(location: Location) -> dict[str, str]:
    """Names and descriptions of the keys that are allowed beside a location."""
    form: type[Section] = MergedClass if len(location) > 1 else MergeFile
    return {name: field.description or name for name, field in form.model_fields.items()}


def _mistakes(file: MergeFile) -> Iterator[str]:
    """What does not fit together: each synset is in one class, or in several of which `corrected` names one."""
    places: dict[str, list[str]] = {}
    for name, merged in file.classes.items():
        for synset, count in Counter(merged.synsets).items():
            places.setdefault(synset, []).append(name)
            if count > 1:
                yield f"classes.{name}.synsets: found {synset} {count} times; expected it once"
    for synset, names in places.items():
        if len(names) > 1 and synset not in file.corrected:
            yield f"corrected: found nothing on {synset} of {' and '.join(names)}; expected the class that keeps it"
    for synset, name in file.corrected.items():
        if name not in places.get(synset, []):
            lists = " or ".join(places.get(synset, [])) or "no entry, since no class has that synset"
            yield f"corrected.{synset}: found {name}; expected {lists}"
    for name, merged in file.classes.items():
        if all(file.corrected.get(synset, name) != name for synset in merged.synsets):
            yield f"classes.{name}: keeps no synset in the variant `corrected`; expected one"


def _read_counts(path: Path, file: MergeFile) -> Counts:
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    labels = {name: label for label, name in enumerate(file.classes)}
    expected = {(name, synset) for name, merged in file.classes.items() for synset in merged.synsets}
    for number, row in enumerate(read_csv_rows(path, PublishedCount), start=1):
        role = (row.class_name, row.wnid)
        if role not in expected or role in counts or row.class_index != labels[row.class_name]:
            raise AdvdimError(
                f"{path}: row {number} counts {row.wnid} of class {row.class_index} ({row.class_name}); expected each "
                "synset of each class once, with its label, as the merge beside it has them: correct one of the two"
            )
        counts[role] = (row.published_train_images, row.published_test_images)
    missing = sorted(expected - set(counts))
    if missing:
        name, synset = missing[0]
        raise AdvdimError(
            f"{path}: found no row for {len(missing)} synsets, the first of them {synset} of class {name}; expected "
            "one for each synset of each class: add them"
        )
    return counts
