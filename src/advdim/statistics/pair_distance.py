"""Distances of random pairs of points of the inner sphere (Gilmer et al. 2018, sec. 3, claim S03)."""

import numpy as np
import pandas as pd

from advdim.artefacts.tables import write_table
from advdim.datasets.spheres import sample_sphere
from advdim.datasets.stored import read_info
from advdim.device import configure_tensorflow
from advdim.job import Job
from advdim.seeds import named_seed


def measure(job: Job) -> None:
    """Write the distances of random pairs, one row a pair, in units of the inner radius."""
    configure_tensorflow(job.execution)  # spheres are drawn by TensorFlow
    dimension, pairs = read_info(job.inputs["dataset"])["dimension"], job.settings["pairs"]
    first = sample_sphere(pairs, dimension, named_seed(job.seed, "pairs", "first"))
    second = sample_sphere(pairs, dimension, named_seed(job.seed, "pairs", "second"))
    distance = np.linalg.norm(first.astype(np.float64) - second, axis=1)
    write_table(pd.DataFrame({"pair": np.arange(pairs), "distance": distance}), job.output / "table.parquet")
