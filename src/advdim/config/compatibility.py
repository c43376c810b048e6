"""What holds between sections: names that exist, and pieces that fit together."""

from collections.abc import Iterator, Sequence

from advdim.config.datasets import Dataset, Imagenet12, Photos12, Resized, Spheres
from advdim.config.experiments import Config, Experiment
from advdim.config.models import Model, Quadratic
from advdim.config.training import Gradient

PATHS = ("archive", "merge", "folder", "weights", "records")
LONGEST_NAME = 60
SECTIONS = ("datasets", "models", "training", "attacks", "statistics")
MODELS_OF_DATASET = {
    "spheres": ("relu", "quadratic"),
    "photos12": ("convolutional", "dense", "linear"),
    "digits": ("convolutional", "dense", "linear"),
    "mnist": ("convolutional", "dense", "linear"),
    "cifar10": ("convolutional", "dense", "linear"),
    "imagenet12": ("convolutional", "dense"),
    "resized": ("convolutional", "dense"),
    "toy_classes": (),
    "pictures": ("application",),
}
TRAININGS_OF_MODEL = {
    "relu": ("gradient",),
    "quadratic": ("gradient",),
    "convolutional": ("gradient",),
    "dense": ("gradient",),
    "linear": ("svm_path", "logistic_path", "nearest_centroid"),
    "application": ("given",),
}
MODELS_OF_MEASUREMENT = {
    "manifold": ("relu", "quadratic"),
    "shell": ("relu", "quadratic"),
    "iterative": ("convolutional", "dense", "application"),
    "deepfool": ("convolutional", "dense", "application"),
    "minimal": ("convolutional", "dense", "application"),
    "peer": ("convolutional", "dense", "application"),
    "targeted": ("convolutional", "dense", "application"),
    "error_rate": ("relu", "quadratic"),
    "norm_sweep": ("relu", "quadratic"),
    "slices": ("relu", "quadratic"),
    "circles": ("relu", "quadratic"),
    "alphas": ("quadratic",),
    "quadratic_losses": ("quadratic",),
    "true_distance": ("quadratic",),
    "gradient_norms": ("convolutional", "dense"),
    "initial_gradients": (),
    "augmentation_order": (),
    "damage": ("convolutional", "dense"),
    "tilting": ("linear",),
    "projections": ("linear",),
    "local_tilt": ("convolutional", "dense"),
    "pair_distance": (),
    "search_power": (),
    "toy_tilt": (),
}
IMAGES = ("photos12", "digits", "mnist", "cifar10", "imagenet12", "resized", "pictures")
DATASETS_OF_MEASUREMENT = {
    "pair_distance": ("spheres",),
    "search_power": ("spheres",),
    "toy_tilt": ("toy_classes",),
    "initial_gradients": IMAGES,
    "augmentation_order": IMAGES,
}
"""Kinds of dataset that a measurement without models is of."""


def mistakes_between_sections(config: Config) -> list[str]:
    """List every reference to a missing name and every pair that does not fit, each with its place."""
    found = [
        *_long_names(config),
        *_no_paths(config),
        *_resized_of_nothing(config),
        *_enlarged(config),
        *_twins(config),
    ]
    for name, experiment in config.experiments.items():
        place = f"experiments.{name}"
        missing = list(_missing_names(config, experiment, place))
        found += missing or _misfits(config, experiment, place)
    return found


def _long_names(config: Config) -> Iterator[str]:
    """Names of which no folder could be named: model, training and measurement stand in one name there."""
    for section in SECTIONS:
        for name in getattr(config, section):
            if len(name) > LONGEST_NAME:
                yield f"{section}.{name}: has {len(name)} characters; expected at most {LONGEST_NAME} in a name"


def _no_paths(config: Config) -> Iterator[str]:
    """Texts that can be no path: an empty one would be the root of the project."""
    for section in ("datasets", "models", "experiments"):
        for name, settings in getattr(config, section).items():
            for key in PATHS:
                path = getattr(settings, key, None)
                if path is not None and not (path and path.isprintable()):
                    yield f"{section}.{name}.{key}: found {path!r}; expected the path of a file or folder"


def _resized_of_nothing(config: Config) -> Iterator[str]:
    """Resized datasets whose source is none, or cannot be resized."""
    known = sorted(name for name, dataset in config.datasets.items() if isinstance(dataset, Imagenet12))
    for name, dataset in config.datasets.items():
        if isinstance(dataset, Resized) and dataset.source not in known:
            yield (
                f"datasets.{name}.source: found '{dataset.source}'; expected a dataset of kind imagenet12, "
                f"{'one of ' + str(known) if known else 'of which there is none'}"
            )


def _enlarged(config: Config) -> Iterator[str]:
    """Crops of photographs that would have to be enlarged."""
    for name, dataset in config.datasets.items():
        if isinstance(dataset, Photos12) and dataset.crop < dataset.width:
            yield f"datasets.{name}.crop: found {dataset.crop}; expected at least the width, {dataset.width}"


def _twins(config: Config) -> Iterator[str]:
    """Two names for the same settings: one net, or one measurement, would count as two."""
    for section in SECTIONS:
        first: dict[str, str] = {}
        for name, settings in getattr(config, section).items():
            twin = first.setdefault(settings.model_dump_json(), name)
            if twin != name:
                yield f"{section}.{name}: has the settings of '{twin}'; expected one name for them"


def _missing_names(config: Config, experiment: Experiment, place: str) -> Iterator[str]:
    for section in SECTIONS:
        known = getattr(config, section)
        for name in getattr(experiment, section):
            if name not in known:
                yield f"{place}.{section}: found '{name}'; expected one of {sorted(known)}"
    if experiment.models and not experiment.training:
        yield f"{place}.training: empty; expected a way of training for the models"
    if experiment.attacks and not experiment.models:
        yield f"{place}.models: empty; expected models for the attacks"


def _misfits(config: Config, experiment: Experiment, place: str) -> Iterator[str]:
    models = [(name, config.models[name].kind) for name in experiment.models]
    for name, kind in models:
        for dataset in experiment.datasets:
            settings = config.datasets[dataset]
            yield from _model_on_dataset(f"{place}.models: '{name}'", kind, dataset, settings)
            yield from _perfect_elsewhere(f"{place}.models: '{name}'", config.models[name], dataset, settings)
        if kind == "linear":
            yield from _unknown_classes(config, experiment, place)
        for training in experiment.training:
            if config.training[training].kind not in TRAININGS_OF_MODEL[kind]:
                yield (
                    f"{place}.training: '{training}' does not train '{name}' (kind {kind}); "
                    f"expected kind {' or '.join(TRAININGS_OF_MODEL[kind])}"
                )
    yield from _trainings_on_spheres(config, experiment, place)
    for section in ("attacks", "statistics"):
        for measurement in getattr(experiment, section):
            measured = getattr(config, section)[measurement].kind
            measurement_place = f"{place}.{section}: '{measurement}' (kind {measured})"
            yield from _measurement_of_models(measurement_place, measured, models)
            wanted = DATASETS_OF_MEASUREMENT.get(measured)
            for dataset in experiment.datasets:
                found = config.datasets[dataset].kind
                if measured == "circles" and getattr(config.datasets[dataset], "dimension", None) != 2:
                    yield f"{measurement_place} does not fit dataset '{dataset}'; expected spheres of dimension 2"
                if wanted and found not in wanted:
                    yield (
                        f"{measurement_place} does not fit dataset '{dataset}' (kind {found}); "
                        f"expected kind {' or '.join(wanted)}"
                    )


def _trainings_on_spheres(config: Config, experiment: Experiment, place: str) -> Iterator[str]:
    """Settings of the training that ask for images, of which points on spheres are none, and halves that are none."""
    on_spheres = any(config.datasets[name].kind == "spheres" for name in experiment.datasets)
    for name in experiment.training if on_spheres else ():
        training = config.training[name]
        if not isinstance(training, Gradient):
            continue
        wanted = [key for key in ("augmentation", "validation_share") if getattr(training, key)]
        wanted += ["objective"] if training.objective.kind != "plain" else []
        for key in wanted:
            yield f"{place}.training: '{name}' has {key}, which is for images; expected none with a dataset of spheres"
        if training.batch % 2:
            yield f"{place}.training: '{name}' has a batch of {training.batch}; expected half of it on each sphere"


def _measurement_of_models(place: str, measured: str, models: Sequence[tuple[str, str]]) -> Iterator[str]:
    fitting = MODELS_OF_MEASUREMENT[measured]
    if models and not fitting:
        yield f"{place} is of a dataset; expected no models in this experiment"
    elif fitting and not models:
        yield f"{place} is of models; expected models of kind {' or '.join(fitting)} in this experiment"
    for name, kind in models:
        if fitting and kind not in fitting:
            yield f"{place} does not fit '{name}' (kind {kind}); expected kind {' or '.join(fitting)}"


def _model_on_dataset(place: str, kind: str, dataset: str, settings: Dataset) -> Iterator[str]:
    fitting = MODELS_OF_DATASET[settings.kind]
    if kind not in fitting:
        yield f"{place} (kind {kind}) does not fit dataset '{dataset}'; expected kind {' or '.join(fitting)}"


def _perfect_elsewhere(place: str, model: Model, dataset: str, settings: Dataset) -> Iterator[str]:
    """Nets that start without an error on other spheres than those of the dataset."""
    if not isinstance(model, Quadratic) or not isinstance(settings, Spheres) or model.perfect_radius is None:
        return
    if model.perfect_radius != settings.outer_radius:
        yield (
            f"{place} has perfect_radius {model.perfect_radius:g}, which does not fit dataset '{dataset}'; expected "
            f"its outer_radius {settings.outer_radius:g}"
        )


def _unknown_classes(config: Config, experiment: Experiment, place: str) -> Iterator[str]:
    """Classes of `pairs` that a dataset lacks, and pairs of a class with itself."""
    for pair in () if experiment.pairs == "all" else experiment.pairs:
        if pair[0] == pair[1]:
            yield f"{place}.pairs: found '{pair[0]}' twice in a pair; expected two classes"
        for dataset in experiment.datasets:
            names = getattr(config.datasets[dataset], "class_names", pair)
            for unknown in sorted({*pair} - {*names}):
                yield f"{place}.pairs: found '{unknown}'; expected classes of dataset '{dataset}': {list(names)}"
