"""Errors of nets between spheres: how often random points meet one, and how far away a search finds one."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from advdim.figures import style
from advdim.figures.order import in_natural_order, natural
from advdim.figures.spheres import binomial_bounds
from advdim.ledger.observations import at_end, measurement_settings, trained_nets
from advdim.ledger.spheres_nets import largest_samples, searched
from advdim.statistics.collect import Results
from advdim.theory import caps

TRAINED = ["dataset", "model", "training", "seed"]
"""The labels that tell one net of this study from another."""
KEYS = [*TRAINED, "step"]
"""The labels that tell one snapshot of a net from another."""


def nearest_searches(results: Results) -> pd.DataFrame:
    """Read the searches along spheres that aim at the nearest error.

    Returns:
        Rows of `advdim.attacks.manifold` with `dimension`, and `counted`: whether errors on random points of the same
        dataset were counted too. Empty where there are none.
    """
    searches = results.table("manifold")
    if searches.empty:
        return searches
    nearest = [name for name, attack in measurement_settings(results, "manifold").items() if attack["aim"] == "nearest"]
    dimensions = searches["dataset"].map(results.datasets["dimension"])
    counted = searches["dataset"].isin(results.table("error_rate").get("dataset", []))
    return searches[searches["measurement"].isin(nearest)].assign(dimension=dimensions, counted=counted)


def searches_over_norms(results: Results) -> pd.DataFrame:
    """Keep of the searches that aim at the nearest error those over many norms, on datasets with a sweep over norms."""
    searches, norms = nearest_searches(results), results.table("norm_sweep")
    if searches.empty or norms.empty:
        return pd.DataFrame()
    wide = [name for name, attack in measurement_settings(results, "manifold").items() if len(attack["radii"]) > 2]
    return searches[searches["measurement"].isin(wide) & searches["dataset"].isin(norms["dataset"])]


def searches_over_dimensions(results: Results) -> pd.DataFrame:
    """Keep the searches on nets that know endless points and whose errors were not counted: those of S08.

    Returns:
        Rows of `nearest_searches`; empty where they are all in one dimension.
    """
    searches = nearest_searches(results)
    if searches.empty:
        return searches
    swept = searches[~searches["counted"] & searches["dataset"].map(results.datasets["points"]).isna()]
    return swept if len(set(swept["dimension"])) > 1 else swept.iloc[:0]


def attacked_starts(results: Results) -> pd.DataFrame:
    """Read the searches from the inner sphere that the ledger judges, on nets whose errors were counted.

    Returns:
        Rows of `advdim.attacks.manifold`, each start once, with `dimension`: those of the highest dimension, for the
        curve of a cap is another one in each. Empty where there are none.
    """
    starts = searched(results, trained_nets(results))
    if starts.empty:
        return starts
    starts = starts[starts["dataset"].isin(results.table("error_rate").get("dataset", []))]
    starts = starts.assign(dimension=starts["dataset"].map(results.datasets["dimension"]))
    return starts[starts["dimension"].eq(starts["dimension"].max())]


def compare_aims(results: Results) -> pd.DataFrame:
    """Put the nearest error and the worst point of the inner sphere side by side, at the end of training.

    Returns:
        One row a net and `aim` of the search, over the same starts: their number, `share_found` in error, the mean
        `distance` that the search went, in inner radii, and the mean `logit` where it ended; positive means outer.
        Empty where no net was searched with both aims.
    """
    nearest, searches = attacked_starts(results), results.once.table("manifold")
    if nearest.empty:
        return nearest
    aims = {name: attack["aim"] for name, attack in measurement_settings(results, "manifold").items()}
    worst = searches[(searches["measurement"].map(aims) == "worst") & (searches["radius"] == 1.0)]
    every = pd.concat([at_end(nearest).assign(aim="nearest"), worst.assign(aim="worst")])
    both = every.groupby([*KEYS, "start"])["aim"].transform("nunique") == 2
    return (
        every[both]
        .groupby([*TRAINED, "aim"], as_index=False)
        .agg(
            starts=("start", "size"),
            share_found=("found", "mean"),
            distance=("distance", "mean"),
            logit=("logit", "mean"),
        )
    )


def sum_snapshots(attacked: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Put the mean distance to an error of each snapshot beside its error rate on the inner sphere.

    Args:
        attacked: from `attacked_starts`.
        counted: rows of the statistic `error_rate`.

    Returns:
        One row a snapshot: `KEYS`, mean `distance` and its standard error `sem`, `share_found` of the starts, `points`
        and `errors` on them, their `rate` with its exact 95 % interval from `rate_low` to `rate_high`. Empty where one
        of the tables is.
    """
    if attacked.empty or counted.empty:
        return pd.DataFrame()
    nearest = attacked.groupby(KEYS).agg(
        distance=("distance", "mean"), sem=("distance", "sem"), share_found=("found", "mean")
    )
    inner = largest_samples(counted[counted["sphere"] == "inner"]).set_index(KEYS)
    snapshots = nearest.join(inner[["points", "errors"]]).reset_index()
    snapshots = in_natural_order(snapshots, "dataset")
    bounds = binomial_bounds(snapshots["errors"], snapshots["points"])
    return snapshots.assign(
        rate=snapshots["errors"] / snapshots["points"],
        rate_low=[bound.low for bound in bounds],
        rate_high=[bound.high for bound in bounds],
    )


def shown_beside_caps(snapshots: pd.DataFrame) -> pd.DataFrame:
    """Keep the snapshots that a distance can be drawn of: errors were sampled, and found from every start."""
    return snapshots[(snapshots["errors"] > 0) & (snapshots["share_found"] == 1) & (snapshots["rate"] < 1)]


def draw_caps(shown: pd.DataFrame, dimension: int) -> Figure:
    """Draw the mean distance to an error against the error rate, beside the curves of a cap (theorem 5.1).

    Args:
        shown: from `shown_beside_caps`.
        dimension: dimension d of the spheres.
    """
    measures = np.logspace(-6, math.log10(0.5), 60)
    curves = {
        "a cap, exact": (caps.mean_distance_to_cap, "-"),
        "first order": (caps.mean_distance_to_cap_first_order, ":"),
        "as in the source (times √2)": (caps.mean_distance_to_cap_source, "--"),
    }
    fig, axes = plt.subplots(figsize=style.PAGE)
    for name, (distance, line) in curves.items():
        colour = "black" if line == "-" else "grey"
        axes.plot(measures, distance(measures, dimension), line, color=colour, label=name)
    datasets = sorted(shown["dataset"].unique(), key=natural)
    names = {"x": "rate", "y": "distance", "hue": "model", "style": "dataset"}
    sns.scatterplot(shown, **names, style_order=datasets, s=40, ax=axes, zorder=3)
    axes.hlines(shown["distance"], shown["rate_low"], shown["rate_high"], color="grey", lw=0.8, zorder=2)
    axes.set(xscale="log", xlim=(1e-6, 1), ylim=(0, None))
    axes.set(xlabel="error rate on the inner sphere (95 % exact interval)", ylabel="mean distance to an error")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return fig


def sum_spheres(counted: pd.DataFrame) -> pd.DataFrame:
    """Add up points and errors of both spheres for each snapshot, with the one-sided 95 % `upper` bound of the rate."""
    total = largest_samples(counted).groupby(KEYS)[["points", "errors"]].sum().reset_index()
    bounds = binomial_bounds(total["errors"], total["points"], level=0.9)
    return total.assign(upper=[bound.high for bound in bounds], net=_net_names(total))


def draw_training(total: pd.DataFrame, snapshots: pd.DataFrame) -> Figure:
    """Draw how errors on random points, and those that a search finds, go with the training.

    Args:
        total: from `sum_spheres`.
        snapshots: from `sum_snapshots`.
    """
    datasets = sorted(total["dataset"].unique(), key=natural)
    look = {
        "x": "step",
        "hue": "dataset",
        "hue_order": datasets,
        "palette": style.shades(len(datasets)),
        "style": "net",
        "style_order": sorted(total["net"].unique(), key=natural),
        "markers": True,
        "errorbar": ("pi", 100),
        "lw": 1.2,
    }
    fig, panels = plt.subplots(1, 2, figsize=style.PAGE, sharex=True)
    sns.lineplot(total, y="upper", legend=False, ax=panels[0], **look)
    panels[0].set(yscale="log", ylabel="error rate, one-sided 95 % bound", title="Random points")
    panels[0].set_xscale("symlog", linthresh=100)  # snapshots lie evenly on it, and 0 has a place
    sns.lineplot(snapshots.assign(net=_net_names(snapshots)), y="share_found", ax=panels[1], **look)
    panels[1].set(ylim=(0, 1.05), ylabel="share of starts with an error found", title="Attacked points")
    for axes in panels:
        axes.set_xlabel("training step")
    sns.move_legend(panels[1], "upper left", bbox_to_anchor=(1.0, 1.0), fontsize=7)
    fig.tight_layout()
    return fig


def _net_names(rows: pd.DataFrame) -> "pd.Series[str]":
    """The model, and the training where a dataset has several of them."""
    several = rows.groupby(["dataset", "model"])["training"].transform("nunique") > 1
    return rows["model"] + (", " + rows["training"]).where(several, "")


def draw_shell(nearest: pd.DataFrame) -> Figure:
    """Draw distance and norm of the nearest points between the spheres that nets call outer.

    Args:
        nearest: rows of the attack `shell`, of one snapshot a net.
    """
    fig, panels = plt.subplots(1, 2, figsize=style.PAGE)
    found = nearest.assign(net=_net_names(nearest) + " on " + nearest["dataset"])[nearest["found"]]
    room = 1.1 + 0.08 * found["net"].nunique()  # above the bars, for a line of the legend each
    for axes, column in zip(panels, ("distance", "norm"), strict=True):
        look = {"element": "step", "stat": "density", "common_norm": False, "legend": axes is panels[0]}
        sns.histplot(found, x=column, hue="net", ax=axes, **look)
        axes.set(xlabel=f"{column} of the nearest point called outer", ylim=(0, room * axes.get_ylim()[1]))
    sns.move_legend(panels[0], "upper left", fontsize=7, title=None)
    fig.tight_layout()
    return fig


def draw_pair_distances(pairs: pd.DataFrame, expected: float) -> Figure:
    """Draw the distances of random pairs of points of the inner sphere, and their exact mean.

    Args:
        pairs: rows of the statistic `pair_distance`.
        expected: the exact mean, in inner radii.
    """
    fig, axes = plt.subplots(figsize=style.COLUMN)
    sns.histplot(pairs, x="distance", stat="density", bins=60, ax=axes)
    axes.axvline(expected, color="C3", label=f"exact mean {expected:.4f}")
    axes.set(xlabel="distance of two random points (inner radius = 1)", ylabel="density")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False)  # inside it would lie on the line
    return fig
