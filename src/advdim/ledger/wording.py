"""How verdicts are told: estimates with their intervals, scales in a few words, outcomes."""

from collections.abc import Iterable, Sequence

from advdim.ledger.observations import Net
from advdim.ledger.verdict import Outcome
from advdim.statistics.intervals import Estimate


def outcome(holds: bool) -> Outcome:
    """The outcome of a rule that knows two: reproduced if it holds."""
    return "reproduced" if holds else "deviates"


def told(estimate: Estimate, digits: int) -> str:
    """Write an estimate with its interval: ``1.41 [1.40, 1.42]``."""
    value, low, high = (f"{number:z.{digits}f}" for number in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"


def listed(words: Iterable[object]) -> str:
    """Join words as one says them: ``a, b and c``."""
    *head, last = map(str, words)
    return f"{', '.join(head)} and {last}" if head else last


def numbers(values: Iterable[int]) -> str:
    """Write each number once, in order: ``16, 32 and 1,024``."""
    return listed(f"{value:,}" for value in sorted(set(values)))


def span(values: Iterable[int]) -> str:
    """Write the smallest and the largest, or the one that all are: ``86 to 89``, ``400``."""
    ordered = sorted(values)
    ends = dict.fromkeys((ordered[0], ordered[-1]))
    return " to ".join(f"{end:,}" for end in ends)


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 seed``, ``2,000 seeds``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def steps_of(nets: Sequence[Net]) -> str:
    """Training steps of some nets."""
    return f"{numbers(net.training['steps'] for net in nets)} steps"


def seeds_of(nets: Sequence[Net]) -> str:
    """Number of seeds of some nets."""
    return counted(len({net.labels[3] for net in nets}), "seed")


def training_points(nets: Sequence[Net]) -> str:
    """Sizes of the training sets of nets between spheres: ``100,000 and endless``."""
    sizes = {net.dataset.get("points") for net in nets}
    return listed([f"{size:,}" for size in sorted(size for size in sizes if size)] + ["endless"] * (None in sizes))


def scale_of_spheres(nets: Sequence[Net]) -> str:
    """The scale of nets between spheres: dimension, models, training sets, steps and seeds."""
    parts = [
        f"d = {numbers(net.dataset['dimension'] for net in nets)}",
        listed(dict.fromkeys(net.labels[1] for net in nets)),
        f"{training_points(nets)} training points",
        steps_of(nets),
        seeds_of(nets),
    ]
    return ", ".join(parts)
