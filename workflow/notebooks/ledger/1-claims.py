# %% tags=["parameters"]
handed = ""
scale = ""

# %%
from advdim.figures.ledger import claims_of_study, count_table, errata
from advdim.reports.page import open_page

page = open_page(handed, scale)

# %% [markdown]
# # The claims ledger
#
# Every quantified claim of the three sources, each with a rule that judges it. Code decides: a verdict is **reproduced**,
# **deviates**, **erratum** (the source's figure itself is wrong, and the right one is shown) or **needs** (this run cannot
# judge it; what it would take is said). A verdict holds for its scale: one reached at laptop scale can change at the
# source's own.
#
# Rules were meant to be fixed before the data were seen. Not all were: some, and some settings that they depend on, were
# changed after a look at results. `CHANGELOG.md` names them, with the verdicts before and after.
#
# Beside our value stands what it is. Intervals have the level 95 %, unless the rule or the name of the value says
# otherwise.

# %%
count_table(page.claims, page.verdicts)

# %% [markdown]
# ## Spheres

# %%
claims_of_study(page.claims, page.verdicts, "spheres")

# %% [markdown]
# ## Dimension

# %%
claims_of_study(page.claims, page.verdicts, "dimension")

# %% [markdown]
# ## Tilting

# %%
claims_of_study(page.claims, page.verdicts, "tilting")

# %% [markdown]
# ## Errata
#
# Where a source contradicts itself or the mathematics, both versions are shown.

# %%
errata(page.claims)
