"""No training: the weights are given by a file of this machine, and become the one snapshot of the net."""

import keras

from advdim.device import configure_tensorflow
from advdim.job import Job
from advdim.models.application import load_published
from advdim.models.network import build, save_architecture, save_weights


def train(job: Job) -> None:
    """Keep the given weights as those after step 0."""
    configure_tensorflow(job.execution)
    settings = job.settings["model"]
    keras.utils.clear_session()  # layers without a name are numbered: from 0, whatever was built before
    model = build(settings, job.inputs["dataset"], job.seed)
    load_published(model, settings["weights"])
    save_weights(model, job.output, 0)
    save_architecture(model, job.output)
