"""What a page says of its results in a few words."""

from pathlib import Path

import pandas as pd

from advdim.reports.page import Page
from tests.made_up_results import Listing


def test_the_scale_names_datasets_steps_and_seeds(tmp_path: Path) -> None:
    made = Listing(tmp_path)
    page = Page(made.results, pd.DataFrame(), "laptop")
    made.add("datasets", "spheres", {"dataset": "balls"}, {})
    assert page.scale_of(made.results) == "laptop; balls"
    for steps in (300, 2000, 100):
        made.add("models", "relu", {"dataset": "balls", "seed": 0}, {"training": {"steps": steps}})
    assert page.scale_of(made.results) == "laptop; balls; 100, 300 and 2,000 steps; 1 seed"
    made.add("models", "linear", {"dataset": "digits", "seed": 1}, {"training": {"kind": "svm_path"}})
    assert page.scale_of(made.results) == "laptop; balls, digits; 100, 300 and 2,000 steps; 2 seeds"
