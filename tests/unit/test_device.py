"""What a job sets before the numerical libraries wake up."""

import subprocess
import sys

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
