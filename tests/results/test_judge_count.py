"""The judge of the set built from ImageNet, on manifests whose verdict is known."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_study import Study

from advdim.datasets.stored import write_info

SMALLER = (32, 64, 128)


def build(
    study: Study,
    *,
    images: int = 78_000,
    classes: int = 12,
    quarantined: int = 3,
    widths: tuple[int, ...] = SMALLER,
    source: str = "merged",
    stand_in: bool = False,
    twice: int = 0,
) -> None:
    """A set of so many images, of which some stand twice in the manifest, and its smaller widths."""
    folder = study.dataset("merged", kind="imagenet12", width=256)
    names = [f"class-{number}" for number in range(12)]
    info = {"shape": [256, 256, 3], "class_names": names, "channel_means": [0.5] * 3, "channel_deviations": [0.2] * 3}
    write_info(folder, info | {"stand_in": stand_in})
    number = np.arange(images + quarantined)
    manifest = pd.DataFrame({"name": number, "synset": "n01", "origin": "train"})
    manifest["class"] = np.array(names)[number % classes]
    manifest["state"] = np.where(number < images, "kept", "quarantined")
    repeated = manifest.head(twice).assign(**{"class": names[-1]})
    pd.concat([manifest, repeated]).to_parquet(folder / "manifest.parquet", index=False)
    for width in widths:
        study.dataset(f"merged-w{width}", kind="resized", width=width, source=source)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "reproduced"),
        ({"images": 84_000}, "reproduced"),
        ({"images": 75_900}, "deviates"),
        ({"images": 84_100}, "deviates"),
        ({"images": 75_000, "quarantined": 5000}, "deviates"),  # what cannot be decoded is no image of the set
        ({"images": 75_000, "twice": 5000}, "deviates"),  # two labels make no second image
        ({"classes": 11}, "deviates"),
        ({"widths": (32, 64)}, "deviates"),
        ({"source": "another"}, "deviates"),  # the smaller widths are those of another set
        ({"stand_in": True}, "needs"),
    ],
)
def test_count(study: Study, changes: dict[str, Any], verdict: str) -> None:
    build(study, **changes)
    found = study.judge("D11")
    assert found.verdict == verdict
    if verdict != "needs":
        assert found.value == changes.get("images", 78_000)
        assert f"{changes.get('quarantined', 3):,} files are quarantined" in found.found


def test_photographs_do_not_stand_in_for_imagenet(study: Study) -> None:
    study.dataset("photos", kind="photos12", width=256)
    assert study.judge("D11").verdict == "needs"
