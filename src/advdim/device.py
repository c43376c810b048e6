"""The device and the threads that a job computes with, set before the numerical libraries wake up."""

import fcntl
import os
import tempfile
from pathlib import Path
from typing import Any

from advdim.errors import AdvdimError

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_held: list[int] = []


def prepare_process(*, device: str, threads: int) -> None:
    """Set the environment of this process; call it before NumPy or TensorFlow is imported.

    Args:
        device: ``cpu`` hides every GPU; ``gpu`` takes a free one and holds it until the process ends.
        threads: threads of the numerical libraries.

    Raises:
        AdvdimError: no GPU is free.
    """
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["TF_DETERMINISTIC_OPS"] = "1"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    elif "SLURM_JOB_ID" not in os.environ:  # Slurm has set the device of the job itself
        os.environ["CUDA_VISIBLE_DEVICES"] = str(_take_gpu())


def configure_tensorflow(execution: dict[str, Any]) -> None:
    """Fix threads, determinism and memory growth; the first thing that a TensorFlow job does.

    Args:
        execution: ``device`` and ``threads`` of the recipe.

    Raises:
        AdvdimError: the recipe asks for a GPU and TensorFlow sees none.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if execution["device"] == "gpu" and not gpus:
        raise AdvdimError(
            "TensorFlow sees no GPU; expected one for a recipe with device gpu; install the extra `gpu`, or run with "
            "--resources gpu=0"
        )
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if tf.config.threading.get_intra_op_parallelism_threads() != execution["threads"]:
        tf.config.threading.set_intra_op_parallelism_threads(execution["threads"])
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.experimental.enable_op_determinism()


def _take_gpu() -> int:
    """Lock the first free GPU of this machine; the kernel frees it when the process ends."""
    count = len(list(Path("/proc/driver/nvidia/gpus").glob("*")))
    for number in range(count):
        path = Path(tempfile.gettempdir()) / f"advdim-gpu-{number}.lock"
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            continue
        _held.append(descriptor)
        return number
    raise AdvdimError(
        f"no free GPU among the {count} of this machine; expected one; lower --resources gpu=N to what is there"
    )
