"""The parts of the spheres study in PyTorch, as a peer: run by an interpreter that has PyTorch.

As installed: eager, Adam with its defaults. Tuned: compiled, fused Adam, batch norm and quadratic form folded where
ours are. A line on the standard input names a part and the units of work; the answer is the processor time that they
took, in seconds.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

DIMENSION, OUTER_RADIUS, BATCH, WIDTH, STARTS, EVALUATED = 500, 1.3, 50, 1000, 100, 1000
TUNED = sys.argv[1] == "tuned"


class Quadratic(nn.Module):
    """The net w * sum((W1 x)^2) + b."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(DIMENSION, WIDTH, bias=False)
        self.logit = nn.Linear(1, 1)
        nn.init.normal_(self.hidden.weight, std=WIDTH**-0.5)

    def forward(self, points: Tensor) -> Tensor:
        """From (n, d) to (n, 1)."""
        return self.logit(self.hidden(points).square().sum(dim=1, keepdim=True))


def relu_net() -> nn.Sequential:
    """Two hidden layers with batch norm."""
    layers: list[nn.Module] = []
    for inputs in (DIMENSION, WIDTH):
        layers += [nn.Linear(inputs, WIDTH, bias=False), nn.BatchNorm1d(WIDTH), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(WIDTH, 1))


def folded(net: nn.Sequential) -> nn.Sequential:
    """The net at inference, its batch norms folded into the layers before."""
    net = net.eval()
    pairs = [(net[0], net[1]), (net[3], net[4])]
    first, second = (nn.utils.fusion.fuse_linear_bn_eval(linear, norm) for linear, norm in pairs)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), net[6]).eval()


def sphere(count: int) -> Tensor:
    """Uniform points of the unit sphere."""
    return nn.functional.normalize(torch.randn(count, DIMENSION))


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function where this worker is tuned."""
    return torch.compile(function) if TUNED else function


def training(net: nn.Module) -> Callable[[int], None]:
    """Adam on fresh points of both spheres in every step."""
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4, **({"fused": True} if TUNED else {}))
    labels = (torch.arange(BATCH) % 2).float()
    radii = torch.where(labels == 1, OUTER_RADIUS, 1.0)[:, None]
    loss_of = compiled(lambda points: nn.functional.binary_cross_entropy_with_logits(net(points)[:, 0], labels))

    def run(steps: int) -> None:
        for _ in range(steps):
            loss = loss_of(radii * sphere(BATCH))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return run


def evaluation() -> Callable[[int], None]:
    """Count the errors on fresh points."""
    net = folded(relu_net()) if TUNED else relu_net().eval()
    errors_among = compiled(lambda points: (net(points)[:, 0] > 0).sum())

    @torch.inference_mode()
    def run(points: int) -> None:
        errors = torch.zeros((), dtype=torch.int64)
        for _ in range(points // EVALUATED):
            errors += errors_among(sphere(EVALUATED))

    return run


def attack(step: Callable[[Tensor], tuple[Tensor, Tensor]]) -> Callable[[int], None]:
    """Walk along the sphere, up the logit, where no step finds an error."""

    def move(points: Tensor, gradient: Tensor) -> Tensor:
        along = gradient - points * (gradient * points).sum(dim=1, keepdim=True)
        return nn.functional.normalize(points + 0.001 * nn.functional.normalize(along))

    moved = compiled(move)

    def run(steps: int) -> None:
        points = sphere(STARTS)
        for _ in range(steps):
            logits, gradient = step(points)
            found = logits > 1e6
            points = torch.where(found[:, None], points, moved(points, gradient))
            if bool(found.all()):
                break

    return run


def by_autograd(net: nn.Module) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Logits and their gradients by back-propagation."""
    for parameter in net.parameters():
        parameter.requires_grad_(False)
    logits_of = compiled(lambda points: net(points)[:, 0])

    def step(points: Tensor) -> tuple[Tensor, Tensor]:
        points = points.detach().requires_grad_()
        logits = logits_of(points)
        (gradient,) = torch.autograd.grad(logits.sum(), points)
        return logits.detach(), gradient

    return step


def by_form() -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Logits of the quadratic net and their gradients by one product with W1' W1."""
    weights = Quadratic().hidden.weight.detach()
    form = weights.T @ weights

    def step(points: Tensor) -> tuple[Tensor, Tensor]:
        half = points @ form
        return (half * points).sum(dim=1) - 1.0, 2.0 * half

    return compiled(step)


PARTS: dict[str, Callable[[], Callable[[int], None]]] = {
    "training ReLU": lambda: training(relu_net()),
    "training quadratic": lambda: training(Quadratic()),
    "evaluation ReLU": evaluation,
    "attack ReLU": lambda: attack(by_autograd(folded(relu_net()) if TUNED else relu_net().eval())),
    "attack quadratic": lambda: attack(by_form() if TUNED else by_autograd(Quadratic())),
}


def main() -> None:
    """Answer until the input ends."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print("ready", flush=True)
    made: dict[str, Callable[[int], None]] = {}
    for line in sys.stdin:
        part, units = line.rsplit(maxsplit=1)
        if part not in made:
            made[part] = PARTS[part]()
        start = time.process_time()
        made[part](int(units))
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    main()
