"""What a slider shows at each of its levels: the data contract of ``advdim.figures.slider``."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from advdim.errors import AdvdimError

FloatArray = npt.NDArray[np.float64]
ByteArray = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Measure:
    """A number that every frame carries, drawn as a curve over the levels and told beside the slider.

    Attributes:
        key: its key in ``Frame.values``.
        name: how it is called, for example ``Tilting angle``.
        unit: what follows the number, with its space if it wants one: ``°`` or `` %``.
        digits: decimals that are told.
        panel: heading of the panel in which its curve is drawn; measures with the same heading share a panel. The
            name unless given.
    """

    key: str
    name: str
    unit: str = ""
    digits: int = 2
    panel: str = ""

    @property
    def heading(self) -> str:
        """The heading of its panel."""
        return self.panel or self.name

    def told(self, value: float) -> str:
        """Write a value with its unit, a dash where there is none."""
        return decimal(value, self.digits) + self.unit if math.isfinite(value) else "\N{EN DASH}"


@dataclass(frozen=True)
class Frame:
    """What is shown at one level.

    Attributes:
        level: place on the axis of the curves, for example log10 of the regularisation.
        points: data in the plane, by the name of their group, each (n, 2); a few hundred a group are enough. n may
            differ from group to group and from series to series, not from frame to frame of a series.
        boundary: the decision boundary in the plane as a line through these points, (k, 2); see ``straight``.
        values: the numbers of the level by ``Measure.key``; NaN where there is none.
        pictures: 8-bit images by name, (height, width) grey or (height, width, 3) colour.
        marks: single points to mark in the plane by name, (2,) each, joined by a line in their order: an image and
            its adversarial counterpart.
    """

    level: float
    points: Mapping[str, FloatArray]
    boundary: FloatArray
    values: Mapping[str, float]
    pictures: Mapping[str, ByteArray] = field(default_factory=dict)
    marks: Mapping[str, FloatArray] = field(default_factory=dict)


def straight(angle: float, offset: float, half_length: float) -> FloatArray:
    """Two ends of the boundary ``cos(angle) x + sin(angle) y + offset = 0``, for ``Frame.boundary``.

    Args:
        angle: tilt of the weight vector against the first axis of the plane, radians.
        offset: bias over the norm of the weight vector, in the units of the plane.
        half_length: distance of either end from the foot of the perpendicular; more than the plane shows is clipped.

    Returns:
        The ends, (2, 2).
    """
    normal = np.array([math.cos(angle), math.sin(angle)])
    along = np.array([-normal[1], normal[0]])
    return np.stack([-offset * normal - half_length * along, -offset * normal + half_length * along])


def decimal(value: float, digits: int) -> str:
    """Write a number with so many decimals and a true minus sign, never as minus zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def rounded(value: float) -> float | None:
    """Keep six significant digits, and None where a number is not finite, as JSON wants it."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def check(
    anchor: str,
    series: Sequence[Sequence[Frame]],
    choices: Mapping[str, Sequence[str]],
    measures: Sequence[Measure],
    start: int,
) -> None:
    """Refuse frames that do not fit together; see ``advdim.figures.slider.slider`` for the arguments.

    Raises:
        AdvdimError: if there are not as many series as combinations of options, a series has no frame ``start``, a
            shape is wrong, or the frames differ in their groups, pictures, marks or the measures they carry.
    """
    wanted = math.prod(len(options) for options in choices.values())
    if len(series) != wanted or not wanted:
        raise AdvdimError(
            f"Slider '{anchor}' has {len(series)} series of frames for {wanted} combinations of its options: "
            "expected one series each, and at least one."
        )
    for frames in series:
        if not 0 <= start < len(frames):
            raise AdvdimError(
                f"Slider '{anchor}' cannot start at frame {start} of {len(frames)}: expected 0 <= start < frames."
            )
        _check_series(anchor, frames, measures, _names(series[0][0]))


def _check_series(anchor: str, frames: Sequence[Frame], measures: Sequence[Measure], names: tuple[object, ...]) -> None:
    sizes = _sizes(frames[0])
    for number, frame in enumerate(frames):
        arrays = [*frame.points.values(), frame.boundary]
        if any(array.ndim != 2 or array.shape[1] != 2 or not np.isfinite(array).all() for array in arrays):
            raise AdvdimError(
                f"Slider '{anchor}', frame {number}: points and boundary must be finite, of shape (n, 2)."
            )
        if any(np.shape(mark) != (2,) or not np.isfinite(mark).all() for mark in frame.marks.values()):
            raise AdvdimError(f"Slider '{anchor}', frame {number}: marks must be finite, of shape (2,).")
        if any(picture.dtype != np.uint8 for picture in frame.pictures.values()):
            raise AdvdimError(f"Slider '{anchor}', frame {number}: pictures must be of type uint8.")
        absent = [measure.key for measure in measures if measure.key not in frame.values]
        if absent or not math.isfinite(frame.level):
            raise AdvdimError(f"Slider '{anchor}', frame {number}: no value for {', '.join(absent) or 'its level'}.")
        if _names(frame) != names or _sizes(frame) != sizes:
            raise AdvdimError(
                f"Slider '{anchor}', frame {number}: its groups, pictures or marks differ from those of frame 0 of "
                "the first series, or its numbers of points from frame 0 of its own: expected the same names in the "
                "same order, and as many points."
            )


def _names(frame: Frame) -> tuple[object, ...]:
    return tuple(frame.points), tuple(frame.pictures), tuple(frame.marks)


def _sizes(frame: Frame) -> list[int]:
    return [len(points) for points in frame.points.values()]
