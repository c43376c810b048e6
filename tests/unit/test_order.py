"""The order of names."""

import pandas as pd

from advdim.figures.order import in_natural_order, natural


def test_numbers_in_names_count_as_numbers() -> None:
    names = ["d500-n10000", "d500", "d500-n1000", "d60", "d500-n5000", "digits"]
    assert sorted(names, key=natural) == ["d60", "d500", "d500-n1000", "d500-n5000", "d500-n10000", "digits"]


def test_rows_of_one_name_stay_in_their_order() -> None:
    frame = pd.DataFrame({"net": ["w16", "w8", "w16"], "row": [0, 1, 2]})
    assert in_natural_order(frame, "net").to_numpy().tolist() == [["w8", 1], ["w16", 0], ["w16", 2]]
