"""What holds between sections: names that exist, and pieces that fit together."""

from collections.abc import Iterator, Sequence

from advdim.config.datasets import Dataset, Digits
from advdim.config.experiments import Config, Experiment

MODELS_OF_DATASET = {
    "spheres": ("relu", "quadratic"),
    "photos12": ("convolutional",),
    "digits": ("convolutional", "linear"),
}
TRAININGS_OF_MODEL = {
    "relu": ("gradient",),
    "quadratic": ("gradient",),
    "convolutional": ("gradient",),
    "linear": ("svm_path",),
}
MODELS_OF_MEASUREMENT = {
    "manifold": ("relu", "quadratic"),
    "iterative": ("convolutional",),
    "error_rate": ("relu", "quadratic"),
    "alphas": ("quadratic",),
    "gradient_norms": ("convolutional",),
    "tilting": ("linear",),
    "pair_distance": (),
}


def mistakes_between_sections(config: Config) -> list[str]:
    """List every reference to a missing name and every pair that does not fit, each with its place."""
    found: list[str] = []
    for name, experiment in config.experiments.items():
        place = f"experiments.{name}"
        missing = list(_missing_names(config, experiment, place))
        found += missing or _misfits(config, experiment, place)
    return found


def _missing_names(config: Config, experiment: Experiment, place: str) -> Iterator[str]:
    for section in ("datasets", "models", "training", "attacks", "statistics"):
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
        for training in experiment.training:
            if config.training[training].kind not in TRAININGS_OF_MODEL[kind]:
                yield (
                    f"{place}.training: '{training}' does not train '{name}' (kind {kind}); "
                    f"expected kind {' or '.join(TRAININGS_OF_MODEL[kind])}"
                )
    for section in ("attacks", "statistics"):
        for measurement in getattr(experiment, section):
            measured = getattr(config, section)[measurement].kind
            yield from _measurement_of_models(f"{place}.{section}: '{measurement}' (kind {measured})", measured, models)


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
    if kind == "linear" and isinstance(settings, Digits) and len(settings.classes) != 2:
        yield f"{place} separates two classes; found {len(settings.classes)} in dataset '{dataset}'"
