"""Measures the parts that take the time against peers; one page a topic in results/."""

import argparse
import importlib
import os
import platform
import subprocess
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from advdim.device import configure_tensorflow, prepare_process

BUSY = 0.5
"""Load of the machine by others, in cores, above which the page says that the figures are disturbed."""
RESULTS = Path(__file__).parent / "results"
TOPICS = {
    "comparisons": "The parts of the main job",
    "spheres": "Adversarial spheres",
    "image_training": "Training of image nets",
    "attacks": "Attacks on image nets",
    "reading": "Reading images for training",
    "pictures": "Preparing photographs",
}
"""The module of each topic, with the title of its page, in their order.

Its `compare_all` measures, and `RATES` says what a rate is.
"""


def main() -> None:
    """Measure the topics that are asked for, print their pages and write them."""
    topics = asked_topics()
    prepare_process(device="cpu", threads=1)  # before NumPy and TensorFlow are imported, which read the environment
    configure_tensorflow({"device": "cpu", "threads": 1})
    RESULTS.mkdir(exist_ok=True)
    for topic in topics:
        start, before = time.perf_counter(), others_load()
        module = importlib.import_module(topic)
        rows = list(measure(module))
        if not rows:
            print(f"{topic}: no peer to compare with; {RESULTS.name}/{topic}.md stays as it is")
            continue
        seconds = time.perf_counter() - start
        text = page(TOPICS[topic], module.RATES, rows, (before, others_load()), seconds)
        (RESULTS / f"{topic}.md").write_text(text, encoding="utf-8")
        print(text)


def asked_topics() -> list[str]:
    """The topics that the command line names; all, if it names none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"{', '.join(TOPICS)}; all, if none is named")
    topics: list[str] = parser.parse_args().topics
    unknown = sorted(set(topics) - set(TOPICS))
    if unknown:
        parser.error(f"found the topic '{unknown[0]}'; expected some of {', '.join(TOPICS)}")
    return topics or list(TOPICS)


def measure(module: ModuleType) -> Iterator[str]:
    """Rows of a topic's table, each as soon as it was measured."""
    for comparison in module.compare_all():
        print(comparison.row, flush=True)
        yield comparison.row


def page(title: str, rates: str, rows: list[str], load: tuple[float, float], seconds: float) -> str:
    """The page of a topic.

    Args:
        title: its title.
        rates: what the rates are.
        rows: rows of the table.
        load: load of the machine by others, in cores, before and after.
        seconds: how long it took.
    """
    libraries = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras", "scikit-learn", "pillow"))
    quiet = "The machine was quiet" if max(load) <= BUSY else "**Others were at work on the machine: read with care**"
    head = [
        f"# {title}",
        "",
        f"Written by `make bench`. Rates are {rates}: the median of the rounds, lowest and highest in brackets. "
        "Ours and the peer run in turn; the ratio is the median, over the rounds, of ours over the peer's.",
        "",
        "| part | peer | unit | ours | peer's | ratio | remark |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    tail = [
        "",
        f"- Machine: {_processor()}, {os.cpu_count()} cores of {_core():.0f} GFLOP/s in products of large matrices.",
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


def _core(side: int = 2000, times: int = 5) -> float:
    """What one thread reaches in TensorFlow's products, GFLOP/s: by this, pages of other machines can be compared."""
    tensorflow = importlib.import_module("tensorflow")
    matrix = tensorflow.ones((side, side))
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        tensorflow.matmul(matrix, matrix).numpy()
        seconds.append(time.perf_counter() - start)
    return 2e-9 * side**3 / min(seconds)


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
