# %% tags=["parameters"]
handed = ""
scale = ""

# %%
from advdim.figures.ledger import count_table, not_run, provenance, recorded, verdict_table
from advdim.reports.page import open_page

page = open_page(handed, scale)

# %% [markdown]
# # Why are accurate classifiers so easy to fool, and does it get worse with input dimension?
#
# Three studies of adversarial vulnerability, repeated from raw data to these pages by one pipeline.
#
# - [**Adversarial spheres**](spheres.html) (Gilmer et al. 2018): two concentric spheres in high dimension. The source claims
#   that nets which are right on millions of random points have errors close to almost every point, and that geometry leaves
#   them no choice.
# - [**Vulnerability and input dimension**](dimension.html) (Simon-Gabriel et al. 2018). The source claims that the gradients
#   of the loss grow with the square root of the number of inputs, and vulnerability with them.
# - [**Boundary tilting**](tilting.html) (Tanay and Griffin 2018). The source claims that linear classifiers are fooled as far
#   as their boundary is tilted against the direction between the classes, and that regularisation turns it upright.
#
# What we found stands in the verdicts below, and on the pages with the figures behind it. Every quantified claim of the
# sources stands in the [ledger](ledger.html), with the source's figure, ours, its interval and the verdict.

# %% [markdown]
# ## The verdicts at a glance

# %%
count_table(page.claims, page.verdicts)

# %%
verdict_table(page.claims, page.verdicts, anchor="judged")

# %% [markdown]
# ## Scale and provenance
#
# The sources trained for days on GPUs; a claim that this scale cannot judge says what it needs. Each figure names its
# scale, its data and its recipes: the documents with every setting, seed, code digest and library version that
# determine an artefact.

# %%
not_run(page.not_run)
recorded(page.recorded)
provenance(page.scale)
