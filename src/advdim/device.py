"""The device and the threads that a job computes with, set before the numerical libraries wake up."""

import ctypes
import fcntl
import os
import tempfile
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from advdim.errors import AdvdimError

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""Options of glibc's `mallopt`, by their numbers in malloc.h."""
KEPT = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 2**28}
"""No array is mapped by itself, and what is freed goes back to the system from 2 GiB on only."""

_held: list[int] = []


def prepare_process(*, device: str, threads: int, replicas: int = 1) -> None:
    """Set the environment of this process; call it before TensorFlow is imported.

    Args:
        device: ``cpu`` hides every GPU; ``gpu`` takes free ones and holds them until the process ends.
        threads: threads of the numerical libraries.
        replicas: number of GPUs to take.

    Raises:
        AdvdimError: no GPU is free.
    """
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    threadpool_limits(threads)  # for NumPy's BLAS where NumPy was imported before
    _keep_freed_memory()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["TF_DETERMINISTIC_OPS"] = "1"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # by itself TensorFlow has these kernels on some kinds of CPU only
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    elif "SLURM_JOB_ID" not in os.environ:  # Slurm has set the device of the job itself
        names = _gpus()
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(_take_gpu(names) for _ in range(replicas))


def _keep_freed_memory() -> None:
    """Have the allocator keep what is freed, so that large arrays are not paged in anew at every step.

    Training of image nets, with arrays of 30 MB, gains a quarter. Where the C library is not glibc, nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        for option, value in KEPT.items():
            mallopt(option, value)


def configure_tensorflow(execution: dict[str, Any]) -> None:
    """Fix threads, determinism and memory growth; the first thing that a TensorFlow job does.

    Args:
        execution: ``device`` and ``threads`` of the recipe, and ``replicas`` where several devices share a batch.

    Raises:
        AdvdimError: the recipe asks for more GPUs than TensorFlow sees.
    """
    import tensorflow as tf

    gpus, replicas = tf.config.list_physical_devices("GPU"), execution.get("replicas", 1)
    if execution["device"] == "gpu" and len(gpus) < replicas:
        raise AdvdimError(
            f"TensorFlow sees {len(gpus)} GPUs; expected {replicas} for a recipe with device gpu; install the extra "
            "`gpu`, or run with --resources gpu=0"
        )
    if execution["device"] == "cpu" and replicas > 1:
        parts = [tf.config.LogicalDeviceConfiguration()] * replicas
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    if tf.config.threading.get_intra_op_parallelism_threads() != execution["threads"]:
        tf.config.threading.set_intra_op_parallelism_threads(execution["threads"])
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.experimental.enable_op_determinism()


def strategy_of(execution: dict[str, Any]) -> Any:
    """The strategy, a ``tf.distribute.Strategy``, by which the devices of a recipe share a batch."""
    import tensorflow as tf

    if execution.get("replicas", 1) == 1:
        return tf.distribute.get_strategy()
    return tf.distribute.MirroredStrategy([f"{execution['device']}:{n}" for n in range(execution["replicas"])])


def _take_gpu(names: list[str]) -> str:
    """Lock the first free one of some GPUs; the kernel frees it when the process ends."""
    for name in names:
        descriptor = _open_lock(Path(tempfile.gettempdir()) / f"advdim-gpu-{name}.lock")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            continue
        _held.append(descriptor)
        return name
    raise AdvdimError(
        f"no free GPU among {len(names)} that may be used; expected one; lower --resources gpu=N to what is there"
    )


def _gpus() -> list[str]:
    """The GPUs that this process may use: those that its user named, or else all of the machine."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return [name.strip() for name in named.split(",") if name.strip() not in ("", "-1")]
    return [str(number) for number, _ in enumerate(Path("/proc/driver/nvidia/gpus").glob("*"))]


def _open_lock(path: Path) -> int:
    """Open a file to lock it; another user's can be read, which is enough."""
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
