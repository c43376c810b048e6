"""What a job sets before the numerical libraries wake up."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

FAULTS = """
import resource
{prepare}
import numpy as np

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(2**23)  # 64 MiB, beyond what the allocator keeps by itself
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(faults())
"""
PREPARE = "from advdim.device import prepare_process; prepare_process(device='cpu', threads=1)"


def faults_of_a_second_array(prepare: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", FAULTS.format(prepare=prepare)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator is that of Linux' C library")
def test_memory_of_a_large_array_is_kept_for_the_next() -> None:
    assert faults_of_a_second_array(PREPARE) < 0.01 * faults_of_a_second_array("")


def ended(code: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name != "SLURM_JOB_ID"} | variables
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


TAKE_GPU = "import os; from advdim.device import prepare_process as p; p(device='gpu', threads=1)"


def test_a_free_gpu_is_taken_among_those_that_the_user_named(tmp_path: Path) -> None:
    told = f"{TAKE_GPU}; print(os.environ['CUDA_VISIBLE_DEVICES'])"
    named = {"CUDA_VISIBLE_DEVICES": "5, 7", "TMPDIR": str(tmp_path)}
    assert ended(told, **named).stdout == "5\n"
    lock = tmp_path / "advdim-gpu-5.lock"
    lock.chmod(0o444)  # that of another user
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert ended(told, **named).stdout == "7\n"
        assert "no free GPU among 1" in ended(told, **named | {"CUDA_VISIBLE_DEVICES": "5"}).stderr


def test_numpy_has_as_many_threads_as_the_configuration_says_also_if_it_was_imported_before() -> None:
    code = (
        f"import numpy; {PREPARE}; import threadpoolctl as t; print({{i['num_threads'] for i in t.threadpool_info()}})"
    )
    free = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "")
    assert ended(code, **free).stdout == "{1}\n"
