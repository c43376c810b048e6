"""The judge of the spheres study that follows quadratic nets from a perfect start."""

import numpy as np
import pandas as pd

from advdim.ledger.claims import Claim
from advdim.ledger.observations import NET, nets_in, observations, of_nets, trained_nets
from advdim.ledger.spheres_nets import DIMENSION, HIDDEN, OUTER_RADIUS
from advdim.ledger.verdict import Judge, Verdict, judged, unjudged
from advdim.ledger.wording import counted, outcome, scale_of_spheres
from advdim.statistics.collect import Results
from advdim.statistics.intervals import binomial, holm, monotone

RUNS, LAST, EVERY = 5, 2000, 100


def judge_perfect_start(claim: Claim, results: Results) -> Verdict:
    """S13: test average loss, worst-case loss and number of wrong alphas for a trend in each run."""
    nets = [
        net
        for net in trained_nets(results, kind="quadratic", width=HIDDEN, perfect_radius=OUTER_RADIUS)
        if net.dataset["dimension"] == DIMENSION
    ]
    table = of_nets(observations(results, "quadratic_losses"), nets)
    wanted = set(range(EVERY, LAST + 1, EVERY))
    runs = [rows.sort_values("step") for _, rows in table.groupby(NET)] if len(table) else []
    runs = [rows for rows in runs if wanted <= set(rows["step"])]
    if len({rows["seed"].iloc[0] for rows in runs}) < RUNS:
        return unjudged(claim)
    followed = [_has_trends(rows, claim.limit("alpha")) for rows in runs]
    scale = scale_of_spheres(nets_in(pd.concat(runs), nets))
    wrong = [int(rows["wrong"][rows["step"] == claim.limit("steps")].iloc[0]) for rows in runs]
    share = binomial(sum(followed), len(runs))
    first = [rows["step"][rows["wrong"] > 0].min() for rows in runs]
    found = (
        f"In {sum(followed)} of {counted(len(runs), 'run')} the average loss falls while worst-case loss and number of "
        f"wrong alphas rise. After {claim.limit('steps'):g} steps {min(wrong)} to {max(wrong)} of {DIMENSION} alphas "
        f"are wrong; the first is wrong at step {np.nanmin(first):g} to {np.nanmax(first):g}. "
        f"Worst-case loss {_ends(runs, 'worst_loss')}, average loss {_ends(runs, 'mean_loss')} (start to end, medians)."
    )
    holds = sum(followed) > len(runs) / 2 and sum(count > 0 for count in wrong) > len(runs) / 2
    return judged(claim, outcome(holds), share, found, scale=scale, figure="spheres.html#perfect-start")


def _has_trends(rows: pd.DataFrame, alpha: float) -> bool:
    signs = {"mean_loss": "less", "worst_loss": "greater", "wrong": "greater"}
    if any(rows[name].nunique() < 2 for name in signs):
        return False
    p_values = [monotone(rows["step"], rows[name], sign).p_value for name, sign in signs.items()]  # type: ignore[arg-type]
    return max(holm(p_values)) <= alpha


def _ends(runs: list[pd.DataFrame], name: str) -> str:
    start, end = (float(np.median([rows[name].iloc[place] for rows in runs])) for place in (0, -1))
    return f"{start:.3g} to {end:.3g}"


JUDGES: dict[str, Judge] = {"S13": judge_perfect_start}
