# The workflow of advdim: datasets -> models -> attacks -> statistics -> reports.
#
# What is to be made follows from the configuration alone: `advdim.plan` expands it into recipes, and the path of every
# artefact carries its recipe's key. Nothing here depends on time stamps, or on what Snakemake remembers of earlier runs.
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.13")
sys.path.insert(0, str(Path(workflow.basedir) / "src"))

from advdim.artefacts.running import claim_run
from advdim.config.loading import load_config
from advdim.config.selection import selected_config
from advdim.errors import AdvdimError
from advdim.plan.batches import batches
from advdim.plan.expand import expand
from advdim.plan.plan import DEVICES
from advdim.plan.recipe import STAGES
from advdim.refusals import refusal
from advdim.reports.publish import publication_token


# The base that requirements.lock was solved for. The rules need what `make` installs into .venv beside it.
container: "docker://python:3.11-slim-bookworm"


# `--config device=gpu` is for clusters, where a job does not see the --resources of the run that submitted it.
DEVICE = config.get(
    "device", "gpu" if workflow.global_resources.get("gpu").value else "cpu"
)

# `--config only=tilting` restricts the run to some studies or experiments, `only=toy,all-pairs` for example.
ONLY = str(config.get("only", ""))
OPTIONS = ["--device", DEVICE, *(["--only", ONLY] if ONLY else [])]

try:
    if DEVICE not in DEVICES:
        raise AdvdimError(f"device: found {DEVICE}; expected {' or '.join(DEVICES)}")
    CONFIG = Path(str(config["advdim"])) if "advdim" in config else selected_config()
    PLAN = expand(load_config(CONFIG, ONLY or None), device=DEVICE)
except AdvdimError as error:
    sys.exit(f"advdim: {error}")
except OSError as error:
    sys.exit(f"advdim: {refusal(error)}")

BATCHES = {stage: batches(stage, PLAN) for stage in STAGES}
TOKENS = {
    stage: [token for batch in BATCHES[stage] for token in batch.tokens]
    for stage in STAGES
}
PUBLISHED = f"reports/{publication_token(PLAN)}"


localrules:
    all,
    datasets,
    models,
    attacks,
    statistics,
    reports,
    publish_reports,


rule all:
    default_target: True
    input:
        tokens=[ancient(token) for stage in STAGES for token in TOKENS[stage]],
        published=PUBLISHED,
    message:
        "all stages are complete"


include: "workflow/rules/datasets.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/attacks.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/reports.smk"


onstart:
    try:
        claim_run(Path("data"))
    except AdvdimError as error:
        sys.exit(f"advdim: {error}")


onsuccess:
    if Path(PUBLISHED).exists():
        print(
            "The reports lie in reports/: open reports/index.html in a browser.",
            file=sys.stderr,
        )


onerror:
    print(
        "Something failed: the log named above says what. Mend it and run again; what is complete is kept.",
        file=sys.stderr,
    )
