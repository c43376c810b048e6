# %% tags=["parameters"]
handed = ""
scale = ""

# %%
import pandas as pd

from advdim.figures import poolings, style, vulnerability, widths
from advdim.figures.display import figure, table
from advdim.ledger.dimension_theorems import pooled_gradients
from advdim.ledger.dimension_widths import EPS, attacked_sweep, initial_exponents, smallest_linf, width_sweep
from advdim.ledger.observations import at_end
from advdim.ledger.wording import told
from advdim.reports.page import open_page

style.apply()
page = open_page(handed, scale)
results = page.results

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
searched = smallest_linf(results, sweep)
if not curves.empty:
    figure(
        vulnerability.draw_thresholds(curves, EPS),
        anchor="thresholds",
        caption="Share of images whose class changes under an $\\ell_\\infty$ perturbation of at most $\\varepsilon$, for every "
        "$\\varepsilon$ and width, means over nets: as the iterated attack finds it (lines), and to first order (dashed). The "
        f"dotted line is the source's threshold of {EPS:g}. If vulnerability grows with $\\sqrt d$ at small thresholds, the "
        "curves coincide on the right.",
        scale=f"{scale}: {sweep.measured(searched).trained_scale}",
        claims=["D12", "D13"],
        alt="Curves of vulnerability against the threshold, one for each width, those of larger widths to the left.",
        data=curves.groupby(["which", "d", "eps_pixel"])["share"].mean().reset_index(),
        recipes=page.recipes(page.behind(searched)),
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
    ratios = vulnerability.damage_ratios(damage)
    figure(
        vulnerability.draw_damage(ratios),
        anchor="first-order",
        caption="Mean rise of the loss after one step of size eps, divided by its first-order prediction. Bands span the 10 % "
        "and 90 % quantiles over nets.",
        scale=f"{scale}: {sweep.measured(damage).trained_scale}",
        claims=["D01", "D03"],
        alt="Ratio of the measured to the predicted rise of the loss over the size of the step, a panel for steps in each norm "
        "and a curve for each number of inputs, with a line at 1, where both are equal.",
        data=ratios,
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
