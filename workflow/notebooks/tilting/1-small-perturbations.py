# %% tags=["parameters"]
handed = ""
scale = ""

# %%
from advdim.datasets.stored import read_image_info
from advdim.figures import style
from advdim.figures.display import figure, table
from advdim.figures.ledger import not_run, recorded, verdict_table
from advdim.figures.targeted import draw_targeted, read_pictures, shares_reached, shown_attacks
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
# to all of them. On MNIST, they find, weak regularisation lets the boundary tilt; strong regularisation turns it upright, and
# adversarial images become visible mixtures of both classes.
#
# For two classes with centroids a distance apart, let $z$ be the unit vector between the centroids, $w$ the weight vector
# and $n$ what is left of $w$ across $z$. The **tilting angle** is the angle of $w$ and $z$, and in the plane of $z$ and
# $n$, the tilting plane, distances are distances of pixels.

# %% [markdown]
# At the laptop's scale scikit-learn's digits, of 8 x 8 pixels, stand in for MNIST, and our own nets on `photos12` for
# Inception v3: each verdict says so. These digits have fewer pixels and fewer images, and need not show what MNIST shows. The
# text tells what was found on MNIST, all of whose pairs lie in `docs/paper-scale/tilting`; the captions give the numbers of the
# data on this page.

# %%
verdict_table(page.claims, page.verdicts, anchor="verdicts")

# %%
not_run(page.not_run)
recorded(page.recorded)

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
