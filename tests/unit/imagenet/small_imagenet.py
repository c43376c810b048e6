"""A small stand-in archive of six synsets, a merge of them to four classes, and jobs that build it."""

from pathlib import Path
from typing import Any

import pandas as pd

from advdim.datasets import stage
from advdim.datasets.imagenet.stand_in import write_stand_in
from advdim.job import Job

CLASSES = {
    "dog": ("n02085620", "n02105855"),
    "monkey": ("n02492035",),
    "ship": ("n03662601", "n03796401"),
    "truck": ("n03345487", "n03796401"),
}
VAN = "n03796401"
"""Moving van: 19 images, of which each of its classes takes 14 in the variant `published`: 9 at least have both."""
SYNSETS = sorted({synset for synsets in CLASSES.values() for synset in synsets})
TRAINING, VALIDATION = 14, 5
COUNTS = {"ship": (10, 4), "truck": (9, 5)}
"""Published images of a class's synset for training and for test; the other classes have 15 and 4."""
FILE = ["origin", "synset", "name"]


def write_archive(folder: Path, form: Any = "tree", seed: int = 0) -> pd.DataFrame:
    """Write the archive, and tell the quirks in synsets of the merge."""
    planted = write_stand_in(
        folder, images_per_synset=TRAINING, validation_per_synset=VALIDATION, seed=seed, form=form, synsets=SYNSETS
    )
    return planted[planted["synset"].isin(SYNSETS)]


def write_merge(folder: Path) -> Path:
    """Write the merge with its published counts beside it."""
    lines = [f"  {name}: {{synsets: [{', '.join(synsets)}]}}" for name, synsets in CLASSES.items()]
    text = f"published: counts.csv\ncorrected: {{{VAN}: truck}}\nclasses:\n" + "\n".join(lines) + "\n"
    (folder / "merge.yaml").write_text(text, encoding="utf-8")
    counts = [
        (label, name, synset, *COUNTS.get(name, (15, 4)))
        for label, (name, synsets) in enumerate(CLASSES.items())
        for synset in synsets
    ]
    columns = ["class_index", "class_name", "wnid", "published_train_images", "published_test_images"]
    pd.DataFrame(counts, columns=columns).to_csv(folder / "counts.csv", index=False)
    return folder / "merge.yaml"


def job_in(folder: Path, archive: Path, merge: Path, **settings: Any) -> Job:
    """A job that builds an archive, with output and checkpoint in a folder."""
    for name in ("output", "checkpoint"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    chosen = {"archive": str(archive), "merge": str(merge), "variant": "corrected", "validation_share": 0.2}
    chosen |= {"kind": "imagenet12", "width": 256, "kernel": "bilinear", "quarantine_share": 0.2}
    return Job("small", chosen | settings, 0, {}, {}, folder / "output", folder / "checkpoint", 60)


def manifest_of(job: Job) -> pd.DataFrame:
    """Build a job's set and read its manifest."""
    stage.make(job)
    return pd.read_parquet(job.output / "manifest.parquet")


def bytes_of(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
