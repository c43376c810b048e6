"""The exponents of nets before training: sorts in words and in order, and what the theorems say of each."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_up_study import Study

from advdim.ledger.dimension_initial import LAW, THEOREMS, exponents_of_sweep, initial_exponents
from advdim.ledger.dimension_widths import Sweep
from advdim.ledger.observations import Net

CONVOLUTIONAL: dict[str, Any] = {"kind": "convolutional", "strides": 1, "pool_after": [], "pooling": "max"}
CONVOLUTIONAL |= {"head": "flatten", "batch_norm": False}
MODELS: dict[str, tuple[dict[str, Any], str, str, float]] = {
    "d": ({"kind": "dense", "batch_norm": True}, "dense, batch norm", "", 0.0),
    "c": (CONVOLUTIONAL | {"pool_after": [1, 2], "head": "max"}, "maxima, global maximum", "", 0.0),
    "b": (
        CONVOLUTIONAL | {"pool_after": [1, 2], "pooling": "average", "head": "average"},
        "averages of 16, global average",
        THEOREMS[1],
        -0.5,
    ),
    "a": (
        CONVOLUTIONAL | {"strides": [2, 1], "pool_after": [1], "pooling": "average"},
        "strided, averages of 4",
        THEOREMS[1],
        0.0,
    ),
    "initial-s2": (CONVOLUTIONAL | {"pool_after": [1], "pooling": "strided"}, "strided (s2)", THEOREMS[0], 0.0),
    "plain": (CONVOLUTIONAL, "convolutional", THEOREMS[0], 0.0),
    "s1": (CONVOLUTIONAL | {"strides": 2}, "strided (s1)", THEOREMS[0], 0.0),
}
"""By measurement: a net, its sort in words, the theorems about it, and what they add to an exponent."""


@pytest.fixture
def exponents(study: Study) -> pd.DataFrame:
    """Exponents of nets whose gradients follow the theorems."""
    for name, (model, _, _, lower) in MODELS.items():
        rows = pd.DataFrame([{"d": d, "net": net, "image": 0} for d in (192, 768, 3072) for net in range(2)])
        norms = {norm: rows["d"] ** (law + lower) for norm, law in LAW.items()}
        labels = {"dataset": "photos", "seed": 0, "measurement": name}
        study.add("statistics", "initial_gradients", labels, {"model": model}, table=rows.assign(**norms))
    return initial_exponents(study.results)


def test_sorts_are_told_in_words_and_those_of_the_theorems_come_first(exponents: pd.DataFrame) -> None:
    order = ["plain", "s1", "initial-s2", "a", "b", "c", "d"]
    assert exponents["measurement"].unique().tolist() == order
    assert exponents["sort"].unique().tolist() == [MODELS[name][1] for name in order]
    assert exponents.groupby("measurement")["covered"].first().to_dict() == {n: m[2] for n, m in MODELS.items()}


def test_each_sort_has_its_own_prediction(exponents: pd.DataFrame) -> None:
    assert exponents["slope"].to_numpy() == pytest.approx(exponents["predicted"].to_numpy())
    average = exponents[exponents["measurement"] == "b"].set_index("norm")["predicted"]
    assert average.to_dict() == pytest.approx({"l1": 0.0, "l2": -0.5, "linf": -1.0, "logit_l2": -0.5})


def test_nets_of_the_sweep_have_rows_of_the_same_form(study: Study, exponents: pd.DataFrame) -> None:
    dimensions = {"w8": 192, "w16": 768, "w32": 3072}
    nets = [
        [Net((name, "c", "t", seed, ""), {}, {}, {}, (), study.root, study.root) for seed in (0, 1)]
        for name in dimensions
    ]
    sweep = Sweep(nets, list(dimensions.values()))
    table = pd.DataFrame(
        [
            dict(zip(("dataset", "model", "training", "seed", "pair"), net.labels, strict=True))
            for same in nets
            for net in same
        ]
    )
    d = table["dataset"].map(dimensions)
    rows = exponents_of_sweep(table.assign(**{norm: d**law for norm, law in LAW.items()}), sweep, "drawn")
    assert set(rows) == set(exponents)
    assert rows["slope"].to_numpy() == pytest.approx(np.array(list(LAW.values())))
    assert rows["sort"].unique().tolist() == ["drawn"]
    assert exponents_of_sweep(pd.DataFrame(), sweep, "none").empty
