"""Expected cost of a piece of work in seconds on one core: for the table of the plan and for batching only.

The constants were read off runs on two cores of a server of 2024; a factor of two off harms nothing.
"""

from collections.abc import Mapping
from typing import Literal

from advdim.config.attacks import Attack, Manifold, Shell
from advdim.config.datasets import Cifar10, Dataset, Imagenet12, Mnist, Resized, Spheres, ToyClasses
from advdim.config.experiments import Config
from advdim.config.models import Application, Convolutional, Dense, Model, Quadratic, Relu
from advdim.config.section import OfSnapshots
from advdim.config.statistics import (
    Alphas,
    Damage,
    ErrorRate,
    GradientNorms,
    InitialGradients,
    LocalTilt,
    NormSweep,
    Projections,
    QuadraticLosses,
    Slices,
    Statistic,
    Tilting,
    TrueDistance,
)
from advdim.config.training import Gradient, LogisticPath, Objective, Pgd, SvmPath, Training

FLOPS_PER_SECOND = 6e10
START_SECONDS = 0.2


def flops_forward(model: Model, dataset: Dataset) -> float:
    """Floating-point operations of one forward pass of one example."""
    if isinstance(dataset, Spheres):
        hidden = (model.depth - 1) * model.width**2 if isinstance(model, Relu) else 0
        width = model.width if isinstance(model, Relu | Quadratic) else 1
        return 2.0 * (dataset.dimension * width + hidden)
    if isinstance(model, Convolutional | Dense):
        return _flops_at_width(model, _width(dataset))
    if isinstance(model, Application):
        return 1e10 * (_width(dataset) / 299) ** 2
    return 2.0 * _width(dataset) ** 2


def _width(dataset: Dataset) -> int:
    if isinstance(dataset, Spheres | ToyClasses):
        return 2  # points, no images
    if isinstance(dataset, Cifar10):
        return 32
    return 28 if isinstance(dataset, Mnist) else dataset.width


def _flops_at_width(model: Convolutional | Dense, width: int) -> float:
    if isinstance(model, Dense):
        return 2.0 * model.width * (3 * width**2 + (model.depth - 1) * model.width)
    edge, channels, total = width, 3, 0.0
    for layer in range(1, model.layers + 1):
        filters, stride = (v if isinstance(v, int) else v[layer - 1] for v in (model.channels, model.strides))
        edge = max(1, edge // stride)
        total += 2.0 * edge**2 * 9 * channels * filters
        channels = filters
        edge = max(1, edge // 2) if layer in model.pool_after else edge
    return 4 * total  # small convolutions, normalisation and copies run at a quarter of the speed of products


def dataset_seconds(dataset: Dataset) -> float:
    """Cost of building a dataset."""
    if isinstance(dataset, Imagenet12):
        return 200.0
    return 60.0 if isinstance(dataset, Resized) else 2.0


def training_seconds(training: Training, model: Model, dataset: Dataset) -> float:
    """Cost of one training run."""
    if isinstance(training, Gradient):
        passes = training.steps * training.batch * _passes(training.objective)
        return START_SECONDS + passes * flops_forward(model, dataset) / FLOPS_PER_SECOND
    if isinstance(training, SvmPath | LogisticPath):
        images = training.images_per_class or (6000 if isinstance(dataset, Mnist) else 120)
        return 0.2 + 2e-5 * training.levels * images * (3 if isinstance(training, LogisticPath) else 1)
    return START_SECONDS


def _passes(objective: Objective) -> float:
    """Forward passes that cost as much as a step on one example."""
    if isinstance(objective, Pgd):
        return 3 + 2.5 * objective.steps
    return {"plain": 3, "gradient_penalty": 8, "adversarial": 7, "cross_lipschitz": 50}[objective.kind]


def attack_seconds(attack: Attack, model: Model, dataset: Dataset, snapshots: int) -> float:
    """Cost of one attack on every snapshot of a net."""
    if isinstance(attack, Manifold):
        examples = attack.starts * len(attack.radii)
    else:
        examples = attack.starts if isinstance(attack, Shell) else attack.images
    passes = _attack_passes(attack) * examples * snapshots
    return START_SECONDS + passes * flops_forward(model, dataset) / FLOPS_PER_SECOND


def _attack_passes(attack: Attack) -> int:
    """Forward passes that take as long as the attack on one example."""
    if attack.kind == "iterative":
        return 2 * attack.steps * attack.restarts + 3
    if attack.kind == "minimal":
        if attack.steps == 1:
            return 8  # as seen: about four balls
        walks = 1 + attack.restarts if attack.random_start else 1
        return 3 * (attack.steps + 6) * walks  # several rivals at first, one later
    if attack.kind == "deepfool":
        return 4 * (attack.classes + 1)  # most images take three or four steps
    return 200 if attack.kind == "peer" else 2 * attack.steps


def statistic_seconds(statistic: Statistic, model: Model | None, dataset: Dataset, snapshots: int) -> float:
    """Cost of one statistic on every snapshot of a net."""
    if model is not None and isinstance(statistic, ErrorRate | NormSweep | Slices):
        return START_SECONDS + _points_asked(statistic) * snapshots * flops_forward(model, dataset) / FLOPS_PER_SECOND
    if isinstance(statistic, Alphas | QuadraticLosses | TrueDistance):
        return START_SECONDS + 0.4 * snapshots
    if isinstance(statistic, Tilting | Projections):
        return 4.0 if isinstance(dataset, Mnist) else 0.3
    if isinstance(dataset, ToyClasses):
        return 2.0
    if isinstance(statistic, InitialGradients):
        flops = sum(_flops_at_width(statistic.model, width) for width in statistic.widths)
        return len(statistic.widths) + 40 * statistic.nets * statistic.images * flops / FLOPS_PER_SECOND
    if model is not None and isinstance(statistic, Damage):
        passes = 2 * len(statistic.norms) * len(statistic.eps_pixel) * statistic.images * snapshots
        return START_SECONDS + passes * flops_forward(model, dataset) / FLOPS_PER_SECOND
    if model is not None and isinstance(statistic, GradientNorms | LocalTilt):
        return START_SECONDS + 15 * statistic.images * snapshots * flops_forward(model, dataset) / FLOPS_PER_SECOND
    return START_SECONDS


def _points_asked(statistic: ErrorRate | NormSweep | Slices) -> int:
    """Points that a net classifies in a statistic, those on the way of a search included."""
    if isinstance(statistic, Slices):
        return statistic.planes * (3 * statistic.angles * statistic.radii + 6 * statistic.steps)
    return statistic.points * (2 if isinstance(statistic, ErrorRate) else len(statistic.radii))


def measurement_seconds(
    config: Config, stage: Literal["attacks", "statistics"], name: str, labels: Mapping[str, str | int]
) -> float:
    """Cost of one attack or statistic of an experiment, by its name and the labels of what it measures."""
    dataset = config.datasets[str(labels["dataset"])]
    if "model" not in labels:
        return statistic_seconds(config.statistics[name], None, dataset, 1)
    model, training = config.models[str(labels["model"])], config.training[str(labels["training"])]
    measured = getattr(config, stage)[name]
    last_only = isinstance(measured, OfSnapshots) and measured.snapshots == "last"
    snapshots = len(training.kept_steps) if isinstance(training, Gradient) and not last_only else 1
    if stage == "attacks":
        return attack_seconds(config.attacks[name], model, dataset, snapshots)
    return statistic_seconds(config.statistics[name], model, dataset, snapshots)
