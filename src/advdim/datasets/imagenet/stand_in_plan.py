"""The plan of a stand-in for ILSVRC2012: its images by name, what is odd with some, and what each of them shows."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from advdim.datasets.imagenet.archive import Member, Origin
from advdim.datasets.photographs import PHOTOGRAPHS
from advdim.errors import AdvdimError
from advdim.seeds import named_seed

MOVING_VAN = "n03796401"
"""The synset that stands in two of the twelve classes. It gets no other quirk."""

OTHERS = ("n01739381", "n04152593")
"""Synsets of no class: vine snake and screen."""

KNOWN = {
    "n01739381_1309.JPEG": ("cmyk", ""),
    "n02105855_2933.JPEG": ("png", ""),
    "n02492035_15739.JPEG": ("cmyk", ""),
    "n04152593_17460.JPEG": ("exif-broken", "cut-directory"),
}
"""Files of ILSVRC2012 that are known for a quirk, of the twelve classes and of `OTHERS`."""

PLANTED: tuple[tuple[Origin, str, str], ...] = (
    ("train", "png", ""),
    ("val", "png", ""),
    ("val", "cmyk", ""),
    ("train", "ycck", ""),
    ("val", "ycck", ""),
    ("train", "grey", ""),
    ("train", "grey", ""),
    ("val", "grey", ""),
    ("train", "16-bit", ""),
    ("train", "alpha", ""),
    ("train", "palette", ""),
    *(("train", "exif-broken", detail) for detail in ("no-tiff", "offset-outside", "cut-directory")),
    *(("train", "exif-orientation", str(number)) for number in range(2, 9)),
    *(("train", "truncated", detail) for detail in ("header", "half", "tail")),
    ("val", "truncated", "half"),
    *(("train", "corrupt", detail) for detail in ("empty", "page", "noise", "swapped-header")),
    ("val", "corrupt", "noise"),
)
"""What is planted: among which images, and the kind and detail of `advdim.datasets.imagenet.quirky_pictures`."""

COPIES: tuple[Origin, ...] = ("val",) * 6 + ("train",) * 6
"""Copies of training images: among the validation images of the same synset, and among training images of another."""

SMALL = 256
"""Images with a shorter edge than that are enlarged by the builder."""

_SHAPES = ((500, 375), (375, 500), (500, 333), (333, 500), (400, 400), (320, 240), (200, 250))
"""Width and height, of which up to `_LESS` pixels are taken off at random; the last two are small."""
_LESS = 40
_NUMBERS = 30_000


@dataclass(frozen=True)
class Crop:
    """A rectangle of one of the twelve photographs, in pixels."""

    photograph: int
    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True)
class Plan:
    """What the archive has: images in the order of the files, what is odd with some, and what each shows."""

    members: list[Member]
    quirks: Mapping[Member, tuple[str, str]]
    copies: Mapping[Member, Member]
    crops: Mapping[Member, Crop]


def make_plan(wanted: frozenset[str], images: int, validation: int, seed: int) -> Plan:
    """Plan an archive.

    Args:
        wanted: the synsets in which quirks are planted; those of `OTHERS` come to them.
        images: training images of each synset.
        validation: validation images of each synset.
        seed: root seed.

    Returns:
        The plan.

    Raises:
        AdvdimError: there are too few images for all quirks.
    """
    synsets = sorted(wanted | set(OTHERS))
    members = [*_training_members(synsets, images, seed), *_validation_members(synsets, validation, seed)]
    generator = _generator(seed, "quirks")
    shuffled = [members[position] for position in generator.permutation(len(members))]
    free = [m for m in shuffled if m.synset in wanted and m.synset != MOVING_VAN and m.name not in KNOWN]
    quirks = {member: KNOWN[member.name] for member in members if member.name in KNOWN}
    quirks |= {_taken(free, origin): (kind, detail) for origin, kind, detail in PLANTED}
    copies = dict(_taken_pair(free, origin) for origin in COPIES)
    return Plan(members, quirks, copies, _crops(members, _generator(seed, "crops")))


def _training_members(synsets: Iterable[str], count: int, seed: int) -> Iterator[Member]:
    """Name training images as ImageNet does, with numbers that have gaps; known files have their own."""
    for synset in synsets:
        known = [int(name[10:-5]) for name in KNOWN if name.startswith(synset)]
        drawn = _generator(seed, "names", synset).choice(_NUMBERS, count, replace=False) + 1
        numbers = {*known, *(int(number) for number in drawn[len(known) :])}
        yield from (Member("train", synset, f"{synset}_{number}.JPEG") for number in sorted(numbers))


def _validation_members(synsets: list[str], count: int, seed: int) -> Iterator[Member]:
    """Number validation images from 1 on, all synsets mixed."""
    order = _generator(seed, "names", "val").permutation(len(synsets) * count)
    for number, position in enumerate(order, 1):
        yield Member("val", synsets[position % len(synsets)], f"ILSVRC2012_val_{number:08d}.JPEG")


def _taken(free: list[Member], origin: Origin) -> Member:
    """Take an image for a quirk."""
    member = next((member for member in free if member.origin == origin), None)
    if member is None:
        raise _too_few()
    free.remove(member)
    return member


def _taken_pair(free: list[Member], origin: Origin) -> tuple[Member, Member]:
    """Take a copy and its original: see `COPIES`."""
    for copy in (member for member in free if member.origin == origin):
        for other in (member for member in free if member.origin == "train" and member != copy):
            if (other.synset == copy.synset) == (origin == "val"):
                free.remove(copy)
                free.remove(other)
                return copy, other
    raise _too_few()


def _crops(members: Iterable[Member], generator: np.random.Generator) -> dict[Member, Crop]:
    """Draw a crop for each image, none twice, so that only the copies are copies."""
    crops: dict[Crop, Member] = {}
    for member in members:
        while (crop := _drawn_crop(generator)) in crops:
            pass
        crops[crop] = member
    return {member: crop for crop, member in crops.items()}


def _drawn_crop(generator: np.random.Generator) -> Crop:
    number = int(generator.integers(len(PHOTOGRAPHS)))
    photograph = PHOTOGRAPHS[number]
    shape = _SHAPES[generator.integers(len(_SHAPES))]
    less = generator.integers(_LESS, size=2)
    width, height = min(shape[0], photograph.width) - less[0], min(shape[1], photograph.height) - less[1]
    top, left = generator.integers([photograph.height - height + 1, photograph.width - width + 1])
    return Crop(number, int(top), int(left), int(height), int(width))


def _generator(seed: int, *names: str) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(list(named_seed(seed, "ilsvrc-stand-in", *names))))


def _too_few() -> AdvdimError:
    return AdvdimError(
        f"the stand-in archive has too few images for its {len(PLANTED)} planted files and {len(COPIES)} copies, "
        "expected some 40 training and 15 validation images: ask for more of each synset"
    )
