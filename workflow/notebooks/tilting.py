# %% tags=["parameters"]
handed = ""
scale = ""

# %%
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns

from advdim.figures import style
from advdim.figures.display import figure, interactive, table
from advdim.figures.ledger import verdict_table
from advdim.figures.slider import plotly_script, slider
from advdim.figures.tilting import frames_of_path, measures_of_path
from advdim.models.linear import load_path
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

# %%
verdict_table(page.claims, page.verdicts, anchor="verdicts", only_judged=True)

# %% [markdown]
# ## Turn the regularisation
#
# Move the slider, or focus it and press the arrow keys. The scatter shows all training images in the tilting plane of
# the support vector machine at that strength, with its boundary; the pictures show one image, the adversarial
# perturbation and its mirror image $x_m = x - 2\,d(x)\,w/\left\|w\right\|$ on the other side of the boundary.

# %%
levels = results.table("tilting", "levels")
if not levels.empty:
    measured = results.select(kind="tilting")
    row = measured.rows[0]
    model = results.select(stage="models", dataset=row["labels"]["dataset"], seed=row["labels"]["seed"]).rows[0]
    path = load_path(results.folder(model))
    frames = frames_of_path(results.folder(row), path)
    classes = results.settings(results.select(stage="datasets", dataset=row["labels"]["dataset"]).rows[0])["classes"]
    interactive(
        plotly_script()
        + slider(
            anchor="regularisation",
            label="Regularisation log₁₀ λ",
            frames=frames,
            measures=measures_of_path(),
            axes=("along z, between the centroids (pixels)", "along n, across (pixels)"),
        ),
        anchor="slider",
        caption=f"Digits {classes[0]} (class I) against {classes[1]} (class J): training images in the tilting plane of the "
        "linear support vector machine at each strength of the $\\ell_2$ regularisation, and tilting angle, adversarial "
        "distance and errors over the whole path. Where the angle is 0 the direction $n$ is not defined and the second "
        "coordinate is 0.",
        scale=page.scale_of(results.select(dataset=row["labels"]["dataset"])),
        claims=["T02", "T04", "T05", "T06"],
        data=levels[["log10_lambda", "angle_deg", "d_adv", "err_train", "err_test", "norm_w", "bias_over_normw"]],
        recipes=page.recipes(measured),
    )

# %% [markdown]
# ## The path of regularisation
#
# The adversarial distance is the mean distance of the training images to the boundary, with a sign: wrongly classified
# images count negative. At angle 0 it is half of the distance of the centroids.

# %%
if not levels.empty:
    fig, panels = plt.subplots(1, 3, figsize=(style.PAGE[0], 2.8))
    sns.lineplot(levels, x="log10_lambda", y="angle_deg", ax=panels[0])
    panels[0].set(title="Tilting angle", ylabel="degrees")
    sns.lineplot(levels, x="log10_lambda", y="d_adv", ax=panels[1])
    panels[1].axhline(levels["half_centroid_distance"].iloc[0], color="grey", ls=":", lw=1)
    panels[1].set(title="Adversarial distance", ylabel="pixels on [0, 1]", ylim=(0, None))
    sns.lineplot(levels, x="log10_lambda", y="err_train", label="training", ax=panels[2])
    sns.lineplot(levels, x="log10_lambda", y="err_test", label="test", ax=panels[2])
    panels[2].set(title="Errors", ylabel="percent", ylim=(0, None))
    for axes in panels:
        axes.set_xlabel(r"$\log_{10}\lambda$")
    fig.tight_layout()
    figure(
        fig,
        anchor="path",
        caption="Tilting angle, adversarial distance (dotted: half of the distance of the centroids) and errors against "
        f"the strength of the regularisation; {len(levels)} levels, each solved to a duality gap of at most "
        f"{levels['relative_gap'].max():.1g} of its objective.",
        scale=page.scale_of(results.select(dataset=row["labels"]["dataset"])),
        claims=["T06", "T07"],
        alt="Angle falls and adversarial distance grows with the regularisation; the test error has a minimum between.",
        data=levels,
        recipes=page.recipes(measured),
    )

# %% [markdown]
# ## Three strengths, one plane each
#
# The boundary of a weakly regularised machine passes close to the data of both classes; that of a strongly regularised one
# stands upright halfway between them.

# %%
if not levels.empty:
    plane = results.table("tilting", "plane")
    ordered = np.sort(levels["log10_lambda"].unique())
    chosen = [ordered[0], levels.loc[levels["err_test"].idxmin(), "log10_lambda"], ordered[-1]]
    names = ["weakest", "best test error", "strongest"]
    fig, panels = plt.subplots(1, 3, figsize=(style.PAGE[0], 3.0), sharex=True, sharey=True)
    for axes, level, name in zip(panels, chosen, names, strict=True):
        at_level = levels[levels["log10_lambda"] == level].iloc[0]
        points = plane[(plane["log10_lambda"] == level) & (plane["split"] == "train")]
        sns.scatterplot(
            points, x="along_n", y="along_z", hue="y", palette={-1.0: "C0", 1.0: "C1"}, s=9, legend=False, ax=axes
        )
        angle = np.radians(at_level["angle_deg"])
        across = np.array([-3.0, 3.0])
        axes.plot(
            across, -(at_level["bias_over_normw"] + across * np.sin(angle)) / np.cos(angle), color="black", lw=1.2
        )
        axes.set(title=f"{name}: {at_level['angle_deg']:.1f}°", xlim=(-2.5, 2.5), ylim=(-2.5, 2.5), aspect="equal")
        axes.set(xlabel="along n (pixels)", ylabel="along z (pixels)")
    fig.tight_layout()
    figure(
        fig,
        anchor="plane",
        caption="Training images in the tilting plane at the weakest regularisation, at the best test error and at the "
        "strongest, with the boundary and the tilting angle. Axes have the same scale: distances are distances of pixels.",
        scale=page.scale_of(results.select(dataset=row["labels"]["dataset"])),
        claims=["T05", "T07"],
        alt="Three scatter plots; the boundary turns from steep to level as the regularisation grows.",
        data=levels[levels["log10_lambda"].isin(chosen)],
        recipes=page.recipes(measured),
    )
    best = levels[levels["log10_lambda"].isin(chosen)]
    table(
        best[["log10_lambda", "angle_deg", "d_adv", "err_train", "err_test", "norm_w"]],
        anchor="levels",
        caption="The three levels in numbers: angle in degrees, adversarial distance in pixels on [0, 1], errors in percent.",
    )
