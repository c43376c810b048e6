"""Stage `datasets`: builds a dataset of any kind into a folder."""

import importlib

from advdim.datasets.images import ImageSplits
from advdim.datasets.stored import write_images, write_info
from advdim.job import Job


def make(job: Job) -> None:
    """Build the dataset that the job's settings describe."""
    if job.settings["kind"] in ("spheres", "toy_classes"):
        # Such a set is a function of its settings and its seed: nothing else is stored.
        write_info(job.output, job.settings | {"seed": job.seed})
    elif job.settings["kind"] in ("imagenet12", "resized"):
        # Too large for memory: the module writes its files itself.
        importlib.import_module(f"advdim.datasets.{job.settings['kind']}").write(job)
    else:
        write_images(job.output, build_images(job.settings, job.seed))


def build_images(settings: dict[str, object], seed: int) -> ImageSplits:
    """Build an image dataset by the module that bears the name of its kind."""
    options = {key: value for key, value in settings.items() if key != "kind"}
    built = importlib.import_module(f"advdim.datasets.{settings['kind']}").build(**options, seed=seed)
    if not isinstance(built, ImageSplits):
        raise TypeError(f"advdim.datasets.{settings['kind']}.build must return ImageSplits")
    return built
