"""A made-up slider: five frames of two groups of points, alone or as one of four series to choose from."""

import numpy as np

from advdim.figures.slider import Frame, Measure, slider, straight

MINUS = "\N{MINUS SIGN}"
MEASURES = [
    Measure("angle", "Tilting angle", "°", 1),
    Measure("train", "Training error", " %", panel="Errors (%)"),
    Measure("test", "Test error", " %", panel="Errors (%)"),
]


def frames(count: int = 5, spread: float = 1.0, shade: int = 90) -> list[Frame]:
    rng = np.random.default_rng(3)
    along = spread * rng.normal(size=(40, 1))
    return [
        Frame(
            level=-2.0 + step,
            points={"twos": np.hstack([along - 2, (step + 1) * along]), "threes": np.hstack([along + 2, along])},
            boundary=straight(0.3 * step, 0.1, 5.0),
            values={"angle": 17.2 * step, "train": spread, "test": float("nan") if step == 0 else 2.5},
            pictures={
                "image": np.full((8, 8), shade, np.uint8),
                "perturbation": np.full((8, 8, 3), 9 * step, np.uint8),
            },
            marks={"image": np.array([-1.0, 0.5]), "mirror image": np.array([1.0, step])},
        )
        for step in range(count)
    ]


def fragment(count: int = 5, start: int = 1) -> str:
    return slider(
        anchor="tilt",
        label="Regularisation",
        series=[frames(count)],
        measures=MEASURES,
        axes=("along z", "along n"),
        start=start,
    )


CHOICES = {"Classes": ["2 against 3", "7 against 9"], "Image": ["of class I", "of class J"]}


def fragment_with_choices() -> str:
    """Two pairs of two images; the second pair has fewer levels."""
    return slider(
        anchor="tilt",
        label="Regularisation",
        series=[frames(shade=90), frames(shade=91), frames(4, 3.0, 92), frames(4, 3.0, 93)],
        choices=CHOICES,
        measures=MEASURES,
        axes=("along z", "along n"),
        start=1,
        plays="from strong to weak",
    )
