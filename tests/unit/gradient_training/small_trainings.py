"""Small trainings of every kind, as jobs in folders."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from advdim.config.training import Gradient
from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import write_images, write_info
from advdim.job import Job
from advdim.training import gradient

STEPS = 250
EXECUTION = {"device": "cpu", "threads": 1}
KINDS: dict[str, dict[str, Any]] = {
    "online relu": {
        "dataset": {"points": None},
        "model": {"kind": "relu", "width": 8, "depth": 2, "batch_norm": True},
    },
    "finite quadratic": {"dataset": {"points": 70}, "model": {"kind": "quadratic", "width": 8}},
    "images convolutional": {
        "dataset": None,
        "model": {"kind": "convolutional", "channels": 3, "layers": 2, "pool_after": [1]},
        "training": {
            "augmentation": {"flip": True, "shift": 2},
            "schedule": {"kind": "cosine"},
            "validation_share": 0.25,
            "objective": {"kind": "gradient_penalty", "norm": "l2", "eps_pixel": 0.01},
        },
    },
    "images dense": {
        "dataset": None,
        "model": {"kind": "dense", "width": 6, "depth": 2, "batch_norm": True},
        "training": {"xla": True, "objective": {"kind": "pgd", "eps_pixel": 0.02, "steps": 4}},
    },
}


def write_dataset(kind: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    if KINDS[kind]["dataset"] is None:
        generator = np.random.default_rng(0)
        images = generator.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
        labels = np.arange(40) % 2
        write_images(folder, ImageSplits(images, labels, images, labels, pd.DataFrame({"label": labels}), ("a", "b")))
    else:
        write_info(folder, {"kind": "spheres", "dimension": 6, "outer_radius": 1.3, "seed": 0} | KINDS[kind]["dataset"])


def job_of(kind: str, folder: Path, *, seed: int = 0, checkpoint_seconds: float = 60) -> Job:
    """A training job in a folder; one that is there already is resumed."""
    for name in ("output", "checkpoint"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if not (folder / "dataset").is_dir():
        write_dataset(kind, folder / "dataset")
    options = {"kind": "gradient", "learning_rate": 0.01, "batch": 20, "steps": STEPS, "snapshots": [0, 100]}
    training = Gradient.model_validate(options | KINDS[kind].get("training", {})).model_dump(mode="json")
    settings = {"model": KINDS[kind]["model"], "training": training}
    inputs = {"dataset": folder / "dataset"}
    checkpoint = folder / "checkpoint"
    return Job(kind, settings, seed, EXECUTION, inputs, folder / "output", checkpoint, checkpoint_seconds)


def trained(kind: str, folder: Path, seed: int = 0) -> dict[str, bytes]:
    job = job_of(kind, folder, seed=seed)
    gradient.train(job)
    return files_of(job)


def files_of(job: Job) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in job.output.iterdir()}
