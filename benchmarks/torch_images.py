"""The peer of `image_training`: the same nets and objectives in PyTorch, in a process and an environment of its own.

Reads cases as lines of JSON, and answers each with the seconds that its steps took; first of all it says its version.
`tuned` takes images channels last and compiles nets, but for objectives that differentiate twice: PyTorch cannot.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy

TUNED = "tuned" in sys.argv
CLASSES = 10
EPS = 0.005
TWICE = ("gradient_penalty", "cross_lipschitz")


def build(layers: int, strides: list[int], pools: list[int], dilation: int, head: str) -> nn.Module:
    """Blocks of convolution, batch normalisation and ReLU of 64 channels, as `advdim.models.convolutional` has them."""
    parts: list[nn.Module] = []
    for layer in range(layers):
        convolution = nn.Conv2d(
            64 if layer else 3, 64, 3, strides[layer], padding=dilation, dilation=dilation, bias=False
        )
        nn.init.kaiming_normal_(convolution.weight)
        parts += [convolution, nn.BatchNorm2d(64, eps=1e-3), nn.ReLU()]
        parts += [nn.MaxPool2d(2)] if layer + 1 in pools else []
    parts += [nn.AdaptiveMaxPool2d(1)] if head == "max" else []
    net = nn.Sequential(*parts, nn.Flatten(), nn.Linear(64, CLASSES))
    return net.to(memory_format=torch.channels_last) if TUNED else net


def logits(net: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Logits of pixels on [0, 1]."""
    return net((images - 0.5) / 0.25)


def plain(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss alone."""
    return cross_entropy(logits(net, images), labels)


def gradient_penalty(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss and the l1 norm of its gradient."""
    images.requires_grad_()
    losses = cross_entropy(logits(net, images), labels, reduction="sum")
    (gradient,) = torch.autograd.grad(losses, images, create_graph=True)
    return (losses + EPS / 2 * gradient.abs().sum()) / len(images)


def adversarial(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Half of the clean loss and half of that after the sign step."""
    images.requires_grad_()
    loss = cross_entropy(logits(net, images), labels)
    (gradient,) = torch.autograd.grad(loss, images, retain_graph=True)
    images.requires_grad_(False)
    return (loss + cross_entropy(logits(net, images + EPS * gradient.sign()), labels)) / 2


def pgd(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss after seven projected sign steps on the net as it is used."""
    net.eval()
    attacked = (images + EPS * (2 * torch.rand_like(images) - 1)).clamp(0, 1)
    for _ in range(7):
        attacked.requires_grad_()
        (gradient,) = torch.autograd.grad(cross_entropy(logits(net, attacked), labels), attacked)
        with torch.no_grad():
            moved = attacked + 0.25 * EPS * gradient.sign()
            attacked = (images + (moved - images).clamp(-EPS, EPS)).clamp(0, 1)
    net.train()
    return cross_entropy(logits(net, attacked), labels)


def cross_lipschitz(net: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss and the penalty, by the sums over classes."""
    images.requires_grad_()
    each = logits(net, images)
    gradients = [torch.autograd.grad(each[:, k].sum(), images, create_graph=True)[0] for k in range(CLASSES)]
    pairs = CLASSES * sum(g.square().sum() for g in gradients) - sum(gradients).square().sum()
    return cross_entropy(each, labels) + 0.01 * 2 / CLASSES**2 * pairs / len(images)


OBJECTIVES: dict[str, Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "plain": plain,
    "gradient_penalty": gradient_penalty,
    "adversarial": adversarial,
    "pgd": pgd,
    "cross_lipschitz": cross_lipschitz,
}


def prepare(case: dict[str, Any]) -> Callable[[int], float]:
    """Build the net of a case; what is returned takes steps and gives their mean loss."""
    torch.manual_seed(0)
    net = build(**case["net"])
    optimiser = torch.optim.Adam(net.parameters(), 1e-3)
    objective = OBJECTIVES[case["objective"]]
    run = torch.compile(net) if TUNED and case["objective"] not in TWICE else net
    images = torch.randint(0, 256, (4 * case["batch"], 3, case["width"], case["width"]), dtype=torch.uint8)
    images = images.contiguous(memory_format=torch.channels_last) if TUNED else images
    labels = torch.arange(len(images)) % CLASSES

    def steps(count: int) -> float:
        total = 0.0
        for _ in range(count):
            rows = torch.randperm(len(images))[: case["batch"]]
            loss = objective(run, images[rows].float() / 255, labels[rows])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            total += loss.item()
        return total / count

    return steps


def main() -> None:
    """Answer cases until there are no more."""
    torch.set_num_threads(1)
    prepared: dict[str, Callable[[int], float]] = {}
    for line in sys.stdin:
        case = json.loads(line)
        steps = prepared.get(case["name"])
        if steps is None:
            prepared = {case["name"]: (steps := prepare(case))}
        start = time.perf_counter()
        steps(case["steps"])
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
