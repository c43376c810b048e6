"""The boundary of a path of linear classifiers in one fixed plane: figure 7 of Tanay & Griffin 2018."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advdim.figures.frames import Frame, Measure, straight
from advdim.figures.tilting import CLASSES, HALF_LENGTH, PairPath


def measures_of_rotation() -> list[Measure]:
    """What is drawn as curves over the rotation and told beside the slider."""
    return [
        Measure("angle_deg", "Tilting angle", "°", 1, panel="Angles"),
        Measure("drawn_deg", "In this plane", "°", 1, panel="Angles"),
        Measure("outside_percent", "Part of w outside", " %", 1),
    ]


def series_of_rotation(paths: Sequence[PairPath]) -> list[list[Frame]]:
    """Frames of every pair: data at rest and a boundary that turns, from weakest to strongest regularisation."""
    return [frames_of_rotation(path) for path in paths]


def frames_of_rotation(path: PairPath) -> list[Frame]:
    """Make the frames of the animation for one pair.

    The plane is that of z and of the weight vector at the weakest regularisation. The boundary is where the level's
    hyperplane cuts it: the line across the projection of w. The marks show that projection, for w of length 1.
    """
    points = dict(zip(CLASSES, path.points(0), strict=True))
    return [
        Frame(
            level=float(row["log10_lambda"]),
            points=points,
            boundary=boundary_in_plane(row),
            values={
                "angle_deg": float(row["angle_deg"]),
                "drawn_deg": float(np.degrees(np.arctan2(row["along_n"], row["along_z"]))),
                "outside_percent": 100 * float(row["outside"]),
            },
            marks={"midpoint": np.zeros(2), "w, projected": row[["along_z", "along_n"]].to_numpy(np.float64)},
        )
        for _, row in path.rotation.iterrows()
    ]


def boundary_in_plane(row: "pd.Series[float]") -> NDArray[np.float64]:
    """Ends of the line in which a level's hyperplane cuts the fixed plane, (2, 2); a row of the table `rotation`."""
    angle, length = np.arctan2(row["along_n"], row["along_z"]), np.hypot(row["along_n"], row["along_z"])
    return straight(float(angle), float(row["bias_over_normw"] / length), HALF_LENGTH)
