"""The images of another set at a smaller width, each made from the larger crop as in the source."""

from functools import partial

from advdim.datasets.imagenet.resizing import downsize
from advdim.datasets.large import write_resized_images
from advdim.job import Job


def write(job: Job) -> None:
    """Resize every image of the job's source."""
    width = job.settings["width"]
    resize = partial(downsize, width=width, kernel=job.settings["kernel"])
    write_resized_images(job.output, job.inputs["source"], resize, width)
