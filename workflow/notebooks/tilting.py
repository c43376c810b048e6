# %% tags=["parameters"]
handed = ""
scale = ""

# %%
import pandas as pd

from advdim.datasets.stored import read_image_info
from advdim.figures import pairs, style
from advdim.figures.boundaries import draw_adversarial, draw_path, draw_planes, draw_rotation
from advdim.figures.bridge import compared_levels, draw_bridge, draw_comparison, draw_local_tilt, local_tilts, pixels_of
from advdim.figures.display import figure, interactive, table
from advdim.figures.ledger import not_run, verdict_table
from advdim.figures.rotation import measures_of_rotation, series_of_rotation
from advdim.figures.slider import plotly_script, slider
from advdim.figures.targeted import draw_targeted, read_pictures, shares_reached, shown_attacks
from advdim.figures.tilting import choices_of, measures_of_path, pair_paths, series_of, used_by
from advdim.figures.toy import draw_toy
from advdim.reports.page import open_page

style.apply()
page = open_page(handed, scale)
results = page.results

# %% [markdown]
# # Boundary tilting
#
# Even linear classifiers have adversarial examples. Tanay and Griffin (2018) explain them by an angle: a boundary that is
# tilted against the direction between the two classes' centres can separate the training images well and yet lie close
# to all of them. Weak regularisation lets the boundary tilt; strong regularisation turns it upright, and adversarial
# images become visible mixtures of both classes.
#
# For two classes with centroids a distance apart, let $z$ be the unit vector between the centroids, $w$ the weight vector
# and $n$ what is left of $w$ across $z$. The **tilting angle** is the angle of $w$ and $z$, and in the plane of $z$ and
# $n$, the tilting plane, distances are distances of pixels.

# %% [markdown]
# At the laptop's scale scikit-learn's digits stand in for MNIST, and our own nets on `photos12` for Inception v3: the ledger
# says so with each verdict. All pairs of MNIST lie in `docs/paper-scale/tilting`.

# %%
verdict_table(page.claims, page.verdicts, anchor="verdicts", only_judged=True)

# %%
not_run(page.not_run)

# %% [markdown]
# ## A perturbation that nobody sees
#
# Figure 1 of the source shows a photograph that Inception v3 takes for any class that one likes, after a change too small
# to be seen. Here each photograph is led towards a random wrong class, by steps of signs that descend the cross-entropy of
# that class inside an $\ell_\infty$ ball, and stops at the first step at which the net predicts it. The perturbations are
# drawn amplified around mid-grey; grey means no change.

# %%
for number, row in enumerate(shown_attacks(results)):
    labels = row["labels"]
    attacked_set = results.select(stage="datasets", dataset=labels["dataset"]).rows[0]
    originals, adversarial, told = read_pictures(results.folder(row))
    figure(
        draw_targeted(originals, adversarial, told, read_image_info(results.folder(attacked_set)).class_names),
        anchor="targeted" if number == 0 else f"targeted-{number + 1}",
        caption=f"The first {len(originals)} test images, whatever came of them: as they are, with the class that the net "
        "predicts and its confidence; the perturbation, amplified as stated, with its largest change of a pixel "
        f"(at most {255 * results.settings(row)['eps_pixel']:.1f} of 255 grey levels are allowed); and the result.",
        scale=page.scale_of(results.select(dataset=labels["dataset"], model=labels["model"], seed=labels["seed"])),
        claims=["T01"],
        alt="Rows of three pictures: an image, its perturbation as coloured noise, and a result that looks like the image.",
        data=told,
        recipes=page.recipes(results.select(**labels)),
    )

# %%
if results.select(kind="targeted").rows:
    table(
        shares_reached(results).rename(columns={"reached": "share reached", "grey_levels": "median grey levels"}),
        anchor="targeted-shares",
        caption="Share of the test images that reach their random target at each snapshot, and the median over those of the "
        "largest change of a pixel (of 255 grey levels). Images that a net takes for their target as they are, are left out.",
    )

# %% [markdown]
# ## A toy problem: tilt, not dimension
#
# Two classes lie close to a line, and a boundary through the middle separates them at almost any tilt. Where it stands
# upright, the mirror image of a point lies in the other class. Tilted by 85 degrees it still makes no error, but now the
# mirror image lies beside the point itself: an adversarial example. The mean distance to the boundary is the cosine of
# the tilt times half of the distance of the centroids. The same points, put on a random plane in 785 dimensions, are as
# far from the boundary as before: a high dimension leaves more directions to tilt in, and does nothing by itself.

# %%
toy_tilts = results.table("toy_tilt", "tilts")
if not toy_tilts.empty:
    of_toy = results.select(kind="toy_tilt")
    steepest = toy_tilts.sort_values("tilt_deg").iloc[-1]
    figure(
        draw_toy(toy_tilts, results.table("toy_tilt", "points")),
        anchor="toy",
        caption="Left: points of the toy classes in the plane of $z$ and $n$, boundaries at three tilts, and the mirror "
        "images of one point $x$ in them (dotted: the way there, twice the distance to the boundary). Right: the mean "
        "adversarial distance against the tilt, by the formula (line) and as measured (marks): for each point a search along "
        "the gradient for the smallest step that changes its class. At "
        f"{steepest['tilt_deg']:g} degrees {steepest['err']:.1f} % of the points are on the wrong side; their steps count "
        "negative.",
        scale=page.scale_of(of_toy),
        claims=["T03"],
        alt="Two planes, alike, in which the boundary turns from upright to nearly level, and a curve that falls from half "
        "of the centroids' distance to almost 0 at 89 degrees; the marks of both dimensions lie on it.",
        data=toy_tilts,
        recipes=page.recipes(of_toy),
    )

# %% [markdown]
# ## Small perturbations that fool a linear classifier
#
# A linear support vector machine is fooled by the mirror image $x_m = x - 2\,d(x)\,w/\left\|w\right\|$ on the other side
# of its boundary, where $d(x)$ is the image's signed distance to it. Weakly regularised, that image is hard to tell from the
# original. Strongly regularised, it is a visible mixture of both classes.

# %%
paths = pair_paths(results)
if paths:
    first = paths[0]
    shown_first = used_by(results, [first])
    fig, distances = draw_adversarial(first)
    figure(
        fig,
        anchor="adversarial",
        caption=f"The first training image of either class of {first.name}, the perturbation and the mirror image at the "
        "weakest regularisation, at the best test error and at the strongest, all in one scale of grey (no change is the "
        "grey in the middle). Below each mirror image stands its distance from the image, in pixels on [0, 1].",
        scale=page.scale_of(shown_first),
        claims=["T02"],
        alt="Two rows of digits; the perturbation is faint and fine-grained at the weakest regularisation and a bold mixture "
        "of both classes at the strongest.",
        data=distances,
        recipes=page.recipes(shown_first),
    )

# %% [markdown]
# ## Turn the regularisation
#
# Move the slider, or focus it and press the arrow keys; **Play** goes from the strongest regularisation to the weakest. The
# scatter shows training images in the tilting plane of the support vector machine at that strength, with its boundary.
# The pictures show one of these images, its adversarial perturbation and its mirror image. Other pairs of classes are in
# the list above the slider.

# %%
if paths:
    IMAGES = 1  # of each class, to choose from; one more costs a pair of MNIST with 81 levels 0.23 MB
    on_slider = paths[:10]
    shown = used_by(results, on_slider)
    interactive(
        plotly_script()
        + slider(
            anchor="regularisation",
            label="Regularisation log₁₀ λ",
            series=series_of(on_slider, IMAGES),
            choices=choices_of(on_slider, IMAGES),
            measures=measures_of_path(),
            axes=("along z, between the centroids (pixels)", "along n, across (pixels)"),
            plays="from strongest to weakest",
        ),
        anchor="slider",
        caption="Linear support vector machines at each strength of the $\\ell_2$ regularisation, from weakest (left) to "
        f"strongest (right): the first training images of each class (at most {max(map(len, first.points(0)))}) in the "
        "tilting plane with the boundary, and tilting angle, adversarial distance and errors of all images over the whole "
        "path. Class I is the first of a pair. Where the angle is 0 the direction $n$ is not defined: the second coordinate "
        "is 0 there.",
        scale=page.scale_of(shown),
        claims=["T02", "T04", "T05", "T06"],
        data=pd.concat([path.levels.assign(pair=path.name) for path in on_slider]),
        recipes=page.recipes(shown),
    )

# %% [markdown]
# ## Three strengths, one plane each
#
# The boundary of a weakly regularised machine passes close to the data of both classes; that of a strongly regularised one
# stands upright halfway between them.

# %%
if paths:
    printed = first.levels.iloc[list(first.named_levels.values())]
    figure(
        draw_planes(first),
        anchor="plane",
        caption=f"Training images of {first.name} in the tilting plane at the weakest regularisation, at the best test error "
        "and at the strongest, with the boundary and the tilting angle. Both axes have the same scale: distances are "
        "distances of pixels. At angle 0 the direction $n$ is not defined and the second coordinate is 0.",
        scale=page.scale_of(shown_first),
        claims=["T04", "T05"],
        alt="Three scatter plots; the boundary cuts close to both classes at weak regularisation and stands upright between "
        "them at strong.",
        data=printed,
        recipes=page.recipes(shown_first),
    )
    table(
        printed[["log10_lambda", "angle_deg", "d_adv", "err_train", "err_test", "norm_w"]],
        anchor="levels",
        caption="The three levels in numbers: angle in degrees, adversarial distance in pixels on [0, 1], errors in percent.",
    )

# %% [markdown]
# ## The path of regularisation
#
# The adversarial distance is the mean distance of the training images to the boundary, with a sign: wrongly classified
# images count negative. At angle 0 it is half of the distance of the centroids.

# %%
if paths:
    levels = first.levels
    figure(
        draw_path(levels),
        anchor="path",
        caption=f"{first.name}: tilting angle, adversarial distance (dotted: half of the distance of the centroids) and errors against "
        f"the strength of the regularisation; {len(levels)} levels, each solved to a duality gap of at most "
        f"{levels['relative_gap'].max():.1g} of its objective.",
        scale=page.scale_of(shown_first),
        claims=["T06", "T07"],
        alt="Angle falls and adversarial distance grows with the regularisation; the test error has a minimum between.",
        data=levels,
        recipes=page.recipes(shown_first),
    )

# %% [markdown]
# ## One plane for all strengths
#
# Figure 7 of the essay stays in one plane, that of $z$ and of both SVMs' weight vectors. Three vectors share a plane only
# because the strongly regularised one is parallel to $z$. The data are projected once; the boundary at each strength is where
# its hyperplane cuts the plane. Between the ends the weight vectors leave this plane, so what turns here is their shadow.

# %%
if paths:
    widest = first.rotation.loc[first.rotation["outside"].idxmax()]
    rotation_levels = pd.concat([path.rotation.assign(pair=path.name) for path in on_slider])
    interactive(
        slider(
            anchor="turning",
            label="Regularisation log₁₀ λ",
            series=series_of_rotation(on_slider),
            choices={"Classes": choices_of(on_slider, 1)["Classes"]},
            measures=measures_of_rotation(),
            axes=("along z, between the centroids (pixels)", "along n of the weakest (pixels)"),
            plays="from strongest to weakest",
            start=len(first.rotation) - 1,
        ),
        anchor="rotation",
        caption="The boundary in the plane of $z$ and of the weight vector at the weakest regularisation, while the data stay "
        "where they are. The red line's length is the part of $w/\\left\\|w\\right\\|$ that lies in this plane: for "
        f"{first.name} up to {100 * widest['outside']:.0f} % of $w$ lies outside, at "
        f"$\\lambda = 10^{{{widest['log10_lambda']:g}}}$.",
        scale=page.scale_of(shown),
        claims=["T07"],
        data=rotation_levels,
        recipes=page.recipes(shown),
    )
    figure(
        draw_rotation(first),
        anchor="fan",
        caption=f"The rotation for {first.name}, printed: boundaries at some strengths of the regularisation in the same "
        "plane, and the part of each weight vector that lies outside it.",
        scale=page.scale_of(shown_first),
        claims=["T07"],
        alt="Boundaries fan out over two clouds of points, upright for strong and tilted for weak regularisation; the part "
        "outside the plane is 0 at both ends and largest between them.",
        data=first.rotation,
        recipes=page.recipes(shown_first),
    )

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
        alt="Grey curves of all pairs over the regularisation: angles fall to 0, distances rise, test errors dip between.",
        data=of_pairs[pairs.COLUMNS],
        recipes=page.recipes(shown_pairs),
    )

# %% [markdown]
# Why do some tilt further? A boundary turns as long as that wins it margin. Where a plane separates the training images with
# room to spare, the machine comes to the widest margin at some strength, and weaker regularisation changes nothing more: the
# curve of the angle goes flat. Where the classes touch, every further step buys a few more images, by directions of ever less
# variance, which lie across the centroids' direction. So what should go with the angle is not how far the centroids are
# apart, nor how much the classes overlap along their direction alone, but how hard the pair is for any plane.

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
# the ratio of the norms. See below how little that ratio changes along the path beside the cosine, and how closely the
# share of fooled images follows the tilt, whatever the classifier.
#
# The first order is right while $\varepsilon \left\|w\right\|_1$ is small against 1, the margin at which both losses bend.
# Beyond that it predicts too little, as it must: the losses are convex. A tilted classifier has large weights, is right with
# a margin above 1 on most images, and has next to no gradient there. The perturbation takes it over the bend all the same.

# %%
if not compared.empty:
    worst = compared.loc[compared["fooled_percent"].idxmax()]
    upright = compared.sort_values("angle_deg", kind="stable").iloc[0]
    eps = compared["eps"].iloc[0]
    figure(
        draw_bridge(compared, pixels_of(results)[place["dataset"]]),
        anchor="bridge",
        caption=f"Class {class_i} against class {class_j}, worst $\\ell_\\infty$ perturbations of $\\varepsilon$ = {eps:g}, not "
        "clipped; marks are levels of regularisation. Mean distance of the training images in $\\ell_\\infty$ against the "
        "tilting angle; dashed: the distance of the upright classifier times the cosine. Ratio of the norms of $w$. Share of "
        "the test images that are right before and wrong after the perturbation: "
        f"{upright['fooled_percent']:.0f} % at {upright['angle_deg']:.1f} degrees, and at most {worst['fooled_percent']:.0f} %, "
        f"at {worst['angle_deg']:.1f} degrees. Mean rise of the loss of the test images, predicted and true, with the "
        "diagonal; hinge loss for support vector machine and nearest centroid, log-loss for logistic regression.",
        scale=page.scale_of(of_pair),
        claims=["D01"],
        alt="Four panels. Against the tilting angle the distance falls about as the cosine, the ratio of the norms hardly "
        "moves, and the share of fooled images rises. The true damage lies on the diagonal where it is small, above it "
        "where it is large.",
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
        alt="Boxes of the local tilting angle around 90 degrees for each input dimension, before and after training, within "
        "grey bands that narrow with the dimension; curves of the mean absolute cosine beside that of random directions.",
        data=tilts.groupby(["dataset", "d", "model", "training", "seed", "state"], as_index=False)[
            ["angle_deg", "cosine", "chance", "margin", "gradient_l1", "gradient_l2", "d_l2", "d_linf"]
        ].median(),
        recipes=page.recipes(of_nets),
    )
