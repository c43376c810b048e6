# %% tags=["parameters"]
handed = ""
scale = ""

# %%
from advdim.figures import imagenet, style
from advdim.figures.display import figure, table
from advdim.figures.ledger import not_run, recorded, verdict_table
from advdim.figures.pictures import draw_pictures, learned_photographs
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
verdict_table(page.claims, page.verdicts, anchor="verdicts")
not_run(page.not_run)
recorded(page.recorded)

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
# What is in the sets built from ILSVRC2012. Where nothing follows, no such set is part of this run.

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
