"""What is in a set built from ILSVRC2012: counts, oddities, and labels that contradict each other."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from advdim.artefacts.tables import read_table
from advdim.datasets.imagenet.merging import contradictions
from advdim.datasets.large import is_stand_in
from advdim.datasets.stored import SPLITS, read_image_info
from advdim.figures.style import INK, PAGE
from advdim.statistics.collect import Results

SOURCE_MEANS = ".453 .443 .403"
"""Channel means of the published set."""
SOURCE_DEVIATIONS = {
    256: ".232 .226 .225",
    128: ".225 .218 .218",
    64: ".218 .211 .211",
    32: ".206 .200 .200",
}
"""Channel deviations of the published set, by width."""


KINDS = ("imagenet12", "resized")
EDGE = 256
"""Edge of the crops in pixels: what is smaller is enlarged."""


def families(results: Results) -> dict[str, Results]:
    """Find every built set and its smaller widths.

    Returns:
        By the name of the set that they are made from, each width once and the largest first; what stands in for
        ImageNet says so.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    built = [row for row in results.rows if row["stage"] == "datasets" and row["kind"] in KINDS]
    for row in sorted(built, key=lambda row: int(results.settings(row)["width"]), reverse=True):
        name = str(results.settings(row).get("source", row["labels"]["dataset"]))
        name += " (stand-in archive, not ImageNet)" * is_stand_in(results.folder(row))
        found.setdefault(name, {})[row["path"]] = row
    return {name: Results(tuple(rows.values()), results.root) for name, rows in found.items()}


def read_manifest(family: Results) -> pd.DataFrame:
    """Read the manifest of a set; all its widths have the same one."""
    return read_table(family.folder(family.rows[0]) / "manifest.parquet")


def source_sizes(manifest: pd.DataFrame) -> pd.DataFrame:
    """Sizes in pixels of the files that could be decoded, one row a file: `shorter` and `longer` edge."""
    files = manifest[manifest["reason"] == ""].drop_duplicates(["origin", "synset", "name"])
    edges = np.sort(files[["height", "width"]].to_numpy(np.int64), axis=1)
    return pd.DataFrame(edges, columns=["shorter", "longer"])


def draw_sizes(sizes: pd.DataFrame) -> Figure:
    """Draw histograms of the shorter edge and of the ratio of the edges, from what `source_sizes` returns."""
    fig, (edges, ratios) = plt.subplots(1, 2, figsize=(PAGE[0], 2.4), layout="constrained")
    shorter, ratio = sizes["shorter"], sizes["longer"] / sizes["shorter"]
    edges.hist(shorter, bins=np.geomspace(shorter.min(), shorter.max() + 1, 41))
    edges.axvline(EDGE, color=INK, ls=":")
    edges.set(xscale="log", title=f"Shorter edge: {(shorter < EDGE).mean():.1%} are below {EDGE}")
    edges.set(xlabel="pixels, as decoded", ylabel="files")
    for axis in (edges.xaxis.set_major_formatter, edges.xaxis.set_minor_formatter):
        axis(LogFormatter(minor_thresholds=(2, 0.5)))
    ratios.hist(ratio, bins=np.linspace(1, max(2.0, float(np.quantile(ratio, 0.999))), 41))
    ratios.set(title="Longer over shorter edge", xlabel="ratio")
    return fig


def count_classes(manifest: pd.DataFrame) -> pd.DataFrame:
    """Count the kept images of each class in each split, with what was left out and what was enlarged."""
    kept = manifest[manifest["state"] == "kept"]
    counts = kept.pivot_table(index="class", columns="split", values="name", aggfunc="count", fill_value=0)
    by_class = manifest.groupby("class")
    counts = counts.reindex(index=list(by_class.groups), columns=list(SPLITS), fill_value=0)
    counts["quarantined"] = by_class["state"].agg(lambda states: int((states == "quarantined").sum()))
    counts["duplicates"] = by_class["state"].agg(lambda states: int((states == "duplicate").sum()))
    counts["enlarged"] = kept.groupby("class")["enlarged"].sum().astype(int)
    total = counts.sum().rename("all")
    return pd.concat([counts, total.to_frame().T]).fillna(0).astype(int).rename_axis("class").reset_index()


def list_oddities(manifest: pd.DataFrame) -> pd.DataFrame:
    """Count files by what was mended in them, or by the reason for which they are quarantined."""
    files = manifest.drop_duplicates(["origin", "synset", "name"])
    mended = files.loc[files["mended"] != "", "mended"].str.split(", ").explode().value_counts()
    broken = files.loc[files["reason"] != "", "reason"].value_counts()
    parts = [
        pd.DataFrame({"what": counts.index, "files": counts.to_numpy()}).assign(became=became)
        for became, counts in (("mended and kept", mended), ("quarantined", broken))
    ]
    return pd.concat(parts, ignore_index=True)


def list_contradictions(manifest: pd.DataFrame) -> pd.DataFrame:
    """Count files that are kept under two classes or in two splits, by synset, classes and splits."""
    found = contradictions(manifest[manifest["state"] == "kept"])
    return found.groupby(["synset", "classes", "splits"], as_index=False).size().rename(columns={"size": "files"})


def channel_facts(results: Results) -> pd.DataFrame:
    """Channel means and deviations of every set and width, beside those of the published set."""
    rows = []
    for row in results.rows:
        if row["stage"] == "datasets" and row["kind"] in KINDS:
            info = read_image_info(results.folder(row))
            rows.append(
                {
                    "set": row["labels"]["dataset"],
                    "width": info.shape[0],
                    "means": " ".join(f"{value:.3f}" for value in info.channel_means),
                    "the source's means": SOURCE_MEANS,
                    "deviations": " ".join(f"{value:.3f}" for value in info.channel_deviations),
                    "the source's deviations": SOURCE_DEVIATIONS.get(info.shape[0], ""),
                }
            )
    return pd.DataFrame(rows).drop_duplicates("set") if rows else pd.DataFrame()
