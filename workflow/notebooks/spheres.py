# %% tags=["parameters"]
handed = ""
scale = ""

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from advdim.figures import spheres, style
from advdim.figures.display import figure, table
from advdim.figures.ledger import not_run, verdict_table
from advdim.reports.page import open_page
from advdim.statistics.intervals import binomial
from advdim.theory import caps, quadratic

style.apply()
page = open_page(handed, scale)
results = page.results

# %% [markdown]
# # Adversarial spheres
#
# Two spheres in $d$ dimensions, one of radius 1 and one of radius $R = 1.3$: which one does a point lie on? The task is
# as plain as can be, the data have no noise, and the best boundary is known. Yet nets that make no error on millions of
# random points have errors close to almost every point. This page follows Gilmer et al. (2018), *Adversarial Spheres*.
#
# The reason is geometry. In high dimension a set of errors that is far from all points must be very small: a cap of
# measure $\mu$ is the best shape there is, and even its mean distance shrinks like $1/\sqrt{d}$ (theorem 5.1).

# %%
verdict_table(page.claims, page.verdicts, anchor="verdicts", only_judged=True)
not_run(page.not_run)

# %% [markdown]
# ## Points of a sphere are far apart
#
# Two random points of the inner sphere are nearly orthogonal, so almost always about $\sqrt{2}$ apart. Against that
# measure the distances to the nearest error, below, are small.

# %%
pairs = results.table("pair_distance")
if not pairs.empty:
    dimension = int(results.datasets.loc[pairs["dataset"].iloc[0], "dimension"])
    expected = caps.mean_pair_distance(dimension)
    fig, axes = plt.subplots(figsize=style.COLUMN)
    sns.histplot(pairs, x="distance", stat="density", bins=60, ax=axes)
    axes.axvline(expected, color="C3", label=f"exact mean {expected:.4f}")
    axes.set(xlabel="distance of two random points (inner radius = 1)", ylabel="density")
    axes.legend()
    counted = results.select(kind="pair_distance")
    figure(
        fig,
        anchor="pairs",
        caption=f"Distances of {len(pairs):,} random pairs of points of the inner sphere in {dimension} dimensions, and "
        "their exact mean by gamma functions.",
        scale=page.scale_of(counted),
        claims=["S03"],
        alt=f"Histogram of distances, narrow around {expected:.2f}.",
        recipes=page.recipes(counted),
    )

# %% [markdown]
# ## The nearest error and the error rate
#
# Each point is one net at one moment of its training. Its error rate is counted on fresh points of the inner sphere; its
# mean distance to the nearest error is what gradient ascent along the sphere finds from random starts. No set of errors
# of that measure can be further away, on average, than a cap: that is the black curve, computed exactly as an integral
# over the sphere. The attack only finds *an* error, not always the nearest, so points may lie above the curve; the true
# distance cannot. The source's appendix writes the curve with a factor $\sqrt{2}$ too much (erratum S16).

# %%
KEYS = ["dataset", "model", "seed", "step"]
searches = attacked = results.table("manifold")
if not searches.empty:
    settings = {row["labels"]["measurement"]: results.settings(row) for row in results.select(kind="manifold").rows}
    nearest = [name for name, attack in settings.items() if attack["aim"] == "nearest"]
    dimensions = searches["dataset"].map(results.datasets["dimension"])
    searches = searches[searches["measurement"].isin(nearest)].assign(dimension=dimensions)
    counted_too = searches["dataset"].isin(results.table("error_rate").get("dataset", []))  # not those of other d
    attacked = searches[counted_too & (searches["radius"] == 1.0)].drop_duplicates([*KEYS, "start"])
counted = results.table("error_rate")
if not attacked.empty and not counted.empty:
    nearest = attacked.groupby(KEYS).agg(
        distance=("distance", "mean"), sem=("distance", "sem"), share_found=("found", "mean")
    )
    inner = counted[counted["sphere"] == "inner"].drop_duplicates(KEYS).set_index(KEYS)
    snapshots = nearest.join(inner[["points", "errors"]]).reset_index()
    snapshots["rate"] = snapshots["errors"] / snapshots["points"]
    bounds = [binomial(int(row.errors), int(row.points)) for row in snapshots.itertuples()]
    snapshots["rate_low"], snapshots["rate_high"] = [b.low for b in bounds], [b.high for b in bounds]
    dimension = int(attacked["dimension"].iloc[0])

    measures = np.logspace(-6, math.log10(0.5), 60)
    curves = pd.DataFrame(
        {
            "rate": measures,
            "a cap, exact": caps.mean_distance_to_cap(measures, dimension),
            "first order": caps.mean_distance_to_cap_first_order(measures, dimension),
            "as in the source (times √2)": caps.mean_distance_to_cap_source(measures, dimension),
        }
    )
    fig, axes = plt.subplots(figsize=style.PAGE)
    for name, line in zip(curves.columns[1:], ("-", ":", "--"), strict=True):
        axes.plot(curves["rate"], curves[name], line, color="black" if line == "-" else "grey", label=name)
    seen = snapshots[(snapshots["errors"] > 0) & (snapshots["share_found"] == 1) & (snapshots["rate"] < 1)]
    sns.scatterplot(seen, x="rate", y="distance", hue="model", style="dataset", s=40, ax=axes, zorder=3)
    axes.hlines(seen["distance"], seen["rate_low"], seen["rate_high"], color="grey", lw=0.8, zorder=2)
    axes.set(xscale="log", xlim=(1e-6, 1), ylim=(0, None))
    axes.set(xlabel="error rate on the inner sphere (95 % exact interval)", ylabel="mean distance to an error")
    axes.legend(fontsize=7, loc="upper right")
    shown = results.select(stage="attacks")
    hidden = len(snapshots) - len(seen)
    figure(
        fig,
        anchor="caps",
        caption="Mean distance from a random point of the inner sphere to the error that the attack finds, against the "
        f"error rate, in {dimension} dimensions. {len(seen)} snapshots of nets in training are shown; {hidden} with no "
        "sampled error, or with starts from which the attack found none, are in the table. The curves are those of a cap "
        "of that measure.",
        scale=page.scale_of(results.select(experiment=str(attacked["experiment"].iloc[0]))),
        claims=["S02", "S16", "S17", "S18"],
        alt="Scatter of mean distance against error rate beside the curve of a cap; smaller rates lie further away.",
        data=snapshots,
        recipes=page.recipes(shown),
    )

# %% [markdown]
# ## What the nets learn, step by step
#
# Errors on fresh points fall quickly and soon cannot be seen by sampling, while the attack goes on finding errors.

# %%
if not counted.empty:
    fig, panels = plt.subplots(1, 2, figsize=style.PAGE, sharex=True)
    total = counted.drop_duplicates([*KEYS, "sphere"]).groupby(KEYS)[["points", "errors"]].sum().reset_index()
    total["upper"] = [binomial(int(row.errors), int(row.points)).high for row in total.itertuples()]
    total["net"] = total["model"] + " on " + total["dataset"]
    sns.lineplot(total, x="step", y="upper", hue="net", marker="o", errorbar=("pi", 100), ax=panels[0])
    panels[0].set(yscale="log", ylabel="error rate, 95 % upper bound", title="Random points", xlabel="training step")
    panels[0].legend(fontsize=7)
    snapshots["net"] = snapshots["model"] + " on " + snapshots["dataset"]
    sns.lineplot(
        snapshots, x="step", y="share_found", hue="net", marker="o", errorbar=("pi", 100), legend=False, ax=panels[1]
    )
    panels[1].set(
        ylim=(0, 1.05), ylabel="share of starts with an error found", title="Attacked points", xlabel="training step"
    )
    fig.tight_layout()
    figure(
        fig,
        anchor="training",
        caption="Left: 95 % upper bound of the error rate on fresh points of both spheres. Right: share of random starts "
        "on the inner sphere from which the attack finds an error. Bands span the seeds.",
        scale=page.scale_of(results.select(experiment=str(attacked["experiment"].iloc[0]))),
        claims=["S01", "S02"],
        alt="Error rates fall with the training step while the share of successful attacks stays high.",
        data=total,
        recipes=page.recipes(results.select(kind="error_rate")),
    )

# %% [markdown]
# ## Between the spheres
#
# If the search may leave the sphere, it need not go far: the boundary of the net lies between the spheres, and beyond
# it everything is called outer.

# %%
shell = results.table("shell")
if not shell.empty:
    last = shell[shell["step"] == shell.groupby(KEYS[:3])["step"].transform("max")]
    fig, panels = plt.subplots(1, 2, figsize=style.PAGE)
    for axes, column in zip(panels, ("distance", "norm"), strict=True):
        sns.histplot(
            last[last["found"]], x=column, hue="model", element="step", stat="density", common_norm=False, ax=axes
        )
        axes.set(xlabel=f"{column} of the nearest point called outer")
    fig.tight_layout()
    figure(
        fig,
        anchor="shell",
        caption="Nearest points between the spheres that a net at the end of its training calls outer, from random points "
        f"of the inner sphere: found from {100 * last['found'].mean():.0f} % of {len(last):,} starts. The best boundary "
        "is 0.15 away, at norm 1.15.",
        scale=page.scale_of(results.select(kind="shell")),
        claims=["S04"],
        alt="Histograms of distance and norm of the nearest point that is called outer.",
        data=last[[*KEYS, "start", "found", "distance", "norm"]],
        recipes=page.recipes(results.select(kind="shell")),
    )

# %% [markdown]
# ## Slices of the space
#
# In a random plane the net draws nearly the best circle. In planes that contain a worst case of the outer sphere, found
# by following the gradient to its end, the picture is another one.

# %%
slices = results.table("slices")
if not slices.empty:
    one = slices[slices[KEYS].eq(slices[KEYS].iloc[0]).all(axis=1)]
    figure(
        spheres.draw_slices(one, float(results.datasets.loc[one["dataset"].iloc[0], "outer_radius"])),
        anchor="slices",
        caption=f"What a ReLU net says in three planes through the origin, after {int(one['step'].max()):,} steps; black "
        "circles are the spheres. Left: a random plane. Middle: a plane of a worst case of the outer sphere, which points to "
        "the right, and a random direction. Right: a plane of two worst cases, made orthogonal.",
        scale=page.scale_of(results.select(kind="slices")),
        claims=["S05"],
        alt="Three planes coloured by the probability of outer: a disc, and two in which the disc reaches further out.",
        data=one[one["plane"] == 0][["sort", "angle_deg", "radius", "logit"]],
        recipes=page.recipes(results.select(kind="slices")),
    )

# %% [markdown]
# ## Points of any norm
#
# Points of other norms than 1 and $R$ were never seen in training. Judged by the boundary in the middle, random ones are
# called right unless they lie close to it. A search also finds errors where random points show none.

# %%
norms = results.table("norm_sweep")
if not norms.empty and not searches.empty:
    wide = [name for name, attack in settings.items() if len(attack["radii"]) > 2]
    swept = searches[searches["measurement"].isin(wide) & searches["dataset"].isin(norms["dataset"])]
    fig, drawn = spheres.draw_norms(norms, swept, (1 + float(results.datasets["outer_radius"].iloc[0])) / 2)
    figure(
        fig,
        anchor="norms",
        caption="Share of right answers by norm: on random points, and on the points where a search along the sphere of "
        "that norm, towards the wrong answer, ends. Bands are exact 95 % intervals, nets pooled.",
        scale=page.scale_of(results.select(kind="norm_sweep")),
        claims=["S06"],
        alt="Accuracy on random points is one except near the boundary; after the search it is lower.",
        data=drawn,
        recipes=page.recipes(results.select(kind="norm_sweep")),
    )

# %% [markdown]
# ## Two dimensions
#
# In the plane the same architecture learns from a hundred points, and every error can be seen.

# %%
circles = results.table("circles")
if not circles.empty:
    errors = circles.groupby(KEYS)["error"].sum()
    figure(
        spheres.draw_circles(circles),
        anchor="circles",
        caption=f"Output around both circles of {len(errors)} nets that were trained on few points in two dimensions. "
        f"{int((errors == 0).sum())} of them make no error on {len(circles) // len(errors):,} points of the circles.",
        scale=page.scale_of(results.select(kind="circles")),
        claims=["S07"],
        alt="Logits around the inner circle stay below zero and those around the outer circle above.",
        data=errors.reset_index(),
        recipes=page.recipes(results.select(kind="circles")),
    )

# %% [markdown]
# ## From which dimension on errors can be found
#
# A search that finds nothing proves nothing: how often it finds an error where one exists is known for quadratic nets,
# and told below.

# %%
if not searches.empty:
    swept = searches[~counted_too & searches["dataset"].map(results.datasets["points"]).isna()]
    if len(set(swept["dimension"])) > 1:
        fig, drawn = spheres.draw_dimensions(swept)
        sweep = results.select(experiment=str(swept["experiment"].iloc[0]))
        figure(
            fig,
            anchor="dimensions",
            caption="Share of starts on both spheres from which the search finds an error, by dimension, with exact 95 % "
            "intervals; all seeds together.",
            scale=page.scale_of(sweep),
            claims=["S08"],
            alt="The share of starts with an error by dimension.",
            data=drawn,
            recipes=page.recipes(sweep),
        )

# %% [markdown]
# ## The quadratic net is an ellipsoid
#
# The net $w \sum_j (W_1 x)_j^2 + b$ has the boundary $\sum_i \alpha_i z_i^2 = 1$, an ellipsoid in rotated coordinates
# $z$. It makes no error at all exactly when every $\alpha_i$ lies in $[1/R^2, 1]$; each one outside is an axis along
# which errors exist.

# %%
alphas = results.table("alphas")
if not alphas.empty:
    alphas = alphas.drop_duplicates([*KEYS, "axis"])
    final = alphas[alphas["step"] == alphas.groupby(["dataset", "seed"])["step"].transform("max")].copy()
    radius = float(results.datasets["outer_radius"].iloc[0])
    final["rank"] = final.groupby(["dataset", "seed"])["alpha"].rank(method="first")
    fig, axes = plt.subplots(figsize=style.PAGE)
    sns.lineplot(final, x="rank", y="alpha", hue="dataset", units="seed", estimator=None, ax=axes)
    axes.axhspan(1 / radius**2, 1, color="C2", alpha=0.15, label="no error: $[1/R^2, 1]$")
    axes.set(yscale="log", xlabel="axis, by size", ylabel=r"$\alpha_i$")
    axes.legend(fontsize=8)
    wrong = final.groupby(["dataset", "seed"])["alpha"].apply(
        lambda alpha: int(quadratic.wrong_alphas(alpha.to_numpy(), radius).sum())
    )
    shown = results.select(experiment=str(alphas["experiment"].iloc[0]))
    figure(
        fig,
        anchor="ellipsoid",
        caption="The $\\alpha_i$ of each quadratic net at the end of its training, sorted. Wrong ones: "
        + "; ".join(f"{dataset}, seed {seed}: {count}" for (dataset, seed), count in wrong.items())
        + f" of {int(final['rank'].max())}.",
        scale=page.scale_of(shown),
        claims=["S09", "S10", "S11"],
        alt="Sorted alphas of each net beside the band in which no error exists.",
        data=final[["dataset", "seed", "rank", "alpha"]],
        recipes=page.recipes(shown),
    )

# %% [markdown]
# ## How near the errors really are
#
# For a quadratic net the nearest error can be computed: it is the nearest point of the sphere beyond the ellipsoid. So the
# attack can be judged, and both distances can be set against the cap: no set of errors of that measure is further away.

# %%
exact = results.table("true_distance")
if not exact.empty and not attacked.empty and not alphas.empty:
    true = exact.drop_duplicates([*KEYS, "start"])[[*KEYS, "start", "on_sphere"]]
    starts = attacked.merge(true[np.isfinite(true["on_sphere"])], on=[*KEYS, "start"])
    both = starts[starts["found"]].groupby(KEYS).agg(attacked=("distance", "mean"), true=("on_sphere", "mean"))
    rate = alphas.groupby(KEYS)["alpha"].apply(lambda alpha: math.exp(quadratic.log_error_rate(alpha.to_numpy())))
    both = both.join(rate.rename("rate")).join(starts.groupby(KEYS)["found"].mean().rename("share_found")).reset_index()
    if len(both):
        figure(
            spheres.draw_true_distances(both, int(attacked["dimension"].iloc[0])),
            anchor="true-distance",
            caption="Mean distance to the nearest error of quadratic nets in training, over the starts from which the attack "
            "found one: that which the attack found, and the true one. Where errors exist, the attack finds one from "
            f"{100 * starts['found'].mean():.0f} % of the starts (its power), on average "
            f"{(both['attacked'] / both['true']).mean():.2f} times as far away as the nearest.",
            scale=page.scale_of(results.select(kind="true_distance")),
            claims=["S08", "S17"],
            alt="True distances lie below attacked ones, near the curve of a cap.",
            data=both,
            recipes=page.recipes(results.select(kind="true_distance")),
        )

# %% [markdown]
# ## From a perfect start
#
# A quadratic net can be set up without any error. If it is trained on from there, what happens to its loss, on average
# and in the worst case?

# %%
losses = results.table("quadratic_losses")
if not losses.empty:
    figure(
        spheres.draw_perfect_start(losses),
        anchor="perfect-start",
        caption="Quadratic nets that are trained on from a perfect start: average loss on fresh points, the largest loss "
        "that any point of the spheres has (exactly), and wrong alphas. Bands span the seeds.",
        scale=page.scale_of(results.select(kind="quadratic_losses")),
        claims=["S12", "S13"],
        alt="Average loss, worst-case loss and number of wrong alphas against the training step.",
        data=losses[[*KEYS, "mean_loss", "worst_loss", "wrong"]],
        recipes=page.recipes(results.select(kind="quadratic_losses")),
    )

# %% [markdown]
# ## How good is the normal approximation?
#
# The source estimates error rates too small to be sampled by $1 - \Phi(-\mu/\sigma)$ (proposition 4.1) and leaves open
# how accurate that is in the tail. The exact probability, an inversion of the characteristic function along its saddle
# point, settles it: in the middle the two agree, in the tail the approximation is off by orders of magnitude.

# %%
TAIL_DIMENSION = 500
spread = np.linspace(-1, 1, TAIL_DIMENSION)
rows = []
for shift in np.linspace(0.005, 0.4, 60):
    spectrum = 1 - shift + 0.25 * spread
    rows.append(
        {
            "mean_alpha": 1 - shift,
            "exact": quadratic.log_error_rate(spectrum) / math.log(10),
            "normal": quadratic.log_error_rate_clt(spectrum) / math.log(10),
        }
    )
tails = pd.DataFrame(rows)
fig, panels = plt.subplots(1, 2, figsize=style.PAGE)
panels[0].plot(tails["mean_alpha"], tails["exact"], label="exact")
panels[0].plot(tails["mean_alpha"], tails["normal"], "--", label="normal approximation")
panels[0].set(xlabel=r"mean of the $\alpha_i$", ylabel="log10 of the error rate")
panels[0].legend()
panels[1].plot(tails["exact"], tails["normal"] - tails["exact"])
panels[1].set(xlabel="log10 of the exact error rate", ylabel="log10 of normal / exact")
fig.tight_layout()
figure(
    fig,
    anchor="tails",
    caption=f"Error rate on the inner sphere of an ellipsoid with {TAIL_DIMENSION} alphas spread evenly over a width of "
    "0.5 around their mean: exact, and by the normal approximation of proposition 4.1 (with $\\sigma^2$; the statement in "
    "the source drops the square).",
    scale=f"theory: d = {TAIL_DIMENSION}",
    claims=["S14"],
    alt="The approximation departs from the exact error rate by orders of magnitude in the tail.",
    data=tails,
)

# %% [markdown]
# ## Seeing half of the input is enough
#
# A model may ignore many of its inputs and still be nearly always right. With the threshold chosen so that both error
# rates are equal, the source's own formula gives far less than the $10^{-14}$ that it states at $d = 3000$ (erratum S15).

# %%
rows = []
for dimension in (500, 1000, 2000, 3000):
    for share in np.linspace(0.05, 0.95, 37):
        seen_inputs = round(share * dimension)
        rate = quadratic.partial_model_log_error(dimension, seen_inputs) / math.log(10)
        rows.append({"dimension": dimension, "share": seen_inputs / dimension, "log10_rate": rate})
partial = pd.DataFrame(rows)
fig, axes = plt.subplots(figsize=style.PAGE)
sns.lineplot(partial, x="share", y="log10_rate", hue="dimension", palette="viridis", ax=axes)
axes.scatter([0.5], [-14], marker="x", color="C3", zorder=3, label="as stated for d = 3000")
axes.set(xlabel="share of the inputs that the model sees", ylabel="log10 of the error rate", ylim=(-60, 0))
axes.legend(title="")
figure(
    fig,
    anchor="half-input",
    caption="Error rate, by the normal approximation, of a model that sees only a share of the inputs.",
    scale="theory",
    claims=["S15"],
    alt="Error rates fall steeply with the share of inputs seen and with the dimension.",
    data=partial,
)

# %%
if not attacked.empty and not counted.empty:
    final = snapshots[snapshots["step"] == snapshots.groupby(["dataset", "model", "seed"])["step"].transform("max")]
    table(
        final[["dataset", "model", "seed", "step", "errors", "points", "distance", "share_found"]],
        anchor="final-nets",
        caption="Every net at the end of its training: errors on fresh points of the inner sphere, mean distance that "
        "the attack went, and the share of starts from which it found an error.",
    )
