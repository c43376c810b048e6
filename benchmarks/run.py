"""Measures the parts that take the time against peers, with one thread of computation, and writes results.md."""

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

from advdim.device import configure_tensorflow, prepare_process

BUSY = 0.5
"""Load of the machine by others, in cores, above which the page says that the figures are disturbed."""
RESULTS = Path(__file__).parent / "results.md"


def main() -> None:
    """Measure everything, print the page and write it."""
    start = time.perf_counter()
    before = others_load()
    prepare_process(device="cpu", threads=1)
    import attacks  # NumPy and TensorFlow read the environment when they are imported
    import comparisons
    import image_training
    import pictures
    import reading
    import spheres

    configure_tensorflow({"device": "cpu", "threads": 1})
    measured = [
        comparisons.compare_training(),
        comparisons.compare_attack(),
        comparisons.compare_photographs(),
        *(comparisons.compare_svm(pair) for pair in comparisons.SVM_PAIRS),
    ]
    measured += image_training.compare_image_training()
    measured += attacks.compare_attacks()
    measured += spheres.compare()
    measured += [reading.compare_reading(width) for width in reading.WIDTHS]
    for files in (pictures.small_photographs(), pictures.large_photographs()):
        measured += pictures.compare(files)
    rows = [comparison.row for comparison in measured]
    text = page(rows, comparisons.ALTERNATIONS, (before, others_load()), time.perf_counter() - start)
    RESULTS.write_text(text, encoding="utf-8")
    print(text)


def page(rows: list[str], alternations: int, load: tuple[float, float], seconds: float) -> str:
    """The page of results.

    Args:
        rows: rows of the table.
        alternations: how often each pair ran.
        load: load of the machine by others, in cores, before and after.
        seconds: how long it took.
    """
    libraries = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "scikit-learn", "pillow"))
    quiet = "The machine was quiet" if max(load) <= BUSY else "**Others were at work on the machine: read with care**"
    head = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Rates, higher is better: the median of the rounds "
        f"({alternations}, for the SVMs 2, for reading 3), lowest and highest in brackets. Ours and the peer run in "
        "turn; the ratio is ours over the peer's of the same round, in the median of the rounds.",
        "",
        "| part | peer | unit | ours | peer's | ratio | remark |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    tail = [
        "",
        f"- Machine: {_processor()}, {os.cpu_count()} cores, one thread of computation each.",
        "- Against PyTorch: work for each second of processor time, summed over one process a core, all at once.",
        f"- Versions: Python {platform.python_version()}, {libraries}.",
        f"- Commit: {_commit()}.",
        f"- {quiet}: others kept {load[0]:.1f} cores busy before the run and {load[1]:.1f} after it.",
        f"- It took {seconds:.0f} s.",
    ]
    return "\n".join([*head, *rows, *tail]) + "\n"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    command = ["git", "-C", str(RESULTS.parent), "log", "-1", "--format=%h of %cs"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "none"


def others_load(seconds: float = 3.0) -> float:
    """Cores that others keep busy, while this process sleeps."""
    before, start = _busy_seconds(), time.perf_counter()
    time.sleep(seconds)
    return (_busy_seconds() - before) / (time.perf_counter() - start)


def _busy_seconds() -> float:
    """Busy seconds of all cores since the machine started; 0 where the system does not say."""
    path = Path("/proc/stat")
    if not path.is_file():
        return 0.0
    ticks = [int(part) for part in path.read_text(encoding="utf-8").splitlines()[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
