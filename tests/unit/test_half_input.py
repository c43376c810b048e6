"""The figure of models that see a part of their input: its table, and what it marks."""

import math

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from advdim.figures.half_input import DIMENSIONS, SHARES, draw_half_input

matplotlib.use("Agg")


def test_rates_and_marks() -> None:
    fig, table = draw_half_input()
    axes = fig.axes[0]
    assert len(table) == len(DIMENSIONS) * len(SHARES)
    for _, rows in table.groupby("dimension"):
        assert np.all(np.diff(rows["formula"]) < 0)
        assert np.all(np.diff(rows["exact"]) < 0)
    half = table[np.isclose(table["share"], 0.5)].set_index("dimension")
    assert half.loc[3000, "formula"] == pytest.approx(math.log10(3.2003e-22), abs=1e-4)
    assert half.loc[3000, "exact"] == pytest.approx(math.log10(2.6995e-24), abs=1e-4)
    marked = [tuple(points.get_offsets()[0]) for points in axes.collections]
    assert marked == [(0.5, -14.0), pytest.approx((0.5, half.loc[3000, "formula"]))]
    plt.close(fig)
