# %% tags=["parameters"]
handed = ""
scale = ""

# %%
from advdim.figures import sphere_errors, spheres, style
from advdim.figures.display import figure, not_part_of_this_run, table
from advdim.figures.ledger import not_run, recorded, verdict_table
from advdim.figures.sphere_errors import KEYS, TRAINED
from advdim.ledger.observations import at_end
from advdim.reports.page import open_page
from advdim.theory import caps

style.apply()
page = open_page(handed, scale)
results = page.results

# %% [markdown]
# # Adversarial spheres
#
# Two spheres in $d$ dimensions, one of radius 1 and one of radius $R = 1.3$: which one does a point lie on? The task is
# as plain as can be, the data have no noise, and the best boundary is known. Yet nets that Gilmer et al. (2018),
# *Adversarial Spheres*, report to make no error on millions of random points have errors close to almost every point.
# This page follows them.
#
# The reason is geometry. In high dimension a set of errors that is far from all points must be very small: a cap of
# measure $\mu$ is the best shape there is, and even its mean distance shrinks like $1/\sqrt{d}$ (theorem 5.1).

# %%
verdict_table(page.claims, page.verdicts, anchor="verdicts")
not_run(page.not_run)
recorded(page.recorded)

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
    measured = results.select(kind="pair_distance")
    figure(
        sphere_errors.draw_pair_distances(pairs, expected),
        anchor="pairs",
        caption=f"Distances of {len(pairs):,} random pairs of points of the inner sphere in {dimension} dimensions, and "
        "their exact mean by gamma functions.",
        scale=page.scale_of(measured),
        claims=["S03"],
        alt=f"Histogram of distances, narrow around {expected:.2f}.",
        recipes=page.recipes(measured),
    )
else:
    not_part_of_this_run()

# %% [markdown]
# ## The nearest error and the error rate
#
# Each point is one net at one moment of its training. Its error rate is counted on fresh points of the inner sphere; its
# mean distance to the nearest error is what gradient ascent along the sphere finds from random starts. No set of errors
# of that measure can be further away, on average, than a cap: that is the black curve, computed exactly as an integral
# over the sphere. The attack only finds *an* error, not always the nearest, so points may lie above the curve; the true
# distance cannot. The source's appendix writes the curve with a factor $\sqrt{2}$ too much (erratum S16).

# %%
attacked, counted = sphere_errors.attacked_starts(results), results.table("error_rate")
snapshots = sphere_errors.sum_snapshots(attacked, counted)
if not snapshots.empty:
    measured_nets = page.behind(snapshots)
    shown = sphere_errors.shown_beside_caps(snapshots)
    dimension = int(attacked["dimension"].iloc[0])
    figure(
        sphere_errors.draw_caps(shown, dimension),
        anchor="caps",
        caption="Mean distance from a random point of the inner sphere to the error that the attack finds, against the "
        f"error rate, in {dimension} dimensions. {len(shown)} snapshots of nets in training are shown; "
        f"{len(snapshots) - len(shown)} with no sampled error, or with starts from which the attack found none, are in the "
        "table. The curves are those of a cap of that measure.",
        scale=page.scale_of(measured_nets),
        claims=["S02", "S16", "S17", "S18"],
        alt="Scatter of mean distance against error rate beside the curve of a cap; smaller rates lie further away.",
        data=snapshots,
        recipes=page.recipes(measured_nets.select(stage="attacks")),
    )

# %% [markdown]
# ## What the nets learn, step by step
#
# How many errors on fresh points are left after so many steps, and from how many starts the attack finds one. A rate
# below one over the number of points cannot be seen by sampling.

# %%
if not snapshots.empty:
    total = sphere_errors.sum_spheres(counted)
    figure(
        sphere_errors.draw_training(total, snapshots),
        anchor="training",
        caption="Left: one-sided 95 % upper bound of the error rate on fresh points of both spheres (exact; of the largest "
        "sample, where a snapshot was sampled twice). Right: share of random starts on the inner sphere from which the "
        "attack finds an error. Bands span the seeds.",
        scale=page.scale_of(measured_nets),
        claims=["S01", "S02"],
        alt="Error rates fall with the training step while the share of successful attacks stays high.",
        data=total,
        recipes=page.recipes(measured_nets.select(kind="error_rate")),
    )

# %%
if not snapshots.empty:
    table(
        at_end(snapshots)[[*KEYS, "errors", "points", "distance", "share_found"]],
        anchor="final-nets",
        caption="Every net at the end of its training: errors on fresh points of the inner sphere, mean distance that "
        "the attack went, and the share of starts from which it found an error.",
    )

# %% [markdown]
# ## The nearest error is not the worst
#
# A search may stop at the first error, or go on to where the net is most wrong. The second is further away.

# %%
aims = sphere_errors.compare_aims(results)
if not aims.empty:
    table(
        aims,
        anchor="worst",
        caption="Searches along the inner sphere from the same starts, on nets at the end of their training: to the first "
        "error, and to the last step. Distances are chords in inner radii; a positive logit says outer, so is wrong.",
    )
else:
    not_part_of_this_run()

# %% [markdown]
# ## Between the spheres
#
# If the search may leave the sphere, it need not go far: the boundary of the net lies between the spheres, and beyond
# it everything is called outer.

# %%
shell = results.table("shell")
if not shell.empty:
    last = at_end(shell)
    figure(
        sphere_errors.draw_shell(last),
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
else:
    not_part_of_this_run()

# %% [markdown]
# ## Slices of the space
#
# In the source a net draws nearly the best circle in a random plane, but not in planes that contain a worst case. Worst
# cases are found by following the gradient of the output along a sphere outside of both, to its end.

# %%
slices = results.table("slices")
if not slices.empty:
    one = slices[slices[KEYS].eq(slices[KEYS].iloc[0]).all(axis=1)]
    figure(
        spheres.draw_slices(one, float(results.datasets.loc[one["dataset"].iloc[0], "outer_radius"])),
        anchor="slices",
        caption=f"What a ReLU net says in three planes through the origin, after {int(one['step'].max()):,} steps; black "
        "circles are the spheres. Left: a random plane. Middle: a plane of a worst case, which points to the right, and a "
        "random direction. Right: a plane of two worst cases, made orthogonal.",
        scale=page.scale_of(results.select(kind="slices")),
        claims=["S05"],
        alt="Three planes coloured by the probability of outer: a disc, and two in which the disc reaches further out.",
        data=one[one["plane"] == 0][["sort", "angle_deg", "radius", "logit"]],
        recipes=page.recipes(results.select(kind="slices")),
    )
else:
    not_part_of_this_run()

# %% [markdown]
# ## Points of any norm
#
# Points of other norms than 1 and $R$ were never seen in training. Judged by the boundary in the middle, random ones are
# called right unless they lie close to it. A search also finds errors where random points show none.

# %%
norms, swept = results.table("norm_sweep"), sphere_errors.searches_over_norms(results)
if not norms.empty and not swept.empty:
    outer = float(results.datasets.loc[norms["dataset"].iloc[0], "outer_radius"])
    fig, drawn = spheres.draw_norms(norms, swept, (1 + outer) / 2)
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
else:
    not_part_of_this_run()

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
else:
    not_part_of_this_run()

# %% [markdown]
# ## From which dimension on errors can be found
#
# A search that finds nothing proves nothing. How often it finds an error where one exists is known for ellipsoids: with
# one wrong axis, and the others in the middle of what is right, their errors are two small caps around that axis.

# %%
swept = sphere_errors.searches_over_dimensions(results)
if not swept.empty:
    power = results.table("search_power")
    if not power.empty:
        power = power.assign(dimension=power["dataset"].map(results.datasets["dimension"]))
    fig, drawn = spheres.draw_dimensions(swept, power)
    figure(
        fig,
        anchor="dimensions",
        caption="Share of starts on both spheres from which the search finds an error, by dimension, with exact 95 % "
        "intervals; all seeds together. Beside it what the same search finds on the inner sphere of ellipsoids whose "
        "one wrong alpha is given: its power.",
        scale=page.scale_of(page.behind(swept[TRAINED])),
        claims=["S08"],
        alt="The share of starts with an error by dimension.",
        data=drawn,
        recipes=page.recipes(page.behind(swept[TRAINED])),
    )
else:
    not_part_of_this_run()
