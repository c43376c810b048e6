"""The judge of the targeted attack, on tables whose verdict is known."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_study import CLAIMS, Study

from advdim.artefacts.tables import write_table
from advdim.figures.targeted import read_pictures, shares_reached, shown_attacks
from advdim.ledger.tilting_targeted import judge_targeted
from advdim.ledger.verdict import Verdict
from advdim.statistics.collect import Results

EPS = 4 / 255


def attacked(
    study: Study,
    *,
    reached: int,
    images: int = 120,
    already: int = 0,
    eps: float = EPS,
    linf: float | None = None,
    kind: str = "photos12",
    model: str = "convolutional",
    width: int = 64,
    seed: int = 0,
) -> None:
    """A net whose first so many images reach their target; `already` further ones are taken for it as they are."""
    name = f"{kind}-{width}"
    if seed == 0:
        study.dataset(name, (width, width, 3), kind=kind, width=width)
    settings: dict[str, Any] = {"kind": model} | ({"name": "InceptionV3"} if model == "application" else {})
    net = study.net(name, seed, settings, {"kind": "given"} if model == "application" else {"steps": 300})
    total = images + already
    table = {
        "image": range(total),
        "label": 0,
        "prediction": np.where(np.arange(total) < images, 0, 1),
        "target": 1,
        "reached": (np.arange(total) < reached) | (np.arange(total) >= images),
        "linf": np.float32(eps if linf is None else linf),
        "step": 300,
    }
    attack = {"eps_pixel": eps, "steps": 50, "images": total}
    study.add("attacks", "targeted", net | {"measurement": f"targeted-{eps:.3f}"}, attack, table=table)


def judge(study: Study) -> Verdict:
    return judge_targeted(CLAIMS.by_id("T01"), study.results)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"reached": 120}, "reproduced"),
        ({"reached": 113}, "deviates"),
        ({"reached": 0}, "deviates"),
        ({"reached": 50, "images": 50}, "reproduced"),
        ({"reached": 49, "images": 49}, "needs"),
        ({"reached": 49, "images": 49, "already": 10}, "needs"),
        ({"reached": 113, "already": 1000}, "deviates"),
        ({"reached": 120, "eps": 8 / 255}, "needs"),
        ({"reached": 120, "linf": 5 / 255}, "deviates"),
        ({"reached": 120, "kind": "digits"}, "needs"),
    ],
)
def test_one_net(study: Study, changes: dict[str, Any], verdict: str) -> None:
    attacked(study, **changes)
    found = judge(study)
    assert found.verdict == verdict
    if verdict != "needs":
        assert found.figure == "tilting.html#targeted"
        assert found.scale.startswith("photos12 (not ImageNet), 64 x 64 pixels, convolutional, 300 steps, ")
        assert found.scale.endswith(f"{changes.get('images', 120)} crops of 1 photograph, eps = 0.0156863 in 50 steps")
        assert "overlapping crops" in found.found


def test_the_bound_is_exact(study: Study) -> None:
    attacked(study, reached=120)
    found = judge(study)
    assert (found.value, found.high) == (1, 1)
    assert found.low == pytest.approx(0.05 ** (1 / 120))
    assert "120 of 120 pictures" in found.found
    assert "changed by 4.0 grey levels in the median" in found.found


def test_the_worst_net_decides_at_the_greatest_width(study: Study) -> None:
    attacked(study, reached=10, width=16)
    attacked(study, reached=120)
    assert judge(study).verdict == "reproduced"
    attacked(study, reached=60, seed=1)
    found = judge(study)
    assert (found.verdict, found.value) == ("deviates", 0.5)
    assert "for the worst of 2 nets" in found.found


def test_the_largest_attack_that_counts_is_taken(study: Study) -> None:
    for eps, reached in ((1 / 255, 10), (EPS, 119), (0.03, 120)):
        attacked(study, reached=reached, eps=eps)
    assert judge(study).value == pytest.approx(119 / 120)


def test_an_imagenet_classifier_comes_first(study: Study) -> None:
    attacked(study, reached=10)
    attacked(study, reached=120, kind="pictures", model="application", width=299)
    found = judge(study)
    assert found.verdict == "reproduced"
    assert found.scale.startswith("InceptionV3 on 299 x 299 pixels, 120 photographs")
    assert "overlapping crops" not in found.found


def test_nothing_was_run(study: Study) -> None:
    assert judge(study).verdict == "needs"


def test_what_the_page_shows(study: Study) -> None:
    for seed in (0, 1):
        attacked(study, reached=30, images=40, already=5, seed=seed)
    attacked(study, reached=40, images=40, kind="pictures", model="application", width=299)
    results = study.results
    shown = [(row["labels"]["dataset"], row["labels"]["seed"]) for row in shown_attacks(results)]
    assert shown == [("pictures-299", 0), ("photos12-64", 0)]
    shares = shares_reached(results)
    assert shares["reached"].to_list() == [0.75, 0.75, 1]
    assert shares["images"].to_list() == [40, 40, 40]
    assert shares["accuracy"].to_list() == [1, 1, 1]
    assert shares["grey_levels"].to_numpy() == pytest.approx([4, 4, 4])


def test_the_kept_pictures_come_with_their_rows(tmp_path: Path) -> None:
    images = np.random.default_rng(0).random((2, 2, 3, 4, 3), np.float32)
    np.savez(tmp_path / "pictures.npz", images=images[0], adversarial=images[1])
    table = pd.DataFrame({"image": [0, 1, 2] * 2, "step": [0] * 3 + [300] * 3, "label": range(6)})
    write_table(table, tmp_path / "table.parquet")
    first, second, rows = read_pictures(tmp_path)
    assert np.array_equal([first, second], images)
    assert rows["label"].to_list() == [3, 4]


def test_a_study_without_the_attack_shows_nothing(tmp_path: Path) -> None:
    assert shown_attacks(Results((), tmp_path)) == []
