"""What speaks against the attacks: on how many of their tables each suspicion was raised."""

import pandas as pd

from advdim.attacks.flags import FLAGS
from advdim.statistics.collect import Results


def sum_suspicions(results: Results) -> pd.DataFrame:
    """Sum up the flags of all attacks on images, each artefact once.

    Returns:
        One row a flag: `flag`, of how many `tables` it was `raised`, the `largest_share`, and what it is raised by and
        means, in words. Empty where nothing was attacked.
    """
    frames = [results.once.table(kind, "flags") for kind in ("iterative", "minimal", "deepfool")]
    frames = [frame for frame in frames if not frame.empty]
    if not frames:
        return pd.DataFrame()
    flags = pd.concat(frames, ignore_index=True).groupby("flag")
    raised = flags.agg(tables=("raised", "size"), raised=("raised", "sum"), largest_share=("share", "max"))
    raised["raised if"] = [FLAGS[name].raised_if for name in raised.index]
    raised["what it means"] = [FLAGS[name].meaning for name in raised.index]
    return raised.reset_index()
