"""The judge of the set of photographs that the source builds."""

from advdim.artefacts.tables import read_table
from advdim.datasets.large import is_stand_in
from advdim.datasets.stored import read_image_info
from advdim.ledger.claims import Claim
from advdim.ledger.verdict import Verdict, judged, unjudged
from advdim.ledger.wording import numbers, outcome
from advdim.statistics.collect import Results

PUBLISHED, CLASSES = 80_000, 12
"""Images and classes that the source names."""
WIDTHS = {32, 64, 128, 256}


def judge_count(claim: Claim, results: Results) -> Verdict:
    """D11: count the distinct images of the set built from ImageNet."""
    folders = {
        results.settings(row).get("source", row["labels"]["dataset"]): results.folder(row)
        for row in results.rows
        if row["stage"] == "datasets" and row["kind"] == "imagenet12" and not is_stand_in(results.folder(row))
    }
    if not folders:
        return unjudged(claim)
    name, folder = next(iter(folders.items()))
    manifest = read_table(folder / "manifest.parquet")
    kept = manifest[manifest["state"] == "kept"]
    count = len(kept[["synset", "origin", "name"]].drop_duplicates())
    resized = [row for row in results.rows if row["stage"] == "datasets" and row["kind"] == "resized"]
    widths = {256} | {results.settings(row)["width"] for row in resized if results.settings(row)["source"] == name}
    classes = len(set(kept["class"])), len(read_image_info(folder).class_names)
    holds = abs(count - PUBLISHED) <= claim.limit() * PUBLISHED and classes == (CLASSES, CLASSES) and widths >= WIDTHS
    found = (
        f"{count:,} distinct images in {classes[0]} classes, at widths {numbers(widths)}; "
        f"{(manifest['state'] == 'quarantined').sum():,} files are quarantined."
    )
    return judged(
        claim, outcome(holds), count, found, scale=f"ILSVRC2012, set {name}", figure="dimension.html#pictures"
    )
