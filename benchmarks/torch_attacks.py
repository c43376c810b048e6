"""The peer of `attacks`: torchattacks on the same net in PyTorch, in a process and an environment of its own.

Its argument is a folder with `net.npz`, the weights of a net as `torchattacks_peer` writes them, and `images.npz`.
Reads attacks as lines of JSON, leaves the images that each reaches in `reached.npy` there, and answers with a line.
`tuned` compiles the net, folds its batch normalisations into the convolutions, and has these work channels last.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch._functorch.config
import torchattacks
from numpy.typing import NDArray
from torch import Tensor, nn

TUNED = "tuned" in sys.argv


class Pixels(nn.Module):
    """The normalisation of pixels on [0, 1]."""

    def __init__(self, scale: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.register_buffer("scale", scale.reshape(-1, 1, 1))
        self.register_buffer("offset", offset.reshape(-1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """From (n, channels, height, width) to the same shape."""
        return images * self.scale + self.offset


class ChannelsLast(torch.autograd.Function):
    """Images channels last in memory, and their gradients not: torchattacks flattens these, and cannot otherwise."""

    @staticmethod
    def forward(_: Any, images: Tensor) -> Tensor:
        """Shape (n, channels, height, width) stays."""
        return images.contiguous(memory_format=torch.channels_last)

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        """The gradient in the order of its shape."""
        return gradient.contiguous()


class Tuned(nn.Module):
    """A net at inference, channels last and compiled."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        # A compiled net would differentiate by its weights as well.
        self.net = torch.compile(net.requires_grad_(False).to(memory_format=torch.channels_last))

    def forward(self, images: Tensor) -> Tensor:
        """From (n, channels, height, width) to (n, classes)."""
        return self.net(ChannelsLast.apply(images))


def block(weights: Mapping[str, Tensor], name: str, epsilon: float) -> list[nn.Module]:
    """A convolution with batch normalisation and ReLU; padded as TensorFlow pads, which PyTorch has no option for."""
    filters, channels, *_ = weights[f"{name}/kernel"].shape
    stride = int(weights[f"{name}/stride"])
    padding = nn.ZeroPad2d((0, 1, 0, 1)) if stride == 2 else nn.ZeroPad2d(1)
    convolution, norm = nn.Conv2d(channels, filters, 3, stride, bias=False), nn.BatchNorm2d(filters, eps=epsilon)
    convolution.weight.data = weights[f"{name}/kernel"]
    norm.weight.data, norm.bias.data = weights[f"{name}/gamma"], weights[f"{name}/beta"]
    norm.running_mean, norm.running_var = weights[f"{name}/mean"], weights[f"{name}/variance"]
    if TUNED:
        return [padding, nn.utils.fusion.fuse_conv_bn_eval(convolution.eval(), norm.eval()), nn.ReLU()]
    return [padding, convolution, norm, nn.ReLU()]


def build(arrays: Mapping[str, NDArray[Any]]) -> nn.Module:
    """The net of these weights, at inference: the pixels' normalisation, blocks in their order, the logits."""
    weights = {name: torch.from_numpy(array) for name, array in arrays.items()}
    names = dict.fromkeys(name.split("/")[0] for name in weights if name.endswith("/stride"))
    blocks = [part for name in names for part in block(weights, name, float(weights["epsilon"]))]
    inputs, classes = weights["logits/kernel"].shape
    logits = nn.Linear(inputs, classes)
    logits.weight.data, logits.bias.data = weights["logits/kernel"].T.contiguous(), weights["logits/bias"]
    net = nn.Sequential(Pixels(weights["scale"], weights["offset"]), *blocks, nn.Flatten(), logits).eval()
    return Tuned(net) if TUNED else net


def prepare(folder: Path) -> Callable[[dict[str, Any]], None]:
    """Read net and images; what is returned runs an attack on the first of them."""
    with np.load(folder / "net.npz") as arrays:
        net = build(arrays)
    with np.load(folder / "images.npz") as arrays:
        images, classes = torch.from_numpy(arrays["images"]).permute(0, 3, 1, 2), torch.from_numpy(arrays["classes"])
        expected = torch.from_numpy(arrays["logits"])
    images = images.contiguous()
    with torch.no_grad():
        torch.testing.assert_close(net(images), expected, rtol=1e-3, atol=1e-3)

    def run(question: dict[str, Any]) -> None:
        attack = getattr(torchattacks, question["attack"])(net, **question["options"])
        reached = attack(images[: question["images"]], classes[: question["images"]])
        np.save(folder / "reached.npy", reached.permute(0, 2, 3, 1).contiguous().numpy())

    return run


def main() -> None:
    """Answer until the input ends."""
    torch.set_num_threads(1)
    torch._functorch.config.donated_buffer = False  # DeepFool goes back through one pass once for each class
    run = prepare(Path(sys.argv[1]))
    print("ready", flush=True)
    for line in sys.stdin:
        run(json.loads(line))
        print("done", flush=True)


if __name__ == "__main__":
    main()
