# %% tags=["parameters"]
handed = ""
scale = ""

# %%
import pandas as pd

from advdim.figures import imagenet, poolings, style, training_methods, vulnerability, widths
from advdim.figures.display import figure, table
from advdim.figures.ledger import not_run, verdict_table
from advdim.figures.pictures import draw_pictures, learned_photographs
from advdim.figures.suspicions import sum_suspicions
from advdim.ledger.dimension_methods import compared_nets
from advdim.ledger.dimension_nets import AUGMENTATIONS, THROUGH, net_rows, of_methods
from advdim.ledger.dimension_penalties import penalised_nets
from advdim.ledger.dimension_pooling import pooling_nets
from advdim.ledger.dimension_theorems import pooled_gradients
from advdim.ledger.dimension_widths import EPS, attacked_sweep, initial_exponents, width_sweep
from advdim.ledger.observations import at_end
from advdim.ledger.wording import told
from advdim.reports.page import open_page

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
photographs = learned_photographs(results)
if photographs.rows:
    figure(
        draw_pictures(photographs),
        anchor="pictures",
        caption="The first test crop of each class at every width.",
        scale=f"{scale}: {len(photographs.rows)} widths",
        claims=["D11"],
        alt="Twelve crops of photographs, in one row for each width.",
        recipes=page.recipes(photographs),
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
        draw_pictures(built),
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
sweep = width_sweep(results)
nets = widths.average_gradients(results, sweep)
trained, initial = nets[nets["step"] == nets["step"].max()], nets[nets["step"] == 0]
for norm, anchor, words, claims in (
    ("linf", "width-sweep", r"$\ell_\infty$ attack", ["D12", "D13"]),
    ("l2", "width-sweep-l2", r"$\ell_2$ attack of radius $\varepsilon \sqrt d$", ["D15"]),
):
    attacked = attacked_sweep(results, sweep, norm)
    if attacked is None or nets.empty:
        continue
    fooled = widths.join_vulnerability(trained, sweep, attacked)
    exponents = {name: told(one, 2) for name, one in widths.growth_with_dimension(fooled).items()}
    figure(
        widths.draw_sweep(fooled, initial),
        anchor=anchor,
        caption=f"Vulnerability to the iterated {words} at eps_pixel = {EPS:g}, mean $\\ell_1$ norm of the loss gradient, and "
        f"accuracy, of {sweep.fewest} nets a width, against $\\sqrt{{d}}$. All widths share the same number of parameters: the "
        "dilation of the convolutions grows with the width. Least squares in logarithms give vulnerability "
        f"$\\sim d^\\alpha$ with $\\alpha$ = {exponents['fooled']}, and the gradient's norm $\\sim d^\\beta$ with $\\beta$ = {exponents['l1']}; "
        "the square root of $d$ is 0.5.",
        scale=f"{scale}: {sweep.trained_scale}",
        claims=claims,
        alt="Three panels: vulnerability, gradient norm and accuracy against the square root of the input dimension.",
        data=fooled,
        recipes=page.recipes(page.behind(trained)),
    )

# %% [markdown]
# ## Every threshold at once
#
# The smallest perturbation that changes an image's class gives its vulnerability at every threshold: the share of images
# whose smallest perturbation is below it. To first order that size is the margin of the two classes in question over
# $\left\|\partial_x (f_c - f_k)\right\|_1$.

# %%
curves = vulnerability.threshold_curves(results, sweep)
if not curves.empty:
    figure(
        vulnerability.draw_thresholds(curves, EPS),
        anchor="thresholds",
        caption="Share of images whose class changes under an $\\ell_\\infty$ perturbation of at most $\\varepsilon$, for every "
        "$\\varepsilon$ and width, means over nets: as the iterated attack finds it (lines), and to first order (dashed). The "
        f"dotted line is the source's threshold of {EPS:g}. If vulnerability grows with $\\sqrt d$ at small thresholds, the "
        "curves coincide on the right.",
        scale=f"{scale}: {sweep.trained_scale}",
        claims=["D12", "D13"],
        alt="Curves of vulnerability against the threshold, one for each width, those of larger widths to the left.",
        data=curves.groupby(["which", "d", "eps_pixel"])["share"].mean().reset_index(),
        recipes=page.recipes(page.behind(trained)),
    )

# %% [markdown]
# ## The first-order prediction
#
# For a small step the rise of the loss should be $\varepsilon \left\|\partial_x L\right\|_1$ in $\ell_\infty$, and
# $\varepsilon \sqrt d \left\|\partial_x L\right\|_2$ in $\ell_2$. How long does that hold as the step grows?

# %%
damage = at_end(sweep.table(results, "damage"))
if not damage.empty:
    damage = damage.assign(d=damage["dataset"].map(widths.dimensions_by_dataset(sweep)))
    summed = (
        damage.groupby(["norm", "d", "eps_pixel"])[["predicted", "measured", "signal_to_noise"]].mean().reset_index()
    )
    figure(
        vulnerability.draw_damage(damage),
        anchor="first-order",
        caption="Mean rise of the loss after one step of size eps, divided by its first-order prediction. Bands span the 10 % "
        "and 90 % quantiles over nets.",
        scale=f"{scale}: {sweep.trained_scale}",
        claims=["D01", "D03"],
        alt="Ratios near 1 at small steps that fall below it as steps grow, earlier at larger widths.",
        data=summed,
        recipes=page.recipes(page.behind(damage)),
    )
    table(
        vulnerability.signal_to_noise(damage),
        anchor="signal-to-noise",
        caption="Ratio of signal to noise, $\\left\\|x\\right\\|_2 / \\left\\|\\delta\\right\\|_2$, times eps: the root mean square of the "
        "pixels in either norm and at every width, as equation 3 wants it (claim D03).",
    )

# %% [markdown]
# ## Augmentation and penalty
#
# Training on the mean of the clean loss and that after a small attack is, to first order, training with a penalty on the
# gradient. On smooth nets the two losses should come together like $\varepsilon^2$.

# %%
losses = results.table("augmentation_order")
if not losses.empty:
    losses["gap"] = (losses["augmented"] - losses["penalised"]).abs()
    figure(
        poolings.draw_order(losses),
        anchor="augmentation-order",
        caption="Distance of augmented and penalised loss as eps is halved, in double precision; means over nets, bands from the "
        "10 % to the 90 % quantile.",
        scale=page.scale_of(results.select(kind="augmentation_order")),
        claims=["D02"],
        alt="Two lines of slope 2 in double-logarithmic axes.",
        data=losses,
        recipes=page.recipes(results.select(kind="augmentation_order")),
    )

# %% [markdown]
# ## At initialisation
#
# The theorems are about nets as they are drawn, before any training: $\left\|\partial_x L\right\|_q \sim d^{1/q - 1/2}$. So the
# $\ell_1$ norm should grow like $d^{1/2}$, the $\ell_2$ norm and that of the logits stay level.

# %%
drawn = initial_exponents(results)
if not nets.empty and nets["d"].nunique() > 2:
    sorts = {"the experiment's net, drawn": initial, "the experiment's net, trained": trained}
    drawn = pd.concat([drawn, widths.gradient_exponents(sorts, sweep.fewest)], ignore_index=True)
if not drawn.empty:
    kinds = [kind for kind in ("initial_gradients", "gradient_norms") if results.select(kind=kind).rows]
    figure(
        poolings.draw_initial_exponents(drawn),
        anchor="initialisation",
        caption="Exponents of $d$ in the norms of the gradient, with 90 % intervals, for nets before training and for the trained "
        "net of the experiment on widths. Blue: dense and strided nets without batch normalisation, which the theorems cover; "
        "orange: others. Dotted: the theorems' exponents.",
        scale=f"{scale}: {', '.join(sorted(set(drawn['measurement'])))}; {int(drawn['nets'].min())} nets a width or more",
        claims=["D04", "D05"],
        alt="Exponents with intervals for each sort of net in four panels, one a norm, with the predicted value.",
        data=drawn,
        recipes=page.recipes(results.select(kind=kinds[0])),
    )

# %%
pooled = pooled_gradients(results)
if not pooled.empty and pooled["area"].max() > pooled["area"].min():
    figure(
        poolings.draw_areas(pooled),
        anchor="pooling-areas",
        caption="Average pooling damps the gradients of nets before training: the $\\ell_2$ norm of the gradient of a logit "
        "against the product of the pooled areas, and the root mean square of its components against $d$ times that product. "
        "Lines of slope $-1/2$ are what the theorems predict.",
        scale=f"{scale}: {pooled['net'].nunique()} nets at widths {', '.join(map(str, sorted(pooled['width'].unique())))}",
        claims=["D05"],
        alt="Gradients that fall with the area of the poolings along a line of slope minus one half.",
        data=pooled,
        recipes=page.recipes(results.select(kind="initial_gradients")),
    )

# %% [markdown]
# ## A penalty of growing strength
#
# Nets that are trained with a penalty on the $\ell_1$ norm of the gradient: figure 1 of the source, with a threshold on the
# $\ell_\infty$ size of the perturbations, and figure 5, with one on their $\ell_2$ size. Each attack looks for small
# perturbations in its own norm; what counts is their size in the norm of the threshold.

# %%
for norm, anchor, words, claims in (
    ("linf", "penalties", r"$\ell_\infty$", ["D06"]),
    ("l2", "penalties-l2", r"$\ell_2$", ["D15"]),
):
    given = penalised_nets(results, norm)
    if given is None:
        continue
    rows, threshold = given
    figure(
        vulnerability.draw_penalties(rows),
        anchor=anchor,
        caption=f"Vulnerability to five attacks under the threshold of eps_pixel = {threshold.eps_pixel:g} in {words}, against the "
        "strength of the penalty and against the mean $\\ell_1$ norm of the gradient; a point is a net.",
        scale=page.scale_of(page.behind(rows)),
        claims=claims,
        alt="Vulnerability falls with the penalty and rises with the gradient's norm for each of five attacks.",
        data=rows[["method", "strength", "seed", "l1", "attack", "share"]],
        recipes=page.recipes(page.behind(rows)),
    )

# %% [markdown]
# ## Ways of training
#
# Penalties on the gradient in two norms, the adversarial augmentations dual to them, training on attacked images alone
# (PGD), and the cross-Lipschitz penalty: figure 2 of the source; and the same under $\ell_2$ attacks, figure 6.

# %%
methods = compared_nets(results)
if not methods.empty and methods["method"].nunique() > 2:
    shown = page.behind(methods)
    for column, anchor, words, claims in (
        ("vulnerability", "methods", r"$\ell_\infty$", ["D07", "D08", "D09", "D17"]),
        ("vulnerability_l2", "methods-l2", r"$\ell_2$", ["D15", "D17"]),
    ):
        if methods[column].notna().sum() < 3:
            continue
        figure(
            training_methods.draw_methods(methods.dropna(subset=[column]), column),
            anchor=anchor,
            caption=f"Figure 2 of the source under iterated {words} attacks of eps_pixel = {methods['eps'].max():g}: gradients, "
            "vulnerability and accuracy over the strength eps, of which eps $d^{1/p}$ is the size in each norm (a to c; the dotted "
            "line is a net that was trained on the loss alone), and against each other (d to f). Means over seeds, bars over "
            "their range; augmentations dashed, beside the penalties that they are dual to.",
            scale=page.scale_of(shown),
            claims=claims,
            alt="Six panels of curves, one for each way of training.",
            data=methods.drop(columns="family"),
            recipes=page.recipes(shown),
        )
    figure(
        training_methods.draw_fronts(methods),
        anchor="fronts",
        caption="What robustness costs: accuracy against vulnerability of each way of training as its strength grows. Means over "
        "seeds, with 95 % intervals.",
        scale=page.scale_of(shown),
        claims=["D10"],
        alt="Accuracy against vulnerability, one curve for each way of training.",
        data=methods[["method", "strength", "seed", "vulnerability", "accuracy"]],
        recipes=page.recipes(shown),
    )
    twins = of_methods(methods, [*AUGMENTATIONS.values(), *THROUGH.values()])
    if twins["method"].isin(THROUGH.values()).any():
        figure(
            training_methods.draw_through_attack(twins),
            anchor="through-attack",
            caption="Nets that were trained by back-propagation through the attack too, against those of the same seed and strength "
            "that were not. For $p = \\infty$ the derivative of the attack, a sign, is zero, and the two are one.",
            scale=page.scale_of(page.behind(twins)),
            claims=["D16"],
            alt="Three scatter plots along the diagonal.",
            data=twins[["method", "strength", "seed", "l1", "vulnerability", "accuracy"]],
            recipes=page.recipes(page.behind(twins)),
        )

# %% [markdown]
# ## Kinds of pooling
#
# Nets that differ in how they halve the image: by averages, by strides, or by maxima. Figure 4 of the source.

# %%
by_pooling = pooling_nets(results)
if not by_pooling.empty:
    figure(
        poolings.draw_poolings(by_pooling),
        anchor="pooling",
        caption="Accuracy, vulnerability to the iterated $\\ell_\\infty$ attack at eps_pixel = "
        f"{by_pooling['eps'].max():g} with 95 % intervals of the mean, and the gradient's $\\ell_1$ norm before and after training. "
        "A point is a net.",
        scale=page.scale_of(page.behind(by_pooling)),
        claims=["D14"],
        alt="Points for three kinds of pooling in three panels.",
        data=by_pooling[["pooling", "seed", "accuracy", "vulnerability", "l1", "l1_initial"]],
        recipes=page.recipes(page.behind(by_pooling)),
    )

# %% [markdown]
# ## Summary, and checks on the attacks

# %%
every = net_rows(results)
if not every.empty:
    table(
        training_methods.summarise(every),
        anchor="summary",
        caption="Medians over nets at the end of training.",
    )
suspicions = sum_suspicions(results)
if not suspicions.empty:
    table(
        suspicions,
        anchor="suspicion",
        caption="Checks on the attacks: of how many attacks and snapshots each suspicion was raised.",
    )
