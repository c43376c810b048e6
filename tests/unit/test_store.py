"""An artefact is complete or absent, whatever happens to the disk, the process or the files."""

import errno
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from advdim.artefacts import store
from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.make import make
from advdim.plan.recipe import Recipe

ENTRY = """
import time
from pathlib import Path

def make(job):
    (job.output / "numbers").write_bytes(bytes(job.settings["bytes"]))
    with Path(job.settings["diary"]).open("a") as diary:
        diary.write("at work\\n")
    while Path(job.settings["diary"]).with_name("hold").exists():
        time.sleep(0.01)
    (job.output / "inner").mkdir()
    (job.output / "inner" / "text").write_text("done")
"""

CHILD = """
import json, resource, sys
from pathlib import Path
from advdim.errors import AdvdimError
from advdim.job import Job
from advdim.make import make
from advdim.plan.recipe import Recipe

fields, data, limit = json.loads(sys.argv[1])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    print(make(Recipe(**fields), data=Path(data), checkpoint_seconds=60))
except AdvdimError as error:
    print(error)
"""


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recipe]:
    """A recipe whose job says when it is at work, and waits while a file `hold` exists."""
    (tmp_path / "toy_entry.py").write_text(ENTRY, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    settings = {"bytes": 100, "diary": str(tmp_path / "diary")}
    yield Recipe("datasets", "toy", "toy_entry", settings, 0, {}, "code", {})
    sys.modules.pop("toy_entry", None)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def made(recipe: Recipe, data: Path) -> Path:
    assert make(recipe, data=data, checkpoint_seconds=60)
    return data.parent / recipe.path


def start(recipe: Recipe, data: Path, limit: int = 0) -> "subprocess.Popen[str]":
    fields = {name: value for name, value in vars(recipe).items() if name in Recipe.__dataclass_fields__}
    handed = json.dumps([fields, str(data), limit])
    # -B, for Python does not notice that a limit cuts its bytecode off, which breaks every later import
    return subprocess.Popen([sys.executable, "-B", "-c", CHILD, handed], stdout=subprocess.PIPE, text=True)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 300
    while not path.is_file():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.005)


def nothing_is_left(recipe: Recipe, data: Path) -> bool:
    return not (data.parent / recipe.path).exists() and not (data / ".staging" / recipe.key).exists()


def test_an_artefact_is_made_once_and_is_as_it_was_written(recipe: Recipe, data: Path) -> None:
    folder = made(recipe, data)
    store.verify(folder)
    assert (folder / "key").read_text(encoding="utf-8") == f"{recipe.key}\n"
    written = store.read_recipe(folder)
    assert written["recipe"] == recipe.document
    assert set(written["files"]) == {"numbers", "inner/text"}
    assert not make(recipe, data=data, checkpoint_seconds=60)
    assert (data.parent / "diary").read_text(encoding="utf-8") == "at work\n"


def test_a_lost_token_is_written_again_without_work(recipe: Recipe, data: Path) -> None:
    folder = made(recipe, data)
    (folder / "key").unlink()
    assert not make(recipe, data=data, checkpoint_seconds=60)
    assert (folder / "key").is_file()


def test_a_folder_with_a_token_but_no_recipe_is_no_artefact(recipe: Recipe, data: Path) -> None:
    folder = data.parent / recipe.path
    folder.mkdir(parents=True)
    store.write_token(folder, recipe.key)
    (folder / "leftover").write_text("of something", encoding="utf-8")
    made(recipe, data)
    assert not (folder / "leftover").exists()


@pytest.mark.parametrize("raised", [RuntimeError("a bug"), KeyboardInterrupt()])
def test_a_job_that_raises_leaves_nothing(
    recipe: Recipe, data: Path, monkeypatch: pytest.MonkeyPatch, raised: BaseException
) -> None:
    def fail(job: Job) -> None:
        (job.output / "half").write_text("written", encoding="utf-8")
        raise raised

    monkeypatch.setattr(importlib.import_module(recipe.entry), "make", fail)
    with pytest.raises(type(raised)):
        made(recipe, data)
    assert nothing_is_left(recipe, data)


@pytest.mark.parametrize("written", ["numbers", store.RECIPE, store.TOKEN])
def test_a_full_disk_leaves_nothing_and_is_told(
    recipe: Recipe, data: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> int:
        if path.name == written:
            path.touch()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return 0

    monkeypatch.setattr(Path, "write_text", refuse)
    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(AdvdimError, match=r"cannot be written \(No space left on device\); .* run again, nothing half"):
        made(recipe, data)
    monkeypatch.undo()
    assert nothing_is_left(recipe, data)


@pytest.mark.parametrize("limit", [50, 150])
def test_a_real_limit_on_the_size_of_files_leaves_nothing_and_is_told(recipe: Recipe, data: Path, limit: int) -> None:
    told, _ = start(recipe, data, limit).communicate(timeout=300)
    assert "cannot be written (File too large)" in told
    assert told.count("\n") == 1
    assert nothing_is_left(recipe, data)
    made(recipe, data)


@pytest.mark.parametrize("place", ["data", "data/.locks", "data/.staging", "data/datasets"])
def test_a_file_in_the_place_of_a_folder_is_told(recipe: Recipe, data: Path, place: str) -> None:
    path = data.parent / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("in the way", encoding="utf-8")
    with pytest.raises(AdvdimError, match=r"cannot be written .*; expected a writable folder"):
        made(recipe, data)
    assert path.read_text(encoding="utf-8") == "in the way"


def test_a_lock_that_cannot_be_taken_is_told(recipe: Recipe, data: Path) -> None:
    (data / ".locks" / f"{recipe.key}.lock").mkdir(parents=True)
    with pytest.raises(AdvdimError, match=r"cannot be written .*; expected a writable folder"):
        made(recipe, data)


def test_a_token_that_cannot_be_written_again_is_told(recipe: Recipe, data: Path) -> None:
    folder = made(recipe, data)
    (folder / "key").unlink()
    (folder / "key").mkdir()
    with pytest.raises(AdvdimError, match="cannot be written"):
        make(recipe, data=data, checkpoint_seconds=60)


def test_a_killed_job_leaves_no_artefact_and_the_next_one_starts_clean(recipe: Recipe, data: Path) -> None:
    hold, diary = data.parent / "hold", data.parent / "diary"
    hold.touch()
    job = start(recipe, data)
    wait_for(diary)
    os.kill(job.pid, signal.SIGKILL)
    assert job.communicate(timeout=300)[0] == ""
    assert not (data.parent / recipe.path).exists()
    half = data / ".staging" / recipe.key
    assert (half / "numbers").is_file()
    (half / "stray").write_text("of the killed job", encoding="utf-8")
    hold.unlink()
    folder = made(recipe, data)
    assert not (folder / "stray").exists()
    assert not half.exists()
    assert diary.read_text(encoding="utf-8") == "at work\n" * 2


def test_two_processes_asked_for_the_same_artefact_make_it_once(recipe: Recipe, data: Path) -> None:
    hold, diary = data.parent / "hold", data.parent / "diary"
    hold.touch()
    jobs = [start(recipe, data), start(recipe, data)]
    wait_for(diary)
    time.sleep(0.5)
    hold.unlink()
    answers = sorted(job.communicate(timeout=300)[0] for job in jobs)
    assert answers == ["False\n", "True\n"]
    assert diary.read_text(encoding="utf-8") == "at work\n"
    store.verify(data.parent / recipe.path)


def flip(path: Path, position: int = 10) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_every_flipped_truncated_or_missing_file_is_found(recipe: Recipe, data: Path) -> None:
    folder = made(recipe, data)
    sound = data.parent / "sound"
    shutil.copytree(folder, sound)
    numbers = folder / "numbers"
    for spoil, found in [
        (lambda: flip(numbers), "another content"),
        (lambda: numbers.write_bytes(numbers.read_bytes()[:-1]), "99 bytes"),
        (numbers.unlink, "no file"),
    ]:
        spoil()
        with pytest.raises(AdvdimError) as caught:
            store.verify(folder)
        told = str(caught.value)
        assert told.startswith(f"{numbers}: found {found}, expected the 100 bytes that were written")
        assert told.endswith(f"delete the folder {folder} and run again")
        assert "\n" not in told
        shutil.copy(sound / "numbers", numbers)
    store.verify(folder)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1]",
        "{}",
        "\udcff",
        "[" * 100_000,
        '{"key": "K", "recipe": {}, "files": [1]}',
        '{"key": "K", "recipe": {}, "files": {"a": 1}}',
        '{"key": "K", "recipe": {}, "files": {"a": {"sha256": ""}}}',
        '{"key": "K", "recipe": NaN, "files": {}}',
    ],
)
def test_a_garbled_recipe_is_told(recipe: Recipe, data: Path, content: str) -> None:
    folder = made(recipe, data)
    garbled = content.replace("K", recipe.key).encode("utf-8", "surrogateescape")
    (folder / store.RECIPE).write_bytes(garbled)
    with pytest.raises(AdvdimError, match=f"is no readable recipe .*; delete the folder {folder} and run again"):
        store.verify(folder)


def test_a_recipe_with_another_key_is_told(recipe: Recipe, data: Path) -> None:
    folder = made(recipe, data)
    written = store.read_recipe(folder) | {"key": "0123456789"}
    (folder / store.RECIPE).write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(AdvdimError, match=f"has the key 0123456789; expected {recipe.key}; delete the folder"):
        make(recipe, data=data, checkpoint_seconds=60)


def test_a_recipe_that_does_not_have_the_digest_that_its_key_says_is_told(recipe: Recipe, data: Path) -> None:
    folder = made(recipe, data)
    written = store.read_recipe(folder)
    written["recipe"]["seed"] = 1
    (folder / store.RECIPE).write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(AdvdimError, match="delete the folder"):
        store.verify(folder)


def test_a_reader_refuses_a_missing_or_corrupt_input(recipe: Recipe, data: Path) -> None:
    reader = Recipe("models", "reader", "toy_entry", recipe.settings, 0, {}, "code", {}, {"dataset": recipe})
    with pytest.raises(AdvdimError, match=r"no artefact there; expected one .*; run snakemake"):
        made(reader, data)
    folder = made(recipe, data)
    flip(folder / "numbers")
    with pytest.raises(AdvdimError, match="numbers: found another content"):
        made(reader, data)
    assert nothing_is_left(reader, data)
