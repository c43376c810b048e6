"""A copy of the project in a folder of its own, and the commands that people type there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
CHROMIUM = shutil.which("chromium")
PATIENCE_MS = 120_000
"""How long the browser may take for a step on a machine that has other work."""
QUIET = ["--disable-quic", "--disable-background-networking", "--disable-sync", "--disable-component-update"]
"""Options without which Chromium looks for the network by itself."""
LONGEST_FIRST = ("workflow/test_random_walk.py", "workflow/test_end_to_end.py", "theory", "workflow", "")
"""Order of the tests, by the beginnings of their paths: side by side, the longest must not come last."""

# As in the workflow's jobs: more threads only wait for a core that is taken, and other kernels have other last digits.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_ENABLE_ONEDNN_OPTS"):
    os.environ.setdefault(variable, "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, for `make test` runs two files at a time."""
    tests = Path(__file__).parent
    items.sort(
        key=lambda item: next(
            place
            for place, beginning in enumerate(LONGEST_FIRST)
            if item.path.relative_to(tests).as_posix().startswith(beginning)
        )
    )


@pytest.fixture
def no_unseeded_draws() -> Iterator[None]:
    """Fail what draws from the generator that all of NumPy shares, as jitter does: figures are the same in each run."""
    before = np.random.get_state()  # noqa: NPY002
    yield
    after = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(before[1], after[1])
    assert before[2:] == after[2:], "the figure draws random numbers without a seed"


@dataclass(frozen=True)
class Project:
    """A checkout of the project that a test may change as it likes."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a person who has activated .venv, with this checkout's code."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "PYTHONPATH": str(self.folder / "src"), "PYTHONWARNINGS": "", "NO_COLOR": "1"}
        return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | own

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start a command in a process group of its own; its output goes to a file."""
        with (self.folder / ".git" / "started.log").open("a") as output:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                text=True,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command to its end and return all that it says."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=1800,
        )
        if check and done.returncode:
            pytest.fail(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-6000:]}")
        return done.stdout

    def select(self, config: str) -> None:
        """Let params.yaml name a configuration."""
        (self.folder / "params.yaml").write_text(f"config: {config}\n")

    def commit(self, message: str) -> str:
        """Commit everything and return the commit."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--allow-empty", "--message", message)
        return self.run("git", "rev-parse", "HEAD").strip()


def copy_project(folder: Path) -> Project:
    """Copy what git tracks, or would track, into a folder that becomes a repository of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    project = Project(folder)
    project.run("git", "init", "--quiet")
    project.run("git", "config", "user.name", "A tester")
    project.run("git", "config", "user.email", "tester@example.org")
    project.commit("The project as it stands")
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A checkout in an empty folder."""
    return copy_project(tmp_path / "checkout")


@pytest.fixture
def bare_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder that holds what a plan is made from, and no data."""
    (tmp_path / "config").mkdir()
    (tmp_path / "data" / "records").mkdir(parents=True)
    shutil.copy(ROOT / "config" / "claims.yaml", tmp_path / "config")
    shutil.copytree(ROOT / "workflow" / "notebooks", tmp_path / "workflow" / "notebooks")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """TensorFlow, if a collected module uses it, as in a job of one thread: it can be told so only at first."""
    if "tensorflow" in sys.modules:
        from advdim.device import configure_tensorflow

        configure_tensorflow({"device": "cpu", "threads": 1})


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium without a network; what is opened in it must ask for none."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: nothing was opened in a browser")
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--disable-gpu", "--no-first-run", *QUIET]
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=options, timeout=PATIENCE_MS)
        yield chromium
        chromium.close()
