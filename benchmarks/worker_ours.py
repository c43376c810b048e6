"""The parts of the spheres study as the workflow runs them; answers as `worker_torch.py` does."""

import sys
import time
from collections.abc import Callable

from advdim.device import configure_tensorflow, prepare_process

prepare_process(device="cpu", threads=1)  # before NumPy and TensorFlow read the environment

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from advdim.attacks.manifold import walk_on_sphere  # noqa: E402
from advdim.datasets.spheres import sample_sphere  # noqa: E402
from advdim.models import quadratic, relu  # noqa: E402
from advdim.models.loss import cross_entropy  # noqa: E402
from advdim.statistics.sampled_errors import error_counter  # noqa: E402
from advdim.training.objectives import plain  # noqa: E402
from advdim.training.sources import OnlineSpheres  # noqa: E402
from advdim.training.trainer import Trainer  # noqa: E402

DIMENSION, OUTER_RADIUS, BATCH, WIDTH, STARTS = 500, 1.3, 50, 1000, 100
NEVER = -1e6
"""A bias with which no point is ever in error, so that an attack takes every step."""
PRODUCT = 1000
"""Side of the matrices whose product tells how fast the core can be."""


def relu_net() -> keras.Model:
    """Two hidden layers of 1000 units with batch norm."""
    return relu.build(DIMENSION, width=WIDTH, depth=2, batch_norm=True, seed=0)


def quadratic_net() -> keras.Model:
    """1000 hidden units."""
    return quadratic.build(DIMENSION, width=WIDTH, seed=0)


def training(model: keras.Model) -> Callable[[int], None]:
    """The trainer's own loop, on fresh points in every step."""
    points = OnlineSpheres(DIMENSION, OUTER_RADIUS, BATCH, seed=0)
    trainer = Trainer(model, points, plain.prepare(model, cross_entropy), learning_rate=1e-4)

    def run(steps: int) -> None:
        trainer.advance(0, steps)

    return run


def evaluation() -> Callable[[int], None]:
    """Count the errors on fresh points."""
    counts: dict[int, Callable[[], tf.Tensor]] = {}
    model = relu_net()

    def run(points: int) -> None:
        if points not in counts:
            counter = error_counter(model, dimension=DIMENSION, radius=1.0, outer=False, points=points, seed=(0, 0))
            counts[points] = tf.function(counter)
        counts[points]().numpy()

    return run


def attack(model: keras.Model) -> Callable[[int], None]:
    """Walk along the sphere from 100 starts, the whole loop in one compiled graph."""
    model.get_layer("logit").bias.assign([NEVER])
    starts, inner = tf.constant(sample_sphere(STARTS, DIMENSION, (0, 1))), tf.zeros(STARTS, tf.bool)

    @tf.function(jit_compile=True)
    def walk(steps: tf.Tensor) -> tf.Tensor:
        return walk_on_sphere(model, starts, inner, steps=steps, step_size=0.001).points

    return lambda steps: walk(tf.constant(steps)).numpy()


def product() -> Callable[[int], None]:
    """Products of large matrices: 2e9 floating-point operations each."""
    matrix = tf.constant(np.random.default_rng(0).standard_normal((PRODUCT, PRODUCT)), tf.float32)

    def run(times: int) -> None:
        for _ in range(times):
            tf.matmul(matrix, matrix).numpy()

    return run


PARTS: dict[str, Callable[[], Callable[[int], None]]] = {
    "training ReLU": lambda: training(relu_net()),
    "training quadratic": lambda: training(quadratic_net()),
    "evaluation ReLU": evaluation,
    "attack ReLU": lambda: attack(relu_net()),
    "attack quadratic": lambda: attack(quadratic_net()),
    "product": product,
}


def main() -> None:
    """Answer until the input ends."""
    configure_tensorflow({"device": "cpu", "threads": 1})
    print("ready", flush=True)
    made: dict[str, Callable[[int], None]] = {}
    for line in sys.stdin:
        part, units = line.rsplit(maxsplit=1)
        if part not in made:
            made[part] = PARTS[part]()
        start = time.process_time()
        made[part](int(units))
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    main()
