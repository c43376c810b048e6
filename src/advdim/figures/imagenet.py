"""What is in a set built from ILSVRC2012: counts, oddities, and labels that contradict each other."""

import pandas as pd

from advdim.artefacts.tables import read_table
from advdim.datasets.large import is_stand_in
from advdim.datasets.stored import SPLITS, read_image_info
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


def manifests(results: Results) -> dict[str, pd.DataFrame]:
    """Read the manifest of every built set, by the dataset's name; a set that stands in for ImageNet says so."""
    found = {}
    for row in results.rows:
        if row["stage"] == "datasets" and row["kind"] == "imagenet12":
            folder = results.folder(row)
            name = str(row["labels"]["dataset"]) + " (stand-in archive, not ImageNet)" * is_stand_in(folder)
            found[name] = read_table(folder / "manifest.parquet")
    return found


def count_classes(manifest: pd.DataFrame) -> pd.DataFrame:
    """Count the kept images of each class in each split, with what was left out and what was enlarged."""
    kept = manifest[manifest["state"] == "kept"]
    counts = kept.pivot_table(index="class", columns="split", values="name", aggfunc="count", fill_value=0)
    counts = counts.reindex(columns=list(SPLITS), fill_value=0)
    by_class = manifest.groupby("class")
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
    kept = manifest[manifest["state"] == "kept"]
    files = kept.groupby(["synset", "origin", "name"])
    roles = pd.DataFrame(
        {
            "classes": files["class"].agg(lambda names: ", ".join(sorted(set(names)))),
            "splits": files["split"].agg(lambda names: ", ".join(sorted(set(names)))),
        }
    ).reset_index()
    several = roles[roles["classes"].str.contains(",") | roles["splits"].str.contains(",")]
    return several.groupby(["synset", "classes", "splits"], as_index=False).size().rename(columns={"size": "files"})


def channel_facts(results: Results) -> pd.DataFrame:
    """Channel means and deviations of every set and width, beside those of the published set."""
    rows = []
    for row in results.rows:
        if row["stage"] == "datasets" and row["kind"] in ("imagenet12", "resized"):
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
