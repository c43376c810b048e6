"""Where PyTorch is found, which is no dependency of the project, and how it works in a process of its own."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from worker import Worker

TORCH = "TORCH_PYTHON"
"""Environment variable that names an interpreter with PyTorch; without it, this one is asked."""
KEEP_PAGES = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**33), "MALLOC_TOP_PAD_": str(2**28)}
"""The C library's allocator keeps what is freed, so that large arrays are not paged in anew at every step.

It would map each large array by itself and ignores too large a threshold for that, so that no array at all is mapped.
"""


def torch_python(package: str = "torch") -> str | None:
    """An interpreter that has PyTorch, or a package on top of it; None after a sentence that says so."""
    named = os.environ.get(TORCH)
    if named is None:
        found = importlib.util.find_spec(package) is not None
    else:
        found = subprocess.run([named, "-c", f"import {package}"], capture_output=True, check=False).returncode == 0
    if not found:
        name = "PyTorch" if package == "torch" else package
        print(f"{name} is not installed, so nothing is compared with it; {TORCH} may name an interpreter that has it.")
        return None
    return named or sys.executable


def package_version(python: str, package: str = "torch") -> str:
    """The version of a package that an interpreter has."""
    told = subprocess.run(
        [python, "-c", f"from importlib.metadata import version; print(version('{package}'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip().split("+")[0]


def torch_worker(python: str, script: str, *arguments: str, tuned: bool) -> Worker:
    """A script of this folder in a process that has PyTorch, with one thread; tuned, with an allocator that is, too."""
    command = [python, str(Path(__file__).with_name(script)), *arguments, *(["tuned"] if tuned else [])]
    environment = os.environ | {"OMP_NUM_THREADS": "1"} | (KEEP_PAGES if tuned else {})
    environment.pop("PYTHONPATH", None)
    return Worker(command, environment)
