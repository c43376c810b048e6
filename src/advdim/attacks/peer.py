"""Attacks of Foolbox and of the Adversarial Robustness Toolbox on the same nets and images, for comparison."""

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.attacks.on_images import keep_first, tell
from advdim.datasets.stored import read_images
from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.models.loss import predict
from advdim.norms import radius_of
from advdim.seeds import named_seed

BATCH = 60
PeersAttack = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def prepare(model: keras.Model, job: Job) -> Callable[[], pd.DataFrame]:
    """Prepare a peer's attack on a net; what is returned runs it with the net's weights of the moment.

    Images are led away from the class that the net predicts. The library works as its authors wrote it, on the net as
    it is; what the table says is computed as for the project's own attacks.

    Raises:
        AdvdimError: the library has no such attack, or does not take these options.
    """
    settings = job.settings
    images, labels = read_images(job.inputs["dataset"], "test")
    pixels, labels = images[: settings["images"]].astype(np.float32) / 255, labels[: settings["images"]]
    radius = None
    if settings["eps_pixel"] is not None:
        radius = radius_of(settings["norm"], settings["eps_pixel"], pixels[0].size)
    attack = load_attack(model, settings, radius)
    largest = np.inf if radius is None else settings["eps_pixel"]

    @tf.function  # type: ignore[untyped-decorator]
    def measure(batch: tf.Tensor, own: tf.Tensor, found: tf.Tensor) -> dict[str, tf.Tensor]:
        return tell(model, batch, own, found, norm=settings["norm"], largest=largest, minimal=radius is None)

    def run() -> pd.DataFrame:
        first, second = named_seed(job.seed, "attack", "peer", settings["library"], settings["attack"])
        np.random.seed(first)  # noqa: NPY002 (what the library draws from)
        tf.random.set_seed(second)
        parts = []
        for start in range(0, len(labels), BATCH):
            batch = tf.constant(pixels[start : start + BATCH])
            found = attack(batch, predict(model(batch, training=False)))
            parts.append(measure(batch, tf.constant(labels[start : start + BATCH]), found))
        columns = {name: np.concatenate([part[name].numpy() for part in parts]) for name in parts[0]}
        return keep_first({"image": np.arange(len(labels)), "label": labels} | columns, settings["stored"])

    return run


def load_attack(model: keras.Model, settings: dict[str, Any], radius: float | None) -> PeersAttack:
    """Make an attack of a library on a net.

    Args:
        model: a net from pixels on [0, 1] to (n, classes) logits.
        settings: `library`, `attack`, `norm` and `options` of a configuration.
        radius: radius of the ball, pixels on [0, 1]; None for attacks that minimise.

    Returns:
        What takes images of shape (n, height, width, channels) and the classes to leave, and gives the images found.

    Raises:
        AdvdimError: the library has no such attack, or does not take these options.
    """
    return {"foolbox": _foolbox, "art": _art}[settings["library"]](model, settings, radius)


def _foolbox(model: keras.Model, settings: dict[str, Any], radius: float | None) -> PeersAttack:
    foolbox = importlib.import_module("foolbox")
    attack = _build("foolbox", settings, settings["options"])
    wrapped = foolbox.TensorFlowModel(lambda batch: model(batch, training=False), bounds=(0, 1))

    def run(batch: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        _, clipped, _ = attack(wrapped, batch, classes, epsilons=radius)  # integers as tf.argmax gives them, int64
        return clipped

    return run


def _art(model: keras.Model, settings: dict[str, Any], radius: float | None) -> PeersAttack:
    estimators = importlib.import_module("art.estimators.classification")
    classifier = estimators.TensorFlowV2Classifier(
        model=lambda batch, training=False: model(batch, training=False),
        nb_classes=model.output_shape[-1],
        input_shape=model.input_shape[1:],
        loss_object=keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum"),
        clip_values=(0, 1),
    )
    ball = {} if radius is None else {"eps": radius, "norm": "inf" if settings["norm"] == "linf" else 2}
    attack = _build("art", settings, ball | {"batch_size": BATCH, "verbose": False} | settings["options"], classifier)
    return lambda batch, classes: tf.constant(attack.generate(x=batch.numpy(), y=classes.numpy()), tf.float32)


def _build(library: str, settings: dict[str, Any], options: dict[str, Any], *arguments: Any) -> Any:
    """Make an attack of a library from its name and options."""
    module = importlib.import_module({"foolbox": "foolbox.attacks", "art": "art.attacks.evasion"}[library])
    attack = getattr(module, settings["attack"], None)
    if attack is None:
        known = ", ".join(sorted(name for name in vars(module) if name[0].isupper()))
        raise AdvdimError(f"attack: found '{settings['attack']}', which {library} lacks; expected one of {known}")
    taken = inspect.signature(attack.__init__).parameters
    try:  # what the user asks for, and of the rest what the class knows
        return attack(*arguments, **{n: v for n, v in options.items() if n in settings["options"] or n in taken})
    except (TypeError, ValueError) as error:
        raise AdvdimError(
            f"options of {library}'s {settings['attack']}: it does not take {options} ({error}); expected arguments of "
            "that class; change them in the configuration"
        ) from error
