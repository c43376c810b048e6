"""ILSVRC2012 merged into a few classes and prepared as in the source (Simon-Gabriel et al. 2018).

Names decide first: which image belongs to which class and split follows from the names in the archive, the merge and
the seed alone. Then each image is decoded once, in the order of the archive; its shortest edge is resized to 256 pixels
and the centre is cut out. What cannot be decoded is quarantined. Smaller widths are made from these crops, as in the
source, by the dataset `resized`.
"""

import contextlib
import dataclasses
import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from advdim.artefacts.tables import read_table, write_table
from advdim.datasets.imagenet.archive import Archive, Member, holds_stand_in, open_ilsvrc
from advdim.datasets.imagenet.decoding import Undecodable, decode
from advdim.datasets.imagenet.merge_files import load_merge
from advdim.datasets.imagenet.merging import merge
from advdim.datasets.imagenet.resampling import Kernel
from advdim.datasets.imagenet.resizing import shortest_edge_crop
from advdim.datasets.images import interleaved_order
from advdim.datasets.large import create_images, write_large_images
from advdim.errors import AdvdimError
from advdim.job import Job

WIDTH = 256
"""Edge of the crops in pixels (the source's)."""
CHUNK = 512
"""Images between two marks from which a killed build goes on."""
TOLD = 20
"""Quarantined images that an error names."""
PRECEDENCE = ("test", "validation", "train")
"""Where an image stays that is in several splits by content."""
FILE = ["origin", "synset", "name"]
"""The columns that tell one file of the archive from another."""


@dataclass(frozen=True)
class Prepared:
    """The images of an archive, decoded and cut.

    Attributes:
        crops: shape (n, 256, 256, 3), uint8; zero where an image is quarantined.
        outcomes: one row an image: `place` in the crops, `origin`, `synset`, `name`, `sha256` of the file, `mode` of
            its pixels, `height` and `width` as decoded, `mended` (what was odd, in words), `enlarged`, and `reason`
            (why it is quarantined, or "").
    """

    crops: NDArray[np.uint8]
    outcomes: pd.DataFrame


def write(job: Job) -> None:
    """Build the set of a job: images of three splits at 256 pixels, and a manifest with one row an image and role.

    The manifest's `state` is `kept`, `quarantined` or `duplicate`; `index` is the position among those kept of a split.
    """
    settings = job.settings
    chosen = load_merge(Path(settings["merge"]))
    archive = open_ilsvrc(Path(settings["archive"]), chosen.synsets)
    roles = merge(
        archive.members(),
        chosen,
        variant=settings["variant"],
        validation_share=settings["validation_share"],
        seed=job.seed,
    )
    files = roles[FILE].drop_duplicates().itertuples(index=False, name=None)
    members = sorted(Member(*file) for file in files)
    prepared = prepare(archive, members, job.checkpoint, settings["kernel"], job.progress("image", len(members)).at)
    refuse_too_many(prepared.outcomes, settings["quarantine_share"])
    manifest = manifest_of(roles, prepared.outcomes, keep_duplicates=settings["variant"] == "published")
    stand_in = holds_stand_in(Path(settings["archive"]))
    write_large_images(job.output, manifest, prepared.crops, chosen.class_names, stand_in=stand_in)


def prepare(
    archive: Archive,
    members: Sequence[Member],
    folder: Path,
    kernel: Kernel = "bilinear",
    advance: Callable[[int], None] = lambda _: None,
) -> Prepared:
    """Decode and cut images of an archive, going on where a killed build has stopped.

    What could not be decoded is tried again, since the archive may have been mended.

    Args:
        archive: the source.
        members: the images, in the order of the crops.
        folder: keeps what is done.
        kernel: kernel of the resampling.
        advance: called with the number of images that are done.

    Returns:
        Crops and outcomes; memory does not grow with their number.
    """
    places = {member: place for place, member in enumerate(members)}
    crops, done = _take_up(folder, members)
    finished = set(done.loc[done["reason"] == "", "place"])
    waiting = [member for member, place in places.items() if place not in finished]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        files = archive.read(waiting)
        while chunk := list(islice(files, CHUNK)):
            found = pool.map(partial(_prepare_one, crops, places, kernel), chunk)
            outcomes = pd.DataFrame(list(found))
            crops.flush()
            _write_outcomes(outcomes, folder)
            finished |= set(outcomes["place"])
            advance(len(finished))
    outcomes = _read_outcomes(folder).sort_values("place", ignore_index=True)
    lost = sorted(set(places.values()) - set(outcomes["place"]))
    if lost:
        missing = members[lost[0]]
        raise AdvdimError(
            f"{missing.name}: listed in the archive, but not found on reading; expected an archive that does not "
            f"change during the build; run again ({len(lost)} such images)"
        )
    return Prepared(crops, outcomes)


def refuse_too_many(outcomes: pd.DataFrame, share: float) -> None:
    """Stop a build of which too much is broken.

    Raises:
        AdvdimError: more than that share of the images is quarantined; the first are named.
    """
    broken = outcomes[outcomes["reason"] != ""]
    if len(broken) > share * len(outcomes):
        first = broken.head(TOLD)[["name", "reason"]].itertuples(index=False, name=None)
        listed = "".join(f"\n  - {name}: {reason}" for name, reason in first)
        more = f"\n  - and {len(broken) - TOLD} more" if len(broken) > TOLD else ""
        raise AdvdimError(
            f"{len(broken)} of {len(outcomes)} images cannot be decoded; expected at most a share of {share:g} "
            f"(quarantine_share); mend the archive, or raise that setting:{listed}{more}"
        )


def manifest_of(roles: pd.DataFrame, outcomes: pd.DataFrame, *, keep_duplicates: bool) -> pd.DataFrame:
    """Join roles and outcomes, and say what becomes of each row.

    Args:
        roles: table of `merge`.
        outcomes: what became of each file.
        keep_duplicates: leave the same content in several splits, as the published set does; else it stays in one:
            in the test set before the validation set before the training set.

    Returns:
        The roles with the outcomes' columns, `state`, `duplicate_of` (name of the row that keeps the content, or "")
        and `index` among the kept rows of its split, interleaved over the classes; -1 for the others.
    """
    manifest = roles.merge(outcomes, on=FILE, how="left", validate="many_to_one")
    manifest["state"] = np.where(manifest["reason"] == "", "kept", "quarantined")
    rank = manifest["split"].map(PRECEDENCE.index)
    ordered = manifest.assign(rank=rank)[manifest["state"] == "kept"].sort_values(["rank", *FILE])
    first = ordered.groupby("sha256")[["name", "split"]].transform("first")
    repeated = first.index[(first["split"] != ordered["split"])]
    manifest["duplicate_of"] = ""
    manifest.loc[repeated, "duplicate_of"] = first.loc[repeated, "name"]
    if not keep_duplicates:
        manifest.loc[repeated, "state"] = "duplicate"
    manifest["index"] = -1
    for _, rows in manifest[manifest["state"] == "kept"].groupby("split"):
        order = interleaved_order(rows["label"].to_numpy())
        manifest.loc[rows.index[order], "index"] = np.arange(len(rows))
    return manifest


def _prepare_one(
    crops: NDArray[np.uint8], places: dict[Member, int], kernel: Kernel, item: tuple[Member, bytes]
) -> dict[str, Any]:
    """Decode one file into its place; what cannot be decoded leaves a reason."""
    member, content = item
    place = places[member]
    row = {"place": place, **dataclasses.asdict(member), "sha256": hashlib.sha256(content).hexdigest()}
    try:
        decoded = decode(content)
    except Undecodable as error:
        if crops[place].any():  # of an earlier try; where nothing was written, the file keeps its hole
            crops[place] = 0
        return row | {"mode": "", "height": 0, "width": 0, "mended": "", "enlarged": False, "reason": str(error)}
    height, width = decoded.pixels.shape[:2]
    crops[place] = shortest_edge_crop(decoded.pixels, WIDTH, kernel)
    facts = {"mode": decoded.mode, "height": height, "width": width, "mended": ", ".join(decoded.mended)}
    return row | facts | {"enlarged": min(height, width) < WIDTH, "reason": ""}


def _take_up(folder: Path, members: Sequence[Member]) -> tuple["np.memmap[Any, np.dtype[np.uint8]]", pd.DataFrame]:
    """Map the crops into memory, with the outcomes of a killed build if it was one of the same images."""
    path, shape = folder / "crops.npy", (len(members), WIDTH, WIDTH, 3)
    done = _read_outcomes(folder)
    begun = (members[place : place + 1] == [Member(*file)] for place, *file in done[["place", *FILE]].to_numpy())
    if path.is_file() and all(begun):
        with contextlib.suppress(ValueError):  # killed before its header was written
            crops = open_memmap(path, mode="r+")
            if crops.shape == shape:
                return crops, done
    for stale in _outcome_paths(folder):
        stale.unlink()
    return create_images(path, shape), done.iloc[:0]


def _outcome_paths(folder: Path) -> list[Path]:
    return sorted(folder.glob("outcomes-*.parquet"))


def _read_outcomes(folder: Path) -> pd.DataFrame:
    """Read what became of the images; of one that was tried again the last counts."""
    tables = [read_table(path) for path in _outcome_paths(folder)]
    if not tables:
        return pd.DataFrame(columns=["place", *FILE, "reason"])
    return pd.concat(tables, ignore_index=True).drop_duplicates("place", keep="last")


def _write_outcomes(outcomes: pd.DataFrame, folder: Path) -> None:
    """Mark a chunk as done."""
    final = folder / f"outcomes-{len(_outcome_paths(folder)):08d}.parquet"
    partial_path = final.with_suffix(".partial")
    write_table(outcomes, partial_path)
    partial_path.replace(final)
