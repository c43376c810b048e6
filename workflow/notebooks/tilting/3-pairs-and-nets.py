# %% tags=["parameters"]
handed = ""
scale = ""

# %%
import numpy as np

from advdim.figures import pairs, style
from advdim.figures.bridge import compared_levels, draw_bridge, draw_comparison, draw_local_tilt, local_tilts, pixels_of
from advdim.figures.display import figure
from advdim.reports.page import open_page

style.apply()
page = open_page(handed, scale)
results = page.results

# %% [markdown]
# ## All pairs: which tilt most, and why
#
# Every pair of classes turns from upright to tilted as the regularisation weakens, but not equally far. The matrices give
# for each pair the largest tilting angle, the smallest test error and the adversarial distance there, and what it costs to
# stand upright: the test error at the strongest regularisation less the smallest one. (There every hinge is active and the
# bias is not unique; ours is in the middle of what is optimal.)

# %%
of_pairs = pairs.levels_of_pairs(results)
if not of_pairs.empty:
    summary = pairs.summary_of_pairs(of_pairs)
    shown_pairs = results.select(kind="tilting", dataset=of_pairs["dataset"].iloc[0])
    scale_of_pairs = page.scale_of(results.select(dataset=of_pairs["dataset"].iloc[0]))
    extreme = summary.sort_values("largest_angle")[["pair", "largest_angle"]].to_numpy()
    figure(
        pairs.draw_matrices(summary),
        anchor="pairs",
        caption=f"{len(summary)} pairs. The largest angle runs from {extreme[0][1]:.1f} degrees ({extreme[0][0]}) to "
        f"{extreme[-1][1]:.1f} ({extreme[-1][0]}). Distances in pixels on [0, 1].",
        scale=scale_of_pairs,
        claims=["T06"],
        alt="Four triangular matrices of numbers, one cell a pair of classes.",
        data=summary,
        recipes=page.recipes(shown_pairs),
    )
    figure(
        pairs.draw_paths(of_pairs, summary),
        anchor="svm-path",
        caption=f"The paths of all pairs, {of_pairs['log10_lambda'].nunique()} levels each, solved to a duality gap of at most "
        f"{of_pairs['relative_gap'].max():.1g} of the objective.",
        scale=scale_of_pairs,
        claims=["T06"],
        alt="Grey curves of all pairs over the regularisation: angles fall to 0, distances rise, and test errors vary.",
        data=of_pairs[pairs.COLUMNS],
        recipes=page.recipes(shown_pairs),
    )

# %% [markdown]
# Why do some tilt further? A boundary turns as long as that wins it margin. Where a plane separates the training images with
# room to spare, the machine comes to the widest margin at some strength, and weaker regularisation changes nothing more: the
# curve of the angle goes flat. Where the classes touch, every further step buys a few more images, by directions of ever less
# variance, which lie across the centroids' direction. So what should go with the angle is not how far the centroids are
# apart, nor how much the classes overlap along their direction alone, but how hard the pair is for any plane. On MNIST it is
# so: Kendall's rank correlation with the largest angle is 0.69 for the best test error, 0.26 for the overlap. Where
# most pairs have a best test error of zero, as small digits do, that error cannot tell them apart. The caption says what goes
# with the angle here.

# %%
if not of_pairs.empty:
    told = "; ".join(
        f"{title}: {trend.tau:.2f} (p = {trend.p_value:.1g})" for title, trend in pairs.trends(summary).items()
    )
    figure(
        pairs.draw_reasons(summary),
        anchor="reasons",
        caption="The largest tilting angle of each pair against how far its classes overlap along the centroids' direction, "
        "against the distance of the centroids, and against the best test error. Kendall's rank correlation, two-sided: "
        f"{told}. Pairs share classes, so the probabilities are too small by an unknown factor.",
        scale=scale_of_pairs,
        claims=["T06"],
        alt="Three scatter plots of the largest tilting angle, one point a pair.",
        data=summary,
        recipes=page.recipes(shown_pairs),
    )

# %% [markdown]
# ## Not only support vector machines
#
# Any linear classifier has a tilt. Logistic regression, with the same penalty $\lambda \left\|w\right\|^2$ on the weights,
# turns through much the same angles on another scale of $\lambda$. The nearest-centroid classifier stands upright by
# construction, and both paths end in its direction under strong regularisation. So compare them at the same tilt and not
# at the same $\lambda$: the last panel does, and shows what standing upright costs.

# %%
compared = compared_levels(results)
if not compared.empty:
    names = list(dict.fromkeys(compared["classifier"]))
    place = compared.iloc[0]
    class_i, class_j = place["pair"].split("-")
    of_pair = results.select(dataset=place["dataset"], pair=place["pair"])
    measured_pair = results.select(kind="tilting", dataset=place["dataset"], pair=place["pair"])
    best = compared.loc[compared.groupby("classifier", sort=False)["err_test"].idxmin()]
    best_told = "; ".join(
        f"{row.classifier} {row.err_test:.2f} % at {row.angle_deg:.1f} degrees" for row in best.itertuples()
    )
    figure(
        draw_comparison(compared),
        anchor="comparison",
        caption=f"Class {class_i} against class {class_j}: tilting angle, adversarial distance and test error over the path "
        "of each linear classifier, and the test error against the angle. The nearest centroid has no $\\lambda$: a dashed "
        f"line, or a diamond. Smallest test errors: {best_told}.",
        scale=page.scale_of(of_pair),
        claims=["T06"],
        alt="Curves over the regularisation for each classifier; angles fall to 0, distances rise to that of the nearest "
        "centroid, test errors have their minimum between.",
        data=compared,
        recipes=page.recipes(measured_pair),
    )

# %% [markdown]
# ## From tilt to vulnerability
#
# The study of vulnerability and input dimension asks how much an $\ell_\infty$ perturbation of size $\varepsilon$ can raise
# the loss, and answers to first order: by $\varepsilon \left\|\partial_x L\right\|_1$. A linear classifier is where both
# studies can be written down. Its loss depends on the margin $y (w \cdot x + b)$, whose gradient is $y w$ everywhere, so the
# worst perturbation, $-\varepsilon y \,\mathrm{sign}(w)$, lowers every margin by exactly $\varepsilon \left\|w\right\|_1$,
# and the distance to the boundary in $\ell_\infty$ is the margin over $\left\|w\right\|_1$. With as many training images of
# each class its mean is
#
# $$d_\infty = \cos(\theta)\; h\; \frac{\left\|w\right\|_2}{\left\|w\right\|_1}, \qquad
# 1 \le \frac{\left\|w\right\|_1}{\left\|w\right\|_2} \le \sqrt{d},$$
#
# $h$ half of the distance of the centroids and $\theta$ the tilting angle. The tilt enters by its cosine, the dimension by
# the ratio of the norms. On MNIST, for 2 against 3, that ratio stays within a third while the cosine falls to a tenth, and the
# share of fooled images grows with the tilt, whatever the classifier, from about 20 % to 98 %. The caption says how much each
# of them changes here.
#
# The first order is right while $\varepsilon \left\|w\right\|_1$ is small against 1, the margin at which both losses bend.
# Beyond that it predicts too little, as it must: the losses are convex. A tilted classifier has large weights, is right with
# a margin above 1 on most images, and has next to no gradient there. The perturbation takes it over the bend all the same.

# %%
if not compared.empty:
    worst = compared.loc[compared["fooled_percent"].idxmax()]
    upright = compared.sort_values("angle_deg", kind="stable").iloc[0]
    eps = compared["eps"].iloc[0]
    spread = compared["norm1_w"] / compared["norm_w"]
    steepest = compared["angle_deg"].max()
    figure(
        draw_bridge(compared, pixels_of(results)[place["dataset"]]),
        anchor="bridge",
        caption=f"Class {class_i} against class {class_j}, worst $\\ell_\\infty$ perturbations of $\\varepsilon$ = {eps:g}, not "
        "clipped; marks are levels of regularisation. Mean distance of the training images in $\\ell_\\infty$ against the "
        "tilting angle; dashed: the distance of the upright classifier times the cosine, which falls to "
        f"{np.cos(np.radians(steepest)):.2f} at {steepest:.1f} degrees. Ratio of the norms of $w$: {spread.min():.1f} to "
        f"{spread.max():.1f}. Share of "
        "the test images that are right before and wrong after the perturbation: "
        f"{upright['fooled_percent']:.0f} % at {upright['angle_deg']:.1f} degrees, and at most {worst['fooled_percent']:.0f} %, "
        f"at {worst['angle_deg']:.1f} degrees. Mean rise of the loss of the test images, predicted and true, with the "
        "diagonal; hinge loss for support vector machine and nearest centroid, log-loss for logistic regression.",
        scale=page.scale_of(of_pair),
        claims=["D01"],
        alt="Four panels. Against the tilting angle: the distance beside the cosine, the ratio of the norms, and the share of "
        "fooled images. The true damage lies on the diagonal where it is small, above it where it is large.",
        data=compared,
        recipes=page.recipes(measured_pair),
    )

# %% [markdown]
# ## The local tilt of nets
#
# At an image a net decides between the image's class $c$ and the runner-up $k$ by the sign of $f_c - f_k$, to first order a
# linear classifier with the gradient for its weight vector. So every net has a tilting angle at every image: that of the
# gradient and the line from the centroid of $k$ to the centroid of $c$. In $d$ dimensions two random directions stand at
# nearly 90 degrees, give or take $1/\sqrt{d}$ in radians, and $\left|\cos\right|$ has the mean $\sqrt{2/(\pi d)}$. Angles
# near 90 degrees alone say little, therefore; compare with the grey bands and the dashed line. A net that used the
# difference of the mean images would lie far below the band.

# %%
tilts = local_tilts(results)
if not tilts.empty:
    of_nets = results.select(kind="local_tilt")
    trained = tilts[tilts["state"] == "trained"]
    angles = trained.groupby("d")["angle_deg"].median()
    times = trained.groupby("d")["cosine"].mean() / trained.groupby("d")["chance"].first()
    told = ", ".join(f"{angles[d]:.1f} degrees and {times[d]:.1f} times for d = {d:,}" for d in angles.index)
    nets = len(trained[["dataset", "model", "training", "seed"]].drop_duplicates())
    figure(
        draw_local_tilt(tilts),
        anchor="local-tilt",
        caption=f"Local tilting angle at the test images, over {nets} nets: quartiles, whiskers from the 5 % to the 95 % "
        "quantile; grey: what gradients of random direction would give. Right: the mean of $\\left|\\cos\\right|$, with that of "
        f"random directions. Median angle and mean $\\left|\\cos\\right|$ against chance after training: {told}.",
        scale=page.scale_of(of_nets),
        claims=[],
        alt="Boxes of the local tilting angle for each input dimension, before and after training, beside "
        "grey bands that narrow with the dimension; curves of the mean absolute cosine beside that of random directions.",
        data=tilts.groupby(["dataset", "d", "model", "training", "seed", "state"], as_index=False)[
            ["angle_deg", "cosine", "chance", "margin", "gradient_l1", "gradient_l2", "d_l2", "d_linf"]
        ].median(),
        recipes=page.recipes(of_nets),
    )
