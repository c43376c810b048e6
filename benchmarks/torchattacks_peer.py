"""torchattacks as a peer: it gets a net's weights and images in files, and a process with PyTorch runs its attacks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from torch_peer import package_version, torch_python, torch_worker
from worker import Worker

from advdim.models.batch_norm import EPSILON

Attack = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Torchattacks:
    """The attacks of torchattacks on one net and set of images, as installed and tuned.

    Args:
        net: a strided net of `advdim.models.convolutional`, of an even width.
        images: pixels on [0, 1], shape (n, height, width, channels).
        classes: the classes to lead away from, shape (n,).
        folder: where files are exchanged.
    """

    def __init__(self, net: keras.Model, images: tf.Tensor, classes: tf.Tensor, folder: Path) -> None:
        self._workers: dict[str, tuple[Worker, Path]] = {}
        python = torch_python("torchattacks")
        if python is None:
            return
        weights, logits = weights_of(net), net(images, training=False)
        version = package_version(python, "torchattacks")
        for name, tuned in (("as installed", False), ("tuned", True)):
            own = folder / name.replace(" ", "-")
            own.mkdir()
            np.savez(own / "net.npz", **weights)
            np.savez(own / "images.npz", images=images.numpy(), classes=classes.numpy(), logits=logits.numpy())
            worker = torch_worker(python, "torch_attacks.py", str(own), tuned=tuned)
            self._workers[f"torchattacks {version}, {name}"] = worker, own
        for worker, _ in self._workers.values():
            worker.answer()

    def attacks(self, attack: str, **options: Any) -> dict[str, Attack]:
        """One of its attacks, by the names of the peers: it takes the first of the images that it was given."""
        return {
            name: _asker(worker, folder, {"attack": attack, "options": options})
            for name, (worker, folder) in self._workers.items()
        }

    def close(self) -> None:
        """End the processes."""
        for worker, _ in self._workers.values():
            worker.close()


def _asker(worker: Worker, folder: Path, question: dict[str, Any]) -> Attack:
    def ask(images: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        worker.ask(json.dumps({**question, "images": len(images)}))
        worker.answer()
        return tf.constant(np.load(folder / "reached.npy"))

    return ask


def weights_of(net: keras.Model) -> dict[str, Any]:
    """The weights of a strided net by name, convolutions as PyTorch has them: (filters, channels, 3, 3)."""
    normalise, logits = net.get_layer("normalise"), net.get_layer("logits")
    weights: dict[str, Any] = {"epsilon": EPSILON, "scale": normalise.scale, "offset": normalise.offset}
    weights |= {"logits/kernel": logits.kernel, "logits/bias": logits.bias}
    for layer in net.layers:
        if layer.name.startswith("block_"):
            statistics = layer.statistics
            weights |= {
                f"{layer.name}/stride": layer.get_config()["stride"],
                f"{layer.name}/kernel": np.transpose(layer.kernel, [3, 2, 0, 1]),
                f"{layer.name}/gamma": statistics.gamma,
                f"{layer.name}/beta": statistics.beta,
                f"{layer.name}/mean": statistics.mean,
                f"{layer.name}/variance": statistics.variance,
            }
    return {name: np.ascontiguousarray(value, np.float32) for name, value in weights.items()}
