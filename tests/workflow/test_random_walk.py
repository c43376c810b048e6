"""A random walk through the life of a checkout: after every run all products equal those made from scratch."""

import os
import random
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import Project, copy_project
from tests.workflow.products import products

CONFIG = Path("config/walk.yaml")
WALK = {
    "scale": "walk",
    "dataset_seed": 0,
    "threads": 1,
    "checkpoint_seconds": 0.01,
    "datasets": {
        "spheres-d8": {"kind": "spheres", "dimension": 8, "points": 100},
        "digits": {"kind": "digits", "classes": [2, 3, 8]},
    },
    "models": {"quadratic-h8": {"kind": "quadratic", "width": 8}, "linear": {"kind": "linear"}},
    "training": {
        "adam": {"kind": "gradient", "learning_rate": 0.01, "steps": 60, "snapshots": [20]},
        "svm-path": {"kind": "svm_path", "levels": 4},
    },
    "attacks": {"manifold": {"kind": "manifold", "starts": 5, "steps": 20, "step_size": 0.05}},
    "statistics": {
        "error-rate": {"kind": "error_rate", "points": 500},
        "tilting": {"kind": "tilting"},
        "projections": {"kind": "projections", "images": 10, "pictures": 1},
    },
    "experiments": {
        "nearest-errors": {
            "study": "spheres",
            "datasets": ["spheres-d8"],
            "models": ["quadratic-h8"],
            "training": ["adam"],
            "seeds": [0],
            "attacks": ["manifold"],
            "statistics": ["error-rate"],
        },
        "digits": {
            "study": "tilting",
            "datasets": ["digits"],
            "models": ["linear"],
            "training": ["svm-path"],
            "pairs": [[2, 3], [3, 8]],
            "statistics": ["tilting", "projections"],
        },
    },
}


class Walker:
    """A checkout that is changed and run, and the memory of what each of its states makes from scratch."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.base = folder
        self.project = copy_project(folder / "walk")
        self.random = random.Random(seed)
        self.scratch: dict[str, dict[str, str]] = {}
        self.commits: list[str] = []
        self.clones = 0
        self._write_config(WALK)
        self.project.select(str(CONFIG))
        self.project.run("dvc", "remote", "add", "--default", "local", str(folder / "remote"))
        self.commits.append(self.project.commit("The walk begins"))

    def edit_setting(self) -> None:
        """Change a setting of the attack, of the training or of a statistic."""
        config = self._read_config()
        section, name, key = self.random.choice(
            [("attacks", "manifold", "steps"), ("training", "adam", "steps"), ("statistics", "error-rate", "points")]
        )
        config[section][name][key] += self.random.choice([1, 10])
        self._write_config(config)

    def edit_code(self) -> None:
        """Change a line of the attack: the size of its steps."""
        path = self.project.folder / "src/advdim/attacks/manifold.py"
        text = path.read_text()
        factor = self.random.choice([0.5, 0.75, 0.9])
        edited = re.sub(r"points \+ ([0-9.]+ \* )?step_size \* uphill", f"points + {factor} * step_size * uphill", text)
        assert edited != text or f"{factor} * step_size" in text
        path.write_text(edited)

    def add_or_drop_seed(self) -> None:
        """Add a seed to the experiment, or drop the last one."""
        config = self._read_config()
        seeds = config["experiments"]["nearest-errors"]["seeds"]
        config["experiments"]["nearest-errors"]["seeds"] = seeds[:-1] if len(seeds) > 1 else [*seeds, seeds[-1] + 1]
        self._write_config(config)

    def go_back(self) -> None:
        """Commit, then check out an earlier state with what DVC recorded of it."""
        self.commits.append(self.project.commit("A step of the walk"))
        self.project.run("git", "checkout", "--quiet", self.random.choice(self.commits[:-1]))
        self.project.run("dvc", "checkout", "--force", check=False)

    def clone_and_pull(self) -> None:
        """Push, and go on in a fresh clone with what it pulls, its files' times shuffled."""
        self.project.run("dvc", "repro")
        self.commits.append(self.project.commit("A step of the walk"))
        self.project.run("dvc", "push")
        self.clones += 1
        clone = self.base / f"clone-{self.clones}"
        self.project.run("git", "clone", "--quiet", str(self.project.folder), str(clone))
        self.project = Project(clone)
        self.project.run("git", "config", "user.name", "A tester")
        self.project.run("git", "config", "user.email", "tester@example.org")
        self.project.run("dvc", "pull")
        for file in (clone / "data").rglob("*"):
            moment = self.random.uniform(1e9, 1.7e9)
            os.utime(file, (moment, moment))
        assert "Nothing to be done" in self.project.run("snakemake", "--dry-run")
        assert "up to date" in self.project.run("dvc", "repro")

    def run(self) -> None:
        """Run through Snakemake or DVC, now and then killed in the middle and started again."""
        command = self.random.choice([("snakemake",), ("dvc", "repro")])
        if self.random.random() < 0.5:
            started = self.project.start(*command)
            time.sleep(self.random.uniform(5, 25))
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
            if command[0] == "dvc":
                self._mend_lock()
        self.project.run(*command)

    def _mend_lock(self) -> None:
        """Delete dvc.lock if DVC was killed while writing it, as docs/architecture.md tells."""
        lock = self.project.folder / "dvc.lock"
        if "'./dvc.lock' " in self.project.run("dvc", "status", check=False):
            lock.unlink()

    def check(self) -> None:
        """Compare all products with those of a run from scratch, and see that nothing is left to do."""
        left = self.project.run("snakemake", "--dry-run")
        if "Nothing to be done" not in left:
            pytest.fail(f"after a complete run there is still something to do:\n{left[-6000:]}")
        paths = self._planned()
        state = "\n".join(paths)
        if state not in self.scratch:
            fresh = self.base / "scratch"
            self.project.run("git", "clone", "--quiet", str(self.project.folder), str(fresh))
            for name in ("config", "src", "params.yaml"):
                self._copy(self.project.folder / name, fresh / name)
            Project(fresh).run("snakemake")
            self.scratch[state] = products(fresh, paths)
            shutil.rmtree(fresh)
        assert products(self.project.folder, paths) == self.scratch[state]

    def _planned(self) -> list[str]:
        table = self.project.run("advdim", "plan")
        return [line.split()[0] for line in table.splitlines() if line.startswith("data/")]

    def _copy(self, source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.rmtree(target)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)

    def _read_config(self) -> dict:
        return yaml.safe_load((self.project.folder / CONFIG).read_text())

    def _write_config(self, config: dict) -> None:
        (self.project.folder / CONFIG).write_text(yaml.safe_dump(config))


@pytest.mark.slow
@pytest.mark.timeout(4000)
def test_every_run_of_a_random_walk_equals_one_from_scratch(tmp_path: Path) -> None:
    walker = Walker(tmp_path, seed=20181)
    steps: list[Callable[[], None]] = [
        walker.edit_setting,
        walker.edit_code,
        walker.add_or_drop_seed,
        walker.go_back,
        walker.clone_and_pull,
        walker.edit_setting,
    ]
    walker.random.shuffle(steps)
    walker.run()
    walker.check()
    for step in steps:
        step()
        walker.run()
        walker.check()
