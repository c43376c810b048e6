"""Attacks on an image net against four libraries on the same net, images and thread, in alternation.

Foolbox, ART, cleverhans and torchattacks are no dependencies of the project. The first three are compared where this
Python has them, the last where the one with PyTorch does; see `docs/attacks.md`.
"""

import importlib
import importlib.util
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from comparisons import Comparison, alternate
from torchattacks_peer import Attack, Torchattacks

from advdim.attacks.ascent import Ascent
from advdim.attacks.deepfool import deepfool
from advdim.attacks.iterative import attack
from advdim.attacks.minimal import Search, smallest
from advdim.attacks.peer import load_attack
from advdim.datasets import photos12
from advdim.datasets.stored import ImageInfo
from advdim.models import convolutional
from advdim.models.folding import fold
from advdim.models.loss import cross_entropy, predict
from advdim.norms import along, length, radius_of
from advdim.training.objectives import plain
from advdim.training.sources import FiniteSet
from advdim.training.trainer import Trainer

RATES = "work for each second that passes, in one process with one thread"
"""What the rates are, for the page."""
WIDTH, CHANNELS, IMAGES, EPS, STEPS, SEARCH_STEPS = 32, 64, 60, 0.005, 10, 20
LARGEST, HALVINGS = 0.5, 13
"""Largest size that is sought, `eps_pixel`; so many halvings lead from there to one percent of a typical result."""


@dataclass(frozen=True)
class Case:
    """An attack and its peers.

    Attributes:
        name: what is attacked, and how.
        norm: l2 or linf.
        ball: whether it is one in a ball, and not of smallest size.
        ours: our attack.
        peers: theirs by name.
        times: rounds.
        images: how many are attacked, fewer where a peer takes minutes.
    """

    name: str
    norm: Any
    ball: bool
    ours: Attack
    peers: dict[str, Attack]
    times: int
    images: int = IMAGES


def trained_net() -> tuple[keras.Model, tf.Tensor]:
    """The 6-layer strided net after a short training on photographs, and test images."""
    made = photos12.build(width=WIDTH, crop=128, train_per_class=100, test_per_class=20, seed=0)
    info = ImageInfo((WIDTH, WIDTH, 3), made.class_names, (0.45,) * 3, (0.25,) * 3)
    options: dict[str, Any] = {"channels": CHANNELS, "layers": 6, "strides": [1, 2, 2, 2, 2, 2], "head": "flatten"}
    net = convolutional.build(info, **options, seed=0)
    source = FiniteSet(made.train_images, made.train_labels, 64, seed=0)
    Trainer(net, source, plain.prepare(net, cross_entropy), 1e-3).advance(0, 60)
    return net, tf.constant(made.test_images[:IMAGES], tf.float32) / 255


def in_ball(net: keras.Model, folded: keras.Model, norm: Any, torchattacks: Torchattacks) -> Case:
    """Ten steps in a ball of fixed size."""
    radius = radius_of(norm, EPS, WIDTH**2 * 3)
    step = radius / 4
    how = Ascent(norm, radius, STEPS, step, "cross_entropy", stop=True)

    @tf.function
    def ours(images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        return attack(folded, images, classes, how).images

    name = {"linf": "LinfProjectedGradientDescentAttack", "l2": "L2ProjectedGradientDescentAttack"}[norm]
    options = {"steps": STEPS, "rel_stepsize": 0.25, "random_start": False}
    peers = _loaded(net, norm, radius, foolbox=(name, options))
    peers |= _loaded(net, norm, radius, art=("ProjectedGradientDescent", {"max_iter": STEPS, "eps_step": step}))
    if importlib.util.find_spec("cleverhans"):
        module = importlib.import_module("cleverhans.tf2.attacks.projected_gradient_descent")
        order = np.inf if norm == "linf" else 2

        def cleverhans(images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
            rest = {"clip_min": 0.0, "clip_max": 1.0, "y": classes, "rand_init": False, "sanity_checks": False}
            logits = lambda batch: net(batch, training=False)  # noqa: E731
            return module.projected_gradient_descent(logits, images, radius, step, STEPS, order, **rest)

        peers["cleverhans"] = cleverhans
    name = {"linf": "PGD", "l2": "PGDL2"}[norm]
    peers |= torchattacks.attacks(name, eps=radius, alpha=step, steps=STEPS, random_start=False)
    return Case(f"{STEPS}-step {norm} attack", norm, True, ours, peers, 3)


def deepest(net: keras.Model, folded: keras.Model, torchattacks: Torchattacks) -> Case:
    """DeepFool in l_2, at most 50 steps, the ten classes ahead of the others."""

    @tf.function
    def ours(images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        return deepfool(folded, images, classes, norm="l2", steps=50, overshoot=0.02, candidates=10)[0]

    peers = _loaded(net, "l2", None, foolbox=("L2DeepFoolAttack", {"steps": 50, "candidates": 11}))
    peers |= _loaded(net, "l2", None, art=("DeepFool", {"max_iter": 50, "epsilon": 0.02, "nb_grads": 11}))
    peers |= torchattacks.attacks("DeepFool", steps=50, overshoot=0.02)
    return Case("DeepFool", "l2", False, ours, peers, 1)


def smallest_sizes(net: keras.Model, folded: keras.Model, norm: Any) -> Iterator[Case]:
    """The search for the smallest size, against Foolbox's attacks that minimise, with 100 steps, and its PGD."""
    largest = radius_of(norm, LARGEST, WIDTH**2 * 3)
    how = Search(norm, largest, SEARCH_STEPS, 0.01)

    @tf.function
    def ours(images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        return smallest(folded, images, classes, how).images

    name = {"linf": "LInfFMNAttack", "l2": "DDNAttack"}[norm]
    peers = _loaded(net, norm, None, foolbox=(name, {"steps": 100}))
    yield Case(f"smallest {norm} sizes", norm, False, ours, peers, 1)
    if peers:
        halving = {f"foolbox's PGD in balls of {HALVINGS} sizes": _by_halving(net, norm, largest)}
        yield Case(f"smallest {norm} sizes", norm, False, ours, halving, 1, images=IMAGES // 3)


def _by_halving(net: keras.Model, norm: Any, largest: float) -> Attack:
    """Foolbox's PGD with its own steps, in a ball of another size each time: every image's bracket is halved.

    So one asks an attack for smallest sizes that takes a size. From the image, as ours; steps are a fourth of the ball.
    """
    foolbox = importlib.import_module("foolbox")
    name = {"linf": "LinfProjectedGradientDescentAttack", "l2": "L2ProjectedGradientDescentAttack"}[norm]
    pgd = getattr(foolbox.attacks, name)(random_start=False)
    wrapped = foolbox.TensorFlowModel(lambda batch: net(batch, training=False), bounds=(0, 1))

    def run(images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        low, high, best = tf.zeros(len(images)), tf.fill([len(images)], largest), images
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            pgd.abs_stepsize = along(middle / 4, images)
            radii = along(middle, images) if norm == "linf" else middle  # Foolbox's l_2 aligns them itself
            reached = pgd.run(wrapped, images, foolbox.criteria.Misclassification(classes), epsilon=radii)
            changed = predict(net(reached, training=False)) != classes
            low, high = tf.where(changed, low, middle), tf.where(changed, middle, high)
            best = tf.where(along(changed, images), reached, best)
        return best

    return run


def compare_all() -> Iterator[Comparison]:
    """All attacks with all peers at hand; a sentence where there is none."""
    net, images = trained_net()
    classes = predict(net(images, training=False))
    tf.random.set_seed(0)
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Torchattacks(net, images, classes, Path(folder))) as torchattacks,
    ):
        for case in _cases(net, torchattacks):
            for name, theirs in case.peers.items():
                yield _compare(case, name, theirs, net, images[: case.images], classes[: case.images])


def _cases(net: keras.Model, torchattacks: Torchattacks) -> list[Case]:
    folded, _ = fold(net)  # as attacks do; the peers get the net as it is
    cases = [
        *(in_ball(net, folded, norm, torchattacks) for norm in ("linf", "l2")),
        deepest(net, folded, torchattacks),
        *(case for norm in ("linf", "l2") for case in smallest_sizes(net, folded, norm)),
    ]
    if not any(case.peers for case in cases):
        print("Attacks were not compared: none of the libraries is at hand; run this in a Python that has them.")
    return cases


def _compare(
    case: Case, name: str, theirs: Attack, net: keras.Model, images: tf.Tensor, classes: tf.Tensor
) -> Comparison:
    found: dict[str, tf.Tensor] = {}

    def run(which: str, one: Attack) -> None:
        found[which] = one(images, classes)

    rates = alternate(lambda: run("ours", case.ours), lambda: run("theirs", theirs), len(images), case.times)
    fooled, sizes = {}, {}
    for which, reached in found.items():
        fooled[which] = (predict(net(reached, training=False)) != classes).numpy()
        sizes[which] = np.where(fooled[which], length(case.norm, reached - images), np.inf)
    remark = f"classes changed {fooled['ours'].mean():.3f}, peer's {fooled['theirs'].mean():.3f}"
    if not case.ball:
        both = fooled["ours"] & fooled["theirs"]
        ratio = sizes["ours"][both] / sizes["theirs"][both]
        remark += (
            f"; sizes over the peer's: median {np.median(ratio):.3f}, at most 1.01 on {np.mean(ratio <= 1.01):.0%}"
        )
    part = f"{case.name}, 6 layers of {CHANNELS} channels, width {WIDTH}"
    return Comparison(part, name, "images/s", *rates, remark)


def _loaded(
    net: keras.Model, norm: Any, radius: float | None, **attacks: tuple[str, dict[str, Any]]
) -> dict[str, Attack]:
    """The attacks of those libraries that this Python has."""
    return {
        library: load_attack(
            net, {"library": library, "attack": name, "norm": norm, "eps_pixel": radius, "options": options}, radius
        )
        for library, (name, options) in attacks.items()
        if importlib.util.find_spec(library)
    }
