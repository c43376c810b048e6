"""Configurations are read strictly, and every mistake is told with its place, what was found and what is expected."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from small_config import Document, message_of

from advdim.config.loading import load_config
from advdim.errors import AdvdimError

PHOTOS = {"kind": "photos12", "width": 64, "crop": 64, "train_per_class": 1, "test_per_class": 1}
NET = {"kind": "convolutional", "layers": 3}


def spoil(*keys: str, value: object) -> Callable[[Document], None]:
    """Set, or with ``...`` remove, one value of a document."""

    def change(document: Document) -> None:
        place: Any = document
        for key in keys[:-1]:
            place = place[key]
        if value is ...:
            del place[keys[-1]]
        else:
            place[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "place", "found", "expected"),
    [
        (spoil("datasets", "balls", "radius", value=2), "datasets.balls.radius", "unknown key", "docs/configuration"),
        (spoil("colour", value=2), "colour", "unknown key", "docs/configuration"),
        (spoil("datasets", "balls", "dimension", value=...), "datasets.balls.dimension", "missing", "expected"),
        (spoil("scale", value=...), "scale", "missing", "expected"),
        (spoil("threads", value="many"), "threads", "'many'", "valid integer"),
        (spoil("threads", value=True), "threads", "True", "a number"),
        (spoil("experiments", "e", "seeds", value=[True]), "experiments.e.seeds.0", "True", "a number"),
        (spoil("attacks", "climb", "eps_pixel", value=[1]), "attacks.climb.eps_pixel", "[1]", "valid number"),
        (spoil("attacks", "climb", "eps_pixel", value=float("nan")), "attacks.climb.eps_pixel", "nan", "finite"),
        (spoil("attacks", "climb", "norm", value="l7"), "attacks.climb.norm", "'l7'", "'linf' or 'l2'"),
        (
            spoil("datasets", "balls", "dimension", value=1),
            "datasets.balls.dimension",
            "1",
            "greater than or equal to 2",
        ),
        (spoil("models", "net", "kind", value="oracle"), "models.net", "oracle", "'relu', 'quadratic'"),
        (spoil("experiments", "e", "seeds", value=[]), "experiments.e.seeds", "[]", "at least 1"),
        (spoil("experiments", "e", "seeds", value=[1, 0, 1]), "experiments.e.seeds", "[1, 0, 1]", "each once, but 1"),
        (
            spoil("experiments", "e", "datasets", value=["balls", "balls"]),
            "experiments.e.datasets",
            "['balls', 'balls']",
            "each once, but balls more than once",
        ),
        (
            lambda document: document["datasets"].update(spheres=dict(document["datasets"]["digits"])),
            "datasets.spheres",
            "has the settings of 'digits'",
            "one name for them",
        ),
        (
            spoil("datasets", "photos", value=PHOTOS | {"crop": 32}),
            "datasets.photos.crop",
            "found 32",
            "expected at least the width, 64",
        ),
        (
            spoil("experiments", "e", "datasets", value=["x"]),
            "experiments.e.datasets",
            "'x'",
            "['balls', 'boxes', 'digits']",
        ),
        (spoil("experiments", "e", "training", value=[]), "experiments.e.training", "empty", "a way of training"),
        (spoil("datasets", "balls", "points", value=101), "datasets.balls.points", "101", "multiple of 2"),
        (spoil("training", "adam", "batch", value=5), "experiments.e.training", "a batch of 5", "half of it on each"),
        (spoil("training", "adam", "snapshots", value=[2, 2]), "training.adam.snapshots", "[2, 2]", "each once, but 2"),
        (
            spoil("training", "adam", "schedule", value={"kind": "steps", "at": [5, 10]}),
            "training.adam",
            "[10] is not reached",
            "expected steps below",
        ),
        (spoil("attacks", "walk", "radii", value=[1, 1.0]), "attacks.walk.radii", "[1, 1.0]", "each once, but 1.0"),
        (
            spoil("attacks", "climb", value={"kind": "minimal", "steps": 1, "random_start": True}),
            "attacks.climb",
            "steps is 1 with random_start",
            "from the image alone",
        ),
        (spoil("statistics", "tilts", "tilts_deg", value=[0, 0]), "statistics.tilts.tilts_deg", "[0, 0]", "each once"),
        (spoil("models", "net", value=NET | {"pool_after": [2, 2]}), "models.net.pool_after", "[2, 2]", "each once"),
        (
            spoil("models", "net", value={"kind": "quadratic", "perfect_radius": 1.4}),
            "experiments.e.models",
            "perfect_radius 1.4",
            "its outer_radius 1.3",
        ),
        (spoil("experiments", "e", "records", value=""), "experiments.e.records", "''", "the path of a file or folder"),
        (
            spoil("datasets", "x", value={"kind": "imagenet12", "archive": "a\0b"}),
            "datasets.x.archive",
            r"'a\x00b'",
            "the path of a file or folder",
        ),
        (
            spoil("datasets", "a" * 61, value={"kind": "spheres", "dimension": 21}),
            f"datasets.{'a' * 61}",
            "61 characters",
            "at most 60",
        ),
        (spoil("experiments", "e", "pairs", value=[]), "experiments.e.pairs", "[]", "at least 1"),
        (spoil("experiments", "e", "pairs", value="some"), "experiments.e.pairs", "'some'", "`all`, or pairs of"),
        (spoil("experiments", "e", "pairs", value=[2, 3]), "experiments.e.pairs", "[2, 3]", "[[2, 3], [7, 9]]"),
        (spoil("experiments", "e", "pairs", value=[[2]]), "experiments.e.pairs", "[[2]]", "[[2, 3], [7, 9]]"),
        (
            spoil("experiments", "e", "pairs", value=[[2, 3, 4]]),
            "experiments.e.pairs",
            "[[2, 3, 4]]",
            "[[2, 3], [7, 9]]",
        ),
        (spoil("experiments", "e", "pairs", value=[[2, 3.5]]), "experiments.e.pairs", "[[2, 3.5]]", "[[2, 3], [7, 9]]"),
        (spoil("training", "adam", "snapshots", value=[11]), "training.adam", "[11]", "expected steps up to it"),
        (spoil("training", "svm", "log10_lambda_min", value=2.0), "training.svm", "log10_lambda_min", "below"),
        (spoil("models", "net", value=NET | {"channels": "many"}), "models.net.channels", "'many'", "one for each"),
        (
            spoil("models", "net", value=NET | {"strides": [1, 2]}),
            "models.net",
            "found 2",
            "3, one for each of the layers",
        ),
        (spoil("models", "net", value=NET | {"pool_after": [4]}), "models.net", "[4]", "beyond the last layer 3"),
        (spoil("training", "adam", "objective", value="fast"), "training.adam.objective", "'fast'", "valid dictionary"),
        (
            spoil("training", "adam", "objective", value={"kind": "gradient_penalty", "eps_pixel": 2}),
            "training.adam.objective.eps_pixel",
            "2",
            "less than or equal to 1",
        ),
        (
            spoil("training", "adam", "objective", value={"kind": "pgd", "eps_pixel": 0.1, "steps": 2}),
            "training.adam.objective",
            "0.5",
            "expected 1 or more",
        ),
        (spoil("training", "adam", "replicas", value=4), "training.adam", "a batch of 50", "a multiple of them"),
        (
            spoil("training", "adam", "validation_share", value=0.1),
            "experiments.e.training",
            "validation_share",
            "expected none with a dataset of spheres",
        ),
        (
            spoil("training", "adam", "objective", value={"kind": "cross_lipschitz", "weight": 1}),
            "experiments.e.training",
            "objective",
            "expected none with a dataset of spheres",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_what_was_found_and_what_is_expected(
    tmp_path: Path, document: Document, change: Callable[[Document], None], place: str, found: str, expected: str
) -> None:
    change(document)
    head, *mistakes = message_of(tmp_path, document).splitlines()
    assert "one mistake" in head
    assert len(mistakes) == 1
    assert mistakes[0].startswith(f"  - {place}: ")
    told = mistakes[0].removeprefix(f"  - {place}: ")
    assert found in told
    assert expected in told


@pytest.mark.parametrize(
    ("experiment", "told"),
    [
        ({"datasets": ["digits"], "models": ["net"], "training": ["adam"]}, "convolutional or dense or linear"),
        (
            {"datasets": ["digits"], "models": ["line"], "training": ["svm"], "pairs": [[2, 4], [3, 5]]},
            "pairs: found '5'; expected classes of dataset 'digits': ['2', '3', '4']",
        ),
        (
            {"datasets": ["digits"], "models": ["line"], "training": ["svm"], "pairs": [[2, 4], [3, "3"]]},
            "pairs: found '3' twice in a pair; expected two classes",
        ),
        ({"datasets": ["digits"], "models": ["line"], "training": ["adam"]}, "expected kind svm_path or logistic_path"),
        ({"datasets": ["balls"], "models": ["net"], "training": ["svm"]}, "expected kind gradient"),
        (
            {"datasets": ["balls"], "models": ["net"], "training": ["adam"], "attacks": ["climb"]},
            "expected kind convolutional",
        ),
        (
            {"datasets": ["balls"], "models": ["net"], "training": ["adam"], "statistics": ["pairs"]},
            "expected no models",
        ),
        ({"datasets": ["balls"], "attacks": ["walk"]}, "expected models for the attacks"),
        (
            {"datasets": ["boxes", "balls"], "statistics": ["tilts"]},
            "'tilts' (kind toy_tilt) does not fit dataset 'balls' (kind spheres); expected kind toy_classes",
        ),
        (
            {"datasets": ["boxes"], "statistics": ["pairs"]},
            "'pairs' (kind pair_distance) does not fit dataset 'boxes' (kind toy_classes); expected kind spheres",
        ),
        ({"datasets": ["boxes"], "models": ["line"], "training": ["svm"]}, "does not fit dataset 'boxes'"),
    ],
)
def test_pieces_that_do_not_fit_are_told_with_what_would(
    tmp_path: Path, document: Document, experiment: Document, told: str
) -> None:
    document["experiments"]["e"] = {"study": "spheres"} | experiment
    _, *mistakes = message_of(tmp_path, document).splitlines()
    assert len(mistakes) == 1
    assert mistakes[0].startswith("  - experiments.e.")
    assert told in mistakes[0]


def test_several_mistakes_are_told_at_once(tmp_path: Path, document: Document) -> None:
    del document["scale"]
    document["threads"] = "many"
    document["attacks"]["walk"]["speed"] = 3
    document["experiments"]["e"]["study"] = "astrology"
    head, *mistakes = message_of(tmp_path, document).splitlines()
    assert "4 mistakes" in head
    assert {mistake[4:].split(":")[0] for mistake in mistakes} == {
        "scale",
        "threads",
        "attacks.walk.speed",
        "experiments.e.study",
    }


def test_several_misfits_are_told_at_once(tmp_path: Path, document: Document) -> None:
    document["experiments"]["e"]["datasets"] = ["balls", "bowls"]
    document["experiments"]["f"] = {"study": "tilting", "datasets": ["balls"], "models": ["line"], "training": ["svm"]}
    _, *mistakes = message_of(tmp_path, document).splitlines()
    assert [mistake.split(":")[0] for mistake in mistakes] == ["  - experiments.e.datasets", "  - experiments.f.models"]


def test_a_repeated_key_is_refused_with_its_line(tmp_path: Path, document: Document) -> None:
    message = message_of(tmp_path, yaml.safe_dump(document) + "scale: other\n")
    line = len(yaml.safe_dump(document).splitlines()) + 1
    assert "'scale' stands twice" in message
    assert f"line {line}" in message


@pytest.mark.parametrize("content", ["a: [1", "\x00", "- 1\n", "", "scale: 2024-02-30", "a: 0x_", "[" * 2000])
def test_a_file_that_is_no_configuration_is_told(tmp_path: Path, content: str) -> None:
    assert "expected" in message_of(tmp_path, content) or "mend it there" in message_of(tmp_path, content)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(AdvdimError, match=r"absent\.yaml: cannot be read \(No such file.*expected a YAML file"):
        load_config(tmp_path / "absent.yaml")
