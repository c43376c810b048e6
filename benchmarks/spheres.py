"""The spheres study against PyTorch, as installed and tuned: one process a core, one thread each, in alternation.

Rates are work for each second of processor time, summed over the processes. On a quiet machine that is work a second;
on a busy one it is what the machine would do, but for caches and memory that are shared.
"""

import os
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from comparisons import Comparison
from torch_peer import KEEP_PAGES, package_version, torch_python
from worker import Worker

HERE = Path(__file__).parent
RATES = "work for each second of processor time, summed over one process with one thread for each core, all at once"
"""What the rates are, for the page."""
ROUNDS = 5
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Part:
    """A part of the study.

    Attributes:
        name: how the workers know it.
        unit: of its rates.
        work: units in one measurement.
        flops: floating-point operations of the matrix products of a unit.
        remark: what is done.
    """

    name: str
    unit: str
    work: int
    flops: float
    remark: str


PARTS = (
    Part("training ReLU", "steps/s", 60, 4.0e8, "h1000-d2, d = 500, batch 50, fresh points, Adam"),
    Part("training quadratic", "steps/s", 200, 1.0e8, "h1000, d = 500, batch 50, fresh points, Adam"),
    Part(
        "evaluation ReLU",
        "points/s",
        10_000,
        3.002e6,
        "h1000-d2 at inference on fresh points; batch norm folded, the peer's if tuned",
    ),
    Part(
        "attack ReLU",
        "steps/s",
        50,
        6.0e8,
        "h1000-d2, 100 starts on the sphere; batch norm folded, the peer's if tuned",
    ),
    Part("attack quadratic", "steps/s", 400, 5.0e7, "h1000, 100 starts; ours and the tuned peer's folded to W1'W1"),
)
PRODUCT, PRODUCTS, PRODUCT_FLOPS = "product", 20, 2.0e9


class Contender:
    """Processes that do the same part at the same time, one a core.

    Args:
        command: of a worker.
        environment: what is set besides the threads.
    """

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._workers = [Worker(command, os.environ | THREADS | environment) for _ in range(os.cpu_count() or 1)]
        for worker in self._workers:
            worker.answer()

    def rate(self, part: str, work: int) -> float:
        """Do a part once and return units for each second of processor time, summed over the processes."""
        for worker in self._workers:
            worker.ask(f"{part} {work}")
        return sum(work / float(worker.answer()) for worker in self._workers)

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.close()


def compare_all() -> Iterator[Comparison]:
    """Measure every part of ours and of both peers; nothing where there is no PyTorch."""
    python = torch_python()
    if python is None:
        return
    version = package_version(python)
    with _contenders(python) as contenders:
        for part in PARTS:
            yield from _compare(part, contenders, version)


@contextmanager
def _contenders(python: str) -> Iterator[dict[str, Contender]]:
    torch_worker = [python, str(HERE / "worker_torch.py")]
    commands: dict[str, tuple[list[str], dict[str, str]]] = {
        "ours": ([sys.executable, str(HERE / "worker_ours.py")], {}),
        "as installed": ([*torch_worker, "as-installed"], {}),
        "tuned": ([*torch_worker, "tuned"], KEEP_PAGES),
    }
    with ExitStack() as stack:
        contenders = {}
        for name, (command, environment) in commands.items():
            contenders[name] = Contender(command, environment)
            stack.callback(contenders[name].close)
        yield contenders


def _compare(part: Part, contenders: dict[str, Contender], version: str) -> Iterator[Comparison]:
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    products = []
    for contender in contenders.values():
        contender.rate(part.name, part.work)  # pays for compilation
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            rates[name].append(contender.rate(part.name, part.work))
        products.append(contenders["ours"].rate(PRODUCT, PRODUCTS) * PRODUCT_FLOPS)
    limit = statistics.median(products) / part.flops
    reached = statistics.median(rates["ours"]) / limit
    remark = f"{part.remark}; {100 * reached:.0f} % of the {limit:,.0f} that large products would allow"
    for peer in ("tuned", "as installed"):
        yield Comparison(part.name, f"PyTorch {version}, {peer}", part.unit, rates["ours"], rates[peer], remark)
        remark = "as above"
