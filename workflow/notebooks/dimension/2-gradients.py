# %% tags=["parameters"]
handed = ""
scale = ""

# %%
import pandas as pd

from advdim.figures import poolings, style, vulnerability, widths
from advdim.figures.display import figure, table
from advdim.ledger.dimension_initial import exponents_of_sweep, initial_exponents
from advdim.ledger.dimension_theorems import pooled_gradients
from advdim.ledger.dimension_widths import (
    EPS,
    attacked_sweep,
    growth,
    have_logarithms,
    smallest_linf,
    trained_norms,
    width_sweep,
)
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
norms = trained_norms(results, sweep)
for norm, anchor, source, words, claims in (
    ("linf", "width-sweep", "Figure 3 of the source", r"$\ell_\infty$ attack", ["D12", "D13"]),
    ("l2", "width-sweep-l2", "Figure 7 of the source", r"$\ell_2$ attack of radius $\varepsilon \sqrt d$", ["D15"]),
):
    attacked = attacked_sweep(results, sweep, norm)
    if attacked is None or not have_logarithms(norms):
        continue
    fooled = widths.join_vulnerability(trained, sweep, attacked)
    gradient, vulnerable = (told(one, 3) for one in growth(sweep, norms, attacked))
    figure(
        widths.draw_sweep(fooled, initial),
        anchor=anchor,
        caption=f"{source}: vulnerability to the iterated {words} at eps_pixel = {EPS:g}, mean $\\ell_1$ norm of the loss gradient, and "
        f"accuracy, of {sweep.fewest} nets a width, against $\\sqrt{{d}}$. All widths share the same number of parameters: the "
        "dilation of the convolutions grows with the width. Least squares in logarithms give vulnerability "
        f"$\\sim d^\\alpha$ with $\\alpha$ = {vulnerable}, and the gradient's norm of the trained nets $\\sim d^\\beta$ with $\\beta$ = "
        f"{gradient}; the square root of $d$ is 0.5. Intervals (95 %) are of a bootstrap over the nets of each width, as in claim D12.",
        scale=f"{scale}: {sweep.trained_scale}",
        claims=claims,
        alt="Vulnerability, gradient norm and accuracy over the square root of the number of inputs: medians of trained nets with "
        "bars, and of the gradient norm a second curve for nets before training.",
        data=pd.concat([fooled.assign(state="trained"), initial.assign(state="at initialisation")], ignore_index=True),
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
        vulnerability.draw_thresholds(curves),
        anchor="thresholds",
        caption="Share of images whose class changes under an $\\ell_\\infty$ perturbation of at most $\\varepsilon$, for every "
        "$\\varepsilon$ and width, means over nets: by the smallest perturbation that a walk along the boundary finds (`minimal`, "
        "lines), and to first order (dashed). The "
        f"dotted line is the source's threshold of {EPS:g}. If vulnerability grows with $\\sqrt d$ at small thresholds, the "
        "curves coincide on the right.",
        scale=f"{scale}: {sweep.measured(searched).trained_scale}",
        claims=["D12", "D13"],
        alt="Vulnerability over the threshold, and over the threshold times the square root of the number of inputs: rising "
        "curves, for each width one as measured and a dashed one to first order.",
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
        alt="Distance of the two losses over eps in double-logarithmic axes, a line for each of two norms, beside one of slope 2.",
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
behind = page.recipes(results.select(kind="initial_gradients"))
norms_of_sweep = sweep.table(results, "gradient_norms")
if len(sweep.nets) > 2 and not norms_of_sweep.empty:
    states = {"drawn": norms_of_sweep[norms_of_sweep["step"] == 0], "trained": at_end(norms_of_sweep)}
    own = [exponents_of_sweep(rows, sweep, f"the experiment's net, {state}") for state, rows in states.items()]
    drawn = pd.concat([drawn, *own], ignore_index=True)
    behind += page.recipes(page.behind(norms_of_sweep))
if not drawn.empty:
    figure(
        poolings.draw_initial_exponents(drawn),
        anchor="initialisation",
        caption="Exponents of $d$ in the norms of the gradient, medians over images, with 90 % intervals of a bootstrap over nets: "
        "for sorts of nets before training, named by how they reduce an image (in brackets what the configuration calls them), "
        "and for the trained net of the experiment on widths. Grey: $1/q - 1/2$ by theorems 4 and 5, and less by $1/2$ where a net ends in an average over the whole image, whose "
        "area grows with $d$ (theorem 11); averages over areas that are the same at every $d$ change no exponent. Colours tell what "
        "the theorems are about; nets with batch normalisation or maxima are held against the same exponents.",
        scale=f"{scale}: {drawn['sort'].nunique()} sorts of nets, {int(drawn['nets'].min())} nets a width or more",
        claims=["D04", "D05"],
        alt="Exponents with intervals, a row for each sort of net and a panel for each of four norms, with a grey mark at the "
        "exponent that theory names.",
        data=drawn,
        recipes=behind,
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
        alt="Gradients over the area of the poolings in double-logarithmic axes, a point for each net, coloured by its width, "
        "beside a line of slope minus one half.",
        data=pooled,
        recipes=page.recipes(results.select(kind="initial_gradients")),
    )
