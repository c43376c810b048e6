"""The command line tells every mistake in one message, without a traceback, and ends with exit code 1."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from typer.main import get_command

from advdim.artefacts import store
from advdim.cli import app
from advdim.config.loading import load_config
from advdim.plan.expand import expand

ROOT = Path(__file__).parents[2]
COMMANDS = sorted(get_command(app).commands)

CONFIG = """
scale: test
dataset_seed: 0
threads: 1
datasets:
  balls: {kind: spheres, dimension: 5}
  stars: {kind: spheres, dimension: 6}
models: {}
training: {}
attacks: {}
statistics:
  pairs: {kind: pair_distance, pairs: 10}
experiments:
  e: {study: spheres, datasets: [balls], statistics: [pairs]}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the command line reads of a project, with a configuration of two small artefacts."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "config", folder / "config")
    shutil.copytree(ROOT / "workflow" / "notebooks", folder / "workflow" / "notebooks")
    (folder / "params.yaml").write_text("config: config/small.yaml\n", encoding="utf-8")
    (folder / "config" / "small.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


def advdim(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "advdim", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONWARNINGS": "error", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def complaint(folder: Path, *arguments: str) -> str:
    """The one message of a command that must fail."""
    done = advdim(folder, *arguments)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("advdim: "), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert all(line.startswith("  - ") for line in done.stderr.splitlines()[1:]), done.stderr
    return done.stderr


def paths_of(folder: Path) -> tuple[str, str]:
    """Paths of the small dataset and of its statistic in the plan."""
    with contextlib.chdir(folder):
        plan = expand(load_config(Path("config/small.yaml")))
    return plan.of_stage("datasets")[0].path, plan.of_stage("statistics")[0].path


def edit(change: Callable[[dict[str, dict[str, dict[str, object]]]], object]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        document = yaml.safe_load(CONFIG)
        change(document)
        (folder / "config" / "small.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")

    return spoil


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (edit(lambda d: d["statistics"]["pairs"].update(speed=3)), "speed: unknown key"),
        (edit(lambda d: d["experiments"]["e"].update(datasets=["rings"])), "found 'rings'; expected one of ['balls'"),
        (lambda folder: (folder / "config" / "small.yaml").unlink(), "small.yaml: cannot be read (No such file"),
        (lambda folder: (folder / "params.yaml").write_text("{}\n"), "params.yaml: names no configuration; expected"),
        (lambda folder: (folder / "params.yaml").unlink(), "params.yaml: cannot be read (No such file"),
        (lambda folder: (folder / "config" / "claims.yaml").unlink(), "run advdim from the root of the project"),
        (
            lambda folder: shutil.rmtree(folder / "workflow"),
            "There is no notebook in workflow/notebooks/index: expected",
        ),
        (
            lambda folder: (folder / "workflow" / "notebooks" / "index" / "2-mine.py").write_text("def ("),
            "workflow/notebooks/index/2-mine.py: is no Python in UTF-8 (",
        ),
        (
            lambda folder: (folder / "workflow" / "notebooks" / "index" / "2-mine.py").write_bytes(b"# \xe9"),
            "workflow/notebooks/index/2-mine.py: is no Python in UTF-8 (",
        ),
        (
            edit(lambda d: d["experiments"]["e"].update(records="x" * 300)),
            "cannot be read or written (File name too long); expected an existing, writable place",
        ),
    ],
)
def test_a_spoilt_project_is_told(checkout: Path, spoil: Callable[[Path], object], told: str) -> None:
    spoil(checkout)
    assert told in complaint(checkout, "plan")


def test_an_absent_configuration_is_told(checkout: Path) -> None:
    assert "config/none.yaml: cannot be read" in complaint(checkout, "plan", "--config", "config/none.yaml")


def test_running_outside_the_root_is_told(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "params.yaml: cannot be read" in complaint(elsewhere, "plan")
    config = str(ROOT / "config" / "test.yaml")
    for command in (("plan", "--config", config), ("fetch", "mnist"), ("generate", "--check")):
        assert "run advdim from the root of the project" in complaint(elsewhere, *command)
    assert list(elsewhere.iterdir()) == []


def test_the_plan_lists_every_artefact_and_makes_none(checkout: Path) -> None:
    done = advdim(checkout, "plan")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(path in done.stdout for path in paths_of(checkout))
    assert not (checkout / "data").exists()


def test_an_unknown_artefact_is_told(checkout: Path) -> None:
    told = complaint(checkout, "make", "data/datasets/balls-0123456789")
    assert "data/datasets/balls-0123456789: no such artefact in the plan; expected a path that `advdim plan`" in told


def test_an_artefact_whose_inputs_are_missing_is_told(checkout: Path) -> None:
    dataset, statistic = paths_of(checkout)
    told = complaint(checkout, "make", statistic)
    assert f"{dataset}: no artefact there; expected one" in told
    assert "run snakemake" in told


def test_artefacts_are_made_verified_and_refused_when_corrupt(checkout: Path) -> None:
    dataset, statistic = paths_of(checkout)
    done = advdim(checkout, "make", f"{dataset}/", "--device", "gpu")  # a dataset needs no device
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"{dataset.removeprefix('data/')}: made\n"
    done = advdim(checkout, "verify")
    assert done.returncode == 0
    assert done.stderr.startswith("1 of ")
    (checkout / dataset / "notes.txt").write_text("mine", encoding="utf-8")
    done = advdim(checkout, "verify")
    assert done.returncode == 0
    assert done.stderr.startswith(f"{dataset}/notes.txt: is no file of this artefact, expected none but its own")
    info = checkout / dataset / "info.json"
    info.write_text(info.read_text(encoding="utf-8").replace("5", "7"), encoding="utf-8")
    for arguments in (("verify",), ("make", statistic)):
        told = complaint(checkout, *arguments)
        assert f"{dataset}/info.json: found another content" in told
        assert f"delete the folder {dataset} and run again" in told
    shutil.rmtree(checkout / dataset)
    assert advdim(checkout, "make", dataset, statistic).returncode == 0
    assert advdim(checkout, "verify").stderr.startswith("2 of ")
    for path in (f"{dataset}/info.json", f"{statistic}/table.parquet"):
        (checkout / path).unlink()
    told = complaint(checkout, "verify")
    assert "2 of 2 artefacts are not as they were written:\n" in told
    assert f"  - {dataset}/info.json: found no file" in told
    assert f"  - {statistic}/table.parquet: found no file" in told


def test_a_data_folder_that_cannot_be_written_is_told(checkout: Path) -> None:
    dataset, _ = paths_of(checkout)
    (checkout / "data").write_text("in the way", encoding="utf-8")
    assert "cannot be written" in complaint(checkout, "make", dataset)


def test_publishing_before_the_pages_are_there_is_told(checkout: Path) -> None:
    told = complaint(checkout, "publish")
    assert "data/reports/index-" in told
    assert "run snakemake" in told or "run again" in told


def test_prune_deletes_only_when_told_to(checkout: Path) -> None:
    dataset, statistic = paths_of(checkout)
    assert advdim(checkout, "make", dataset, statistic).returncode == 0
    edit(lambda d: d["statistics"]["pairs"].update(pairs=11))(checkout)
    done = advdim(checkout, "prune", "config/small.yaml")
    assert f"would delete {statistic}" in done.stdout
    assert dataset not in done.stdout
    assert (checkout / statistic).is_dir()
    advdim(checkout, "prune", "config/small.yaml", "--yes")
    assert not (checkout / statistic).exists()
    assert (checkout / dataset).is_dir()


def test_prune_spares_the_configuration_that_params_name_wherever_it_lies(checkout: Path) -> None:
    dataset, _ = paths_of(checkout)
    assert advdim(checkout, "make", dataset).returncode == 0
    (checkout / "config" / "small.yaml").rename(checkout / "mine.yaml")
    for name in ("laptop", "paper"):
        (checkout / "config" / f"{name}.yaml").unlink()
    (checkout / "params.yaml").write_text("config: config/test.yaml\n", encoding="utf-8")
    assert f"would delete {dataset}" in advdim(checkout, "prune").stdout
    (checkout / "params.yaml").write_text("config: mine.yaml\n", encoding="utf-8")
    assert dataset not in advdim(checkout, "prune").stdout


def test_prune_spares_both_kinds_of_device_and_refuses_beside_a_run_at_work(checkout: Path) -> None:
    with contextlib.chdir(checkout):
        gpu = expand(load_config(Path("config/test.yaml")), device="gpu").of_stage("models")[0]
        with store.staged(Path("data"), Path(gpu.path), gpu.key, gpu.document) as staging:
            (staging / "weights").write_text("", encoding="utf-8")
        assert gpu.path not in advdim(checkout, "prune").stdout
        with FileLock("data/.locks/run"):
            assert "another run is at work" in complaint(checkout, "prune", "config/small.yaml", "--yes")
        with FileLock(f"data/.locks/{gpu.key}.lock"):
            told = complaint(checkout, "prune", "config/small.yaml", "--yes")
            assert f"a job is making the artefact {gpu.key} in this folder" in told
    assert (checkout / gpu.path).is_dir()


def test_an_unknown_study_and_a_folder_that_cannot_be_written_are_told(checkout: Path) -> None:
    for command in ("export", "record"):
        done = advdim(checkout, command, "sphere", "somewhere")
        assert done.returncode == 2
        assert "'sphere' is not one of" in done.stderr
    assert "docs/configuration.md: cannot be read or written (No such file" in complaint(checkout, "generate")


def test_generated_files_out_of_step_are_told_with_the_command_that_mends_them(checkout: Path) -> None:
    (checkout / "docs").mkdir()
    assert "run `advdim generate`" in complaint(checkout, "generate", "--check")
    assert advdim(checkout, "generate").returncode == 0
    assert advdim(checkout, "generate", "--check").returncode == 0


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_explains_each_command_and_each_of_its_options(command: str) -> None:
    parsed = get_command(app)
    shown = parsed.commands[command] if command else parsed
    assert shown.help
    assert len(shown.help.split()) > 8
    unexplained = [parameter.name for parameter in shown.params if not getattr(parameter, "help", None)]
    assert unexplained == []


def test_help_is_shown_on_request_and_without_arguments(tmp_path: Path) -> None:
    asked, bare = advdim(tmp_path, "--help"), advdim(tmp_path)
    assert asked.returncode == 0
    assert all(command in asked.stdout for command in COMMANDS)
    assert all(command in bare.stdout + bare.stderr for command in COMMANDS)
    assert "Example" in advdim(tmp_path, "plan", "--help").stdout
