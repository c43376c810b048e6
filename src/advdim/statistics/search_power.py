"""How often the search along a sphere finds errors that are known to exist (Gilmer et al. 2018, sec. 3, claim S08).

Where a search finds no error there may be none, or it may have missed them. On a quadratic net the errors are known:
one alpha above 1 makes two opposite caps of the inner sphere wrong, however small (appendix B).
"""

import numpy as np
import pandas as pd
import tensorflow as tf

from advdim.artefacts.tables import write_table
from advdim.attacks.manifold import draw_starts, walk_on_sphere
from advdim.datasets.stored import read_info
from advdim.device import configure_tensorflow
from advdim.job import Job
from advdim.models import quadratic
from advdim.seeds import named_seed
from advdim.statistics.ellipsoid import set_ellipsoid
from advdim.theory.quadratic import log_error_rate


def measure(job: Job) -> None:
    """Write what the search finds on each net.

    The table has one row a start: the wrong axis' `alpha`, `start`, whether an error was `found`, and the exact
    `log10_rate` of the net's errors on the inner sphere, the same in each row of an alpha.
    """
    configure_tensorflow(job.execution)
    settings, info = job.settings, read_info(job.inputs["dataset"])
    dimension, starts = info["dimension"], draw_starts(settings["starts"], info["dimension"], job.seed)
    model = quadratic.build(dimension, width=dimension, seed=job.seed)
    generator = np.random.Generator(np.random.Philox(list(named_seed(job.seed, "search power", "axes"))))
    axes = np.linalg.qr(generator.standard_normal((dimension, dimension)))[0]
    inner = tf.zeros(len(starts), tf.bool)

    @tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
    def found() -> tf.Tensor:
        return walk_on_sphere(
            model, tf.constant(starts), inner, steps=settings["steps"], step_size=settings["step_size"]
        ).found

    right = 0.5 * (1.0 + info["outer_radius"] ** -2)
    tables = []
    for alpha in settings["alphas"]:
        spectrum = np.r_[alpha, np.full(dimension - 1, right)]
        set_ellipsoid(model, spectrum, axes)
        rate = log_error_rate(spectrum) / np.log(10.0)
        table = {"alpha": alpha, "start": np.arange(len(starts)), "found": found().numpy(), "log10_rate": rate}
        tables.append(pd.DataFrame(table))
    write_table(pd.concat(tables, ignore_index=True), job.output / "table.parquet")
