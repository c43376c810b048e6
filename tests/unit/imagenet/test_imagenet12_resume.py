"""Builds that go on: what is finished is not decoded again, unless the archive has changed under it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from small_imagenet import bytes_of, job_in, manifest_of, write_archive, write_merge

from advdim.datasets import imagenet12, stage
from advdim.datasets.imagenet.decoding import Decoded, decode
from advdim.errors import AdvdimError
from advdim.job import Job

Dying = Callable[[int | None], list[bytes]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    write_archive(folder / "archive")
    write_archive(folder / "other", seed=1)
    write_merge(folder)
    return folder


@pytest.fixture(scope="module")
def undisturbed(folder: Path) -> Job:
    """A finished build."""
    finished = job(folder, "undisturbed")
    stage.make(finished)
    return finished


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Dying:
    """Let the build die at its n-th image, or not at all; what is decoded is listed."""

    def arrange(last: int | None) -> list[bytes]:
        decoded: list[bytes] = []

        def decode_and_die(content: bytes) -> Decoded:
            decoded.append(content)
            if len(decoded) == last:
                raise KeyboardInterrupt
            return decode(content)

        monkeypatch.setattr(imagenet12, "decode", decode_and_die)
        return decoded

    monkeypatch.setattr(imagenet12, "CHUNK", 10)
    return arrange


def job(folder: Path, name: str, archive: str = "archive", **settings: float) -> Job:
    return job_in(folder / name, folder / archive, folder / "merge.yaml", **settings)


def test_a_build_that_is_killed_twice_decodes_whole_images_once_and_gives_the_same_bytes(
    folder: Path, undisturbed: Job, dying: Dying
) -> None:
    finished: list[list[bytes]] = []
    for last in (35, 48):  # of the chunks of ten, three are done before the first death, and three or four more
        finished.append(dying(last))
        with pytest.raises(KeyboardInterrupt):
            manifest_of(job(folder, "killed"))
    finished.append(dying(None))
    manifest = manifest_of(job(folder, "killed"))
    assert bytes_of(folder / "killed" / "output") == bytes_of(undisturbed.output)
    quarantined = int((manifest["state"] == "quarantined").sum())
    again = sum(map(len, finished)) - len(manifest)
    assert 0 <= again <= 2 * (10 + quarantined)  # the chunks in which it died, and what could not be decoded


def test_an_archive_that_was_mended_is_looked_at_again(folder: Path) -> None:
    strict = {"quarantine_share": 0.0}
    planted = write_archive(folder / "mended")
    first = job(folder, "stopped", "mended", **strict)
    with pytest.raises(AdvdimError, match=r"^9 of 114 images cannot be decoded; expected") as told:
        manifest_of(first)
    broken = planted.loc[planted["kind"].isin(["truncated", "corrupt"]), "name"]
    listed = [line.split(": ")[0].removeprefix("  - ") for line in str(told.value).splitlines()[1:]]
    assert sorted(listed) == sorted(broken)
    sound = next(path for path in (folder / "mended").rglob("*.JPEG") if path.name not in listed).read_bytes()
    for name in listed:
        next((folder / "mended").rglob(name)).write_bytes(sound)
    mended = manifest_of(first)
    assert (mended["reason"] == "").all()
    from_new = manifest_of(job(folder, "from-new", "mended", **strict))
    assert mended.equals(from_new)
    assert bytes_of(first.output) == bytes_of(folder / "from-new" / "output")


def test_what_was_begun_on_another_archive_is_begun_anew(folder: Path, undisturbed: Job, dying: Dying) -> None:
    dying(60)
    with pytest.raises(KeyboardInterrupt):
        manifest_of(job(folder, "exchanged", "other"))
    dying(None)
    manifest_of(job(folder, "exchanged"))
    assert bytes_of(folder / "exchanged" / "output") == bytes_of(undisturbed.output)


@pytest.mark.parametrize("header", [b"", b"\x93NUMPY\x01\x00v\x00{'descr'"])
def test_crops_without_a_whole_header_are_begun_anew(
    folder: Path, undisturbed: Job, header: bytes, tmp_path: Path
) -> None:
    begun = job_in(tmp_path, folder / "archive", folder / "merge.yaml")
    (begun.checkpoint / "crops.npy").write_bytes(header)
    manifest_of(begun)
    assert bytes_of(begun.output) == bytes_of(undisturbed.output)
