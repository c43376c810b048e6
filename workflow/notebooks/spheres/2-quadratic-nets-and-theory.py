# %% tags=["parameters"]
handed = ""
scale = ""

# %%
from advdim.figures import ellipsoids, sphere_errors, style
from advdim.figures.display import figure, not_part_of_this_run
from advdim.figures.half_input import draw_half_input
from advdim.figures.sphere_errors import KEYS, TRAINED
from advdim.reports.page import open_page

style.apply()
page = open_page(handed, scale)
results = page.results

# %% [markdown]
# ## The quadratic net is an ellipsoid
#
# The net $w \sum_j (W_1 x)_j^2 + b$ has the boundary $\sum_i \alpha_i z_i^2 = 1$, an ellipsoid in rotated coordinates
# $z$. It makes no error at all exactly when every $\alpha_i$ lies in $[1/R^2, 1]$; each one outside is an axis along
# which errors exist.

# %%
alphas = results.table("alphas")
if not alphas.empty:
    alphas = alphas.drop_duplicates([*KEYS, "axis"]).dropna(subset="alpha")  # NaN where a net has no ellipsoid
if not alphas.empty:
    radius = float(results.datasets.loc[alphas["dataset"].iloc[0], "outer_radius"])
    final = ellipsoids.rank_alphas(alphas)
    wrong = ellipsoids.count_wrong(final, radius)
    shown = results.select(experiment=str(alphas["experiment"].iloc[0]))
    figure(
        ellipsoids.draw_alphas(final, radius),
        anchor="ellipsoid",
        caption="The $\\alpha_i$ of each quadratic net at the end of its training, sorted. Wrong ones: "
        + "; ".join(f"{dataset}, seed {seed}: {count}" for (dataset, _, _, seed), count in wrong.items())
        + f" of {int(final['rank'].max())}.",
        scale=page.scale_of(shown),
        claims=["S09", "S10", "S11"],
        alt="Sorted alphas of each net beside the band in which no error exists.",
        data=final[[*TRAINED, "rank", "alpha"]],
        recipes=page.recipes(shown),
    )
else:
    not_part_of_this_run()

# %% [markdown]
# ## How near the errors really are
#
# For a quadratic net the nearest error can be computed: it is the nearest point of the sphere beyond the ellipsoid. So the
# attack can be judged, and both distances can be set against the cap: no set of errors of that measure is further away.

# %%
exact = results.table("true_distance")
attacked = sphere_errors.attacked_starts(results)
if not exact.empty and not attacked.empty and not alphas.empty:
    starts = ellipsoids.starts_near_errors(exact, attacked)
    both = ellipsoids.mean_distances(starts, alphas)
    if len(both):
        figure(
            ellipsoids.draw_true_distances(both, int(attacked["dimension"].iloc[0])),
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
        ellipsoids.draw_perfect_start(losses),
        anchor="perfect-start",
        caption="Quadratic nets that are trained on from a perfect start: average loss on fresh points, the largest loss "
        "that any point of the spheres has (exactly), and wrong alphas. Bands span the seeds.",
        scale=page.scale_of(results.select(kind="quadratic_losses")),
        claims=["S12", "S13"],
        alt="Average loss, worst-case loss and number of wrong alphas against the training step.",
        data=losses[[*KEYS, "mean_loss", "worst_loss", "wrong"]],
        recipes=page.recipes(results.select(kind="quadratic_losses")),
    )
else:
    not_part_of_this_run()

# %% [markdown]
# ## How good is the normal approximation?
#
# The source estimates error rates too small to be sampled by $1 - \Phi(-\mu/\sigma)$ (proposition 4.1) and leaves open
# how accurate that is in the tail. The exact probability, an inversion of the characteristic function along its saddle
# point, settles it: in the middle the two agree, in the tail the approximation is off by orders of magnitude.

# %%
tails = ellipsoids.error_rates_in_the_tail()
figure(
    ellipsoids.draw_tails(tails),
    anchor="tails",
    caption=f"Error rate on the inner sphere of an ellipsoid with {ellipsoids.TAIL_DIMENSION} alphas spread evenly over a "
    "width of 0.5 around their mean: exact, and by the normal approximation of proposition 4.1 (with $\\sigma^2$; the "
    "statement in the source drops the square).",
    scale=f"theory: d = {ellipsoids.TAIL_DIMENSION}",
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
fig, partial = draw_half_input()
figure(
    fig,
    anchor="half-input",
    caption="Error rate of a model that sees only a share of the inputs, with the threshold that gives both spheres the "
    "same rate: by the source's formula (lines), which is a normal approximation, and exactly (dashed).",
    scale="theory",
    claims=["S15"],
    alt="Error rates fall steeply with the share of inputs seen and with the dimension.",
    data=partial,
)
