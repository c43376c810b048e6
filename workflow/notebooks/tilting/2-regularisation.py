# %% tags=["parameters"]
handed = ""
scale = ""

# %%
import pandas as pd

from advdim.figures import style
from advdim.figures.boundaries import draw_adversarial, draw_path, draw_planes, draw_rotation
from advdim.figures.display import figure, interactive, table
from advdim.figures.rotation import measures_of_rotation, series_of_rotation
from advdim.figures.slider import plotly_script, slider
from advdim.figures.tilting import choices_of, measures_of_path, pair_paths, series_of, used_by
from advdim.reports.page import open_page

style.apply()
page = open_page(handed, scale)
results = page.results

# %% [markdown]
# ## Small perturbations that fool a linear classifier
#
# A linear support vector machine is fooled by the mirror image $x_m = x - 2\,d(x)\,w/\left\|w\right\|$ on the other side
# of its boundary, where $d(x)$ is the image's signed distance to it. Weakly regularised, that image is hard to tell from the
# original on MNIST. Strongly regularised, it is a visible mixture of both classes. How near the mirror images are here stands
# below each of them.

# %%
paths = pair_paths(results)
if paths:
    first = paths[0]
    shown_first = used_by(results, [first])
    fig, distances = draw_adversarial(first)
    nearer = distances.groupby("level")["distance_to_mirror_image"].mean()
    share = nearer["weakest"] / nearer["strongest"]
    figure(
        fig,
        anchor="adversarial",
        caption=f"The first training image of either class of {first.name}, the perturbation and the mirror image at the "
        "weakest regularisation, at the best test error and at the strongest, all in one scale of grey (no change is the "
        "grey in the middle). Below each mirror image stands its distance from the image, in pixels on [0, 1]. On average of "
        f"both images it is {nearer['weakest']:.2f} at the weakest regularisation and {nearer['strongest']:.2f} at the "
        f"strongest, a ratio of {share:.2f}.",
        scale=page.scale_of(shown_first),
        claims=["T02"],
        alt="Two rows of digits, an image with its perturbation and mirror image at three strengths; the mirror images at the "
        f"weakest regularisation are {share:.2f} times as far away as those at the strongest.",
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
# On MNIST the boundary of a weakly regularised machine passes close to the data of both classes; that of a strongly
# regularised one stands upright halfway between them. The caption and the table below say how far it tilts here, and how
# near it comes.

# %%
if paths:
    printed = first.levels.iloc[list(first.named_levels.values())]
    weakest, strongest = printed.iloc[0], printed.iloc[-1]
    figure(
        draw_planes(first),
        anchor="plane",
        caption=f"Training images of {first.name} in the tilting plane at the weakest regularisation, at the best test error "
        "and at the strongest, with the boundary and the tilting angle. Both axes have the same scale: distances are "
        "distances of pixels. At angle 0 the direction $n$ is not defined and the second coordinate is 0. From the weakest to the "
        f"strongest regularisation the angle goes from {weakest['angle_deg']:.1f} to {strongest['angle_deg']:.1f} degrees, and "
        f"the mean distance of the images to the boundary from {weakest['d_adv']:.2f} to {strongest['d_adv']:.2f} pixels.",
        scale=page.scale_of(shown_first),
        claims=["T04", "T05"],
        alt="Three scatter plots of both classes with the boundary, tilted by "
        f"{weakest['angle_deg']:.1f} degrees at the weakest regularisation and {strongest['angle_deg']:.1f} at the strongest.",
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
