"""The four parts that take the time, each in turn with a peer.

A part and its peer do the same work on the same data. They run alternately, so that a slow moment of the machine meets
both, after one run of each that is not counted and pays for compilation.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from sklearn.svm import SVC

from advdim.attacks.manifold import walk_on_sphere
from advdim.datasets import digits, mnist, mnist_files, photos12
from advdim.datasets.photographs import PHOTOGRAPHS
from advdim.datasets.spheres import finite_set, sample_sphere
from advdim.datasets.stored import write_images
from advdim.datasets.two_classes import read_pair
from advdim.models import relu
from advdim.models.loss import cross_entropy
from advdim.seeds import named_seed
from advdim.training.levels import levels_of
from advdim.training.objectives import plain
from advdim.training.sources import OnlineSpheres
from advdim.training.svm_path import relative_gap, solve_path
from advdim.training.trainer import Trainer

RATES = "work for each second that passes, in one process with one thread"
"""What the rates are, for the page."""
ALTERNATIONS = 5
SVM_PAIRS = (("6", "7"), ("2", "3"), ("7", "9"))
"""The pair that tilts least, the source's, and the one that tilts most."""
DIMENSION, OUTER_RADIUS, BATCH = 500, 1.3, 50


@dataclass(frozen=True)
class Comparison:
    """What was measured of a part and its peer.

    Attributes:
        part: what was measured.
        peer: what it was compared with.
        unit: unit of the rates.
        ours: our rates, one an alternation.
        theirs: those of the peer.
        remark: what the rates do not say.
    """

    part: str
    peer: str
    unit: str
    ours: list[float]
    theirs: list[float]
    remark: str

    @property
    def row(self) -> str:
        """Its row of the table: medians, ranges, and the median of the rounds' ratios."""
        ratio = statistics.median(own / peer for own, peer in zip(self.ours, self.theirs, strict=True))
        cells = [self.part, self.peer, self.unit, _told(self.ours), _told(self.theirs), f"{ratio:.2f}", self.remark]
        return f"| {' | '.join(cells)} |"


def alternate(
    ours: Callable[[], object], theirs: Callable[[], object], work: int, times: int = ALTERNATIONS
) -> tuple[list[float], list[float]]:
    """Run two pieces of work in turn.

    Args:
        ours: does the work once.
        theirs: the same for the peer.
        work: units of work in one call.
        times: how often each runs.

    Returns:
        Units a second, one an alternation, for both.
    """
    ours()
    theirs()
    rates: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        for run, found in zip((ours, theirs), rates, strict=True):
            start = time.perf_counter()
            run()
            found.append(work / (time.perf_counter() - start))
    return rates


def compare_all() -> Iterator[Comparison]:
    """The four parts; of the SVMs several pairs."""
    yield compare_training()
    yield compare_attack()
    yield compare_photographs()
    yield from map(compare_svm, SVM_PAIRS)


def relu_net() -> keras.Model:
    """The net of the spheres study: two hidden layers of 1000 units."""
    return relu.build(DIMENSION, width=1000, depth=2, batch_norm=True, seed=0)


def compare_training(steps: int = 200) -> Comparison:
    """Training between spheres: our loop in the graph, which draws its points, against Keras on points drawn before."""
    net = relu_net()
    trainer = Trainer(
        net, OnlineSpheres(DIMENSION, OUTER_RADIUS, BATCH, seed=0), plain.prepare(net, cross_entropy), 1e-4
    )
    points, labels = finite_set(steps * BATCH, DIMENSION, OUTER_RADIUS, seed=0)
    model = relu_net()
    model.compile(keras.optimizers.Adam(1e-4), keras.losses.BinaryCrossentropy(from_logits=True))

    def fit() -> None:
        model.fit(points, labels[:, None].astype(np.float32), batch_size=BATCH, shuffle=False, verbose=0)

    ours, theirs = alternate(lambda: trainer.advance(0, steps), fit, steps)
    remark = f"ReLU h1000-d2, d = {DIMENSION}, batch {BATCH}, Adam; ours draws fresh points in every step"
    return Comparison("training", "`keras.Model.fit`, points drawn before", "steps/s", ours, theirs, remark)


def compare_attack(steps: int = 50, starts: int = 100) -> Comparison:
    """The attack on the sphere: the whole loop in one compiled graph against a loop of eager steps in Python."""
    model = relu_net()
    model.get_layer("logit").bias.assign([-1e6])  # no point is ever in error: both take every step
    points = tf.constant(sample_sphere(starts, DIMENSION, named_seed(0, "benchmark", "starts")))
    inner = tf.zeros(starts, tf.bool)
    attack = tf.function(
        lambda at: vars(walk_on_sphere(model, at, inner, steps=steps, step_size=0.001)), jit_compile=True
    )
    ends = []

    def eager() -> None:
        ends.append(eager_attack(model, points, steps, 0.001))

    ours, theirs = alternate(lambda: attack(points)["points"].numpy(), eager, steps)
    apart = float(np.abs(attack(points)["points"].numpy() - ends[-1]).max())
    remark = f"{starts} starts on the same net; end points differ by {apart:.1g} at most"
    return Comparison("attack on the sphere", "eager steps in Python", "steps/s", ours, theirs, remark)


def eager_attack(model: keras.Model, points: tf.Tensor, steps: int, step_size: float) -> np.ndarray:
    """The steps of `walk_on_sphere`, one by one from Python."""
    found = model(points, training=False)[:, 0] > 0
    for _ in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(points)
            logits = model(points, training=False)
        gradient = tape.gradient(logits, points)
        gradient = tf.math.l2_normalize(gradient - points * tf.reduce_sum(gradient * points, 1, keepdims=True), axis=1)
        points = tf.where(found[:, None], points, tf.math.l2_normalize(points + step_size * gradient, axis=1))
        found = model(points, training=False)[:, 0] > 0
        if tf.reduce_all(found):
            break
    return points.numpy()


def compare_photographs(width: int = 64, per_class: int = 100) -> Comparison:
    """Building photos12: ours, with checked files and a table of every crop, against the same crops by Pillow alone."""
    options = {"width": width, "crop": 128, "train_per_class": per_class, "test_per_class": 20, "seed": 0}
    built = photos12.build(**options)
    crops = list(built.manifest[["label", "left", "top", "crop"]].itertuples(index=False, name=None))
    files = [resources.files(photograph.package).joinpath(photograph.file) for photograph in PHOTOGRAPHS]

    def plain() -> np.ndarray:
        photographs = [Image.open(str(file)).convert("RGB") for file in files]
        bilinear = Image.Resampling.BILINEAR
        return np.stack(
            [
                np.asarray(photographs[label].crop((x, y, x + side, y + side)).resize((width, width), bilinear))
                for label, x, y, side in crops
            ]
        )

    same = np.array_equal(plain(), np.concatenate([built.train_images, built.test_images]))
    ours, theirs = alternate(lambda: photos12.build(**options), plain, len(crops))
    remark = f"{len(crops)} crops, width {width}; pixels {'are the same' if same else 'DIFFER'}"
    return Comparison("photographs", "Pillow alone", "images/s", ours, theirs, remark)


def compare_svm(pair: tuple[str, str], levels: int = 81, tolerance: float = 1e-3) -> Comparison:
    """The path of linear SVMs of the source, against LIBSVM with one precomputed Gram matrix, called level by level.

    MNIST, the first 3000 images of each class; scikit-learn's digits where MNIST is not at hand.
    """
    images, y, name = _pair_of_digits(pair)
    span = levels_of({"log10_lambda_max": 2, "log10_lambda_min": -6, "levels": levels})
    gaps: list[float] = []

    def plain() -> None:
        gram = images @ images.T
        gaps.clear()
        for penalty in 1 / (2 * len(y) * 10.0**span):
            solver = SVC(C=penalty, kernel="precomputed", tol=tolerance, cache_size=1000).fit(gram, y)
            gaps.append(_gap(solver, images, gram, y, penalty))

    solved = []
    ours, theirs = alternate(lambda: solved.append(solve_path(images, y, span, tolerance)), plain, levels, times=2)
    own = solved[-1].relative_gap
    remark = (
        f"{len(y)} images; largest duality gap {own.max():.1g} of the objective, peer's {max(gaps):.1g} "
        f"({sum(gap > tolerance for gap in gaps)} of {levels} levels above {tolerance:g})"
    )
    return Comparison(
        f"path of linear SVMs, {name}", "`sklearn.svm.SVC` at each level", "levels/s", ours, theirs, remark
    )


def _pair_of_digits(pair: tuple[str, str]) -> tuple[np.ndarray, np.ndarray, str]:
    named = f"{' against '.join(pair)}"
    with tempfile.TemporaryDirectory() as folder:
        if mnist_files.needs() is None:
            write_images(Path(folder), mnist.build(classes=[int(digit) for digit in pair], seed=0))
            return *read_pair(Path(folder), "train", pair, 3000), f"MNIST {named}"
        options: dict[str, Any] = {"width": 8, "resampling": "nearest", "test_fraction": 0.3, "seed": 0}
        write_images(Path(folder), digits.build(classes=[int(digit) for digit in pair], **options))
        return *read_pair(Path(folder), "train", pair, 120), f"digits {named}"


def _gap(solver: SVC, images: np.ndarray, gram: np.ndarray, y: np.ndarray, penalty: float) -> float:
    coefficients = np.zeros(len(y))
    coefficients[solver.support_] = solver.dual_coef_[0]
    margins = 1 - y * (gram @ coefficients + solver.intercept_[0])
    return relative_gap(margins, np.abs(coefficients), coefficients @ images, penalty)


def _told(rates: list[float]) -> str:
    middle, low, high = (f"{float(f'{rate:.3g}'):,g}" for rate in (statistics.median(rates), min(rates), max(rates)))
    return f"{middle} ({low} to {high})"
