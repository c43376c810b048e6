# %% tags=["parameters"]
handed = ""
scale = ""

# %%
from advdim.figures import poolings, style, training_methods, vulnerability
from advdim.figures.display import figure, table
from advdim.figures.suspicions import sum_suspicions
from advdim.ledger.dimension_comparison import compared_nets
from advdim.ledger.dimension_nets import net_rows
from advdim.ledger.dimension_penalties import penalised_nets
from advdim.ledger.dimension_pooling import pooling_nets
from advdim.reports.page import open_page

style.apply()
page = open_page(handed, scale)
results = page.results

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
        alt="Vulnerability over the strength of the penalty, and over the gradient's norm, a line for each of five attacks.",
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
curves = (
    "gradients, vulnerability and accuracy over the strength eps, of which eps $d^{1/p}$ is the size in each norm (a to c; the "
    "dotted line is a net that was trained on the loss alone), and against each other (d to f). Means over the seeds that all "
    "methods share, bars over their range; augmentations dashed, beside the penalties that they are dual to."
)
if not methods.empty and methods["method"].nunique() > 2:
    norms = (
        r"Figure 2 of the source, under iterated $\ell_\infty$ attacks",
        r"Figure 6 of the source, which has DeepFool there, under iterated $\ell_2$ attacks",
    )
    for column, eps, anchor, words, claims in (
        ("vulnerability", "eps", "methods", norms[0], ["D07", "D08", "D09", "D17"]),
        ("vulnerability_l2", "eps_l2", "methods-l2", norms[1], ["D15", "D17"]),
    ):
        compared = training_methods.nets_to_compare(methods, column)
        if len(compared) < 3:
            continue
        figure(
            training_methods.draw_methods(compared, column),
            anchor=anchor,
            caption=f"{words} of eps_pixel = {compared[eps].max():g}: {curves}",
            scale=page.scale_of(page.behind(compared)),
            claims=claims,
            alt="Six panels. Above, gradient norm, vulnerability and accuracy over the strength: a curve for each penalty, "
            "augmentation and attack that nets were trained with, and the level of nets that were trained on the loss alone. "
            "Below, for these nets and those under the cross-Lipschitz penalty, vulnerability over gradient norm, its l_1 norm "
            "over its l_2 norm, and accuracy over vulnerability.",
            data=compared.drop(columns="family"),
            recipes=page.recipes(page.behind(compared)),
        )
    compared = training_methods.nets_to_compare(methods)
    if len(compared) > 2:
        figure(
            training_methods.draw_fronts(compared),
            anchor="fronts",
            caption="What robustness costs: accuracy against vulnerability of each way of training as its strength grows. Means over "
            "the seeds that all methods share, with Student's 95 % intervals, which are cut off at 0 and 1: both are shares.",
            scale=page.scale_of(page.behind(compared)),
            claims=["D10"],
            alt="Accuracy over vulnerability, a curve with error bars for each way of training, and a point for nets that were "
            "trained on the loss alone.",
            data=compared[["method", "strength", "seed", "vulnerability", "accuracy"]],
            recipes=page.recipes(page.behind(compared)),
        )
    twins = training_methods.with_twins(methods)
    if not twins.empty:
        figure(
            training_methods.draw_through_attack(twins),
            anchor="through-attack",
            caption="Nets that were trained by back-propagation through the attack too, against those of the same seed and strength "
            "that were not. For $p = \\infty$ the derivative of the attack, a sign, is zero, and the two are one.",
            scale=page.scale_of(page.behind(twins)),
            claims=["D16"],
            alt="Three scatter plots of nets in pairs, trained through the attack over trained as usual: gradient norm, "
            "vulnerability and accuracy, each with the diagonal, on which both are equal.",
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
        f"{by_pooling['eps'].max():g} with Student's 95 % intervals of the mean, which are cut off at 0 and 1, and the gradient's "
        "$\\ell_1$ norm before and after training. "
        "A point is a net.",
        scale=page.scale_of(page.behind(by_pooling)),
        claims=["D14"],
        alt="Accuracy, vulnerability, and the gradient's norm before and after training: a point for each net, in columns for "
        "three kinds of pooling.",
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
