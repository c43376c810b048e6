"""Which configuration is read, what it holds, and what is generated from its types."""

import re
import types
from pathlib import Path
from typing import get_args

import pytest
from small_config import Document, loaded

from advdim.config.attacks import Attack
from advdim.config.datasets import Dataset
from advdim.config.document import generated_files
from advdim.config.loading import load_config
from advdim.config.models import Model
from advdim.config.selection import selected_config
from advdim.config.statistics import Statistic
from advdim.config.training import Training
from advdim.errors import AdvdimError

ROOT = Path(__file__).parents[3]
SECTIONS = {"datasets": Dataset, "models": Model, "training": Training, "attacks": Attack, "statistics": Statistic}


@pytest.mark.parametrize("name", ["laptop", "paper", "test"])
def test_shipped_configurations_load_and_name_their_scale(name: str) -> None:
    assert load_config(ROOT / "config" / f"{name}.yaml").scale == name


def test_the_test_configuration_covers_every_kind() -> None:
    """By its experiments, not by what of them runs on this machine."""
    config = load_config(ROOT / "config" / "test.yaml")
    for section, union in SECTIONS.items():
        named = getattr(config, section)
        used = {named[name].kind for experiment in config.experiments.values() for name in getattr(experiment, section)}
        kinds = kinds_of(union)
        assert kinds
        assert kinds == used, f"config/test.yaml uses no {kinds - used} in its experiments"


def kinds_of(annotation: object) -> set[str]:
    """Kinds that a discriminated union of sections knows."""
    union = get_args(annotation)[0]
    assert isinstance(union, types.UnionType)
    return {kind for section in get_args(union) for kind in get_args(section.model_fields["kind"].annotation)}


def test_a_correct_configuration_is_immutable_and_has_its_defaults(tmp_path: Path, document: Document) -> None:
    config = loaded(tmp_path, document)
    assert (config.datasets["balls"].outer_radius, config.experiments["e"].seeds) == (1.3, (0,))
    with pytest.raises(ValueError, match="frozen"):
        config.datasets["balls"].dimension = 3


def test_classes_of_pairs_are_names_however_they_are_written(tmp_path: Path, document: Document) -> None:
    separated = {"study": "tilting", "datasets": ["digits"], "models": ["line"], "training": ["svm"]}
    forms: list[object] = [[[2, 3], [4, 2]], [["2", "3"], ["4", "2"]], [[2, "3"], ["4", 2]]]
    found = []
    for pairs in forms:
        document["experiments"]["e"] = separated | {"pairs": pairs}
        found.append(loaded(tmp_path, document))
    assert found[0] == found[1] == found[2]
    assert found[0].experiments["e"].pairs == (("2", "3"), ("4", "2"))
    document["experiments"]["e"] = separated
    assert loaded(tmp_path, document).experiments["e"].pairs == "all"


@pytest.mark.parametrize(
    ("only", "kept"),
    [
        (None, ["e", "f", "g"]),
        ("tilting", ["f", "g"]),
        ("g", ["g"]),
        ("g,spheres", ["e", "g"]),
        (" e , tilting,g", ["e", "f", "g"]),
    ],
)
def test_only_keeps_studies_and_experiments(
    tmp_path: Path, document: Document, only: str | None, kept: list[str]
) -> None:
    document["experiments"]["f"] = {"study": "tilting", "datasets": ["boxes"], "statistics": ["tilts"]}
    document["experiments"]["g"] = {"study": "tilting", "datasets": ["digits"], "models": ["line"], "training": ["svm"]}
    whole, restricted = loaded(tmp_path, document), loaded(tmp_path, document, only)
    assert restricted.experiments == {name: whole.experiments[name] for name in kept}
    assert restricted.model_copy(update={"experiments": whole.experiments}) == whole


@pytest.mark.parametrize("only", ["dimension", "e,f", "E", "", "e,"])
def test_only_refuses_what_is_no_study_of_the_file_and_no_experiment(
    tmp_path: Path, document: Document, only: str
) -> None:
    unknown = next(name for name in only.split(",") if name != "e")
    told = f"--only: found '{unknown}', which is no study and no experiment of {tmp_path / 'right.yaml'}; expected some"
    with pytest.raises(AdvdimError, match=f"^{re.escape(told)} of e, spheres, with commas between$"):
        loaded(tmp_path, document, only)


def test_only_spares_no_mistake_elsewhere(tmp_path: Path, document: Document) -> None:
    document["experiments"]["f"] = {"study": "tilting", "datasets": ["rings"]}
    with pytest.raises(AdvdimError, match=r"experiments\.f\.datasets: found 'rings'"):
        loaded(tmp_path, document, "e")


def test_params_name_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text("config: config/mine.yaml\n", encoding="utf-8")
    assert selected_config() == Path("config/mine.yaml")
    Path("params.yaml").write_text("configuration: config/mine.yaml\n", encoding="utf-8")
    with pytest.raises(AdvdimError, match=r"params\.yaml: names no configuration; expected a line like"):
        selected_config()


def test_generated_files_are_in_step() -> None:
    for path, text in generated_files().items():
        assert (ROOT / path).read_text(encoding="utf-8") == text, f"{path} is out of step: run `advdim generate`"
