"""Which photographs the page of the dimension study shows."""

from pathlib import Path

from advdim.figures.pictures import learned_photographs
from tests.made_up_results import Listing


def test_photographs_that_nets_learned_are_shown_once_the_smallest_first(tmp_path: Path) -> None:
    made = Listing(tmp_path)
    for kind, width in (("photos12", 32), ("photos12", 8), ("photos12", 256), ("digits", 16)):
        made.add("datasets", kind, {"dataset": f"{kind}-{width}"}, {"width": width})
    made.rows.append(made.rows[0] | {"labels": made.rows[0]["labels"] | {"experiment": "two"}})
    for dataset in ("photos12-32", "photos12-8", "digits-16"):
        made.add("models", "convolutional", {"dataset": dataset}, {})
    shown = learned_photographs(made.results).rows
    assert [row["labels"]["dataset"] for row in shown] == ["photos12-8", "photos12-32"]
