"""Training of image nets by every objective, against loops in PyTorch: as installed, and at its best.

PyTorch works in a process of its own. At its best, it has images channels last and compiled nets, and an allocator that
keeps its pages. All have one thread, and run in turn.
"""

import importlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from comparisons import Comparison
from torch_peer import package_version, torch_python, torch_worker
from worker import Worker

from advdim.datasets.stored import ImageInfo
from advdim.models import convolutional
from advdim.models.loss import cross_entropy
from advdim.training.sources import FiniteSet
from advdim.training.trainer import Trainer

RATES = "work for each second that passes, in one process with one thread"
"""What the rates are, for the page."""
CLASSES = 10
OBJECTIVES: dict[str, dict[str, Any]] = {
    "plain": {},
    "gradient_penalty": {"norm": "l1", "eps_pixel": 0.005},
    "adversarial": {"norm": "linf", "eps_pixel": 0.005, "through_attack": False},
    "pgd": {"norm": "linf", "eps_pixel": 0.005, "steps": 7, "relative_step": 0.25, "random_start": True},
    "cross_lipschitz": {"weight": 0.01},
}


@dataclass(frozen=True)
class Case:
    """What is trained: a net of 64 channels, an objective, a batch of images of some width, and steps in one go."""

    name: str
    objective: str
    width: int
    batch: int
    steps: int
    net: dict[str, Any]


STRIDED = {"layers": 6, "strides": [1, 2, 2, 2, 2, 2], "pools": [], "dilation": 1, "head": "flatten"}
DILATED = {"layers": 8, "strides": [1] * 8, "pools": [2, 4, 6], "head": "max"}
CASES = [
    *(Case(f"6 layers, {name}", name, 32, 128, 2, STRIDED) for name in OBJECTIVES),
    *(
        Case(f"8 layers, width {width}", "plain", width, 32, 1, DILATED | {"dilation": width // 32})
        for width in (64, 128)
    ),
]


def seconds_of(peer: Worker, case: Case) -> float:
    """Seconds that a peer takes for the steps of a case: the question is the case."""
    peer.ask(json.dumps(asdict(case)))
    return float(peer.answer())


def compare_all(cases: list[Case] = CASES, rounds: int = 3) -> Iterator[Comparison]:
    """Ours against both peers; nothing where there is no PyTorch."""
    python = torch_python()
    if python is None:
        return
    version = package_version(python)
    peers = {
        f"PyTorch {version}, {name}": torch_worker(python, "torch_images.py", tuned=tuned)
        for name, tuned in (("tuned", True), ("as installed", False))
    }
    try:
        for case in cases:
            yield from _compare(case, peers, rounds)
    finally:
        for peer in peers.values():
            peer.close()


def _compare(case: Case, peers: dict[str, Worker], rounds: int) -> list[Comparison]:
    ours = trainer(case)
    seconds: dict[str, list[float]] = {name: [] for name in ("ours", *peers)}
    for counted in range(-1, rounds):
        start = time.perf_counter()
        ours.advance(0, case.steps)
        taken = {"ours": time.perf_counter() - start} | {name: seconds_of(peer, case) for name, peer in peers.items()}
        for name, second in taken.items():
            seconds[name] += [second] if counted >= 0 else []
    rates = {name: [case.steps * case.batch / second for second in each] for name, each in seconds.items()}
    remark = f"64 channels, width {case.width}, batch {case.batch}"
    return [
        Comparison(f"training, {case.name}", name, "images/s", rates["ours"], rates[name], remark) for name in peers
    ]


def trainer(case: Case) -> Trainer:
    """Our trainer of a case, on random images."""
    info = ImageInfo((case.width, case.width, 3), tuple(map(str, range(CLASSES))), (0.5,) * 3, (0.25,) * 3)
    options = {"channels": 64, "layers": case.net["layers"], "strides": case.net["strides"], "head": case.net["head"]}
    options |= {"pool_after": case.net["pools"], "dilations": case.net["dilation"], "seed": 0}
    net = convolutional.build(info, **options)
    images = np.random.default_rng(0).integers(0, 256, (4 * case.batch, *info.shape), dtype=np.uint8)
    source = FiniteSet(images, np.arange(len(images)) % CLASSES, case.batch, seed=0)
    module = importlib.import_module(f"advdim.training.objectives.{case.objective}")
    objective = module.prepare(net, cross_entropy, **OBJECTIVES[case.objective])
    return Trainer(net, source, objective, 1e-3)
