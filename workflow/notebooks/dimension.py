# %% tags=["parameters"]
handed = ""
scale = ""

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

from advdim.datasets.stored import read_image_info, read_images
from advdim.figures import imagenet, style
from advdim.figures.display import figure, table
from advdim.figures.ledger import not_run, verdict_table
from advdim.reports.page import open_page
from advdim.statistics.intervals import slope

style.apply()
page = open_page(handed, scale)
results = page.results

# %% [markdown]
# # Vulnerability and input dimension
#
# If each pixel of an image has about the same say, then the more pixels there are, the more an attack gains by nudging
# all of them at once. Simon-Gabriel et al. (2018) make that precise: to first order an $\ell_\infty$ attack of size
# $\varepsilon$ raises the loss by $\varepsilon \left\|\partial_x L\right\|_1$, and at initialisation, and as they find
# also after training, that norm grows like $\sqrt{d}$ with the number $d$ of inputs. This page shows the same pictures
# at several widths to nets with the same number of parameters.

# %%
verdict_table(page.claims, page.verdicts, anchor="verdicts", only_judged=True)
not_run(page.not_run)

# %% [markdown]
# ## The pictures
#
# `photos12`: random crops of twelve real photographs, one class each, every crop resized to each width. Training and test
# crops come from separate parts of each photograph. So the classes are told apart by texture and colour, and the
# content is the same at every width. They stand in for `imagenet12`, the source's twelve merged classes of ImageNet, which
# is shown here where the archive is at hand (`docs/imagenet12.md`).

# %%
sets = [row for row in results.rows if row["stage"] == "datasets" and row["kind"] == "photos12"]
sets = sorted({row["path"]: row for row in sets}.values(), key=lambda row: results.settings(row)["width"])
if sets:
    fig, panels = plt.subplots(len(sets), 12, figsize=(style.PAGE[0], 0.72 * len(sets)))
    for panel_row, row in zip(np.atleast_2d(panels), sets, strict=True):
        images, labels = read_images(results.folder(row), "test")
        names = read_image_info(results.folder(row)).class_names
        for label, axes in enumerate(panel_row):
            axes.imshow(images[int(np.flatnonzero(labels == label)[0])], interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.grid(visible=False)
            sns.despine(ax=axes, left=True, bottom=True)
            if row is sets[0]:
                axes.set_title(names[label].replace("_", " "), fontsize=5.5, rotation=25, fontweight="normal")
        panel_row[0].set_ylabel(f"{images.shape[1]} px", rotation=0, ha="right", va="center")
    fig.subplots_adjust(wspace=0.05, hspace=0.05)
    figure(
        fig,
        anchor="pictures",
        caption="The first test crop of each class at every width.",
        scale=page.scale_of(results.select(kind="photos12")),
        claims=["D11"],
        alt="Twelve crops of photographs, in one row for each width.",
        recipes=page.recipes(results.select(kind="photos12")),
    )

# %% [markdown]
# ## ImageNet's classes
#
# What is in the sets built from ILSVRC2012, where such sets are part of this run.

# %%
for number, (name, built) in enumerate(imagenet.families(results).items(), 1):
    manifest = imagenet.read_manifest(built)
    table(
        imagenet.count_classes(manifest),
        anchor=f"imagenet-counts-{number}",
        caption=f"{name}: images by class and split; files that cannot be decoded, whose content is in another split already, "
        "and that were enlarged because their shortest edge is below 256 pixels.",
    )
    figure(
        imagenet.draw_pictures(built),
        anchor=f"imagenet-pictures-{number}",
        caption=f"{name}: the first test picture of each class at every width at hand.",
        scale=page.scale_of(built),
        claims=["D11"],
        alt="A picture of each class, in one row for each width, coarser from row to row.",
        recipes=page.recipes(built),
    )
    sizes = imagenet.source_sizes(manifest)
    figure(
        imagenet.draw_sizes(sizes),
        anchor=f"imagenet-sizes-{number}",
        caption=f"{name}: sizes of the {len(sizes):,} files that could be decoded, before they were resized and cut.",
        scale=page.scale_of(built),
        claims=["D11"],
        alt="Two histograms: the shorter edge of the files with a line at 256 pixels, and the ratio of their edges.",
        recipes=page.recipes(built),
    )
    table(
        imagenet.list_oddities(manifest),
        anchor=f"imagenet-odd-{number}",
        caption=f"{name}: files that are not plain RGB pictures, by what they are, and quarantined ones by the reason.",
    )
    contradictions = imagenet.list_contradictions(manifest)
    if not contradictions.empty:
        table(
            contradictions,
            anchor=f"imagenet-contradictions-{number}",
            caption=f"{name}: files with two labels or in two splits. A net cannot learn both, and what is trained under one "
            "label and tested under the other counts as an error when it is learned.",
        )
channels = imagenet.channel_facts(results)
if not channels.empty:
    table(
        channels,
        anchor="imagenet-channels",
        caption="Channel means and standard deviations of the training images, pixels on [0, 1], beside the published ones.",
    )

# %% [markdown]
# ## Gradients and vulnerability against the square root of the dimension
#
# Vulnerability is the share of test images whose class changes under an iterated $\ell_\infty$ attack of the stated
# size (definition 1 of the source). Points are medians over nets, bars span the 10 % and 90 % quantiles.

# %%
gradients = results.table("gradient_norms")
attacked = results.table("iterative")
if not gradients.empty:  # one experiment, the one whose nets were attacked: sets of other pictures are not on this axis
    sweep = attacked["experiment"].iloc[0] if not attacked.empty else ""
    gradients = gradients[gradients["experiment"] == sweep]
    attacked = attacked[attacked["experiment"] == sweep] if not attacked.empty else attacked
NET = ["dataset", "model", "training", "seed", "step"]


def with_dimension(frame):
    """Add the number of input coordinates d and its square root."""
    width = frame["dataset"].map(results.datasets["width"]).astype(int)
    channels = np.where(frame["dataset"].map(results.datasets["kind"]) == "digits", 1, 3)
    return frame.assign(width=width, d=width**2 * channels, sqrt_d=np.sqrt(width**2 * channels))


def quantile_bars(frame, y, axes, label, colour):
    """Draw medians with bars from the 10 % to the 90 % quantile."""
    spread = frame.groupby("sqrt_d")[y].quantile([0.1, 0.5, 0.9]).unstack()
    bars = [spread[0.5] - spread[0.1], spread[0.9] - spread[0.5]]
    axes.errorbar(spread.index, spread[0.5], yerr=bars, marker="o", capsize=3, label=label, color=colour)


if not gradients.empty and not attacked.empty:
    nets = with_dimension(gradients.groupby(NET)[["l1", "l2", "linf", "logit_l2", "loss"]].mean().reset_index())
    accuracy = attacked.assign(correct=attacked["label"] == attacked["prediction"])
    largest = attacked.groupby("measurement")["linf"].max().idxmax()
    strongest = with_dimension(
        accuracy[accuracy["measurement"] == largest].groupby(NET)[["fooled", "correct"]].mean().reset_index()
    )
    eps = attacked.loc[attacked["measurement"] == largest, "linf"].max()
    last = nets["step"].max()
    trained, initial = nets[nets["step"] == last], nets[nets["step"] == 0]
    fooled = strongest[strongest["step"] == last]
    fig, panels = plt.subplots(1, 3, figsize=(style.PAGE[0], 2.9))
    quantile_bars(fooled, "fooled", panels[0], "trained", "C0")
    panels[0].set(title="Vulnerability", xlabel=r"$\sqrt{d}$", ylabel="share of classes changed", ylim=(0, 1))
    quantile_bars(trained, "l1", panels[1], "trained", "C0")
    if not initial.empty:
        quantile_bars(initial, "l1", panels[1], "at initialisation", "C1")
    panels[1].set(title=r"$E\,\Vert\partial_x L\Vert_1$", xlabel=r"$\sqrt{d}$", ylim=(0, None))
    panels[1].legend()
    quantile_bars(fooled, "correct", panels[2], "trained", "C0")
    panels[2].axhline(1 / 12, color="grey", ls=":", lw=1)
    panels[2].set(title="Accuracy", xlabel=r"$\sqrt{d}$", ylabel="share of test images", ylim=(0, 1))
    fig.tight_layout()
    shown = results.select(experiment=str(attacked["experiment"].iloc[0]))
    seeds = nets["seed"].nunique()
    merged = fooled.merge(trained[[*NET, "l1", "l2", "linf", "logit_l2"]], on=NET)
    figure(
        fig,
        anchor="width-sweep",
        caption=f"Vulnerability to the iterated $\\ell_\\infty$ attack at eps_pixel = {eps:.3g}, mean $\\ell_1$ norm of the "
        f"loss gradient, and accuracy, of {seeds} nets a width, against $\\sqrt{{d}}$. All widths share the same number "
        "of parameters: the dilation of the convolutions grows with the width.",
        scale=page.scale_of(shown),
        claims=["D12", "D13"],
        alt="Three panels: vulnerability, gradient norm and accuracy against the square root of the input dimension.",
        data=merged,
        recipes=page.recipes(shown),
    )

# %% [markdown]
# ## At initialisation
#
# The theorem is about nets as they are drawn, before any training: $\left\|\partial_x L\right\|_q \sim d^{1/q - 1/2}$. In
# double-logarithmic axes the $\ell_1$ norm should rise with slope 1/2, the $\ell_2$ norm and that of the logits stay level.
# Batch normalisation acts as the identity here, since its moving averages have not moved yet.

# %%
if not gradients.empty and not initial.empty:
    long = nets.melt(id_vars=["d", "seed", "step"], value_vars=["l1", "l2", "linf", "logit_l2"], var_name="norm")
    long["state"] = np.where(long["step"] == 0, "at initialisation", "trained")
    long = long[long["step"].isin([0, last])]
    predicted = {"l1": "1/2", "l2": "0", "linf": "-1/2", "logit_l2": "0"}
    fits = []
    for (state, norm), group in long.groupby(["state", "norm"]):
        if group["d"].nunique() > 2:
            fit = slope(np.log(group["d"]), np.log(group["value"]))
            fits.append({"state": state, "norm": norm, "slope": fit.value, "low": fit.low, "high": fit.high})
    fig, panels = plt.subplots(1, 2, figsize=style.PAGE, sharey=True)
    for axes, state in zip(panels, ["at initialisation", "trained"], strict=True):
        part = long[long["state"] == state]
        sns.lineplot(
            part, x="d", y="value", hue="norm", style="norm", markers=True, dashes=False, errorbar=("pi", 80), ax=axes
        )
        axes.get_legend().set_visible(axes is panels[1])
        axes.set(
            xscale="log", yscale="log", title=state.capitalize(), xlabel="input dimension $d$", ylabel="gradient norm"
        )
    sns.move_legend(panels[1], "center left", bbox_to_anchor=(1, 0.5))
    fig.tight_layout()
    figure(
        fig,
        anchor="initialisation",
        caption="Norms of the gradient of the loss (l1, l2, linf) and of the logits (logit_l2, mean over the classes) "
        "against the input dimension; means over nets, bands from the 10 % to the 90 % quantile.",
        scale=page.scale_of(shown),
        claims=["D04"],
        alt="Gradient norms against dimension in double-logarithmic axes, before and after training.",
        data=long,
        recipes=page.recipes(results.select(kind="gradient_norms")),
    )
    if fits:
        fitted = pd.DataFrame(fits)
        fitted.insert(2, "predicted at initialisation", fitted["norm"].map(predicted))
        table(
            fitted,
            anchor="exponents",
            caption="Exponents of $d$: slopes of least squares in double-logarithmic axes over all nets, with 95 % "
            "intervals.",
        )

# %% [markdown]
# ## The first-order prediction
#
# For a small single step the rise of the loss should be $\varepsilon \left\|\partial_x L\right\|_1$. Each point is a test
# image; the line is the prediction.

# %%
if not gradients.empty and not attacked.empty:
    smallest = attacked.groupby("measurement")["linf"].max().idxmin()
    small = attacked[attacked["measurement"] == smallest]
    damage = small.merge(gradients[[*NET, "image", "l1"]], on=[*NET, "image"])
    damage["predicted"] = damage["linf"] * damage["l1"]
    damage["measured"] = damage["adversarial_loss"] - damage["loss"]
    damage = with_dimension(damage[damage["step"] == damage["step"].max()])
    positive = damage[(damage["predicted"] > 1e-4) & (damage["measured"] > 1e-4)]
    fig, axes = plt.subplots(figsize=style.SQUARE)
    sns.scatterplot(positive, x="predicted", y="measured", hue="width", palette="viridis", s=8, alpha=0.6, ax=axes)
    limits = [1e-4, float(max(positive["predicted"].max(), positive["measured"].max()))]
    axes.plot(limits, limits, color="black", lw=1)
    axes.set(xscale="log", yscale="log")
    axes.set(xlabel=r"predicted rise of the loss, $\epsilon\,\Vert\partial_x L\Vert_1$", ylabel="measured rise (nats)")
    figure(
        fig,
        anchor="first-order",
        caption=f"Rise of the loss under a single $\\ell_\\infty$ step of eps_pixel = {small['linf'].max():.3g} against the "
        "first-order prediction, for test images of all trained nets (rises above 1e-4 nats).",
        scale=page.scale_of(results.select(measurement=smallest)),
        claims=["D01", "D03"],
        alt="Measured against predicted rise of the loss, close to the diagonal.",
        recipes=page.recipes(results.select(measurement=smallest)),
    )

# %%
if not gradients.empty and not attacked.empty:
    summary = merged.groupby("width").agg(
        nets=("seed", "nunique"),
        d=("d", "first"),
        accuracy=("correct", "median"),
        vulnerability=("fooled", "median"),
        l1=("l1", "median"),
        l2=("l2", "median"),
    )
    table(
        summary.reset_index(),
        anchor="summary",
        caption="Medians over nets at the end of training.",
    )
    blind = attacked.groupby("measurement")["zero_gradient"].mean()
    table(
        blind.rename("share of images with zero gradient").reset_index(),
        anchor="suspicion",
        caption="A check on the attacks: on an image whose loss has no gradient an attack is blind, and its failure says "
        "nothing. Raised if the share is not zero.",
    )
