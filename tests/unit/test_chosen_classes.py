"""Classes that a configuration chooses are different ones, whichever the set."""

import re
from pathlib import Path

import pytest

from advdim.config.loading import load_config
from advdim.errors import AdvdimError

CONFIG = """
scale: test
dataset_seed: 0
threads: 1
datasets:
  chosen: {{kind: {kind}, classes: [{classes}]}}
models:
  linear: {{kind: linear}}
training:
  path: {{kind: svm_path}}
attacks: {{}}
statistics:
  tilting: {{kind: tilting}}
experiments:
  e: {{study: tilting, datasets: [chosen], models: [linear], training: [path], statistics: [tilting]}}
"""


def load(folder: Path, kind: str, classes: str) -> tuple[str, ...]:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(kind=kind, classes=classes), encoding="utf-8")
    names: tuple[str, ...] = load_config(path).datasets["chosen"].class_names
    return names


@pytest.mark.parametrize("kind", ["digits", "mnist"])
def test_a_digit_twice_is_told(tmp_path: Path, kind: str) -> None:
    assert load(tmp_path, kind, "7, 2, 3") == ("7", "2", "3")
    told = "datasets.chosen.classes: found [2, 7, 2, 7]; expected: each once, but 2 and 7 more than once"
    with pytest.raises(AdvdimError, match=re.escape(told)):
        load(tmp_path, kind, "2, 7, 2, 7")


def test_a_class_of_cifar10_twice_or_unknown_or_alone_is_told(tmp_path: Path) -> None:
    assert load(tmp_path, "cifar10", "truck, cat") == ("truck", "cat")
    for classes, told in (
        (
            "cat, dog, cat",
            "datasets.chosen.classes: found ['cat', 'dog', 'cat']; expected: each once, but cat more",
        ),
        ("cat, lion", "datasets.chosen.classes.1: found 'lion'; expected: input should be 'airplane', 'automobile', "),
        ("cat", "datasets.chosen.classes: found ['cat']; expected: tuple should have at least 2 items"),
    ):
        with pytest.raises(AdvdimError, match=re.escape(told)):
            load(tmp_path, "cifar10", classes)
