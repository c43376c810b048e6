"""Names of images as ImageNet has them, and small merges of them to classes."""

from collections.abc import Sequence
from pathlib import Path

from advdim.datasets.imagenet.archive import Member

CAT, DOG, FOX, OWL = "n00000001", "n00000002", "n00000003", "n00000004"
TWO = f"feline: {{synsets: [{CAT}]}}, canine: {{synsets: [{DOG}, {FOX}], training: 20, test: 5}}"
"""Two classes, as a file of a merge has them."""


def names_of(synsets: Sequence[str], train: int = 1300, val: int = 50) -> list[Member]:
    """So many training and validation images of each synset."""
    members = [Member("train", synset, f"{synset}_{number}.JPEG") for synset in synsets for number in range(train)]
    owners = [synset for synset in synsets for _ in range(val)]
    return members + [
        Member("val", owner, f"ILSVRC2012_val_{number:08d}.JPEG") for number, owner in enumerate(owners, start=1)
    ]


def write(folder: Path, content: str, name: str = "merge.yaml") -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name
