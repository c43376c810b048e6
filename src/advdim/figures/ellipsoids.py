"""Figures of quadratic nets, whose boundaries are ellipsoids: alphas, true distances, error rates in the tail."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from advdim.figures import style
from advdim.figures.sphere_errors import KEYS, TRAINED
from advdim.ledger.observations import at_end
from advdim.theory import quadratic
from advdim.theory.caps import mean_distance_to_cap

TAIL_DIMENSION = 500
"""Dimension of the ellipsoids whose error rates are compared with the normal approximation."""


def rank_alphas(alphas: pd.DataFrame) -> pd.DataFrame:
    """Keep each net's last snapshot, with the `rank` of each alpha by its size, from 1.

    Args:
        alphas: rows of the statistic `alphas`.
    """
    final = at_end(alphas)
    return final.assign(rank=final.groupby(TRAINED)["alpha"].rank(method="first"))


def count_wrong(final: pd.DataFrame, radius: float) -> "pd.Series[int]":
    """Count the alphas of each net outside of [1/R^2, 1], by `TRAINED`."""
    return final.groupby(TRAINED)["alpha"].apply(
        lambda alpha: int(quadratic.wrong_alphas(alpha.to_numpy(), radius).sum())
    )


def draw_alphas(final: pd.DataFrame, radius: float) -> Figure:
    """Draw the sorted alphas of each net beside the band in which they make no error.

    Args:
        final: from `rank_alphas`.
        radius: radius R of the outer sphere.
    """
    fig, axes = plt.subplots(figsize=style.PAGE)
    nets = final.assign(net=final[["model", "training", "seed"]].astype(str).agg(" ".join, axis=1))
    sns.lineplot(nets, x="rank", y="alpha", hue="dataset", units="net", estimator=None, ax=axes)
    axes.axhspan(1 / radius**2, 1, color="C2", alpha=0.15, label="no error: $[1/R^2, 1]$")
    axes.set(yscale="log", xlabel="axis, by size", ylabel=r"$\alpha_i$")
    axes.legend(fontsize=8)
    return fig


def starts_near_errors(exact: pd.DataFrame, attacked: pd.DataFrame) -> pd.DataFrame:
    """Put the true distance to the nearest error, `on_sphere`, beside each attacked start that has one.

    Args:
        exact: rows of the statistic `true_distance`.
        attacked: from `advdim.figures.sphere_errors.attacked_starts`.
    """
    true = exact.drop_duplicates([*KEYS, "start"])[[*KEYS, "start", "on_sphere"]]
    return attacked.merge(true[np.isfinite(true["on_sphere"])], on=[*KEYS, "start"])


def mean_distances(starts: pd.DataFrame, alphas: pd.DataFrame) -> pd.DataFrame:
    """Compare attacked and true mean distance of each snapshot, over the starts from which the attack found an error.

    Args:
        starts: from `starts_near_errors`.
        alphas: rows of the statistic `alphas`, each once.

    Returns:
        One row a snapshot: `KEYS`, `attacked`, `true`, exact error `rate` on the inner sphere, `share_found`.
    """
    both = starts[starts["found"]].groupby(KEYS).agg(attacked=("distance", "mean"), true=("on_sphere", "mean"))
    rate = alphas.groupby(KEYS)["alpha"].apply(lambda alpha: math.exp(quadratic.log_error_rate(alpha.to_numpy())))
    shares = starts.groupby(KEYS)["found"].mean().rename("share_found")
    return both.join(rate.rename("rate")).join(shares).reset_index()


def draw_true_distances(table: pd.DataFrame, dimension: int) -> Figure:
    """Draw attacked and true mean distance of quadratic nets beside the curve of a cap.

    Args:
        table: one row a snapshot: `rate` on the inner sphere, exactly, mean `attacked` and mean `true` distance.
        dimension: dimension d of the spheres.
    """
    fig, axes = plt.subplots(figsize=style.PAGE)
    seen = table[table["rate"] > 0]
    lowest = seen["rate"].min() if len(seen) else 1e-6
    rates = np.logspace(np.log10(max(lowest / 3, 1e-300)), np.log10(0.5), 200)
    axes.plot(rates, mean_distance_to_cap(rates, dimension), color="black", label="a cap of that measure")
    for column, marker, colour in (("true", "o", "C0"), ("attacked", "x", "C3")):
        axes.scatter(
            seen["rate"], seen[column], s=25, marker=marker, color=colour, label=f"{column} distance", zorder=3
        )
    axes.vlines(seen["rate"], seen["true"], seen["attacked"], color="grey", lw=0.8)
    axes.set(xscale="log", ylim=(0, None))
    axes.set(xlabel="error rate on the inner sphere, exact", ylabel="mean distance to an error")
    axes.legend(fontsize=8)
    return fig


def draw_perfect_start(table: pd.DataFrame) -> Figure:
    """Draw losses and wrong alphas of quadratic nets from a perfect start (figure 3 right).

    Args:
        table: rows of `advdim.statistics.quadratic_losses`.
    """
    fig, panels = plt.subplots(1, 3, figsize=style.PAGE, sharex=True)
    titles = {"mean_loss": "average loss (nats)", "worst_loss": "worst-case loss (nats)", "wrong": "wrong alphas"}
    for axes, (column, title) in zip(panels, titles.items(), strict=True):
        sns.lineplot(
            table, x="step", y=column, hue="dataset", errorbar=("pi", 100), ax=axes, legend=column == "mean_loss"
        )
        axes.set(xlabel="training step", ylabel=title)
    panels[0].set(yscale="log")
    panels[0].legend(fontsize=7)
    fig.tight_layout()
    return fig


def error_rates_in_the_tail() -> pd.DataFrame:
    """Compare the error rate of ellipsoids with its normal approximation, as their mean alpha departs from 1.

    Returns:
        One row a `mean_alpha`: log10 of the rate on the inner sphere, `exact` and `normal`. The `TAIL_DIMENSION` alphas
        are spread evenly over a width of 0.5.
    """
    spread = np.linspace(-1, 1, TAIL_DIMENSION)
    rows = []
    for shift in np.linspace(0.005, 0.4, 60):
        alphas = 1 - shift + 0.25 * spread
        exact, normal = (
            log / math.log(10) for log in (quadratic.log_error_rate(alphas), quadratic.log_error_rate_clt(alphas))
        )
        rows.append({"mean_alpha": 1 - shift, "exact": exact, "normal": normal})
    return pd.DataFrame(rows)


def draw_tails(tails: pd.DataFrame) -> Figure:
    """Draw exact and approximated error rate, and by how many orders of magnitude they differ.

    Args:
        tails: from `error_rates_in_the_tail`.
    """
    fig, panels = plt.subplots(1, 2, figsize=style.PAGE)
    panels[0].plot(tails["mean_alpha"], tails["exact"], label="exact")
    panels[0].plot(tails["mean_alpha"], tails["normal"], "--", label="normal approximation")
    panels[0].set(xlabel=r"mean of the $\alpha_i$", ylabel="log10 of the error rate")
    panels[0].legend()
    panels[1].plot(tails["exact"], tails["normal"] - tails["exact"])
    panels[1].set(xlabel="log10 of the exact error rate", ylabel="log10 of normal / exact")
    fig.tight_layout()
    return fig
